/**
 * `yandex_maps`: Geocoder API v1 for geocode and reverse, the Distance Matrix API for distance.
 *
 * https://yandex.com/maps-api/docs/geocoder-api/request.html
 * https://yandex.com/dev/distancematrix/doc/en/
 */
import type { ProviderReply } from '../../outbound/exchange.ts';
import { type Box, type Coordinates, languageOnly, type Place, placeOf, resultsWanted } from '../geocoding.ts';
import { boxOfCountry } from '../plausible.ts';
import type { Adapter, ProviderAccount, ProviderHttp } from '../provider.ts';
import { parseJson, shorten, textIn } from '../reading.ts';
import { failed, judgeStatus, type Refusal } from '../refusal.ts';
import { judgeMatrix } from '../route-matrix.ts';
import { secondBase, vendorBase } from '../vendor-url.ts';
import { confidenceOf, locationTypeByPrecision } from './confidence.ts';
import { yandexMapsFacts } from './facts.ts';
import {
  addressComponents,
  addressParts,
  type GeocoderReply,
  type GeoObject,
  parseGeocoderReply,
  parseMatrix,
} from './wire.ts';

const geocoderOrigin = 'https://geocode-maps.yandex.ru';
const matrixOrigin = 'https://api.routing.yandex.net';
const basePaths = ['/v1', '/1.x'] as const;

/**
 * `lang` is a language and a region from a short list. `uz_UZ` is not on it, and Yandex replaces unlisted values by a
 * similar one. It is sent all the same, because Yandex then returns Uzbek names where it has them.
 */
const langs: Readonly<Record<string, string>> = {
  ru: 'ru_RU',
  uz: 'uz_UZ',
  en: 'en_US',
  uk: 'uk_UA',
  be: 'be_BY',
  tr: 'tr_TR',
};
const defaultLang = 'en_US';
/** A question that Yandex reads as coordinates; `sco` applies only to those. */
const twoNumbers = /^-?\d+(?:\.\d+)?(?:\s*,\s*|\s+)-?\d+(?:\.\d+)?$/;

export const yandexMaps: Adapter = {
  name: 'yandex_maps',
  serviceType: 'geocoding',
  facts: yandexMapsFacts,
  defaultBaseUrl: geocoderOrigin,
  secretsOf: ({ apiKey }) => (apiKey === null ? [] : [apiKey]),

  attempts: {
    async geocode({ address, language, country, bounds, limit }, account, http) {
      const outcome = await askGeocoder(account, http, {
        geocode: address,
        // Yandex expects the longitude first; people and Google write the latitude first.
        ...(twoNumbers.test(address) && { sco: 'latlong' }),
        lang: langs[languageOnly(language)] ?? defaultLang,
        results: resultsWanted(limit),
        ...areaOf(bounds ?? (country === null ? null : boxOfCountry(country))),
      });
      if (outcome.kind !== 'objects') return outcome;
      const isAsked = ({ countryCode }: GeoObject): boolean => country === null || countryCode === country;
      const { objects } = outcome;
      const [first, ...others] = [...objects.filter(isAsked), ...objects.filter((object) => !isAsked(object))].map(
        toPlace,
      );
      return { kind: 'ok', value: { ...(first as Place), others } };
    },

    async reverse({ latitude, longitude, language }, account, http) {
      const outcome = await askGeocoder(account, http, {
        geocode: `${longitude},${latitude}`,
        sco: 'longlat',
        lang: langs[languageOnly(language)] ?? defaultLang,
        results: resultsWanted(1),
      });
      if (outcome.kind !== 'objects') return outcome;
      // Sorted by distance; but a house describes a point better than the metro station or the district around it.
      const best = outcome.objects.find(({ kind }) => kind === 'house') ?? outcome.objects[0];
      return { kind: 'ok', value: toPlace(best) };
    },

    async distance({ origins, destinations, mode }, account, http) {
      // Latitude first, unlike in the geocoder.
      const search = new URLSearchParams({
        origins: origins.map(latitudeFirst).join('|'),
        destinations: destinations.map(latitudeFirst).join('|'),
        mode,
        apikey: account.apiKey ?? '',
      });
      const base = secondBase(account.baseUrl, geocoderOrigin, basePaths, matrixOrigin);
      const reply = await http.send({ method: 'GET', url: `${base}/v2/distancematrix?${search}` });
      const json = parseJson(reply);
      const refusal = judgeHttp(reply, json);
      if (refusal !== null) return refusal;
      return judgeMatrix(parseMatrix(json, origins.length, destinations.length), { origins, destinations });
    },

    /** A request without an address: a working account answers 400, which does not count against its daily quota. */
    async health_check(_input, account, http) {
      const outcome = await askGeocoder(account, http, { lang: langs.ru as string });
      const answered = outcome.kind === 'bad_input' || outcome.kind === 'empty' || outcome.kind === 'objects';
      return answered ? { kind: 'ok', value: {} } : outcome;
    },
  },
};

function latitudeFirst({ latitude, longitude }: Coordinates): string {
  return `${latitude},${longitude}`;
}

/**
 * The preferred area. Without `rspn=1` it is only a preference, like Google's `region`: among a hundred towns with a
 * street of this name, those in the requested country come first.
 */
function areaOf(box: Box | null): { readonly bbox?: string } {
  return box === null ? {} : { bbox: `${box.west},${box.south}~${box.east},${box.north}` };
}

type NonEmpty = readonly [GeoObject, ...GeoObject[]];

async function askGeocoder(
  account: ProviderAccount,
  http: ProviderHttp,
  query: Readonly<Record<string, string>>,
): Promise<{ readonly kind: 'objects'; readonly objects: NonEmpty } | Refusal> {
  // Without `format` the reply is XML.
  const search = new URLSearchParams({ ...query, format: 'json', apikey: account.apiKey ?? '' });
  const base = vendorBase(account.baseUrl ?? geocoderOrigin, basePaths);
  const reply = await http.send({ method: 'GET', url: `${base}/?${search}` });
  const json = parseJson(reply);
  return judgeHttp(reply, json) ?? judgeObjects(parseGeocoderReply(json));
}

function judgeObjects(reply: GeocoderReply | null): { readonly kind: 'objects'; readonly objects: NonEmpty } | Refusal {
  if (reply === null) return failed('the reply is no geocoder answer');
  const [first, ...rest] = reply.objects;
  if (first !== undefined) return { kind: 'objects', objects: [first, ...rest] };
  return reply.unreadable > 0 ? failed('no position in the reply can be read') : { kind: 'empty' };
}

/** Yandex reports errors in the HTTP status, where Google uses the body; null if the reply is a result. */
function judgeHttp(reply: ProviderReply, json: unknown): Refusal | null {
  const { status } = reply;
  const message = shorten(textIn(json, 'message') ?? `HTTP ${status}`);
  return judgeStatus(reply, { status, message, badInput: [400, 413, 414] });
}

function toPlace(object: GeoObject): Place {
  const precision = { confidence: confidenceOf(object), locationType: locationTypeByPrecision[object.precision] };
  const address = { address_components: addressComponents(object), components: addressParts(object) };
  return placeOf(object, object.uri, precision, address);
}
