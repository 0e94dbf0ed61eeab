/**
 * `nominatim`: a self-hosted Nominatim server (OpenStreetMap), for geocode and reverse. It needs no key and offers no
 * routes.
 *
 * https://nominatim.org/release-docs/latest/api/Search/
 */
import { words } from '../../errors.ts';
import type { ProviderReply } from '../../outbound/exchange.ts';
import { languageOnly, type Place, placeOf, type QuestionParts, resultsWanted } from '../geocoding.ts';
import type { Adapter, ProviderAccount, ProviderHttp } from '../provider.ts';
import { parseJson, shorten } from '../reading.ts';
import { failed, judgeStatus, type Refusal } from '../refusal.ts';
import { vendorRoot } from '../vendor-url.ts';
import { precisionOf } from './confidence.ts';
import { nominatimFacts } from './facts.ts';
import { addressComponents, addressParts, type OsmPlace, parseError, parsePlace, parseSearch } from './wire.ts';

const basePaths = ['/search', '/reverse', '/status'] as const;

export const nominatim: Adapter = {
  name: 'nominatim',
  serviceType: 'geocoding',
  facts: nominatimFacts,
  defaultBaseUrl: null,
  faultsOf: ({ baseUrl }) =>
    baseUrl === null
      ? [
          {
            path: 'base_url',
            ...words(
              'is required: the address of your own Nominatim server',
              'обязательно: адрес вашего сервера Nominatim',
            ),
          },
        ]
      : [],
  secretsOf: ({ apiKey }) => (apiKey === null ? [] : [apiKey]),

  attempts: {
    async geocode({ address, parts, language, country, bounds, limit }, account, http) {
      const asked = await ask(account, http, '/search', {
        ...questionOf(address, parts),
        ...commonOf(language),
        limit: resultsWanted(limit),
        ...(country !== null && { countrycodes: country.toLowerCase() }),
        ...(bounds !== null && { viewbox: `${bounds.west},${bounds.south},${bounds.east},${bounds.north}` }),
      });
      if (asked.kind !== 'json') return asked;
      const found = parseSearch(asked.json);
      if (found === null) return failed('the reply is no list of places');
      const [first, ...others] = found.places.map(toPlace);
      if (first !== undefined) return { kind: 'ok', value: { ...first, others } };
      return found.unreadable > 0 ? failed('no place of the reply can be read') : { kind: 'empty' };
    },

    async reverse({ latitude, longitude, language }, account, http) {
      const point = { lat: String(latitude), lon: String(longitude) };
      const asked = await ask(account, http, '/reverse', { ...point, ...commonOf(language), layer: 'address' });
      if (asked.kind !== 'json') return asked;
      if (parseError(asked.json) !== null) return { kind: 'empty' };
      const place = parsePlace(asked.json);
      return place === null ? failed('the reply is no place') : { kind: 'ok', value: toPlace(place) };
    },

    async health_check(_input, account, http) {
      const asked = await ask(account, http, '/status', { format: 'json' });
      return asked.kind === 'json' ? { kind: 'ok', value: {} } : asked;
    },
  },
};

/** Sends named parts if there is a street and no quarter, else the text; Nominatim refuses both together. */
function questionOf(address: string, parts: QuestionParts | null): Readonly<Record<string, string>> {
  if (parts?.street === undefined || parts.district !== undefined) return { q: address };
  const { street, house_number, city, region, postal_code } = parts;
  return {
    street: house_number === undefined ? street : `${house_number} ${street}`,
    ...(city !== undefined && { city }),
    ...(region !== undefined && { state: region }),
    ...(postal_code !== undefined && { postalcode: postal_code }),
  };
}

function commonOf(language: string): Readonly<Record<string, string>> {
  return { format: 'jsonv2', addressdetails: '1', 'accept-language': languageOnly(language) };
}

async function ask(
  account: ProviderAccount,
  http: ProviderHttp,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<{ readonly kind: 'json'; readonly json: unknown } | Refusal> {
  if (account.baseUrl === null) return { kind: 'failed', retryable: false, message: 'the service has no base URL' };
  const root = vendorRoot(account.baseUrl, basePaths);
  const url = `${root}${path}?${new URLSearchParams(query)}`;
  const reply = await http.send({ method: 'GET', url });
  const json = parseJson(reply);
  return judge(reply, json) ?? { kind: 'json', json };
}

/** null if the reply is a result. Overloaded servers answer in plain text, blocking ones in HTML. */
function judge(reply: ProviderReply, json: unknown): Refusal | null {
  const error = parseError(json);
  const status = error?.code ?? reply.status;
  const message = shorten(error?.message ?? `HTTP ${status}`);
  if (status === 200 && json === undefined) return failed('the reply is no JSON');
  return judgeStatus(reply, { status, message, badInput: [400, 414] });
}

function toPlace(place: OsmPlace): Place {
  const components = addressParts(place);
  const precision = precisionOf(place.placeRank, components.house_number);
  return placeOf(place, place.id, precision, { address_components: addressComponents(place), components });
}
