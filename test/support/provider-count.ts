/** Counts like a provider: by the arrival of each call. */
export interface ProviderCount {
  arrive(atMs: number): void;
  /** The maximum of calls in any minute, `[t, t + 60 s)`. */
  busiestMinute(): number;
  arrivedBetween(fromMs: number, toMs: number): number;
  /**
   * The minimum of calls in any period of `stretchMs` that begins at `fromMs` or just after an arrival, and ends by
   * `toMs`.
   */
  quietestStretch(stretchMs: number, fromMs: number, toMs: number): number;
}

export function createProviderCount(): ProviderCount {
  const arrivals: number[] = [];
  const arrivedBetween = (fromMs: number, toMs: number): number =>
    arrivals.filter((atMs) => atMs >= fromMs && atMs < toMs).length;
  return {
    arrive: (atMs) => arrivals.push(atMs),
    busiestMinute() {
      const sorted = arrivals.toSorted((a, b) => a - b);
      let busiest = 0;
      for (let newest = 0, oldest = 0; newest < sorted.length; newest += 1) {
        while ((sorted[newest] as number) - (sorted[oldest] as number) >= 60_000) oldest += 1;
        busiest = Math.max(busiest, newest - oldest + 1);
      }
      return busiest;
    },
    arrivedBetween,
    quietestStretch(stretchMs, fromMs, toMs) {
      // The minimum is in a period that begins just after an arrival.
      const begins = [fromMs, ...arrivals.map((atMs) => atMs + 0.001)];
      const within = begins.filter((beginMs) => beginMs >= fromMs && beginMs + stretchMs <= toMs);
      return Math.min(...within.map((beginMs) => arrivedBetween(beginMs, beginMs + stretchMs)));
    },
  };
}

/** A repeatable random source in [0, 1). */
export function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
