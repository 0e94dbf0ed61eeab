/**
 * Leads a call from its question to its answer:
 *
 *   1. memory      a fresh answer ends the call: no quota, no database
 *   2. flight      identical calls are coalesced: the following steps run once for all of them
 *   3. look-up     the cache in Redis, then in the database
 *   4. providers   the tenant's active services, by priority and fallback
 *   5. chain       each provider, until one answers well: breaker, limits, attempt (`ask-chain.ts`, `ask-provider.ts`)
 *   6. write down  audit rows and events, durable before the caller is answered
 *   7. answer      the chain's result, also cached for later callers
 */

import { createCallTrace } from '../audit/call-trace.ts';
import type { AskedQuestion, CachedAnswer } from '../cache/cached-answer.ts';
import type { Hit, LookUpMode, LookUpResult } from '../cache/look-up.ts';
import type { Flight, FlightCaller } from '../cache/single-flight.ts';
import { ServiceError } from '../errors.ts';
import { createAnnouncementThrottle } from '../limits/announcement-throttle.ts';
import type { KnownOperation, OutputOf } from '../providers/provider.ts';
import { askChain, type Chain, type ChainDeps, type ChainPolicy, writeDown } from './ask-chain.ts';
import { createCallGroup } from './ask-together.ts';
import { announceMiss } from './cache-telemetry.ts';
import type { Call, CallExecutor, CallResult, Carried, Render } from './call.ts';
import { answerFresh, answerFromCache, familyLimitOf } from './call-result.ts';
import { modeOf, questionOf } from './caller.ts';
import { answerOf, type Fetched, type Fresh, passedOn } from './compose-answer.ts';
import type { CallDeps } from './deps.ts';
import { decisiveError, isDegraded, withUnknownOutcome } from './no-answer.ts';
import { mayHaveBeenDone } from './outcome.ts';
import { type Provider, resolveProviders } from './resolve-providers.ts';
import { traceLookUps } from './trace-steps.ts';

/** How a call's providers are asked: by the call alone, or in shared requests. */
type AskProviders<Op extends KnownOperation> = (
  call: Call<Op>,
  providers: readonly Provider[],
  policy: ChainPolicy<OutputOf<Op>>,
) => Promise<Chain<OutputOf<Op>>>;

interface Asking<Op extends KnownOperation> {
  readonly call: Call<Op>;
  readonly question: AskedQuestion;
  readonly mode: LookUpMode;
  readonly render: Render<Op>;
  readonly ask: AskProviders<Op>;
  /** Unix milliseconds: the arrival of the caller that leads the flight. */
  readonly startedAtMs: number;
}

/**
 * An answer from a cache. `familyLimit`: the limit after a charged attempt that failed, if a stale answer is served.
 */
interface CachedValue {
  readonly hit: Hit;
  readonly familyLimit: CallResult['familyLimit'];
}

/** The result that all callers of a flight share. */
type FlightValue = CachedValue | { readonly hit: null; readonly fresh: Fresh; readonly isKept: boolean };

