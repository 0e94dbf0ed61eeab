/** How sure an answer of Yandex's is, and how exact its point, from `precision` and `kind`. */
import type { LocationType } from '../geocoding.ts';
import type { GeoObject, Precision } from './wire.ts';

/**
 * https://yandex.com/dev/geocode/doc/en/concepts/about: `exact` the house; `number` the number without its block or
 * building; `near` a house nearby; `range` a place estimated for the number; `street` the street alone; `other` none of
 * these, so the kind of what was found tells (`confidenceByKind`).
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

/** For a street or something larger where a house was asked for: not what was meant, however well it was found. */
export const missedHouseFactor = 0.7;

/** What lies in another country than was asked for is at best a namesake. */
export const foreignCountryCap = 0.2;

export const locationTypeByPrecision: Readonly<Record<Precision, LocationType>> = {
  exact: 'ROOFTOP',
  number: 'ROOFTOP',
  range: 'RANGE_INTERPOLATED',
  near: 'RANGE_INTERPOLATED',
  street: 'GEOMETRIC_CENTER',
  other: 'APPROXIMATE',
};

/** What was asked, as far as it bears on how sure an answer is. */
export interface Asked {
  /** null for reverse geocoding, which asks for none. */
  readonly country: string | null;
  readonly house: boolean;
}

/** By the tables; two decimals. */
export function confidenceOf(object: GeoObject, asked: Asked): number {
  const { precision, kind, countryCode } = object;
  const own = precision === 'other' ? (confidenceByKind[kind] ?? unknownKind) : confidenceByPrecision[precision];
  const missed = asked.house && (precision === 'street' || precision === 'other');
  const met = missed ? Math.round(own * missedHouseFactor * 100) / 100 : own;
  const foreign = asked.country !== null && countryCode !== null && countryCode !== asked.country;
  return foreign ? Math.min(met, foreignCountryCap) : met;
}
