/** Parses Google's JSON: strict about members that are used, tolerant of missing and new ones. */
import {
  type AddressComponent,
  type AddressParts,
  locationTypes,
  type Place,
  type RouteElement,
} from '../geocoding.ts';
import { plausibleCoordinates } from '../plausible.ts';
import { isObject, type Json, listIn, objectIn, shorten, textIn } from '../reading.ts';
import { failed } from '../refusal.ts';
import { isLength } from '../route-matrix.ts';

/**
 * https://developers.google.com/maps/documentation/geocoding/requests-geocoding#StatusCodes; other values count as
 * unknown.
 */
export interface GeocodeReply {
  readonly status: string;
  readonly errorMessage: string | null;
  /** The readable results; `unreadable` counts the rest. */
  readonly results: readonly GeocodeResult[];
  readonly unreadable: number;
}

/** A place, and the kinds of it that decide about its confidence. */
export interface GeocodeResult extends Omit<Place, 'confidence' | 'others' | 'match'> {
  readonly types: readonly string[];
}

/** null: not a geocoding reply. Some error replies omit `results`. */
export function parseGeocodeReply(json: unknown): GeocodeReply | null {
  const status = textIn(json, 'status');
  if (status === null) return null;
  const raw = listIn(json, 'results');
  const results = raw.map(parseResult).filter((result) => result !== null);
  return {
    status,
    errorMessage: textIn(json, 'error_message'),
    results,
    unreadable: raw.length - results.length,
  };
}

function parseResult(raw: unknown): GeocodeResult | null {
  const geometry = objectIn(raw, 'geometry');
  const { lat, lng } = objectIn(geometry, 'location');
  const components = listIn(raw, 'address_components')
    .map(parseComponent)
    .filter((part) => part !== null);
  const country = components.find(({ types }) => types.includes('country'));
  const point = plausibleCoordinates(lat, lng, country?.short_name ?? null);
  const formatted_address = textIn(raw, 'formatted_address');
  if (point === null || formatted_address === null || !isObject(raw)) return null;
  return {
    ...point,
    formatted_address,
    // An unknown type is trusted as little as the least exact one.
    location_type: locationTypes.find((type) => type === geometry.location_type) ?? 'APPROXIMATE',
    address_components: components,
    components: addressParts(components),
    place_id: textIn(raw, 'place_id'),
    partial_match: raw.partial_match === true,
    types: texts(raw.types),
  };
}

function parseComponent(raw: unknown): AddressComponent | null {
  const long = textIn(raw, 'long_name');
  if (long === null || !isObject(raw)) return null;
  return { long_name: long, short_name: textIn(raw, 'short_name') ?? long, types: texts(raw.types) };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** Address parts from Google's components; of several component types the first one present wins. */
function addressParts(components: readonly AddressComponent[]): AddressParts {
  const find = (...types: string[]): AddressComponent | undefined => {
    for (const type of types) {
      const found = components.find((component) => component.types.includes(type));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const country = find('country');
  return {
    street: find('route')?.long_name ?? null,
    house_number: find('street_number', 'premise')?.long_name ?? null,
    district:
      find('sublocality_level_1', 'sublocality', 'neighborhood', 'administrative_area_level_3')?.long_name ?? null,
    city: find('locality', 'postal_town', 'administrative_area_level_2')?.long_name ?? null,
    region: find('administrative_area_level_1')?.long_name ?? null,
    postal_code: find('postal_code')?.long_name ?? null,
    country: country?.long_name ?? null,
    country_code: country?.short_name ?? null,
  };
}

/** By the indexes of origin and destination; null if the reply is not a matrix. Elements come in any order. */
export function parseMatrix(json: unknown): ReadonlyMap<string, RouteElement> | null {
  if (!Array.isArray(json) || json.length === 0) return null;
  if (!json.every((raw) => isObject(raw) && !('error' in raw))) return null;
  return new Map(
    json.map((raw) => [`${indexIn(raw, 'originIndex')} ${indexIn(raw, 'destinationIndex')}`, readMatrixElement(raw)]),
  );
}

/** Google omits fields with the value zero, including indexes. An OK without a condition is invalid. */
function readMatrixElement(raw: Json): RouteElement {
  const status = objectIn(raw, 'status');
  const code = typeof status.code === 'number' ? status.code : 0; // google.rpc.Code
  const distance = raw.distanceMeters ?? 0;
  if (!isLength(distance) || (code === 0 && raw.condition === undefined)) {
    return failed('the reply is no route matrix');
  }
  const message = shorten(textIn(status, 'message') ?? `code ${code}`);
  switch (code) {
    case 0:
      break;
    case 3: // INVALID_ARGUMENT
      return { kind: 'bad_input', status: 400, message };
    case 5: // NOT_FOUND: a waypoint that lies nowhere near a road.
      return { kind: 'empty' };
    case 8: // RESOURCE_EXHAUSTED
      return { kind: 'throttled', retryAfterMs: null, message };
    default:
      return failed(message);
  }
  if (raw.condition !== 'ROUTE_EXISTS') return { kind: 'empty' };
  const duration = parseDuration(raw.duration ?? (distance === 0 ? '0s' : null));
  if (duration === null) return failed('a route without a duration');
  return { kind: 'ok', value: { distance_meters: distance, duration_seconds: duration } };
}

function indexIn(raw: Json, member: string): number {
  const index = raw[member] ?? 0;
  return typeof index === 'number' ? index : -1;
}

/** A protobuf duration: `812s`, `1.5s`. */
function parseDuration(value: unknown): number | null {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(value) : null;
  return match === null ? null : Number(match[1]);
}

/** Google's API error, which a streamed reply wraps in an array. */
export interface ApiError {
  readonly status: string | null;
  readonly message: string | null;
  readonly reasons: readonly string[];
}

export function parseApiError(json: unknown): ApiError | null {
  const outer = Array.isArray(json) ? json[0] : json;
  const error = isObject(outer) ? outer.error : undefined;
  if (!isObject(error)) return null;
  return {
    status: textIn(error, 'status'),
    message: textIn(error, 'message'),
    reasons: listIn(error, 'details')
      .map((detail) => textIn(detail, 'reason'))
      .filter((reason) => reason !== null),
  };
}
