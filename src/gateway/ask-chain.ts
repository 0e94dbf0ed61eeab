/**
 * Asks the providers in order, until one gives a good answer. The outcome of each decides how the call continues:
 *
 *   time-out, reset, 5xx, invalid reply, refused account ──▶ next provider
 *   429, spent limit, open breaker, full bulkhead ─────────▶ next provider
 *   nothing found, poor answer ────────────────────────────▶ next provider; at the end the best poor answer wins
 *   invalid input of the caller, unknown outcome, spent limit of the tenant ──▶ back to the caller
 *
 * A call with a maximum wait (a batch) that ends without a good answer waits for spent limits and asks those providers
 * again. Capabilities differ only in their policy: which outcomes lead to the next provider, whether the call waits,
 * and how the time is divided.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallTrace, createCallTrace } from '../audit/call-trace.ts';
import { ServiceError } from '../errors.ts';
import { IntakeFull } from '../intake/intake.ts';
import type { createAnnouncementThrottle } from '../limits/announcement-throttle.ts';
import type { LimitState } from '../limits/limits.ts';
import type { KnownOperation, OutputOf } from '../providers/provider.ts';
import { askProvider } from './ask-provider.ts';
import type { AskContext } from './attempt-once.ts';
import type { Call } from './call.ts';
import { type CallRecord, createCallRecord } from './call-record.ts';
import type { CallDeps } from './deps.ts';
import { type Answered, leavesOpen, type ProviderOutcome } from './outcome.ts';
import type { Provider } from './resolve-providers.ts';

export type ChainDeps = CallDeps & { readonly announceRefusal: ReturnType<typeof createAnnouncementThrottle> };

export interface ChainPolicy<Value> {
  readonly signal: AbortSignal;
  deadlineAtMs(): number;
  /**
   * Until when the chain waits for spent limits; it also audits their refusals. null: it does neither, because the
   * calls that share the request wait themselves (`sheets/limits/lane.ts`), each with its own maximum wait and refusal.
   */
  readonly patientUntilMs: (() => number) | null;
  /**
   * `shared`: each provider gets an equal share of the remaining time, so that one that hangs leaves time for the next
   * ones.
   */
  readonly time: 'shared' | 'whole';
  /**
   * True for a request that this program makes for itself during a call: it is charged to the account, not to the
   * tenant's limit. Default: false.
   */
  readonly isOwn?: boolean;
  /** The trace to continue. Default: a new one. */
  readonly trace?: CallTrace;
  /** Default: `leavesOpen`. */
  mayAskNext?(outcome: ProviderOutcome<Value>, provider: Provider): boolean;
}

/** The result of asking a call's providers. */
export interface Chain<Value> {
  /** The last outcome of each provider, in the order in which they were asked first. */
  readonly outcomes: readonly ProviderOutcome<Value>[];
  /** The good answer, or the best of the poor ones. */
  readonly best: Answered<Value> | null;
  /** The rows and events that `writeDown` stores before the caller is answered. */
  readonly record: CallRecord;
  /** The tenant's own limit after the call was charged; null if it was not charged. */
  readonly familyState: LimitState | null;
}

/** Runs the chain. Never throws for a provider's failure; the outcomes report it. */
export async function askChain<Op extends KnownOperation>(
  deps: ChainDeps,
  call: Call<Op>,
  providers: readonly Provider[],
  policy: ChainPolicy<OutputOf<Op>>,
): Promise<Chain<OutputOf<Op>>> {
  const record = recordOf(deps, call, policy.trace);
  const context: AskContext = {
    signal: policy.signal,
    record,
    familyCharged: policy.isOwn ?? false,
    familyState: null,
    paidAhead: new Map(),
  };
  const outcomes = new Map<Provider, ProviderOutcome<OutputOf<Op>>>();
  const mayAskNext = policy.mayAskNext ?? leavesOpen;

  asking: for (let toAsk = providers; ; ) {
    for (const [index, provider] of toAsk.entries()) {
      const outcome = await askInTurn(deps, call, provider, context, policy, toAsk.length - index);
      const isNoted = policy.patientUntilMs !== null;
      if (isNoted && (!outcomes.has(provider) || outcome.kind === 'family_refused')) noteRefusal(deps, record, outcome);
      outcomes.set(provider, outcome);
      if (!mayAskNext(outcome, provider)) break asking;
    }
    const waitable = [...outcomes].filter(([, outcome]) => limitEndsAtMs(outcome, 0) !== null);
    const refused = waitable.map(([, outcome]) => outcome);
    if (!(await waitForTurn(deps, refused, policy, record.trace))) break;
    toAsk = waitable.map(([provider]) => provider);
  }
  const all = [...outcomes.values()];
  return { outcomes: all, best: bestOf(call, all), record, familyState: context.familyState };
}

/** Creates the record of a call. */
export function recordOf(
  { announceRefusal, clock }: Pick<ChainDeps, 'announceRefusal' | 'clock'>,
  {
    tenantId,
    requestId,
    sourceService,
    principal,
    capability,
  }: Pick<Call, 'tenantId' | 'requestId' | 'sourceService' | 'principal' | 'capability'>,
  trace: CallTrace = createCallTrace(clock.now()),
): CallRecord {
  const { operation, serviceType } = capability;
  const call = { tenantId, requestId, sourceService, principal, operation, serviceType };
  return createCallRecord(call, announceRefusal, trace);
}

