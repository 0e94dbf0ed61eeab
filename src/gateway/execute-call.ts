/**
 * A call from its question to its answer:
 *
 *   1. cache       a fresh answer ends the call: no quota, no database
 *   2. providers   the tenant's active services, by priority and fallback
 *   3. each, until one answers well: breaker, limits, attempt (`ask-chain.ts`, `ask-provider.ts`)
 *   4. settle      audit rows and events, durable before the caller is answered; then the cache is filled
 *
 * Identical calls in flight are one: what follows the cache happens once for all of them.
 */

import type { CachedAnswer, CacheMode, CacheQuestion } from '../cache/cached-answer.ts';
import type { Fetched, Resolved } from '../cache/response-cache.ts';
import type { Flight } from '../cache/single-flight.ts';
import { ServiceError, withCall } from '../errors.ts';
import type { LimitState } from '../limits/limits.ts';
import { createRefusalNotes } from '../limits/refusal-notes.ts';
import type { KnownOperation, OutputOf } from '../providers/provider.ts';
import { askChain, type Chain, type ChainDeps, writeDown } from './ask-chain.ts';
import { announceMiss } from './cache-telemetry.ts';
import type { Call, CallExecutor, CallResult, Capability, Carried, ProviderTrace, Render } from './call.ts';
import { type CacheHit, fetchOutcome, resultFromCache, resultOfFetch } from './call-result.ts';
import type { CallDeps } from './deps.ts';
import {
  decisiveError,
  foundNothing,
  isDegraded,
  notFound,
  skippedOf,
  tracesOf,
  unanswered,
  withUnknownOutcome,
} from './no-answer.ts';
import type { Answered } from './outcome.ts';
import { resolveProviders } from './resolve-providers.ts';
import { withinTerms } from './storage-rule.ts';

/** What those who waited for a fetch are given: an answer, or the error that it ended with. */
type Fresh =
  | { readonly body: Buffer; readonly provider: string; readonly familyLimit: CallResult['familyLimit'] }
  | ServiceError;

export function createCallExecutor(deps: CallDeps): CallExecutor {
  const fetchDeps: ChainDeps = { ...deps, announceRefusal: createRefusalNotes(deps.clock) };

  return {
    findInMemory(call) {
      if (modeOf(call) !== 'use') return null;
      const hit = deps.cache.findInMemory(questionOf(call));
      if (hit === null) return null;
      return answerFromCache(deps, call, { from: 'memory', answer: hit.answer, hits: hit.hits }, null);
    },

    async execute<Op extends KnownOperation>(call: Call<Op>, render: Render<Op>, signal: AbortSignal) {
      const question = questionOf(call);
      const mode = modeOf(call);
      const nowMs = deps.clock.now();
      const caller = { signal, deadlineAtMs: call.deadlineAtMs, patientUntilMs: nowMs + call.maxWaitMs };
      let charged: CallResult['familyLimit'] = null;
      const resolved = await deps.cache.resolve<Fresh>(question, mode, caller, async (flight, findStale) => {
        const fetched = await fetchAnswer(fetchDeps, call, question, render, flight, findStale);
        if ('stale' in fetched) charged = fetched.familyLimit;
        return fetched;
      });
      return resolved.from === 'fetch' ? answerFresh(resolved) : answerFromCache(deps, call, resolved, charged);
    },
  };
}

function modeOf({ capability, cacheMode }: Call): CacheMode {
  return capability.cache === null ? 'off' : cacheMode;
}

function questionOf(call: Call): CacheQuestion {
  return {
    tenantId: call.tenantId,
    group: call.capability.serviceType,
    operation: call.capability.operation,
    question: `${call.provider ?? ''}\n${call.question}`,
    scope: call.cacheScope?.scope ?? null,
    detail: call.cacheScope?.detail ?? null,
  };
}

