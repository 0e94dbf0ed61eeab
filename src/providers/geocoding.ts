/** The geocoding operations, as every geocoding adapter speaks them. Coordinates are WGS 84 degrees. */

export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
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
}

export interface GeocodeInput {
  readonly address: string;
  /** ISO 639-1, as the caller gave it: `ru`, `uz`, `en`. */
  readonly language: string;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string;
}

export interface ReverseInput extends Coordinates {
  readonly language: string;
}

export interface DistanceInput {
  readonly origin: Coordinates;
  readonly destination: Coordinates;
  readonly mode: 'driving' | 'walking';
}

export interface RouteLength {
  readonly distance_meters: number;
  readonly duration_seconds: number;
}

declare module './provider.ts' {
  interface OperationTypes {
    geocode: { input: GeocodeInput; output: Place };
    reverse: { input: ReverseInput; output: Place };
    distance: { input: DistanceInput; output: RouteLength };
  }
}
