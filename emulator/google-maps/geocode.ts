/** GET /maps/api/geocode/json: https://developers.google.com/maps/documentation/geocoding/requests-geocoding */
import { findPlaces } from '../places/find-place.ts';
import { type Located, toLanguage } from '../places/located.ts';
import { nearPlaces } from '../places/near-place.ts';
import { type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';
import { plusCodes, toResult } from './geocode-json.ts';

/** Longer addresses do not fit in the URL that Google accepts. */
const maxAddressLength = 4_000;

export async function geocode({ query, headers }: EmulatorRequest): Promise<EmulatorReply> {
  const language = toLanguage(query.get('language') ?? headerText(headers['accept-language']));
  const components = parseComponents(query.get('components'));
  if (components === null) return invalid("Invalid request. Invalid 'components' parameter.");
  const latlng = query.get('latlng');
  const placeId = query.get('place_id');
  const address = query.get('address') ?? '';

  if (placeId !== null) return invalid("Invalid request. Invalid 'place_id' parameter.");
  if (latlng !== null) {
    const point = parseLatLng(latlng);
    if (point === null) return invalid("Invalid request. Invalid 'latlng' parameter.");
    const places = filterByQuery(await nearPlaces(point.latitude, point.longitude), query);
    const [first] = places;
    const results = places.map((place) => toResult(place, language));
    if (first === undefined) return ok({ results: [], status: 'ZERO_RESULTS' });
    return ok({ plus_code: plusCodes({ ...first, ...point }, language), results, status: 'OK' });
  }

  const text = [address, components.get('route'), components.get('locality'), components.get('administrative_area')]
    .filter((part) => part !== undefined && part !== '')
    .join(', ');
  if (text === '' && components.size === 0) {
    return invalid("Invalid request. Missing the 'address', 'components', 'latlng' or 'place_id' parameter.");
  }
  if (text.length > maxAddressLength) return { status: 413, body: 'Request Entity Too Large' };
  // `country` is a hard filter, `region` only a preference; without either, the emulator's home country applies.
  const filter = components.get('country')?.toUpperCase();
  const places = text === '' ? [] : await findPlaces(text, filter ?? toCountry(query.get('region')));
  if (places.length === 0) return ok({ results: [], status: 'ZERO_RESULTS' });
  return ok({ results: places.map((place) => toResult(place, language)), status: 'OK' });
}

function toCountry(region: string | null): string {
  const upper = region?.toUpperCase() ?? 'UZ';
  return upper === 'UK' ? 'GB' : upper;
}

/** `country:UZ|locality:Ташкент`; null if a hard filter is repeated or an entry has no colon. */
function parseComponents(text: string | null): ReadonlyMap<string, string> | null {
  const components = new Map<string, string>();
  for (const part of text === null || text === '' ? [] : text.split('|')) {
    const colon = part.indexOf(':');
    const name = part.slice(0, colon);
    if (colon < 1 || (components.has(name) && ['country', 'postal_code', 'route'].includes(name))) return null;
    components.set(name, part.slice(colon + 1));
  }
  return components;
}

export function parseLatLng(text: string): { latitude: number; longitude: number } | null {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  const latitude = Number(match?.[1]);
  const longitude = Number(match?.[2]);
  if (match === null || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
  return { latitude, longitude };
}

/** `result_type` and `location_type` are applied after the search. */
function filterByQuery(places: readonly Located[], query: URLSearchParams): readonly Located[] {
  const types = query.get('result_type')?.split('|');
  const locationTypes = query.get('location_type')?.split('|');
  return places.filter((place) => {
    const result = toResult(place, 'en');
    if (types !== undefined && !result.types.some((type) => types.includes(type))) return false;
    return locationTypes === undefined || locationTypes.includes(result.geometry.location_type);
  });
}

function headerText(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function ok(body: unknown): EmulatorReply {
  return jsonReply(200, body, 3);
}

function invalid(message: string): EmulatorReply {
  return ok({ error_message: message, results: [], status: 'INVALID_REQUEST' });
}