/** Steps 2 to 4, for all callers of one question. Runs until the flight's deadline, or until all of them have left. */
async function fetchAnswer<Op extends KnownOperation>(
  deps: ChainDeps,
  call: Call<Op>,
  question: CacheQuestion,
  render: Render<Op>,
  flight: Flight,
  findStale: () => Promise<CachedAnswer | null>,
): Promise<Fetched<Fresh> | { stale: CachedAnswer; familyLimit: CallResult['familyLimit'] }> {
  const providers = await resolveProviders(deps, call);
  const { signal, patientUntilMs } = flight;
  const deadlineAtMs = untilItBegins(call, flight);
  const chain = await askChain(deps, call, providers, { signal, deadlineAtMs, patientUntilMs, time: 'shared' });
  deps.observeChain?.(call, chain.outcomes, providers);
  const carried = await carryAnswer(call, chain, signal);
  if (carried !== null) chain.record.carried(carried, deps.clock.now());
  try {
    await writeDown(deps, chain.record);
  } catch (error) {
    throw mayHaveBeenDone(call, chain) && error instanceof ServiceError ? withUnknownOutcome(error) : error;
  }

  const familyLimit = familyLimitOf(chain.familyState, deps.clock.now());
  if (carried !== null && carried.fault !== null) throw cutShort(carried.fault.errorMessage);
  const decisive = decisiveError(chain.outcomes);
  if (decisive === null && chain.best?.quality !== 'good' && isDegraded(chain.outcomes)) {
    // A provider that could not be asked might have known better: what it said lately beats a poor answer, and none.
    const stale = await findStale();
    if (stale !== null && (chain.best === null || stale.kind === 'good')) return { stale, familyLimit };
  }
  const answer = answerOf(call, chain, decisive, {
    render,
    familyLimit,
    costUsd: chain.record.costUsd(),
    nowMs: deps.clock.now(),
  });
  noteMiss(deps, call, question, answer);
  if (answer instanceof ServiceError) throw answer;
  return answer;
}

/** A streamed answer has its deadline for its end, and an earlier one for its beginning: so long providers are asked. */
function untilItBegins({ beginsByMs }: Call, flight: Flight): Flight['deadlineAtMs'] {
  return beginsByMs === undefined ? flight.deadlineAtMs : () => Math.min(beginsByMs, flight.deadlineAtMs());
}

/** Its row is written when it has passed, with what passed; the end of it waits for that. */
async function carryAnswer<Op extends KnownOperation>(
  call: Call<Op>,
  chain: Chain<OutputOf<Op>>,
  signal: AbortSignal,
): Promise<Carried | null> {
  const answer = chain.best ?? passedOn(chain);
  return answer === null ? null : ((await call.capability.carry?.(answer.value, signal)) ?? null);
}

function cutShort(reason: string): ServiceError {
  return new ServiceError('PROVIDER_ERROR', `The answer has no end: ${reason}.`);
}

interface AnswerTerms<Op extends KnownOperation> {
  readonly render: Render<Op>;
  readonly familyLimit: CallResult['familyLimit'];
  readonly costUsd: number;
  readonly nowMs: number;
}

/** `decisive`: the error that ends the call whatever the chain has found. */
function answerOf<Op extends KnownOperation>(
  call: Call<Op>,
  chain: Chain<OutputOf<Op>>,
  decisive: ServiceError | null,
  { render, familyLimit, costUsd, nowMs }: AnswerTerms<Op>,
): Fetched<Fresh> | ServiceError {
  const ending = (error: ServiceError) => withCall(error, { familyLimit, cache: null });
  // A refusal by the family's own limit says itself what is left: nothing.
  if (decisive !== null) return decisive.code === 'RATE_LIMIT_EXCEEDED' ? decisive : ending(decisive);
  if (chain.best !== null) return found(call, chain, chain.best, { render, familyLimit, costUsd, nowMs });
  if (foundNothing(chain.outcomes)) return nothingFound(call, chain, familyLimit, nowMs);
  const refusal = passedOn(chain);
  if (refusal === null) return ending(unanswered(chain.outcomes, nowMs));
  return { ...found(call, chain, refusal, { render, familyLimit, costUsd: 0, nowMs }), stored: null };
}

/** A call that asks no cache has missed none. */
function noteMiss(deps: CallDeps, call: Call, question: CacheQuestion, answer: Fetched<Fresh> | ServiceError): void {
  if (call.capability.cache === null || call.cacheMode === 'off') return;
  const isError = answer instanceof ServiceError;
  const stored = isError ? null : answer.stored;
  const answeredBy = isError || answer.fresh instanceof ServiceError ? null : answer.fresh.provider;
  announceMiss(deps, call, question, { service: stored?.serviceName ?? answeredBy, isKept: stored !== null });
}

