/** The bodies of geocode, reverse, distance and batch, parsed. Each parser throws `INVALID_REQUEST` naming every fault. */
import type { Box, Coordinates, QuestionParts, StreetAlias } from '../providers/geocoding.ts';
import { completeAddress, completeParts, streetAliasesIn } from './apply-settings.ts';
import {
  createInputReader,
  type InputReader,
  isGiven,
  type Members,
  parseMembers,
  readAddress,
  readBounds,
  readCoordinates,
  readCountry,
  readDegrees,
  readLanguage,
  readLimit,
  readMinConfidence,
  readOneOf,
  readParts,
  readProvider,
} from './input-reader.ts';
import { type GeocodingSettings, noSettings } from './settings.ts';

/** How an address is to be understood, and by whom. */
export interface GeocodeOptions {
  /** null: chosen by priority. */
  readonly provider: string | null;
  /** ISO 639-1, lower case, of Uzbek with its script where one was named. */
  readonly language: string;
  /** ISO 3166-1 alpha-2, upper case; null: any. */
  readonly country: string | null;
  /** Where to look first. */
  readonly bounds: Box | null;
  /** Answers wanted. */
  readonly limit: number;
  /** null: any answer will do. */
  readonly minConfidence: number | null;
}

export interface GeocodeRequest extends GeocodeOptions {
  /** Trimmed, as the caller wrote it; or its parts as one line. */
  readonly address: string;
  /** Set where the address was given in parts. */
  readonly parts: QuestionParts | null;
  /** Those of the tenant's settings whose street the address names. */
  readonly streetAliases?: readonly StreetAlias[];
}

export interface ReverseRequest extends Coordinates {
  readonly provider: string | null;
  readonly language: string;
}

export const distanceModes = ['straight_line', 'driving', 'walking'] as const;
export type DistanceMode = (typeof distanceModes)[number];
export const distanceUnits = ['km', 'miles'] as const;
export type DistanceUnit = (typeof distanceUnits)[number];

export type DistanceEnd =
  | ({ readonly kind: 'coordinates' } & Coordinates)
  | { readonly kind: 'address'; readonly address: string };

export interface DistanceRequest {
  readonly origin: DistanceEnd;
  readonly destination: DistanceEnd;
  readonly mode: DistanceMode;
  readonly unit: DistanceUnit;
  /** For the route, and for ends given by address. */
  readonly provider: string | null;
  /** These three are for ends given by address. */
  readonly language: string;
  readonly country: string | null;
  readonly minConfidence: number | null;
  /** They complete each address. */
  readonly settings: GeocodingSettings;
}

export const maxBatchAddresses = 1000;

export interface BatchRequest extends GeocodeOptions {
  /** They complete each address. */
  readonly settings: GeocodingSettings;
  /** 1 to 1,000, unchecked: one bad address fails alone. */
  readonly addresses: readonly unknown[];
}

export function parseGeocodeRequest(body: unknown, settings: GeocodingSettings = noSettings): GeocodeRequest {
  const members = parseMembers(body);
  const reader = createInputReader();
  const parts = readParts(reader, members);
  if (parts !== null && isGiven(members.address)) reader.fault('components', 'must not stand beside address');
  const given = parts === null ? readAddress(reader, 'address', members.address) : '';
  const options = readGeocodeOptions(reader, members, settings);
  reader.refuseFaults();
  const completed = parts === null ? null : completeParts(parts, options.country, settings);
  const address = completed === null ? completeAddress(given, options.country, settings) : lineOf(completed);
  return { address, parts: completed, ...streetAliasesIn(address, settings), ...options };
}

/** As people write an address: the city first, the house after its street. */
function lineOf({ region, city, district, street, house_number, postal_code }: QuestionParts): string {
  return [region, city, district, street, house_number, postal_code].filter((part) => part !== undefined).join(', ');
}

export function parseReverseRequest(body: unknown, settings: GeocodingSettings = noSettings): ReverseRequest {
  const members = parseMembers(body);
  const reader = createInputReader();
  const request = {
    ...readCoordinates(reader, '', members),
    provider: readProvider(reader, members),
    language: readLanguage(reader, members, settings.language),
  };
  reader.refuseFaults();
  return request;
}

export function parseDistanceRequest(body: unknown, settings: GeocodingSettings = noSettings): DistanceRequest {
  const members = parseMembers(body);
  const reader = createInputReader();
  const request = {
    origin: readEnd(reader, members, 'origin', 'origin_lat', 'origin_lng'),
    destination: readEnd(reader, members, 'destination', 'dest_lat', 'dest_lng'),
    mode: readOneOf(reader, members, 'mode', distanceModes, 'straight_line'),
    unit: readOneOf(reader, members, 'unit', distanceUnits, 'km'),
    ...readRouteTerms(reader, members, settings),
  };
  reader.refuseFaults();
  return request;
}

