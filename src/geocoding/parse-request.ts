/** Converts the validated bodies of geocode, reverse, distance, matrix and batch into internal requests. */
import {
  type Box,
  type Coordinates,
  type GeocodeInput,
  partNames,
  type QuestionParts,
  type ReverseInput,
} from '../providers/geocoding.ts';
import { isGiven } from '../schema-parts.ts';
import { normalizeAddress } from './address/normalize-address.ts';
import { completeAddress, completeParts, streetAliasesIn } from './apply-settings.ts';
import type { DistanceBody, DistanceEndBody, distanceModes, distanceUnits, MatrixBody } from './distance-schemas.ts';
import {
  anyCountry,
  type BatchBody,
  type GeocodeBody,
  type ReverseBody,
  type SettingsBody,
} from './request-schemas.ts';
import { type GeocodingSettings, noSettings } from './settings.ts';

/** `address` is trimmed, as the caller wrote it; or its parts joined to one line, with the flat that they lack. */
export interface GeocodeRequest extends GeocodeInput {
  /** null: the gateway chooses by priority. */
  readonly provider: string | null;
  /** null: no threshold. */
  readonly minConfidence: number | null;
}

/** Options that say how to interpret an address, and which provider to ask. */
type GeocodeOptions = Omit<GeocodeRequest, 'address' | 'parts' | 'streetAliases'>;

export type ReverseRequest = ReverseInput & Pick<GeocodeRequest, 'provider'>;

export type DistanceMode = (typeof distanceModes)[number];
export type DistanceUnit = (typeof distanceUnits)[number];

export type DistanceEnd =
  | ({ readonly kind: 'coordinates' } & Coordinates)
  | { readonly kind: 'address'; readonly address: string };

export interface DistanceRequest {
  readonly origin: DistanceEnd;
  readonly destination: DistanceEnd;
  readonly mode: DistanceMode;
  readonly unit: DistanceUnit;
  /** Used for the route, and for ends given by address. */
  readonly provider: string | null;
  /** The next three apply to ends given by address. */
  readonly language: string;
  readonly country: string | null;
  readonly minConfidence: number | null;
  /** Complete each address. */
  readonly settings: GeocodingSettings;
}

/** Has the modes of a distance; one provider serves all routes. */
export interface MatrixRequest
  extends Pick<DistanceRequest, 'mode' | 'provider' | 'language' | 'country' | 'minConfidence' | 'settings'> {
  readonly origins: readonly DistanceEnd[];
  readonly destinations: readonly DistanceEnd[];
}

export interface BatchRequest extends GeocodeOptions {
  /** Complete each address. */
  readonly settings: GeocodingSettings;
  /** 1 to 1,000, unchecked: one bad address fails alone. */
  readonly addresses: readonly unknown[];
}

export const defaultLanguage = 'ru';
const defaultCountry = 'UZ';

export function parseGeocodeRequest(body: GeocodeBody, settings: GeocodingSettings = noSettings): GeocodeRequest {
  const options = geocodeOptionsOf(body, settings);
  const { components } = body;
  const parts = isGiven(components) ? completeParts(partsOf(components), options.country, settings) : null;
  const given = parts === null ? (body.address as string).trim() : lineOf(parts);
  const address = parts === null ? completeAddress(given, options.country, settings) : given;
  return { address, parts: parts && withoutUnit(parts, address), ...streetAliasesIn(address, settings), ...options };
}

/** In a fixed order, so that one question has one cache key. */
function partsOf(components: NonNullable<GeocodeBody['components']>): QuestionParts {
  const parts: Partial<Record<(typeof partNames)[number], string>> = {};
  for (const name of partNames) {
    const part = components[name];
    if (isGiven(part)) parts[name] = part.trim();
  }
  return parts;
}

/** No provider needs the flat; it stays in `line`, from which the caller gets it back. */
function withoutUnit(parts: QuestionParts, line: string): QuestionParts {
  if (normalizeAddress(line).unit === null) return parts;
  const { street, house_number } = parts;
  return {
    ...parts,
    ...(street !== undefined && { street: normalizeAddress(street).query }),
    ...(house_number !== undefined && { house_number: houseWithoutUnit(house_number) }),
  };
}

/** Alone, `5, кв. 12` would be a number and a квартал. */
function houseWithoutUnit(house: string): string {
  const { query, unit } = normalizeAddress(house);
  return unit === null ? normalizeAddress(`д. ${house}`).query.replace('д. ', '') : query;
}

