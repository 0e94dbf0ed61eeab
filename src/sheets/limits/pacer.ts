/**
 * Spreads requests over the minute, so that a quota is never spent to the end while callers wait.
 *
 * The first eighth of a minute's quota goes at once, and a request that waits alone goes at once while half
 * of the quota is left: the other half has to last, at the pace of callers at the end of their patience, until the
 * minute is over. Where several wait, requests keep a distance that grows as the quota shrinks (`spreadMs ÷ what is
 * left`). Calls that wait meanwhile are gathered into the next request, so pacing costs them a second or two and saves
 * most of the requests. The limiter stays the judge: a caller who cannot wait goes ahead, and is refused only where the
 * quota is really spent, and takes the place at which it goes, not one that it would have had to wait for: else callers
 * in a hurry would push the waiting calls ever further away. `bench/sheets-reads.ts` measures it.
 *
 * A quota of less than eight is not paced: its distances are longer than callers are patient, so that each would wait
 * its patience out for what it could have had at once.
 */

import { getOrCreateBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';

export interface Pacer {
  /** Takes the next place of this kind of request; returns how long to wait for it, at most `slackMs`. */
  reserveMs(key: string, quota: Quota, waiting: Waiting): number;
}

/** Who the next request is for. */
export interface Waiting {
  /** No other call waits with it, and nothing is under way beside it. */
  readonly isLone: boolean;
  /** How long the least patient of them can wait. */
  readonly slackMs: number;
}

/** Of the minute that ends now, over all replicas. */
export interface Quota {
  readonly limit: number;
  readonly left: number;
}

const freeShare = 1 / 8;
const spreadMs = 45_000;
/** Beyond it a distance is useless: callers lose patience sooner. */
const longestMs = 10_000;
const maxKeys = 10_000;

export function createPacer(clock: Clock, replicasSeen: () => number): Pacer {
  const lastPlaces = new Map<string, { atMs: number }>();
  return {
    reserveMs(key, { limit, left }, { isLone, slackMs }) {
      const nowMs = clock.now();
      const last = getOrCreateBounded(lastPlaces, key, maxKeys, () => ({ atMs: Number.NEGATIVE_INFINITY }));
      const distanceMs = Math.min(longestMs, (spreadMs * Math.max(1, replicasSeen())) / Math.max(1, left));
      const isPaced = limit * freeShare >= 1;
      const goesAtOnce = !isPaced || limit - left < limit * freeShare || (isLone && left * 2 > limit);
      const waitMs = goesAtOnce ? 0 : Math.min(last.atMs + distanceMs - nowMs, slackMs);
      const atMs = nowMs + Math.max(0, waitMs);
      last.atMs = Math.max(last.atMs, atMs);
      return atMs - nowMs;
    },
  };
}