/** What a distance and a matrix share: who is asked, and how ends given by address are found. */
function readRouteTerms(reader: InputReader, members: Members, settings: GeocodingSettings) {
  return {
    provider: readProvider(reader, members),
    language: readLanguage(reader, members, settings.language),
    country: readCountry(reader, members, settings.country),
    minConfidence: readMinConfidence(reader, members),
    settings,
  };
}

export const maxMatrixEnds = 25;

/** Modes as of a distance, one provider for all routes. */
export interface MatrixRequest
  extends Pick<DistanceRequest, 'mode' | 'provider' | 'language' | 'country' | 'minConfidence' | 'settings'> {
  readonly origins: readonly DistanceEnd[];
  readonly destinations: readonly DistanceEnd[];
}

export function parseMatrixRequest(body: unknown, settings: GeocodingSettings = noSettings): MatrixRequest {
  const members = parseMembers(body);
  const reader = createInputReader();
  const request = {
    origins: readEnds(reader, members, 'origins'),
    destinations: readEnds(reader, members, 'destinations'),
    mode: readOneOf(reader, members, 'mode', distanceModes, 'straight_line'),
    ...readRouteTerms(reader, members, settings),
  };
  reader.refuseFaults();
  return request;
}

function readEnds(reader: InputReader, members: Members, path: 'origins' | 'destinations'): readonly DistanceEnd[] {
  const ends = members[path];
  if (!Array.isArray(ends) || ends.length < 1 || ends.length > maxMatrixEnds) {
    reader.fault(path, `must be an array of 1 to ${maxMatrixEnds} ends: {latitude, longitude} or {address}`);
    return [];
  }
  return ends.map((end, index) => readEndObject(reader, `${path}[${index}]`, end));
}

export function parseBatchRequest(body: unknown, settings: GeocodingSettings = noSettings): BatchRequest {
  const members = parseMembers(body);
  const reader = createInputReader();
  const { addresses } = members;
  if (!Array.isArray(addresses) || addresses.length < 1 || addresses.length > maxBatchAddresses) {
    reader.fault('addresses', `must be an array of 1 to ${maxBatchAddresses} addresses`);
  }
  const options = readGeocodeOptions(reader, members, settings);
  reader.refuseFaults();
  return { addresses: addresses as unknown[], settings, ...options };
}

function readGeocodeOptions(reader: InputReader, members: Members, settings: GeocodingSettings): GeocodeOptions {
  return {
    provider: readProvider(reader, members),
    language: readLanguage(reader, members, settings.language),
    country: readCountry(reader, members, settings.country),
    bounds: readBounds(reader, members) ?? settings.bounds ?? null,
    limit: readLimit(reader, members),
    minConfidence: readMinConfidence(reader, members),
  };
}

/** An end as an object, or flat as `origin_lat`, `origin_lng`; both at once would leave it open which one is meant. */
function readEnd(
  reader: InputReader,
  members: Members,
  path: 'origin' | 'destination',
  flatLatitude: string,
  flatLongitude: string,
): DistanceEnd {
  const end = members[path];
  const isFlat = isGiven(members[flatLatitude]) || isGiven(members[flatLongitude]);
  if (!isGiven(end)) {
    if (!isFlat) {
      reader.fault(path, `is required: {latitude, longitude}, {address}, or ${flatLatitude} and ${flatLongitude}`);
      return nowhere;
    }
    return {
      kind: 'coordinates',
      latitude: readDegrees(reader, flatLatitude, members[flatLatitude], 90),
      longitude: readDegrees(reader, flatLongitude, members[flatLongitude], 180),
    };
  }
  if (isFlat) {
    reader.fault(path, `must not stand beside ${flatLatitude} and ${flatLongitude}`);
    return nowhere;
  }
  return readEndObject(reader, path, end);
}

const nowhere: DistanceEnd = { kind: 'coordinates', latitude: 0, longitude: 0 };

function readEndObject(reader: InputReader, path: string, end: unknown): DistanceEnd {
  if (typeof end !== 'object' || end === null || Array.isArray(end)) {
    reader.fault(path, 'must be {latitude, longitude} or {address}');
    return nowhere;
  }
  const endMembers = end as Members;
  const hasCoordinates = isGiven(endMembers.latitude) || isGiven(endMembers.longitude);
  if (!isGiven(endMembers.address)) {
    if (!hasCoordinates) {
      reader.fault(path, 'must be {latitude, longitude} or {address}');
      return nowhere;
    }
    return { kind: 'coordinates', ...readCoordinates(reader, `${path}.`, endMembers) };
  }
  if (hasCoordinates) {
    reader.fault(path, 'must be given by coordinates or by address, not by both');
    return nowhere;
  }
  return { kind: 'address', address: readAddress(reader, `${path}.address`, endMembers.address) };
}
