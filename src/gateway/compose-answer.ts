/** Builds the result of a chain, for its callers and for the cache. */
import type { Found } from '../cache/look-up.ts';
import { type ServiceError, withCall } from '../errors.ts';
import type { KnownOperation, OutputOf } from '../providers/provider.ts';
import type { Chain } from './ask-chain.ts';
import type { Call, CallResult, Capability, Confirmed, Render } from './call.ts';
import { foundNothing, isDegraded, notFound, skippedOf, tracesOf, unanswered } from './no-answer.ts';
import type { Answered } from './outcome.ts';
import { withinTerms } from './storage-rule.ts';

/** The result of a fetch for all waiting callers: an answer or an error. */
export type Fresh =
  | {
      readonly body: Buffer;
      readonly provider: string;
      readonly familyLimit: CallResult['familyLimit'];
      readonly isRevalidated: boolean;
    }
  | ServiceError;

/** The result of a chain: `fresh` for the waiting callers, the other members for the cache. */
export interface Fetched extends Found {
  readonly fresh: Fresh;
}

/** Input for building an answer. */
export interface AnswerTerms<Op extends KnownOperation> {
  readonly render: Render<Op>;
  readonly familyLimit: CallResult['familyLimit'];
  readonly costUsd: number;
  readonly nowMs: number;
  /** The cached answer, if the chain's best answer confirms it. */
  readonly confirmed: Confirmed<Op> | null;
}

/** Builds the result. `decisive`: an error that ends the call whatever the other providers answered. */
export function answerOf<Op extends KnownOperation>(
  call: Call<Op>,
  chain: Chain<OutputOf<Op>>,
  decisive: ServiceError | null,
  terms: AnswerTerms<Op>,
): Fetched | ServiceError {
  const { familyLimit, nowMs } = terms;
  const ending = (error: ServiceError) => withCall(error, { familyLimit, cache: null });
  // A refusal by the family's own limit already shows that nothing remains.
  if (decisive !== null) return decisive.code === 'RATE_LIMIT_EXCEEDED' ? decisive : ending(decisive);
  if (chain.best !== null)
    return { ...found(call, chain, chain.best, terms), supersedes: call.capability.revalidate !== undefined };
  if (foundNothing(chain.outcomes)) return nothingFound(call, chain, familyLimit, nowMs);
  const refusal = passedOn(chain);
  if (refusal === null) return ending(unanswered(chain.outcomes, nowMs));
  return { ...found(call, chain, refusal, { ...terms, costUsd: 0 }), stored: null };
}

/** An unusable response of a provider, if its capability passes such responses on to the caller. */
export function passedOn<Value>(chain: Chain<Value>): Answered<Value> | null {
  for (const outcome of chain.outcomes) {
    if ((outcome.kind === 'failed' || outcome.kind === 'throttled') && outcome.passOn !== undefined) {
      return { kind: 'answered', service: outcome.service, value: outcome.passOn, quality: 'poor', durationMs: 0 };
    }
  }
  return null;
}

function found<Op extends KnownOperation>(
  call: Call<Op>,
  chain: Chain<OutputOf<Op>>,
  best: Answered<OutputOf<Op>>,
  { render, familyLimit, costUsd, nowMs, confirmed }: AnswerTerms<Op>,
): Fetched {
  const { service, value, quality, durationMs } = best;
  const degraded = isDegraded(chain.outcomes);
  const { cache } = call.capability;
  const asked = chain.outcomes.filter(({ kind }) => kind !== 'passed_over');
  const context = {
    provider: service.serviceName,
    attemptedProviders: asked.map((outcome) => outcome.service.serviceName),
    skippedProviders: skippedOf(chain.outcomes),
    degradedBy: degraded ? tracesOf(chain.outcomes, nowMs) : null,
    cached: false,
    responseTimeMs: durationMs,
  };
  const byDefault = { ttlSeconds: ttlOf(cache, quality, degraded), staleSeconds: cache?.staleSeconds ?? 0 };
  const lifetime = call.capability.lifetimeOf === undefined ? byDefault : call.capability.lifetimeOf(value);
  const text = confirmed === null ? JSON.stringify(render(value, context)) : null;
  const body = text === null ? (confirmed as Confirmed<Op>).body : Buffer.from(text);
  return {
    fresh: { body, provider: service.serviceName, familyLimit, isRevalidated: confirmed !== null },
    // Rendered once: later hits send these bytes as they are.
    stored:
      cache === null || call.cacheMode === 'off' || lifetime === null
        ? null
        : {
            kind: quality,
            serviceId: service.id,
            serviceName: service.serviceName,
            body: text === null ? body : asKept(body),
            costUsd,
          },
    isUnchanged: confirmed?.isUnchanged ?? false,
    ...withinTerms(service, lifetime ?? { ttlSeconds: 0, staleSeconds: 0 }),
  };
}

const fresh = Buffer.from('"cached":false');
const hit = Buffer.from('"cached":true');

/**
 * The bytes to store, which differ by one word: the gateway's own `cached` member, after all members of the provider.
 * The buffer has its own memory, so the memory cache keeps it without a copy.
 */
function asKept(body: Buffer): Buffer {
  const at = body.lastIndexOf(fresh);
  if (at === -1) return body;
  const kept = Buffer.allocUnsafeSlow(body.length + hit.length - fresh.length);
  body.copy(kept, 0, 0, at);
  hit.copy(kept, at);
  body.copy(kept, at + hit.length, at + fresh.length);
  return kept;
}

/** The TTL; shorter for an answer that a failed or skipped provider might have improved. */
function ttlOf(cache: Capability<KnownOperation>['cache'], quality: Answered<unknown>['quality'], degraded: boolean) {
  if (cache === null) return 0;
  if (!degraded) return cache.ttlSeconds;
  return cache.degradedTtlSeconds ?? (quality === 'good' ? cache.ttlSeconds : cache.negativeTtlSeconds);
}

/**
 * "Nothing found" is cached for a short time too. It is never served stale, because asking again may find something.
 */
function nothingFound(
  call: Call,
  chain: Chain<unknown>,
  familyLimit: CallResult['familyLimit'],
  nowMs: number,
): Fetched {
  const { capability } = call;
  const attempts = tracesOf(chain.outcomes, nowMs);
  const last = chain.outcomes.at(-1)?.service;
  return {
    fresh: withCall(notFound(capability, attempts), { familyLimit, cache: null }),
    stored: {
      kind: 'not_found',
      serviceId: last?.id ?? null,
      serviceName: last?.serviceName ?? capability.family,
      body: Buffer.from(JSON.stringify(attempts)),
      costUsd: 0,
    },
    ttlSeconds: capability.cache?.negativeTtlSeconds ?? 0,
    staleSeconds: 0,
  };
}
