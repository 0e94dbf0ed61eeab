/**
 * Spreads requests over the minute, so that a quota is never spent to the end while callers wait.
 *
 * A fifth of the minute's quota may go at once; the rest comes at an even pace. Those who wait meanwhile are gathered
 * into the next request, so pacing costs them little and saves most of the requests. The limiter stays the judge: a
 * caller who cannot wait goes ahead, and is refused only where the quota is really spent.
 */
import type { Clock } from '../clock.ts';
import { touchBounded } from '../gateway/touch-bounded.ts';

export interface Pacer {
  /** Reserves the next place under each limit; returns how long to wait for it. `perMinute` Infinity: not at all. */
  reserveMs(places: readonly { readonly key: string; readonly perMinute: number }[]): number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const burstShare = 0.2;
const maxBuckets = 10_000;

export function createPacer(clock: Clock, replicasSeen: () => number): Pacer {
  const buckets = new Map<string, Bucket>();

  const reserveOne = (key: string, perMinute: number): number => {
    if (!Number.isFinite(perMinute)) return 0;
    const share = perMinute / Math.max(1, replicasSeen());
    const burst = Math.max(1, Math.floor(share * burstShare));
    // One less than the limit: a place that is reserved at the very end of a minute is used in the next.
    const perMs = Math.max(0.5, share - burst - 1) / 60_000;
    const nowMs = clock.now();
    const bucket = touchBounded(buckets, key, maxBuckets, () => ({ tokens: burst, atMs: nowMs }));
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) * perMs) - 1;
    bucket.atMs = nowMs;
    return bucket.tokens >= 0 ? 0 : Math.ceil(-bucket.tokens / perMs);
  };

  return {
    reserveMs: (places) => Math.max(0, ...places.map(({ key, perMinute }) => reserveOne(key, perMinute))),
  };
}
