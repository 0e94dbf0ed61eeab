/**
 * Derives the confidence and the location type of a 2GIS result from the kind of object: the API reports no precision.
 */
import type { LocationType } from '../geocoding.ts';
import type { Item } from './wire.ts';

interface Precision {
  readonly confidence: number;
  readonly locationType: LocationType;
}

export const precisionByKind: Readonly<Record<string, Precision>> = {
  /** A building with its street and number. */
  address: { confidence: 0.95, locationType: 'ROOFTOP' },
  /** A building by its name alone. */
  building: { confidence: 0.7, locationType: 'ROOFTOP' },
  street: { confidence: 0.5, locationType: 'GEOMETRIC_CENTER' },
  road: { confidence: 0.5, locationType: 'GEOMETRIC_CENTER' },
  crossroad: { confidence: 0.5, locationType: 'GEOMETRIC_CENTER' },
  /** Points of interest, which are not addresses. */
  attraction: { confidence: 0.45, locationType: 'GEOMETRIC_CENTER' },
  station: { confidence: 0.45, locationType: 'GEOMETRIC_CENTER' },
  living_area: { confidence: 0.4, locationType: 'APPROXIMATE' },
  district: { confidence: 0.35, locationType: 'APPROXIMATE' },
  city: { confidence: 0.25, locationType: 'APPROXIMATE' },
  settlement: { confidence: 0.25, locationType: 'APPROXIMATE' },
  district_area: { confidence: 0.15, locationType: 'APPROXIMATE' },
  region: { confidence: 0.1, locationType: 'APPROXIMATE' },
  country: { confidence: 0.05, locationType: 'APPROXIMATE' },
};
const unknownKind: Precision = { confidence: 0.3, locationType: 'APPROXIMATE' };

export function precisionOf({ type, subtype, houseNumber }: Item): Precision {
  if (type === 'building') return precisionByKind[houseNumber === null ? 'building' : 'address'] as Precision;
  const kind = type === 'adm_div' ? (subtype ?? '') : type.replace(/^adm_div\./, '');
  return precisionByKind[kind] ?? unknownKind;
}
