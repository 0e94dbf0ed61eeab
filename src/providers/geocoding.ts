/** The geocoding operations as every geocoding adapter implements them. Coordinates are WGS 84 degrees. */
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

/** One place, before the gateway adds the provider and the cache status. */
export interface Place extends Coordinates {
  readonly formatted_address: string;
  /** 0 to 1; each vendor's own ratings are mapped by one table (docs/architecture.md). */
  readonly confidence: number;
  readonly location_type: LocationType;
  readonly address_components: readonly AddressComponent[];
  readonly components: AddressParts;
  readonly place_id: string | null;
  readonly partial_match: boolean;
  /** Further results of the vendor, in its own order. */
  readonly others?: readonly Place[];
  /** How the place fits the question. Set by the gateway: all vendors' places are compared by one rule. */
  readonly match?: Match;
}

/** `missing`: the question names it, but the answer does not. */
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