/** Stores the record: the audit row is durable before the caller is answered. */
export async function writeDown(deps: Pick<CallDeps, 'intake'>, record: CallRecord): Promise<void> {
  const facts = record.toIntake();
  if (facts === null) return;
  try {
    await deps.intake.record(facts);
  } catch (error) {
    if (!(error instanceof IntakeFull)) throw error;
    throw new ServiceError('SERVICE_UNAVAILABLE', 'The call cannot be recorded at the moment.', {
      retryAfterSeconds: 5,
      cause: error,
    });
  }
}

/** Asks one provider; while the tenant's own limit refuses and the call may wait, asks again. */
async function askInTurn<Op extends KnownOperation>(
  deps: CallDeps,
  call: Call<Op>,
  provider: Provider,
  context: AskContext,
  policy: ChainPolicy<OutputOf<Op>>,
  providersLeft: number,
): Promise<ProviderOutcome<OutputOf<Op>>> {
  for (;;) {
    if (context.signal.aborted) return { kind: 'cancelled', service: provider.service };
    const nowMs = deps.clock.now();
    const sharers = policy.time === 'shared' ? providersLeft : 1;
    const deadlineAtMs = nowMs + Math.max(0, policy.deadlineAtMs() - nowMs) / sharers;
    const outcome = await askProvider(deps, call, provider, context, { deadlineAtMs, isLast: providersLeft === 1 });
    if (outcome.kind !== 'family_refused') return outcome;
    if (!(await waitForTurn(deps, [outcome], policy, context.record.trace))) return outcome;
  }
}

/** Audits a refusal. The chain calls it once per provider of a call, however often the call asks again. */
export function noteRefusal(deps: CallDeps, record: CallRecord, outcome: ProviderOutcome<unknown>): void {
  if (outcome.kind === 'passed_over' && outcome.because === 'budget') {
    record.refusedByBudget(outcome.service, outcome.budgetRefusal ?? 'spent', deps.clock.now());
    deps.metrics.requestRefused(outcome.service.serviceName, record.operation);
    return;
  }
  const state =
    outcome.kind === 'family_refused'
      ? outcome.refusal.refusedBy
      : outcome.kind === 'passed_over'
        ? outcome.refusedBy
        : null;
  if (state === null) return;
  const service = outcome.kind === 'family_refused' ? null : outcome.service;
  record.refusedByLimit(service, state, deps.clock.now());
  deps.metrics.rateLimitExceeded(state.subject.name);
  deps.metrics.requestRefused(state.subject.name, record.operation);
}

/** The time from which asking makes sense again, in Unix milliseconds; null if no limit refused. */
export function limitEndsAtMs(outcome: ProviderOutcome<unknown>, nowMs: number): number | null {
  if (outcome.kind === 'family_refused') return nowMs + outcome.refusal.retryAfterMs;
  if (outcome.kind === 'throttled') return outcome.untilMs;
  if (outcome.kind !== 'passed_over') return null;
  return outcome.because === 'limit' || outcome.because === 'uncounted' ? outcome.untilMs : null;
}

/** A minimum wait, so that callers waiting for one limit do not poll it in a tight loop. */
const shortestWaitMs = 20;

/** Waits until the first of the limits ends. Returns false at once if the call may not wait that long or is aborted. */
export async function waitForTurn(
  deps: CallDeps,
  refused: readonly ProviderOutcome<unknown>[],
  { signal, deadlineAtMs, patientUntilMs }: ChainPolicy<never>,
  trace: CallTrace,
): Promise<boolean> {
  if (patientUntilMs === null) return false;
  const nowMs = deps.clock.now();
  const endsAtMs = Math.min(...refused.map((outcome) => limitEndsAtMs(outcome, nowMs) ?? Number.POSITIVE_INFINITY));
  if (endsAtMs > Math.min(patientUntilMs(), deadlineAtMs())) return false;
  await sleep(Math.max(shortestWaitMs, endsAtMs - nowMs), undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  trace.addWait({ at_ms: nowMs - trace.startedAtMs, duration_ms: deps.clock.now() - nowMs, for: 'limit' });
  return !signal.aborted;
}

/** The good answer, otherwise the best poor one; null if there is none. */
export function bestOf<Op extends KnownOperation>(
  call: Call<Op>,
  outcomes: readonly ProviderOutcome<OutputOf<Op>>[],
): Answered<OutputOf<Op>> | null {
  const scoreOf = (answer: Answered<OutputOf<Op>>): number => call.capability.score?.(answer.value) ?? 0;
  let best: Answered<OutputOf<Op>> | null = null;
  for (const outcome of outcomes) {
    if (outcome.kind !== 'answered') continue;
    if (outcome.quality === 'good') return outcome;
    // Of equal answers the first wins, because the tenant prefers its provider.
    if (best === null || scoreOf(outcome) > scoreOf(best)) best = outcome;
  }
  return best;
}
