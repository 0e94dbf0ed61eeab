/** Parses Nominatim's JSON (`jsonv2`). Coordinates are strings, and address members follow the map's tags. */
import type { AddressComponent, AddressParts, Coordinates } from '../geocoding.ts';
import { plausibleCoordinates } from '../plausible.ts';
import { isObject, objectIn, textIn } from '../reading.ts';

export interface OsmPlace extends Coordinates {
  readonly text: string;
  readonly placeRank: number;
  readonly address: Readonly<Record<string, unknown>>;
  /** `way:10000011`: stable, whereas `place_id` differs by server and over time. */
  readonly id: string | null;
}

/** null: not a reply of Nominatim. `unreadable` counts places without valid coordinates. */
export function parseSearch(
  json: unknown,
): { readonly places: readonly OsmPlace[]; readonly unreadable: number } | null {
  if (!Array.isArray(json)) return null;
  const places = json.map(parsePlace).filter((place) => place !== null);
  return { places, unreadable: json.length - places.length };
}

export function parsePlace(raw: unknown): OsmPlace | null {
  const address = objectIn(raw, 'address');
  const [latitude, longitude] = [numberIn(raw, 'lat'), numberIn(raw, 'lon')];
  const point = plausibleCoordinates(latitude, longitude, textIn(address, 'country_code')?.toUpperCase() ?? null);
  const text = textIn(raw, 'display_name');
  if (point === null || text === null || !isObject(raw)) return null;
  const osmType = textIn(raw, 'osm_type');
  return {
    ...point,
    text,
    placeRank: typeof raw.place_rank === 'number' ? raw.place_rank : 0,
    address,
    id: osmType === null || typeof raw.osm_id !== 'number' ? null : `${osmType}:${raw.osm_id}`,
  };
}

/** `"41.2889000"`; a number is accepted too. */
function numberIn(raw: unknown, member: string): number | null {
  const value = isObject(raw) ? raw[member] : undefined;
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : null;
}

/** `{"error": "Unable to geocode"}`, or `{"error": {"code": 400, "message": "…"}}`; null for anything else. */
export function parseError(json: unknown): { readonly code: number | null; readonly message: string } | null {
  const error = isObject(json) ? json.error : undefined;
  if (typeof error === 'string') return { code: null, message: error };
  if (!isObject(error)) return null;
  return { code: typeof error.code === 'number' ? error.code : null, message: textIn(error, 'message') ?? 'refused' };
}

/** Members whose names vary by country; the first one present wins. */
const members = {
  street: ['road', 'pedestrian', 'footway', 'square'],
  // Districts of Tashkent appear under `county` as well as under `suburb`.
  district: ['city_district', 'county', 'borough', 'suburb', 'neighbourhood', 'quarter'],
  city: ['city', 'town', 'village', 'municipality', 'hamlet'],
  region: ['state', 'region', 'province'],
} as const;

export function addressParts({ address }: OsmPlace): AddressParts {
  const first = (names: readonly string[]): string | null =>
    names.map((name) => textIn(address, name)).find((name) => name !== null) ?? null;
  return {
    street: first(members.street),
    house_number: textIn(address, 'house_number'),
    district: first(members.district),
    city: first(members.city),
    region: first(members.region),
    postal_code: textIn(address, 'postcode'),
    country: textIn(address, 'country'),
    country_code: textIn(address, 'country_code')?.toUpperCase() ?? null,
  };
}

/** Google's component types for OpenStreetMap's tags, so that all vendors use one vocabulary. */
const typesByMember: Readonly<Record<string, readonly string[]>> = {
  house_number: ['street_number'],
  road: ['route'],
  pedestrian: ['route'],
  neighbourhood: ['neighborhood', 'political'],
  quarter: ['neighborhood', 'political'],
  suburb: ['sublocality', 'sublocality_level_1', 'political'],
  city_district: ['sublocality', 'sublocality_level_1', 'political'],
  borough: ['sublocality', 'sublocality_level_1', 'political'],
  county: ['administrative_area_level_2', 'political'],
  city: ['locality', 'political'],
  town: ['locality', 'political'],
  village: ['locality', 'political'],
  hamlet: ['locality', 'political'],
  state: ['administrative_area_level_1', 'political'],
  region: ['administrative_area_level_1', 'political'],
  postcode: ['postal_code'],
  country: ['country', 'political'],
};

export function addressComponents({ address }: OsmPlace): readonly AddressComponent[] {
  return Object.entries(address).flatMap(([member, value]) => {
    if (typeof value !== 'string' || member === 'country_code' || member.startsWith('ISO3166')) return [];
    const code = textIn(address, 'country_code')?.toUpperCase();
    const short = member === 'country' ? (code ?? value) : value;
    return [{ long_name: value, short_name: short, types: typesByMember[member] ?? [member] }];
  });
}