/** Creates the executor that all capabilities use. */
export function createCallExecutor(deps: CallDeps): CallExecutor {
  const chainDeps: ChainDeps = { ...deps, announceRefusal: createAnnouncementThrottle(deps.clock) };
  const askAlone = <Op extends KnownOperation>(...asked: Parameters<AskProviders<Op>>) => askChain(chainDeps, ...asked);

  const answerFromMemory = (call: Call, question: AskedQuestion): CallResult | null => {
    const remembered = deps.cache.findInMemory(question);
    if (remembered === null) return null;
    return answerFromCache(deps, call, { from: 'memory', answer: remembered.answer, hits: remembered.hits }, null);
  };

  const execute = async <Op extends KnownOperation>(
    call: Call<Op>,
    render: Render<Op>,
    signal: AbortSignal,
    ask: AskProviders<Op>,
    leaveGroup?: () => void,
  ): Promise<CallResult> => {
    const question = questionOf(call);
    const mode = modeOf(call);
    const remembered = mode === 'use' ? answerFromMemory(call, question) : null;
    if (remembered !== null) return remembered;
    const startedAtMs = deps.clock.now();
    let hasJoined = false;
    const onJoined = (): void => {
      hasJoined = true;
      leaveGroup?.();
    };
    try {
      const caller = { ...flightCallerOf(call, signal, startedAtMs), onJoined };
      const { value, led } = await deps.cache.share<FlightValue>(question, mode, caller, (flight) =>
        answerOnce(chainDeps, { call, question, mode, render, ask, startedAtMs }, flight),
      );
      if (value.hit === null) return answerFresh(value.fresh, led);
      return answerFromCache(deps, call, value.hit, led ? value.familyLimit : null);
    } finally {
      if (hasJoined) noteJoined(deps, call, startedAtMs);
    }
  };

  return {
    findInMemory(call) {
      return modeOf(call) === 'use' ? answerFromMemory(call, questionOf(call)) : null;
    },

    execute: (call, render, signal) => execute(call, render, signal, askAlone),

    executeTogether<Op extends KnownOperation>(calls: readonly Call<Op>[], render: Render<Op>, signal: AbortSignal) {
      const group = createCallGroup<Op>(chainDeps, calls.length);
      return Promise.allSettled(
        calls.map((call) => {
          const { ask, leave } = group.join();
          return execute(call, render, signal, ask, leave).finally(leave);
        }),
      );
    },

    async refresh(call, render) {
      try {
        await refreshOnce(chainDeps, call, render, askAlone);
      } catch (error) {
        // Refusals and provider failures are already in the audit log.
        const level = error instanceof ServiceError ? 'debug' : 'warn';
        deps.logger[level]({ err: error, operation: call.capability.operation }, 'could not refresh a cached answer');
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

/** Runs steps 3 to 7 for all callers of one question, until the flight's deadline or until all callers have left. */
async function answerOnce<Op extends KnownOperation>(
  deps: ChainDeps,
  asking: Asking<Op>,
  flight: Flight,
): Promise<FlightValue> {
  const { cache } = deps;
  const lookedUp = await cache.lookUp(asking.question, asking.mode, flight);
  if (lookedUp.hit !== null) return { hit: lookedUp.hit, familyLimit: null };
  let found: Fetched | CachedValue;
  try {
    found = await fetchAnswer(deps, asking, lookedUp, flight, lookedUp.past);
  } catch (error) {
    cache.noteMiss(lookedUp);
    throw error;
  }
  if ('hit' in found) return found;
  await cache.keep(lookedUp, found);
  return { hit: null, fresh: found.fresh, isKept: found.stored !== null };
}

/** Asks the providers. `past`: an expired answer that its provider may confirm. */
async function fetchAnswer<Op extends KnownOperation>(
  deps: ChainDeps,
  asking: Asking<Op>,
  lookedUp: LookUpResult,
  flight: Flight,
  past: CachedAnswer | null,
): Promise<Fetched | CachedValue> {
  const { call } = asking;
  const revalidation = past === null ? null : (call.capability.revalidate?.(call.input, past.body) ?? null);
  const asked = revalidation === null ? asking : { ...asking, call: { ...call, input: revalidation.input } };
  const asGiven = await askAndWriteDown(deps, asked, past === lookedUp.past ? lookedUp.lookUps : [], flight);

  const reading = asGiven.best === null ? 'replaced' : (revalidation?.read(asGiven.best.value) ?? 'replaced');
  // This call is audited; a second one fetches the whole answer.
  if (reading === 'unclear') return fetchAnswer(deps, asking, lookedUp, flight, null);
  const chain = reading === 'replaced' ? asGiven : withAnswer(asGiven, reading.output);

  const decisive = decisiveError(chain.outcomes);
  const familyLimit = familyLimitOf(asGiven.familyState, deps.clock.now());
  const stale = decisive === null ? await staleAnswerInstead(deps, lookedUp, chain) : null;
  if (stale !== null) return { hit: deps.cache.giveStale(stale), familyLimit };

  const { render, mode } = asking;
  const costUsd = chain.record.costUsd();
  const confirmed = reading === 'replaced' ? null : reading;
  const answer = answerOf(call, chain, decisive, { render, familyLimit, costUsd, nowMs: deps.clock.now(), confirmed });
  // A refresh after a served answer is not a miss.
  if (mode !== 'renew') noteMiss(deps, asking, answer);
  if (answer instanceof ServiceError) throw answer;
  return answer;
}

/**
 * Asks the chain, passes a streamed answer on, and stores the audit rows. Throws if the rows cannot be stored, or if a
 * streamed answer was cut off.
 */
async function askAndWriteDown<Op extends KnownOperation>(
  deps: ChainDeps,
  { call, ask, startedAtMs }: Asking<Op>,
  lookUps: LookUpResult['lookUps'],
  flight: Flight,
): Promise<Chain<OutputOf<Op>>> {
  const providers = await resolveProviders(deps, call);
  const { signal, patientUntilMs } = flight;
  const trace = createCallTrace(startedAtMs);
  traceLookUps(trace, lookUps);
  const deadlineAtMs = untilItBegins(call, flight);
  const chain = await ask(call, providers, { signal, deadlineAtMs, patientUntilMs, time: 'shared', trace });
  deps.observeChain?.(call, chain.outcomes, providers);

  const carried = await carryAnswer(call, chain, flight);
  if (carried !== null) chain.record.carried(carried, deps.clock.now());
  try {
    await writeDown(deps, chain.record);
  } catch (error) {
    const isUnknown = mayHaveBeenDone(call.capability, chain.outcomes) && error instanceof ServiceError;
    throw isUnknown ? withUnknownOutcome(error) : error;
  }
  if (chain.record.isEmpty()) deps.noteTrace?.(call, chain.record.trace);
  const cutOff = carried?.fault ?? null;
  if (cutOff !== null) throw new ServiceError('PROVIDER_ERROR', `The answer was cut off: ${cutOff.errorMessage}.`);
  return chain;
}

/** A recent answer instead of a poor one or none, if a failed or skipped provider might have answered better. */
async function staleAnswerInstead<Value>(deps: ChainDeps, lookedUp: LookUpResult, { best, outcomes }: Chain<Value>) {
  if (best?.quality === 'good' || !isDegraded(outcomes)) return null;
  const stale = await deps.cache.findStale(lookedUp);
  return stale !== null && (best === null || stale.kind === 'good') ? stale : null;
}

/** Refreshes an expired answer that was served, unless a replica is refreshing it or failed a moment ago. */
async function refreshOnce<Op extends KnownOperation>(
  deps: ChainDeps,
  call: Call<Op>,
  render: Render<Op>,
  ask: AskProviders<Op>,
): Promise<void> {
  const question = questionOf(call);
  const end = await deps.cache.claimRefresh(question);
  if (end === null) return;
  const startedAtMs = deps.clock.now();
  const caller = flightCallerOf(call, new AbortController().signal, startedAtMs);
  let isRefreshed = false;
  try {
    const { value } = await deps.cache.share<FlightValue>(question, 'renew', caller, (flight) =>
      answerOnce(deps, { call, question, mode: 'renew', render, ask, startedAtMs }, flight),
    );
    // If the answer came from a cache layer, another replica has refreshed it.
    isRefreshed = value.hit !== null || value.isKept;
  } finally {
    await end(isRefreshed);
  }
}

/**
 * Stores the trace of a call that only waited: another caller's fetch answered it, and the audit rows belong to that
 * call.
 */
function noteJoined(deps: CallDeps, call: Call, startedAtMs: number): void {
  const trace = createCallTrace(startedAtMs);
  trace.addWait({ at_ms: 0, duration_ms: deps.clock.now() - startedAtMs, for: 'coalesced' });
  deps.noteTrace?.(call, trace);
}

function withAnswer<Value>(chain: Chain<Value>, value: Value): Chain<Value> {
  return chain.best === null ? chain : { ...chain, best: { ...chain.best, value } };
}

/** A streamed answer has an earlier deadline for its start; providers are asked until then. */
function untilItBegins({ beginsByMs }: Call, flight: Flight): Flight['deadlineAtMs'] {
  return beginsByMs === undefined ? flight.deadlineAtMs : () => Math.min(beginsByMs, flight.deadlineAtMs());
}

/**
 * Streams an answer and resolves when its body has passed. The end of the body is held back until the audit row is
 * written.
 */
async function carryAnswer<Op extends KnownOperation>(
  call: Call<Op>,
  chain: Chain<OutputOf<Op>>,
  flight: Flight,
): Promise<Carried | null> {
  const answer = chain.best ?? passedOn(chain);
  return answer === null ? null : ((await call.capability.carry?.(answer.value, flight)) ?? null);
}

/** Reports a miss, unless the call does not use the cache. */
function noteMiss(
  deps: CallDeps,
  { call, question }: { readonly call: Call; readonly question: AskedQuestion },
  answer: Fetched | ServiceError,
): void {
  if (modeOf(call) === 'off') return;
  const isError = answer instanceof ServiceError;
  const stored = isError ? null : answer.stored;
  const answeredBy = isError || answer.fresh instanceof ServiceError ? null : answer.fresh.provider;
  announceMiss(deps, call, question, { service: stored?.serviceName ?? answeredBy, isKept: stored !== null });
}
