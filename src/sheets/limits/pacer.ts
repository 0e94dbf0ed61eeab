/**
 * Spreads requests over the minute, so that a quota does not run out while callers wait.
 *
 * The first eighth of a minute's quota is spent at once, and a lone request goes at once while half of the quota is
 * left. The other half must last until the minute is over, at the pace of callers whose wait is nearly over. If several
 * requests wait, they keep a distance that grows as the quota shrinks (`spreadMs ÷ what is left`). Waiting calls share
 * the next request, so pacing costs them a second or two and saves most of the requests.
 *
 * The limiter decides: a caller that cannot wait goes ahead, and is refused only if the quota is really spent. It
 * reserves the time at which it goes, not the later one that pacing would give it; otherwise urgent callers would push
 * the waiting calls further and further away. `bench/sheets-reads.ts` measures it.
 *
 * A quota below eight is not paced: the distances would exceed the callers' maximum waits, and each would wait in full
 * for what it can have at once.
 */

import { getOrCreateBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';

export interface Pacer {
  /** Reserves the next slot for this kind of request; returns how long to wait for it, at most `slackMs`. */
  reserveMs(key: string, quota: Quota, waiting: Waiting): number;
}

/** The calls that the next request serves. */
export interface Waiting {
  /** No other call waits, and no request is in progress. */
  readonly isLone: boolean;
  /** How long the most urgent of them can wait. */
  readonly slackMs: number;
}

/** The quota in the current minute, over all replicas. */
export interface Quota {
  readonly limit: number;
  readonly left: number;
}

const freeShare = 1 / 8;
const spreadMs = 45_000;
/** A longer distance is useless: callers time out sooner. */
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