/** In a fixed order, like the parts. */
function boxOf({ south, west, north, east }: Box): Box {
  return { south, west, north, east };
}

/** In the order that people write: city first, house after its street. */
function lineOf({ region, city, district, street, house_number, postal_code }: QuestionParts): string {
  return [region, city, district, street, house_number, postal_code].filter((part) => part !== undefined).join(', ');
}

export function parseReverseRequest(body: ReverseBody, settings: GeocodingSettings = noSettings): ReverseRequest {
  return {
    latitude: body.latitude,
    longitude: body.longitude,
    provider: providerOf(body),
    language: languageOf(body, settings),
  };
}

export function parseDistanceRequest(body: DistanceBody, settings: GeocodingSettings = noSettings): DistanceRequest {
  return {
    origin: endOf(body.origin ?? { latitude: body.origin_lat ?? null, longitude: body.origin_lng ?? null }),
    destination: endOf(body.destination ?? { latitude: body.dest_lat ?? null, longitude: body.dest_lng ?? null }),
    unit: body.unit ?? 'km',
    ...routeTermsOf(body, settings),
  };
}

export function parseMatrixRequest(body: MatrixBody, settings: GeocodingSettings = noSettings): MatrixRequest {
  return {
    origins: body.origins.map(endOf),
    destinations: body.destinations.map(endOf),
    ...routeTermsOf(body, settings),
  };
}

export function parseBatchRequest(body: BatchBody, settings: GeocodingSettings = noSettings): BatchRequest {
  return { addresses: body.addresses, settings, ...geocodeOptionsOf(body, settings) };
}

/** What distance and matrix have in common: the provider, and the options for ends given by address. */
function routeTermsOf(body: DistanceBody | MatrixBody, settings: GeocodingSettings) {
  return {
    mode: body.mode ?? 'straight_line',
    provider: providerOf(body),
    language: languageOf(body, settings),
    country: countryOf(body, settings),
    minConfidence: body.min_confidence ?? null,
    settings,
  };
}

function geocodeOptionsOf(body: GeocodeBody | BatchBody, settings: GeocodingSettings): GeocodeOptions {
  return {
    provider: providerOf(body),
    language: languageOf(body, settings),
    country: countryOf(body, settings),
    bounds: isGiven(body.bounds) ? boxOf(body.bounds) : (settings.bounds ?? null),
    limit: body.limit ?? 1,
    minConfidence: body.min_confidence ?? null,
  };
}

/** The gateway checks later whether the tenant has this service. */
function providerOf({ provider }: Pick<GeocodeBody, 'provider'>): string | null {
  return provider === 'auto' ? null : (provider ?? null);
}

function languageOf({ language }: Pick<GeocodeBody, 'language'>, settings: GeocodingSettings): string {
  return isGiven(language) ? canonicalLanguage(language) : (settings.language ?? defaultLanguage);
}

/** `ru`, `uz`, `uz-Latn`, `uz-Cyrl`. */
function canonicalLanguage(text: string): string {
  const [code, script] = [text.slice(0, 2).toLowerCase(), text.slice(3).toLowerCase()];
  return script === '' ? code : `${code}-${script.slice(0, 1).toUpperCase()}${script.slice(1)}`;
}

function countryOf(body: Pick<GeocodeBody, 'country' | 'region'>, settings: GeocodingSettings): string | null {
  const country = (body.country ?? body.region ?? settings.country ?? defaultCountry).toUpperCase();
  return country === anyCountry.toUpperCase() ? null : country;
}

function endOf(end: DistanceEndBody): DistanceEnd {
  return isGiven(end.address)
    ? { kind: 'address', address: end.address.trim() }
    : { kind: 'coordinates', latitude: end.latitude as number, longitude: end.longitude as number };
}

/** A tenant's settings. */
export function readSettings({ city, country, bounds, language, street_aliases }: SettingsBody): GeocodingSettings {
  const isAny = country?.toLowerCase() === anyCountry;
  return {
    ...(city !== undefined && { city: city.trim() }),
    ...(country !== undefined && { country: isAny ? anyCountry : country.toUpperCase() }),
    ...(bounds !== undefined && { bounds: boxOf(bounds) }),
    ...(language !== undefined && { language: canonicalLanguage(language) }),
    street_aliases: (street_aliases ?? []).map(({ from, to }) => ({ from: from.trim(), to: to.trim() })),
  };
}
