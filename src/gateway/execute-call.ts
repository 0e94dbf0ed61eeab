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

import { type CallTrace, createCallTrace } from '../audit/call-trace.ts';
import type { CachedAnswer, CacheMode, CacheQuestion } from '../cache/cached-answer.ts';
import type { Fetch, Fetched, Resolved } from '../cache/find-or-fetch.ts';
import type { LayerLook } from '../cache/kept-answers.ts';
import type { Flight, FlightCaller } from '../cache/single-flight.ts';
import { ServiceError, withCall } from '../errors.ts';
import type { LimitState } from '../limits/limits.ts';
import { createRefusalNotes } from '../limits/refusal-notes.ts';
import type { KnownOperation, OutputOf } from '../providers/provider.ts';
import { askChain, type Chain, type ChainDeps, type ChainPolicy, writeDown } from './ask-chain.ts';
import { createGathering } from './ask-together.ts';
import { announceMiss } from './cache-telemetry.ts';
import type { Call, CallExecutor, CallResult, Carried, ProviderTrace, Render } from './call.ts';
import { type CacheHit, fetchOutcome, resultFromCache, resultOfFetch } from './call-result.ts';
import { callerGroup } from './caller.ts';
import { answerOf, type Fresh, passedOn } from './compose-answer.ts';
import type { CallDeps } from './deps.ts';
import { decisiveError, isDegraded, notFound, withUnknownOutcome } from './no-answer.ts';
import { type Provider, resolveProviders } from './resolve-providers.ts';

/** How a call's providers are asked: by itself, or in requests that it shares. */
type AskProviders<Op extends KnownOperation> = (
  call: Call<Op>,
  providers: readonly Provider[],
  policy: ChainPolicy<OutputOf<Op>>,
) => Promise<Chain<OutputOf<Op>>>;

/** What a call brings that is not its question. */
interface Executing<Op extends KnownOperation> {
  readonly ask: AskProviders<Op>;
  /** Called when another caller's fetch answers this call too. */
  readonly onJoined?: () => void;
}

export function createCallExecutor(deps: CallDeps): CallExecutor {
  const fetchDeps: ChainDeps = { ...deps, announceRefusal: createRefusalNotes(deps.clock) };

  const execute = async <Op extends KnownOperation>(
    call: Call<Op>,
    render: Render<Op>,
    signal: AbortSignal,
    { ask, ...noticing }: Executing<Op>,
  ): Promise<CallResult> => {
    const question = questionOf(call);
    const startedAtMs = deps.clock.now();
    let hasJoined = false;
    const onJoined = (): void => {
      hasJoined = true;
      noticing.onJoined?.();
    };
    const caller = { ...flightCallerOf(call, signal, startedAtMs), onJoined };
    let charged: CallResult['familyLimit'] = null;
    const fetch: Fetch<Fresh> = async (flight, findStale, past, looks) => {
      const asked = { call, question, render, flight, findStale, ask, startedAtMs, looks };
      const fetched = await fetchAnswer(fetchDeps, asked, past);
      if ('stale' in fetched) charged = fetched.familyLimit;
      return fetched;
    };
    let resolved: Resolved<Fresh>;
    try {
      resolved = await deps.cache.resolve<Fresh>(question, modeOf(call), caller, fetch);
    } finally {
      if (hasJoined) noteJoined(deps, call, startedAtMs);
    }
    return resolved.from === 'fetch' ? answerFresh(resolved) : answerFromCache(deps, call, resolved, charged);
  };

  return {
    findInMemory(call) {
      if (modeOf(call) !== 'use') return null;
      const hit = deps.cache.findInMemory(questionOf(call));
      if (hit === null) return null;
      return answerFromCache(deps, call, { from: 'memory', answer: hit.answer, hits: hit.hits }, null);
    },

    execute: (call, render, signal) =>
      execute(call, render, signal, { ask: (...asked) => askChain(fetchDeps, ...asked) }),

    executeTogether<Op extends KnownOperation>(calls: readonly Call<Op>[], render: Render<Op>, signal: AbortSignal) {
      const gathering = createGathering<Op>(fetchDeps, calls.length);
      return Promise.allSettled(
        calls.map((call) => {
          const { ask, leave } = gathering.seat();
          return execute(call, render, signal, { ask, onJoined: leave }).finally(leave);
        }),
      );
    },

    async refresh<Op extends KnownOperation>(call: Call<Op>, render: Render<Op>) {
      const question = questionOf(call);
      const startedAtMs = deps.clock.now();
      const caller = flightCallerOf(call, new AbortController().signal, startedAtMs);
      const ask: AskProviders<Op> = (...asked) => askChain(fetchDeps, ...asked);
      try {
        await deps.cache.refresh<Fresh>(question, caller, (flight, findStale, past, looks) => {
          const asked = { call, question, render, flight, findStale, ask, startedAtMs, looks, isBehind: true } as const;
          return fetchAnswer(fetchDeps, asked, past);
        });
      } catch (error) {
        // A refusal and a provider's failure are in the audit already.
        const level = error instanceof ServiceError ? 'debug' : 'warn';
        deps.logger[level](
          { err: error, operation: call.capability.operation },
          'a kept answer could not be refreshed',
        );
      }
    },
  };
}

function flightCallerOf(call: Call, signal: AbortSignal, nowMs: number): FlightCaller {
  const { deadlineAtMs, maxWaitMs, flightKind } = call;
  return {
    signal,
    deadlineAtMs,
    patientUntilMs: nowMs + maxWaitMs,
    ...(flightKind === undefined ? {} : { kind: flightKind }),
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
    question: `${callerGroup(call)}${call.provider ?? ''}\n${call.question}`,
    scope: call.cacheScope?.scope ?? null,
    detail: call.cacheScope?.detail ?? null,
  };
}

