/**
 * `google_maps`: Geocoding API (JSON) for geocode and reverse, Routes API (computeRouteMatrix) for distance.
 *
 * https://developers.google.com/maps/documentation/geocoding/requests-geocoding
 * https://developers.google.com/maps/documentation/routes/reference/rest/v2/TopLevel/computeRouteMatrix
 */
import { type Coordinates, type DistanceInput, languageOnly, type Place, type RouteMatrix } from '../geocoding.ts';
import { isHeaderText, unsendable } from '../header-text.ts';
import type { Adapter, ProviderAccount, ProviderHttp, Verdict } from '../provider.ts';
import { parseJson } from '../reading.ts';
import { failed } from '../refusal.ts';
import { judgeMatrix, missingElement } from '../route-matrix.ts';
import { secondBase, vendorBase } from '../vendor-url.ts';
import { confidenceOf } from './confidence.ts';
import { googleMapsFacts } from './facts.ts';
import { judgeGeocode, judgeRoutes } from './verdicts.ts';
import { type GeocodeResult, parseMatrix } from './wire.ts';

const geocodingOrigin = 'https://maps.googleapis.com';
const routesOrigin = 'https://routes.googleapis.com';
const basePaths = ['/maps/api', '/maps/api/geocode/json'] as const;
/** Without `status` in the mask every element would look successful. */
const matrixFields = 'originIndex,destinationIndex,status,condition,distanceMeters,duration';
/** `region` takes a country's ccTLD, which equals its ISO code except for this one. */
const topLevelDomains: Readonly<Record<string, string>> = { GB: 'uk' };

export const googleMaps: Adapter = {
  name: 'google_maps',
  serviceType: 'geocoding',
  facts: googleMapsFacts,
  defaultBaseUrl: geocodingOrigin,
  secretsOf: ({ apiKey }) => (apiKey === null ? [] : [apiKey]),

  attempts: {
    async geocode({ address, language, country, bounds }, account, http) {
      const outcome = await geocode(account, http, {
        address,
        language: languageOnly(language),
        ...(country !== null && {
          region: topLevelDomains[country] ?? country.toLowerCase(),
          components: `country:${country}`,
        }),
        ...(bounds !== null && { bounds: `${bounds.south},${bounds.west}|${bounds.north},${bounds.east}` }),
      });
      if (outcome.kind !== 'results') return outcome;
      // With the country as a filter, Google answers nonsense with the country itself.
      const found = outcome.reply.results.filter(({ types }) => !types.includes('country'));
      const [first, ...others] = found.map(toPlace);
      return first === undefined ? { kind: 'empty' } : { kind: 'ok', value: { ...first, others } };
    },

    async reverse({ latitude, longitude, language }, account, http) {
      const latlng = `${latitude},${longitude}`;
      const outcome = await geocode(account, http, { latlng, language: languageOnly(language) });
      if (outcome.kind !== 'results') return outcome;
      const best = nearestAddress(outcome.reply.results);
      return best === null ? { kind: 'empty' } : { kind: 'ok', value: toPlace(best) };
    },

    async distance({ origins, destinations, mode }, account, http) {
      if (!isHeaderText(account.apiKey ?? '')) return unsendable;
      const base = secondBase(account.baseUrl, geocodingOrigin, basePaths, routesOrigin);
      const reply = await http.send({
        method: 'POST',
        url: `${base}/distanceMatrix/v2:computeRouteMatrix`,
        headers: {
          'content-type': 'application/json',
          'x-goog-api-key': account.apiKey ?? '',
          'x-goog-fieldmask': matrixFields,
        },
        body: JSON.stringify({
          origins: origins.map(waypointAt),
          destinations: destinations.map(waypointAt),
          // Live traffic would double the price; walking does not support the field.
          ...(mode === 'driving'
            ? { travelMode: 'DRIVE', routingPreference: 'TRAFFIC_UNAWARE' }
            : { travelMode: 'WALK' }),
        }),
      });
      const json = parseJson(reply);
      return judgeRoutes(reply, json) ?? judgeElements(json, { origins, destinations });
    },

    /** A request without an address: it is refused, unbilled, by an API that works. */
    async health_check(_input, account, http) {
      const outcome = await geocode(account, http, {});
      const answered = outcome.kind === 'bad_input' || outcome.kind === 'empty' || outcome.kind === 'results';
      return answered ? { kind: 'ok', value: {} } : outcome;
    },
  },
};

async function geocode(account: ProviderAccount, http: ProviderHttp, query: Readonly<Record<string, string>>) {
  const base = vendorBase(account.baseUrl ?? geocodingOrigin, basePaths);
  const path = base.endsWith('/geocode/json') ? base : `${base}/geocode/json`;
  const search = new URLSearchParams({ ...query, key: account.apiKey ?? '' });
  return judgeGeocode(await http.send({ method: 'GET', url: `${path}?${search}` }));
}

function waypointAt(latLng: Coordinates) {
  return { waypoint: { location: { latLng } } };
}

function judgeElements(json: unknown, ends: Pick<DistanceInput, 'origins' | 'destinations'>): Verdict<RouteMatrix> {
  const elements = parseMatrix(json);
  if (elements === null) return failed('the reply is no route matrix');
  const matrix = ends.origins.map((_origin, row) =>
    ends.destinations.map((_destination, column) => elements.get(`${row} ${column}`) ?? missingElement),
  );
  return judgeMatrix(matrix, ends);
}

const addressTypes = ['street_address', 'premise', 'subpremise'];

/** The nearest result comes first, but may be a plus code, which names a map square instead of an address. */
function nearestAddress(results: readonly GeocodeResult[]): GeocodeResult | null {
  const isAddress = ({ types }: GeocodeResult): boolean => types.some((type) => addressTypes.includes(type));
  const isPlusCode = ({ types }: GeocodeResult): boolean => types.includes('plus_code');
  return results.find(isAddress) ?? results.find((result) => !isPlusCode(result)) ?? results[0] ?? null;
}

function toPlace(result: GeocodeResult): Place {
  const { types: _types, ...place } = result;
  return { ...place, confidence: confidenceOf(result) };
}
