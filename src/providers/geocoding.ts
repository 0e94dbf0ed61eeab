/** The geocoding operations, as every geocoding adapter speaks them. Coordinates are WGS 84 degrees. */
import type { Verdict } from './provider.ts';

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

export interface AddressComponent {
  readonly long_name: string;
  readonly short_name: string;
  readonly types: readonly string[];
}

export interface AddressParts {
  readonly street: string | null;
  readonly house_number: string | null;
  readonly district: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postal_code: string | null;
  readonly country: string | null;
  readonly country_code: string | null;
}

/** One found place, before the gateway adds who answered and whether it came from a cache. */
export interface Place extends Coordinates {
  readonly formatted_address: string;
  /** 0 to 1; derived by one table per vendor from what the vendor says (docs/architecture.md). */
  readonly confidence: number;
  readonly location_type: LocationType;
  readonly address_components: readonly AddressComponent[];
  readonly components: AddressParts;
  readonly place_id: string | null;
  readonly partial_match: boolean;
  /** What else the vendor offers for the question, in its own order. */
  readonly others?: readonly Place[];
  /** How the answer fits the question. Not the adapter's to say: every vendor's answers are compared by one rule. */
  readonly match?: Match;
}

/** `missing`: asked for, and the answer names none. */
export type PartMatch = 'exact' | 'differs' | 'missing' | 'not_asked';

export interface Match {
  readonly city: PartMatch;
  readonly street: PartMatch;
  readonly house_number: PartMatch;
}

/** An address given in parts. */
export interface QuestionParts {
  readonly city?: string;
  readonly street?: string;
  readonly house_number?: string;
  readonly district?: string;
  readonly region?: string;
  readonly postal_code?: string;
}

export interface GeocodeInput {
  /** Of an address given in parts: the parts as one line. */
  readonly address: string;
  readonly parts: QuestionParts | null;
  /** ISO 639-1: `ru`, `uz`, `en`; Uzbek with its script where the caller named one: `uz-Latn`, `uz-Cyrl`. */
  readonly language: string;
  /** ISO 3166-1 alpha-2, upper case; null: any. */
  readonly country: string | null;
  /** Where to look first. */
  readonly bounds: Box | null;
  /** Answers wanted. */
  readonly limit: number;
  /** Renamed streets that the address names: an answer by the name of before is an answer too. Absent: none. */
  readonly streetAliases?: readonly StreetAlias[];
}

/** One street, by the name that it had and the name that it has. */
export interface StreetAlias {
  readonly from: string;
  readonly to: string;
}

export interface ReverseInput extends Coordinates {
  readonly language: string;
}

/** The language alone, as vendors take it. */
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

/** A row an origin, in it an element a destination, in the order asked. */
export type RouteMatrix = readonly (readonly RouteElement[])[];

declare module './provider.ts' {
  interface OperationTypes {
    geocode: { input: GeocodeInput; output: Place };
    reverse: { input: ReverseInput; output: Place };
    distance: { input: DistanceInput; output: RouteMatrix };
  }
}
