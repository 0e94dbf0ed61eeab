/** Derives the confidence and the location type of a Yandex result from `precision` and `kind`. */
import type { LocationType } from '../geocoding.ts';
import type { GeoObject, Precision } from './wire.ts';

/**
 * https://yandex.com/dev/geocode/doc/en/concepts/about: `exact`: the house; `number`: the number without its block or
 * building; `near`: a house nearby; `range`: an estimated place for the number; `street`: only the street; `other`:
 * none of these, so the kind decides (`confidenceByKind`).
 */
export const confidenceByPrecision: Readonly<Record<Exclude<Precision, 'other'>, number>> = {
  exact: 0.95,
  number: 0.8,
  range: 0.7,
  near: 0.6,
  street: 0.5,
};

/** For `other`; an unknown kind counts as 0.3. */
export const confidenceByKind: Readonly<Record<string, number>> = {
  entrance: 0.9,
  metro: 0.6,
  railway_station: 0.6,
  station: 0.6,
  airport: 0.6,
  street: 0.5,
  district: 0.35,
  vegetation: 0.3,
  route: 0.3,
  locality: 0.25,
  hydro: 0.2,
  area: 0.15,
  province: 0.1,
  region: 0.1,
  country: 0.05,
};
const unknownKind = 0.3;

export const locationTypeByPrecision: Readonly<Record<Precision, LocationType>> = {
  exact: 'ROOFTOP',
  number: 'ROOFTOP',
  range: 'RANGE_INTERPOLATED',
  near: 'RANGE_INTERPOLATED',
  street: 'GEOMETRIC_CENTER',
  other: 'APPROXIMATE',
};

/** By the tables only. Another rule, the same for all vendors, compares the answer with the question. */
export function confidenceOf({ precision, kind }: Pick<GeoObject, 'precision' | 'kind'>): number {
  return precision === 'other' ? (confidenceByKind[kind] ?? unknownKind) : confidenceByPrecision[precision];
}
