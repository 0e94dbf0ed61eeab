/** Parses Google's JSON: strict about members that are used, tolerant of missing and new ones. */
import type { AddressComponent, AddressParts, LocationType } from '../geocoding.ts';
import { locationTypes } from '../geocoding.ts';
import { plausibleCoordinates } from '../plausible.ts';
import { isObject, listIn, objectIn, textIn } from '../reading.ts';
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

export interface GeocodeResult {
  readonly latitude: number;
  readonly longitude: number;
  readonly formattedAddress: string;
  readonly locationType: LocationType;
  readonly components: readonly AddressComponent[];
  readonly types: readonly string[];
  readonly placeId: string | null;
  readonly partialMatch: boolean;
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
  const formattedAddress = textIn(raw, 'formatted_address');
  if (point === null || formattedAddress === null || !isObject(raw)) return null;
  const locationType = locationTypes.find((type) => type === geometry.location_type);
  return {
    ...point,
    formattedAddress,
    // An unknown type is trusted as little as the least exact one.
    locationType: locationType ?? 'APPROXIMATE',
    components,
    types: texts(raw.types),
    placeId: textIn(raw, 'place_id'),
    partialMatch: raw.partial_match === true,
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
export function addressParts(components: readonly AddressComponent[]): AddressParts {
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

/** One pair of a Routes matrix. */
export interface MatrixElement {
  readonly originIndex: number;
  readonly destinationIndex: number;
  /** False for an invalid element: neither status nor condition, or an invalid distance. */
  readonly isReadable: boolean;
  /** google.rpc.Code; 0 is OK. */
  readonly statusCode: number;
  readonly statusMessage: string | null;
  readonly routeExists: boolean;
  readonly distanceMeters: number;
  /** null: missing or unreadable. */
  readonly durationSeconds: number | null;
}

/** null if the reply is not a matrix. Google omits fields with the value zero, including indexes. */
export function parseMatrix(json: unknown): readonly MatrixElement[] | null {
  if (!Array.isArray(json) || json.length === 0) return null;
  const elements = json.filter((raw) => isObject(raw) && !('error' in raw)).map(parseMatrixElement);
  return elements.length === json.length ? elements : null;
}

function parseMatrixElement(raw: Readonly<Record<string, unknown>>): MatrixElement {
  const status = objectIn(raw, 'status');
  const statusCode = typeof status.code === 'number' ? status.code : 0;
  const distance = raw.distanceMeters ?? 0;
  return {
    originIndex: indexIn(raw, 'originIndex'),
    destinationIndex: indexIn(raw, 'destinationIndex'),
    isReadable: isLength(distance) && (statusCode !== 0 || raw.condition !== undefined),
    statusCode,
    statusMessage: textIn(status, 'message'),
    routeExists: raw.condition === 'ROUTE_EXISTS',
    distanceMeters: isLength(distance) ? distance : 0,
    durationSeconds: parseDuration(raw.duration ?? (distance === 0 ? '0s' : null)),
  };
}

function indexIn(raw: Readonly<Record<string, unknown>>, member: string): number {
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
