/**
 * `two_gis`: Geocoder API 3.0 for geocode and reverse, the Distance Matrix API for distance.
 *
 * https://docs.2gis.com/en/api/search/geocoder/reference/3.0/items/geocode
 * https://docs.2gis.com/en/api/navigation/distance-matrix/reference
 */
import type { ProviderReply } from '../../outbound/exchange.ts';
import { type Box, languageOnly, type Place, placeOf, resultsWanted } from '../geocoding.ts';
import type { Adapter, ProviderAccount, ProviderHttp, Verdict } from '../provider.ts';
import { parseJson, shorten, textIn } from '../reading.ts';
import { failed, judgeStatus, type Refusal } from '../refusal.ts';
import { judgeMatrix } from '../route-matrix.ts';
import { secondBase, vendorRoot } from '../vendor-url.ts';
import { precisionOf } from './confidence.ts';
import { twoGisFacts } from './facts.ts';
import { addressComponents, addressParts, type Item, parseCatalogReply, parseMatrix } from './wire.ts';

const catalogOrigin = 'https://catalog.api.2gis.com';
const routingOrigin = 'https://routing.api.2gis.com';
const basePaths = ['/3.0/items/geocode', '/3.0/items', '/3.0'] as const;
/** Without `items.point` there are no coordinates. */
const fields = 'items.point,items.address,items.adm_div,items.full_address_name';
/**
 * Asked together with houses, these larger types push the houses out of the result, so they are asked only if no house
 * is found.
 */
const widerTypes = 'street,crossroad,attraction,adm_div';
/** The maximum distance from a point to a house. */
const houseRadiusMeters = 100;
const widerRadiusMeters = 1_000;
/** The preferred area in a country, if the question has no bounds: its capital. */
const centres: Readonly<Record<string, string>> = { UZ: '69.24,41.31' };

export const twoGis: Adapter = {
  name: 'two_gis',
  serviceType: 'geocoding',
  facts: twoGisFacts,
  defaultBaseUrl: catalogOrigin,
  secretsOf: ({ apiKey }) => (apiKey === null ? [] : [apiKey]),

  attempts: {
    async geocode({ address, language, country, bounds, limit }, account, http) {
      const query = {
        q: address,
        locale: localeOf(language, country),
        page_size: resultsWanted(limit),
        search_is_query_text_complete: 'true',
        ...locationOf(country, bounds),
      };
      const houses = /\d/.test(address) ? await askCatalog(account, http, { ...query, type: 'building' }) : null;
      if (houses !== null && houses.kind !== 'empty') return placesOf(houses);
      return placesOf(await askCatalog(account, http, { ...query, type: `building,${widerTypes}` }));
    },

    async reverse({ latitude, longitude, language }, account, http) {
      const query = {
        lat: String(latitude),
        lon: String(longitude),
        locale: localeOf(language, 'UZ'),
        page_size: resultsWanted(1),
      };
      const near = { ...query, radius: String(houseRadiusMeters), type: 'building' };
      const houses = await askCatalog(account, http, near);
      if (houses.kind !== 'empty') return placesOf(houses);
      const wider = { ...query, radius: String(widerRadiusMeters), type: widerTypes };
      return placesOf(await askCatalog(account, http, wider));
    },

    async distance({ origins, destinations, mode }, account, http) {
      const points = [...origins, ...destinations].map(({ latitude, longitude }) => ({
        lat: latitude,
        lon: longitude,
      }));
      const sources = origins.map((_origin, index) => index);
      const targets = destinations.map((_destination, index) => origins.length + index);
      const search = new URLSearchParams({ key: account.apiKey ?? '', version: '2.0' });
      const reply = await http.send({
        method: 'POST',
        url: `${secondBase(account.baseUrl, catalogOrigin, basePaths, routingOrigin)}/get_dist_matrix?${search}`,
        headers: { 'content-type': 'application/json' },
        // Without live traffic, because answers are cached for longer.
        body: JSON.stringify({ points, sources, targets, transport: mode, type: 'statistics' }),
      });
      const json = parseJson(reply);
      const refusal = judge(reply, reply.status, textIn(json, 'message'));
      if (refusal !== null) return refusal;
      return judgeMatrix(parseMatrix(json, sources, targets), { origins, destinations });
    },

    /** A request without a question: a working account answers 400. */
    async health_check(_input, account, http) {
      const outcome = await askCatalog(account, http, { locale: 'ru_UZ' });
      const answered = outcome.kind === 'bad_input' || outcome.kind === 'empty' || outcome.kind === 'items';
      return answered ? { kind: 'ok', value: {} } : outcome;
    },
  },
};

/**
 * 2GIS accepts only fixed pairs of language and country; a wrong pair is a 400. Russian works in every country that
 * 2GIS covers.
 */
function localeOf(language: string, country: string | null): string {
  if (languageOnly(language) === 'uz') return 'uz_UZ';
  return country === 'UZ' || country === null ? 'ru_UZ' : country === 'KZ' ? 'ru_KZ' : 'ru_RU';
}

/** All joined parameters start with the longitude. Only a preference: places elsewhere are found too. */
function locationOf(country: string | null, bounds: Box | null): { readonly location?: string } {
  if (bounds !== null) {
    const { south, west, north, east } = bounds;
    return { location: `${((west + east) / 2).toFixed(6)},${((south + north) / 2).toFixed(6)}` };
  }
  const centre = centres[country ?? ''];
  return centre === undefined ? {} : { location: centre };
}

type Found = { readonly kind: 'items'; readonly items: readonly Item[] };

async function askCatalog(
  account: ProviderAccount,
  http: ProviderHttp,
  query: Readonly<Record<string, string>>,
): Promise<Found | Refusal> {
  const search = new URLSearchParams({ ...query, fields, key: account.apiKey ?? '' });
  const root = vendorRoot(account.baseUrl ?? catalogOrigin, basePaths);
  const reply = await http.send({ method: 'GET', url: `${root}/3.0/items/geocode?${search}` });
  const parsed = parseCatalogReply(parseJson(reply));
  if (parsed === null) return judge(reply, reply.status, null) ?? failed('the reply is no answer of the catalogue');
  if (parsed.code === 404) return { kind: 'empty' };
  const refusal = judge(reply, parsed.code, parsed.errorMessage ?? parsed.errorType);
  if (refusal !== null) return refusal;
  if (parsed.items.length > 0) return { kind: 'items', items: parsed.items };
  return parsed.unreadable > 0 ? failed('no item of the reply can be read') : { kind: 'empty' };
}

const badInput = [400, 414, 422];

/** `said`: the message in the body, if it has one. null if the reply is a result. */
function judge(reply: ProviderReply, status: number, said: string | null): Refusal | null {
  const otherwise = badInput.includes(status) ? 'the question is refused' : `code ${status}`;
  return judgeStatus(reply, { status, message: shorten(said ?? otherwise), badInput });
}

function placesOf(outcome: Found | Refusal): Verdict<Place> {
  if (outcome.kind !== 'items') return outcome;
  const [first, ...others] = outcome.items.map(toPlace);
  return first === undefined ? { kind: 'empty' } : { kind: 'ok', value: { ...first, others } };
}

function toPlace(item: Item): Place {
  const address = { address_components: addressComponents(item), components: addressParts(item) };
  return placeOf(item, item.id, precisionOf(item), address);
}
