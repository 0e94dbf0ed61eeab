/** Nominatim (OpenStreetMap): search, reverse and status. */
import { findPlaces } from '../places/find-place.ts';
import { isQuarter, type Language, type Located, moveBy, toLanguage } from '../places/located.ts';
import { nearPlaces } from '../places/near-place.ts';
import { type CreateVendor, type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';

const licence = 'Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright';
const structured = ['street', 'city', 'county', 'state', 'country', 'postalcode'];

export const createNominatim: CreateVendor = () => ({
  name: 'nominatim',
  perMinuteQuotas: { requests: null },
  // There are no keys, so all callers count as one.
  accountOf: () => 'anyone',

  refuse(refusal) {
    switch (refusal) {
      case 'over_query_limit':
        return html(429, 'Bandwidth limit exceeded');
      case 'request_denied':
        return html(403, 'Access blocked');
      case 'internal_error':
        return { status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Query took too long' };
    }
  },

  routes: [
    { method: 'GET', path: /^\/search$/, handle: search },
    { method: 'GET', path: /^\/reverse$/, handle: reverse },
    { method: 'GET', path: /^\/status$/, handle: () => jsonReply(200, { status: 0, message: 'OK' }, 0) },
  ],
});

async function search({ query }: EmulatorRequest): Promise<EmulatorReply> {
  const parts = structured.map((name) => query.get(name)).filter((part) => part !== null);
  const asked = query.get('q');
  if (asked !== null && parts.length > 0)
    return badRequest("Structured query parameters cannot be used together with 'q' parameter.");
  if (asked === null && parts.length === 0) return badRequest('nothing to search for');
  const codes = query.get('countrycodes')?.split(',') ?? null;
  const limit = Math.max(1, Math.min(50, Number(query.get('limit') ?? 10)));
  const text = asked ?? [query.get('city'), numberLast(query.get('street') ?? '')].filter((part) => part).join(', ');
  const found = await findPlaces(text, 'UZ');
  const places = found.filter(({ countryCode }) => codes === null || codes.includes(countryCode.toLowerCase()));
  const language = toLanguage(query.get('accept-language') ?? 'uz');
  return jsonReply(
    200,
    places.slice(0, limit).map((place) => toOsm(place, language)),
    0,
  );
}

/** Structured questions have `12 улица Навои`; this puts the number last, as people here write it. */
function numberLast(street: string): string {
  return street.replace(/^(\d\S*)\s+(.+)$/, '$2, $1');
}

async function reverse({ query }: EmulatorRequest): Promise<EmulatorReply> {
  const [latitude, longitude] = [Number(query.get('lat') ?? Number.NaN), Number(query.get('lon') ?? Number.NaN)];
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180))
    return badRequest("Parameter 'lat' must be a number.");
  const [nearest] = await nearPlaces(latitude, longitude);
  if (nearest === undefined) return jsonReply(200, { error: 'Unable to geocode' }, 0);
  return jsonReply(200, toOsm(nearest, toLanguage(query.get('accept-language') ?? 'uz')), 0);
}

function badRequest(message: string): EmulatorReply {
  return jsonReply(400, { error: { code: 400, message } }, 0);
}

function html(status: number, title: string): EmulatorReply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
  };
}

const ranks: Readonly<Record<Located['kind'], number>> = {
  house: 30,
  metro: 30,
  airport: 30,
  hydro: 25,
  street: 26,
  district: 20,
  city: 16,
  area: 12,
  region: 8,
  country: 4,
};

function toOsm(place: Located, language: Language) {
  const { latitude, longitude, radiusMeters } = place;
  const name = (names: Located['street']): string | undefined => names?.[language];
  const address = {
    house_number: place.house ?? undefined,
    ...(isQuarter(place) ? { quarter: name(place.street) } : { road: name(place.street) }),
    county: name(place.district),
    city: name(place.city),
    state: name(place.region) === name(place.city) ? undefined : name(place.region),
    postcode: place.postalCode ?? undefined,
    country: place.country[language],
    country_code: place.countryCode.toLowerCase(),
  };
  const { country_code: _code, ...said } = address;
  const lower = moveBy(latitude, longitude, -radiusMeters, -radiusMeters);
  const upper = moveBy(latitude, longitude, radiusMeters, radiusMeters);
  const id = Math.abs(Math.round(latitude * 1e5) * 100 + Math.round(longitude * 1e2));
  return {
    place_id: id % 1_000_000,
    licence,
    osm_type: 'way',
    osm_id: id,
    lat: latitude.toFixed(7),
    lon: longitude.toFixed(7),
    category: place.kind === 'house' ? 'building' : place.kind === 'street' ? 'highway' : 'place',
    type: place.kind === 'house' ? 'yes' : place.kind,
    place_rank: isQuarter(place) && place.house === null ? 22 : ranks[place.kind],
    importance: 0.1,
    addresstype: place.kind === 'house' ? 'building' : place.kind === 'street' ? 'road' : place.kind,
    name:
      name(place.feature) ??
      (place.house === null ? name(place.street ?? place.district ?? place.city) : undefined) ??
      '',
    display_name: [name(place.feature), ...Object.values(said)].filter((part) => part !== undefined).join(', '),
    address,
    boundingbox: [lower.latitude, upper.latitude, lower.longitude, upper.longitude].map((degrees) =>
      degrees.toFixed(7),
    ),
  };
}