/** What is not safe to repeat must not be taken for undone because nobody could write it down. */
function mayHaveBeenDone({ capability }: Call, { outcomes }: Chain<unknown>): boolean {
  if (capability.safeToRepeat) return false;
  return outcomes.some(
    (outcome) =>
      outcome.kind === 'answered' ||
      outcome.kind === 'unknown_outcome' ||
      (outcome.kind === 'failed' && (outcome.fault === 'unusable' || outcome.fault === 'timeout')),
  );
}

/** A provider's own words to its caller, where it answered but not usably and its capability hands them on. */
function passedOn<Value>(chain: Chain<Value>): Answered<Value> | null {
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
  { render, familyLimit, costUsd, nowMs }: AnswerTerms<Op>,
): Fetched<Fresh> {
  const { service, value, quality, durationMs } = best;
  const degraded = isDegraded(chain.outcomes);
  const { cache } = call.capability;
  const asked = chain.outcomes.filter(({ kind }) => kind !== 'passed_over');
  const context = {
    provider: service.serviceName,
    attemptedProviders: asked.map((outcome) => outcome.service.serviceName),
    skippedProviders: skippedOf(chain.outcomes),
    degradedBy: degraded ? tracesOf(chain.outcomes, nowMs) : null,
    responseTimeMs: durationMs,
  };
  const ownTtlSeconds = call.capability.ttlSecondsOf?.(value);
  const text = JSON.stringify(render(value, { ...context, cached: false }));
  return {
    fresh: { body: Buffer.from(text), provider: service.serviceName, familyLimit },
    // Rendered once for all who come later: a hit sends these bytes as they are.
    stored:
      cache === null || call.cacheMode === 'off' || ownTtlSeconds === 0
        ? null
        : { kind: quality, serviceId: service.id, serviceName: service.serviceName, body: asKept(text), costUsd },
    ...withinTerms(service, {
      ttlSeconds: ownTtlSeconds ?? ttlOf(cache, quality, degraded),
      staleSeconds: cache?.staleSeconds ?? 0,
    }),
  };
}

/** What is kept differs by one word. Texts within an answer hold these characters only escaped. */
function asKept(text: string): Buffer {
  return Buffer.from(text.replaceAll('"cached":false', '"cached":true'));
}

/** An answer that a missing provider might have bettered is soon asked for again. */
function ttlOf(cache: Capability<KnownOperation>['cache'], quality: Answered<unknown>['quality'], degraded: boolean) {
  if (cache === null) return 0;
  if (!degraded) return cache.ttlSeconds;
  return cache.degradedTtlSeconds ?? (quality === 'good' ? cache.ttlSeconds : cache.negativeTtlSeconds);
}

/** That there is nothing is an answer too, and kept for a short while. Never served stale: it is worth asking again. */
function nothingFound(
  call: Call,
  chain: Chain<unknown>,
  familyLimit: CallResult['familyLimit'],
  nowMs: number,
): Fetched<Fresh> {
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

export function familyLimitOf(state: LimitState | null, nowMs: number): CallResult['familyLimit'] {
  if (state === null) return null;
  const { maxRequests, usedRequests, windowEndMs } = state;
  return {
    limit: maxRequests,
    remaining: Math.max(0, maxRequests - usedRequests),
    resetSeconds: Math.max(0, Math.ceil((windowEndMs - nowMs) / 1000)),
  };
}

function answerFresh({ fresh, led }: Extract<Resolved<Fresh>, { from: 'fetch' }>): CallResult {
  if (!(fresh instanceof ServiceError)) return resultOfFetch(fresh, led);
  const familyLimit = led ? (fresh.call?.familyLimit ?? null) : null;
  throw withCall(fresh, { familyLimit, cache: { outcome: fetchOutcome(led), ageSeconds: 0 } });
}

/** `familyLimit`: what a call has left that asked in vain before it was given a stale answer; a hit spends nothing. */
function answerFromCache(
  deps: CallDeps,
  call: Call,
  hit: CacheHit,
  familyLimit: CallResult['familyLimit'],
): CallResult {
  const result = resultFromCache(deps, call, hit, familyLimit);
  if (hit.answer.kind !== 'not_found') return result;
  const { body, cacheOutcome, ageSeconds } = result;
  const error = notFound(call.capability, JSON.parse(body.toString()) as readonly ProviderTrace[]);
  throw withCall(error, { familyLimit, cache: { outcome: cacheOutcome, ageSeconds } });
}
