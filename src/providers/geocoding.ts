/** The geocoding operations as every geocoding adapter implements them. Coordinates are WGS 84 degrees. */
import Type from 'typebox';
import { oneOf, type Shown, textOrNull } from '../schema-parts.ts';
import type { Verdict } from './provider.ts';

export const latitude = Type.Number({ minimum: -90, maximum: 90, examples: [41.311081] });
export const longitude = Type.Number({ minimum: -180, maximum: 180, examples: [69.240562] });

export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

export interface Box {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

export const locationTypes = ['ROOFTOP', 'RANGE_INTERPOLATED', 'GEOMETRIC_CENTER', 'APPROXIMATE'] as const;
export type LocationType = (typeof locationTypes)[number];

const addressComponent = Type.Object({
  long_name: Type.String(),
  short_name: Type.String(),
  types: Type.Array(Type.String()),
});
const addressParts = Type.Object({
  street: textOrNull,
  house_number: textOrNull,
  district: textOrNull,
  city: textOrNull,
  region: textOrNull,
  postal_code: textOrNull,
  country: textOrNull,
  country_code: textOrNull,
});
export const placeSchema = Type.Object({
  latitude,
  longitude,
  formatted_address: Type.String(),
  // Each vendor's own ratings are mapped by one table (docs/architecture.md).
  confidence: Type.Number({ minimum: 0, maximum: 1 }),
  location_type: oneOf(locationTypes),
  address_components: Type.Array(addressComponent),
  components: addressParts,
  place_id: textOrNull,
  partial_match: Type.Boolean({
    description: 'Another house, street, city or country than asked, or less than was asked.',
  }),
});
// `missing`: the question names it, but the answer does not.
const partMatch = oneOf(['exact', 'differs', 'missing', 'not_asked']);
export const matchSchema = Type.Object({ city: partMatch, street: partMatch, house_number: partMatch });

export type AddressComponent = Shown<typeof addressComponent>;
export type AddressParts = Shown<typeof addressParts>;
export type Match = Shown<typeof matchSchema>;
export type PartMatch = Match['city'];

/** One place, before the gateway adds the provider and the cache status. */
export interface Place extends Shown<typeof placeSchema> {
  /** Further results of the vendor, in its own order. */
  readonly others?: readonly Place[];
  /** How the place fits the question. Set by the gateway: all vendors' places are compared by one rule. */
  readonly match?: Match;
}

/** A place as most vendors' parsers give it: with its address and the precision of its point. */
export function placeOf(
  found: Coordinates & { readonly text: string },
  placeId: string | null,
  { confidence, locationType }: { readonly confidence: number; readonly locationType: LocationType },
  address: Pick<Place, 'address_components' | 'components'>,
): Place {
  return {
    latitude: found.latitude,
    longitude: found.longitude,
    formatted_address: found.text,
    confidence,
    location_type: locationType,
    ...address,
    place_id: placeId,
    partial_match: false,
  };
}

export const partNames = ['city', 'street', 'house_number', 'district', 'region', 'postal_code'] as const;
/** An address given in parts. */
export type QuestionParts = { readonly [Name in (typeof partNames)[number]]?: string };

export interface GeocodeInput {
  /** For an address given in parts: the parts joined to one line. */
  readonly address: string;
  readonly parts: QuestionParts | null;
  /** ISO 639-1: `ru`, `uz`, `en`; Uzbek with its script if the caller named one: `uz-Latn`, `uz-Cyrl`. */
  readonly language: string;
  /** ISO 3166-1 alpha-2, upper case; null: any country. */
  readonly country: string | null;
  /** The area to prefer. */
  readonly bounds: Box | null;
  /** Maximum number of results. */
  readonly limit: number;
  /** Renamed streets that the address names: an answer with the old name matches too. Absent: none. */
  readonly streetAliases?: readonly StreetAlias[];
}

/** A renamed street, with its old and its new name. */
export interface StreetAlias {
  readonly from: string;
  readonly to: string;
}

export interface ReverseInput extends Coordinates {
  readonly language: string;
}

/**
 * How many results to request from a vendor that is asked for a number: the first is its best match, but a later one may
 * have the house or the country asked for.
 */
export function resultsWanted(limit: number): string {
  return String(Math.max(limit, 5));
}

/** The language without its script, as vendors expect it. */
export function languageOnly(language: string): string {
  return language.slice(0, 2);
}

/** Routes from each origin to each destination; a single distance has one of each. */
export interface DistanceInput {
  readonly origins: readonly Coordinates[];
  readonly destinations: readonly Coordinates[];
  readonly mode: 'driving' | 'walking';
}

export interface RouteLength {
  readonly distance_meters: number;
  readonly duration_seconds: number;
}

/** One pair of a matrix, which can fail alone. */
export type RouteElement =
  | { readonly kind: 'ok'; readonly value: RouteLength }
  | Exclude<Verdict<never>, { kind: 'ok' }>;

/** One row per origin, with one element per destination, in the order of the input. */
export type RouteMatrix = readonly (readonly RouteElement[])[];

declare module './provider.ts' {
  interface OperationTypes {
    geocode: { input: GeocodeInput; output: Place };
    reverse: { input: ReverseInput; output: Place };
    distance: { input: DistanceInput; output: RouteMatrix };
  }
}
