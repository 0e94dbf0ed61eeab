/** Builds the result for a caller, from a cached answer or from a new one. */

import type { CacheLayer } from '../cache/hit-counts.ts';
import type { Hit } from '../cache/look-up.ts';
import { ServiceError, withCall } from '../errors.ts';
import { type LimitState, remainingOf } from '../limits/limits.ts';
import { announceHit } from './cache-telemetry.ts';
import type { CacheOutcome, Call, CallResult, ProviderTrace } from './call.ts';
import type { Fresh } from './compose-answer.ts';
import type { CallDeps } from './deps.ts';
import { notFound } from './no-answer.ts';

const outcomeByLayer: Readonly<Record<CacheLayer, CacheOutcome>> = {
  memory: 'HIT-MEMORY',
  redis: 'HIT-REDIS',
  postgres: 'HIT-POSTGRES',
  stale: 'STALE',
};

/**
 * Builds the result of a hit, and counts it. `familyLimit`: set if the call was charged for a failed attempt before.
 */
export function resultFromCache(
  deps: Pick<CallDeps, 'metrics' | 'publishTelemetry' | 'clock'>,
  call: Pick<Call, 'requestId'>,
  hit: Hit,
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

/** Builds the result of a fetch. `led`: this caller made the fetch and was charged; the others share its result. */
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

function fetchOutcome(led: boolean): CacheOutcome {
  return led ? 'MISS' : 'COALESCED';
}

/** The result of a fetch for one caller. Throws if the fetch ended in an error. */
export function answerFresh(fresh: Fresh, led: boolean): CallResult {
  if (!(fresh instanceof ServiceError)) return resultOfFetch(fresh, led);
  const familyLimit = led ? (fresh.call?.familyLimit ?? null) : null;
  throw withCall(fresh, { familyLimit, cache: { outcome: fetchOutcome(led), ageSeconds: 0 } });
}

/**
 * The result of a hit. Throws if "not found" was cached. `familyLimit`: the limit after a charged attempt that failed,
 * for a stale answer; a plain hit spends nothing.
 */
export function answerFromCache(
  deps: CallDeps,
  call: Call,
  hit: Hit,
  familyLimit: CallResult['familyLimit'],
): CallResult {
  const result = resultFromCache(deps, call, hit, familyLimit);
  if (hit.answer.kind !== 'not_found') return result;
  const { body, cacheOutcome, ageSeconds } = result;
  const error = notFound(call.capability, JSON.parse(body.toString()) as readonly ProviderTrace[]);
  throw withCall(error, { familyLimit, cache: { outcome: cacheOutcome, ageSeconds } });
}

/** The tenant's limit for the `RateLimit` headers. */
export function familyLimitOf(state: LimitState | null, nowMs: number): CallResult['familyLimit'] {
  if (state === null) return null;
  return {
    limit: state.maxRequests,
    remaining: remainingOf(state),
    resetSeconds: Math.max(0, Math.ceil((state.windowEndMs - nowMs) / 1000)),
  };
}
