/** What a caller is given: an answer that was kept, or one fetched now for all who wait for it. */

import type { CachedAnswer } from '../cache/cached-answer.ts';
import type { CacheLayer } from '../cache/hit-counts.ts';
import { announceHit } from './cache-telemetry.ts';
import type { CacheOutcome, Call, CallResult } from './call.ts';
import type { CallDeps } from './deps.ts';

const outcomeByLayer: Readonly<Record<CacheLayer, CacheOutcome>> = {
  memory: 'HIT-MEMORY',
  redis: 'HIT-REDIS',
  postgres: 'HIT-POSTGRES',
  stale: 'STALE',
};

export interface CacheHit {
  readonly from: CacheLayer;
  readonly answer: CachedAnswer;
  readonly hits: number;
  readonly isRefreshDue?: boolean;
}

/** The hit is counted and announced. `familyLimit`: set where the caller's question was charged before, in vain. */
export function resultFromCache(
  deps: Pick<CallDeps, 'metrics' | 'publishTelemetry' | 'clock'>,
  call: Pick<Call, 'requestId'>,
  hit: CacheHit,
  familyLimit: CallResult['familyLimit'] = null,
): CallResult {
  const { answer, from } = hit;
  const nowMs = deps.clock.now();
  announceHit(deps, call, hit, nowMs);
  return {
    body: answer.body,
    cacheOutcome: outcomeByLayer[from],
    ageSeconds: Math.max(0, Math.floor((nowMs - answer.fetchedAtMs) / 1000)),
    provider: answer.serviceName,
    familyLimit,
    ...(hit.isRefreshDue === true ? { isRefreshDue: true } : {}),
  };
}

/** `led`: this caller's fetch it was, and its charge; the others share what came of it. */
export function resultOfFetch(
  fresh: Pick<CallResult, 'body' | 'provider' | 'familyLimit'> & { readonly isRevalidated?: boolean },
  led: boolean,
): CallResult {
  return {
    body: fresh.body,
    cacheOutcome: led && fresh.isRevalidated === true ? 'REVALIDATED' : fetchOutcome(led),
    ageSeconds: 0,
    provider: fresh.provider,
    familyLimit: led ? fresh.familyLimit : null,
  };
}

export function fetchOutcome(led: boolean): CacheOutcome {
  return led ? 'MISS' : 'COALESCED';
}
