/**
 * Derives the confidence and the location type of a result from `place_rank`: `importance` does not measure precision.
 */
import type { LocationType } from '../geocoding.ts';

interface Precision {
  readonly confidence: number;
  readonly locationType: LocationType;
}

/**
 * https://nominatim.org/release-docs/latest/customize/Ranking/: the first line with `minRank` at or below the rank
 * applies.
 */
export const precisionByRank: readonly (Precision & { readonly minRank: number; readonly needsNumber?: true })[] = [
  { minRank: 30, needsNumber: true, confidence: 0.95, locationType: 'ROOFTOP' },
  // A building or a point of interest by its name.
  { minRank: 29, confidence: 0.7, locationType: 'ROOFTOP' },
  // A house number interpolated between two known ones.
  { minRank: 28, confidence: 0.7, locationType: 'RANGE_INTERPOLATED' },
  { minRank: 26, confidence: 0.5, locationType: 'GEOMETRIC_CENTER' },
  { minRank: 22, confidence: 0.4, locationType: 'APPROXIMATE' },
  { minRank: 17, confidence: 0.3, locationType: 'APPROXIMATE' },
  { minRank: 13, confidence: 0.25, locationType: 'APPROXIMATE' },
  { minRank: 5, confidence: 0.1, locationType: 'APPROXIMATE' },
  { minRank: 0, confidence: 0.05, locationType: 'APPROXIMATE' },
];

export function precisionOf(placeRank: number, houseNumber: string | null): Precision {
  const line = precisionByRank.find(
    ({ minRank, needsNumber }) => placeRank >= minRank && (needsNumber !== true || houseNumber !== null),
  );
  return line ?? { confidence: 0.05, locationType: 'APPROXIMATE' };
}