interface Asked<Op extends KnownOperation> {
  readonly call: Call<Op>;
  readonly question: CacheQuestion;
  readonly render: Render<Op>;
  readonly flight: Flight;
  findStale(): Promise<CachedAnswer | null>;
  readonly ask: AskProviders<Op>;
  /** Unix milliseconds: when the caller whose question it is came. */
  readonly startedAtMs: number;
  readonly looks: readonly LayerLook[];
  /** Behind an answer that was given already from the cache: no miss. */
  readonly isBehind?: true;
}

/**
 * Steps 2 to 4, for all callers of one question. Runs until the flight's deadline, or until all of them have left.
 * `past`: a kept answer that its provider may confirm.
 */
async function fetchAnswer<Op extends KnownOperation>(
  deps: ChainDeps,
  asked: Asked<Op>,
  past: CachedAnswer | null,
): Promise<Fetched<Fresh> | { stale: CachedAnswer; familyLimit: CallResult['familyLimit'] }> {
  const { call, question, render, flight, findStale } = asked;
  const revalidation = past === null ? null : (call.capability.revalidate?.(call.input, past.body) ?? null);
  const toAsk = revalidation === null ? call : { ...call, input: revalidation.input };
  const providers = await resolveProviders(deps, call);
  const { signal, patientUntilMs } = flight;
  const deadlineAtMs = untilItBegins(call, flight);
  const trace = traceOf(asked);
  const asGiven = await asked.ask(toAsk, providers, { signal, deadlineAtMs, patientUntilMs, time: 'shared', trace });
  deps.observeChain?.(call, asGiven.outcomes, providers);
  const carried = await carryAnswer(call, asGiven, flight);
  if (carried !== null) asGiven.record.carried(carried, deps.clock.now());
  try {
    await writeDown(deps, asGiven.record);
  } catch (error) {
    throw mayHaveBeenDone(call, asGiven) && error instanceof ServiceError ? withUnknownOutcome(error) : error;
  }

  if (asGiven.record.isEmpty()) deps.noteTrace?.(call, asGiven.record.trace);
  const familyLimit = familyLimitOf(asGiven.familyState, deps.clock.now());
  if (carried !== null && carried.fault !== null) throw cutShort(carried.fault.errorMessage);
  const reading = asGiven.best === null ? 'replaced' : (revalidation?.read(asGiven.best.value) ?? 'replaced');
  // The call that confirmed something else is written down, and another one asks for all of it.
  if (reading === 'unclear') return fetchAnswer(deps, { ...asked, looks: [] }, null);
  const chain = reading === 'replaced' ? asGiven : withAnswer(asGiven, reading.output);
  const decisive = decisiveError(chain.outcomes);
  if (decisive === null && chain.best?.quality !== 'good' && isDegraded(chain.outcomes)) {
    // A provider that could not be asked might have known better: what it said lately beats a poor answer, and none.
    const stale = await findStale();
    if (stale !== null && (chain.best === null || stale.kind === 'good')) return { stale, familyLimit };
  }
  const nowMs = deps.clock.now();
  const terms = {
    render,
    familyLimit,
    costUsd: chain.record.costUsd(),
    nowMs,
    confirmed: reading === 'replaced' ? null : reading,
  };
  const answer = answerOf(call, chain, decisive, terms);
  if (asked.isBehind !== true) noteMiss(deps, call, question, answer);
  if (answer instanceof ServiceError) throw answer;
  return answer;
}

/** Begun when the caller came, with the layers of the cache that had nothing fresh. */
function traceOf({ startedAtMs, looks }: Pick<Asked<KnownOperation>, 'startedAtMs' | 'looks'>): CallTrace {
  const trace = createCallTrace(startedAtMs);
  for (const { layer, outcome, atMs, durationMs, ageSeconds } of looks) {
    const age = ageSeconds === null ? {} : { age_seconds: ageSeconds };
    trace.add({ kind: 'cache', at_ms: atMs - startedAtMs, duration_ms: durationMs, layer, outcome, ...age });
  }
  return trace;
}

/** Another caller's fetch answered: it was waited for, and the rows are that caller's. */
function noteJoined(deps: CallDeps, call: Call, startedAtMs: number): void {
  const trace = createCallTrace(startedAtMs);
  trace.addWait({ at_ms: 0, duration_ms: deps.clock.now() - startedAtMs, for: 'coalesced' });
  deps.noteTrace?.(call, trace);
}

function withAnswer<Value>(chain: Chain<Value>, value: Value): Chain<Value> {
  return chain.best === null ? chain : { ...chain, best: { ...chain.best, value } };
}

/** A streamed answer has its deadline for its end, and an earlier one for its beginning: so long providers are asked. */
function untilItBegins({ beginsByMs }: Call, flight: Flight): Flight['deadlineAtMs'] {
  return beginsByMs === undefined ? flight.deadlineAtMs : () => Math.min(beginsByMs, flight.deadlineAtMs());
}

/** Its row is written when it has passed, with what passed; the end of it waits for that. */
async function carryAnswer<Op extends KnownOperation>(
  call: Call<Op>,
  chain: Chain<OutputOf<Op>>,
  flight: Flight,
): Promise<Carried | null> {
  const answer = chain.best ?? passedOn(chain);
  return answer === null ? null : ((await call.capability.carry?.(answer.value, flight)) ?? null);
}

function cutShort(reason: string): ServiceError {
  return new ServiceError('PROVIDER_ERROR', `The answer has no end: ${reason}.`);
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
