/** Amounts of money. A billionth of a dollar is finer than any price (`directory/service-price.ts`). */

/** Converts dollars to whole billionths of a dollar, never rounding down. */
export function nanoUsd(usd: number): number {
  return Math.ceil(Math.round(usd * 1e12) / 1e3);
}

/** Removes binary rounding errors of sums. */
export function roundUsd(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
