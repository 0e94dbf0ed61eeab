/** Maps Google's ratings of a result to a confidence. */
import type { LocationType } from '../geocoding.ts';
import type { GeocodeResult } from './wire.ts';

/** The precision of the point (`geometry.location_type`). */
export const confidenceByLocationType: Readonly<Record<LocationType, number>> = {
  ROOFTOP: 0.95,
  RANGE_INTERPOLATED: 0.8,
  GEOMETRIC_CENTER: 0.65,
  APPROXIMATE: 0.5,
};

/**
 * The kind of the result (`types`): the middle of a street is not a house, however exact the point is. The highest of a
 * result's types counts; an unknown type counts as 0.6.
 */
export const confidenceCapByResultType: Readonly<Record<string, number>> = {
  street_address: 1,
  premise: 1,
  subpremise: 1,
  point_of_interest: 0.8,
  establishment: 0.8,
  airport: 0.8,
  park: 0.7,
  intersection: 0.7,
  route: 0.6,
  plus_code: 0.6,
  neighborhood: 0.4,
  sublocality: 0.4,
  postal_code: 0.4,
  locality: 0.3,
  postal_town: 0.3,
  administrative_area_level_3: 0.25,
  administrative_area_level_2: 0.2,
  administrative_area_level_1: 0.1,
  political: 0,
  geocode: 0,
  country: 0.05,
};
const unknownTypeCap = 0.6;

/**
 * `partial_match`: only a part of the question was matched. It also occurs with ROOFTOP, for another house than asked.
 */
export const partialMatchFactor = 0.6;

/** min(location type, result type), times the factor for a partial match; two decimals. */
export function confidenceOf(result: Pick<GeocodeResult, 'location_type' | 'types' | 'partial_match'>): number {
  const caps = result.types.map((type) => confidenceCapByResultType[type] ?? typeCapOfPrefix(type));
  const cap = caps.length === 0 ? unknownTypeCap : Math.max(...caps);
  const base = Math.min(confidenceByLocationType[result.location_type], cap);
  return Math.round(base * (result.partial_match ? partialMatchFactor : 1) * 100) / 100;
}

/** `sublocality_level_3`, `administrative_area_level_5` and the like count as their family. */
function typeCapOfPrefix(type: string): number {
  if (type.startsWith('sublocality')) return 0.4;
  return type.startsWith('administrative_area') ? 0.2 : unknownTypeCap;
}
