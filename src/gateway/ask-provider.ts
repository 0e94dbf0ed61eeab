/**
 * Asks one provider: breaker, bulkhead, limits, then an attempt with a deadline, and retries if they are safe and may
 * help.
 *
 * The breaker comes before the limits, so that a request that is not sent is not charged. The provider counts a retry
 * like any request, so it spends the account's limits again, but not the tenant's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallTrace } from '../audit/call-trace.ts';
import type { ExternalService } from '../directory/service.ts';
import { termsOf } from '../directory/service-terms.ts';
import { accountLimits } from '../limits/limit-subjects.ts';
import { backOffMsMax } from '../limits/limit-windows.ts';
import type { RecordingHttp } from '../outbound/provider-http.ts';
import type { KnownOperation, OutputOf, ProviderAccount } from '../providers/provider.ts';
import { retryAfterMs } from '../providers/reading.ts';
import type { OpenedBy } from '../resilience/circuit-breaker.ts';
import { type AttemptResult, runWithRetries } from '../resilience/retry.ts';
import { type AskContext, type AskTerms, attemptOnce, type Tried } from './attempt-once.ts';
import type { Call } from './call.ts';
import { takeTurn } from './default-pace.ts';
import type { CallDeps } from './deps.ts';
import type { AttemptVerdict } from './judge-attempt.ts';
import type { ProviderOutcome, Refused } from './outcome.ts';
import { recordAsked } from './record-asked.ts';
import type { Provider } from './resolve-providers.ts';
import { breakerOf, partOf } from './service-breaker.ts';
import { traceAttempt, traceRetry, traceSkipped, traceWait } from './trace-steps.ts';

/** The limiter's pause after a 429 without `Retry-After`. */
export const defaultBackOffMs = 5_000;
const retryDelays = { baseDelayMs: 100, maxDelayMs: 2_000 };

/** Too many requests already wait for the vendor's pace. */
type NoTurn = { readonly kind: 'no_turn' };

/** Asks the provider once the breaker and the bulkhead let the call in. Never throws for a provider's failure. */
export async function askProvider<Op extends KnownOperation>(
  deps: CallDeps,
  call: Call<Op>,
  provider: Provider,
  context: AskContext,
  terms: AskTerms,
): Promise<ProviderOutcome<OutputOf<Op>>> {
  const { service } = provider;
  const { trace } = context.record;
  const refusal = breakerOf(deps, service).refusalFor(partOf(call));
  if (refusal !== null) return skipped(deps, trace, passedByBreaker(service, refusal.openUntilMs, refusal.because));

  const cameAtMs = deps.clock.now();
  const entering = deps.bulkheads.enter(service.id, terms.deadlineAtMs, context.signal);
  const place = entering instanceof Promise ? await entering : entering;
  if (entering instanceof Promise) traceWait(trace, 'place', service, cameAtMs, deps.clock.now());
  if (place.kind === 'aborted') return { kind: 'cancelled', service };
  if (place.kind !== 'entered') return skipped(deps, trace, passedBusy(service));
  try {
    return skipped(deps, trace, await attemptWithRetries(deps, call, provider, context, terms));
  } finally {
    place.leave();
  }
}

/** Returns the outcome; traces it if the provider was not asked. */
function skipped<Value>(deps: CallDeps, trace: CallTrace, outcome: ProviderOutcome<Value>): ProviderOutcome<Value> {
  traceSkipped(trace, outcome, deps.clock.now());
  return outcome;
}

async function attemptWithRetries<Op extends KnownOperation>(
  deps: CallDeps,
  call: Call<Op>,
  provider: Provider,
  context: AskContext,
  terms: AskTerms,
): Promise<ProviderOutcome<OutputOf<Op>>> {
  const { service } = provider;
  if (context.signal.aborted) return { kind: 'cancelled', service };
  const account = openAccount(provider);
  if (account === null) return reportUndecryptable(deps, service, context);
  const startedAtMs = deps.clock.now();
  let last: Extract<Tried<OutputOf<Op>>, { kind: 'tried' }> | null = null;
  let costUsd = 0;
  let requests = 0;
  let endedAtMs = startedAtMs;
  const { trace } = context.record;

  /** If a retry is refused, the result of the attempt before it is used. */
  const withoutRepeat = (refused: Exclude<Tried<OutputOf<Op>> | NoTurn, { kind: 'tried' }>) => {
    if (last !== null) traceSkipped(trace, outcomeOfRefusal(deps, service, refused), deps.clock.now());
    return { repeat: false, value: last ?? refused } as const;
  };
  const attempt = async (): Promise<AttemptResult<Tried<OutputOf<Op>> | NoTurn>> => {
    const turnAskedAtMs = deps.clock.now();
    if (requests > 0) traceRetry(trace, service, endedAtMs, turnAskedAtMs);
    const turn = takeTurn(deps.pace, provider);
    const turnMs = turn instanceof Promise ? await turn : turn;
    if (turnMs === null) return withoutRepeat({ kind: 'no_turn' });
    if (turnMs > 0) {
      await sleep(turnMs, undefined, { signal: context.signal }).catch(ignoreAbort(context.signal));
      traceWait(trace, 'pace', service, turnAskedAtMs, deps.clock.now());
    }
    const tried = await attemptOnce(deps, call, provider, account, context, terms);
    if (tried.kind !== 'tried') return withoutRepeat(tried);
    last = tried;
    requests += 1;
    endedAtMs = deps.clock.now();
    const { verdict, http, durationMs } = tried;
    traceAttempt(trace, service, { number: requests, verdict, exchanges: http.exchanges, durationMs, endedAtMs });
    costUsd += tried.costUsd;
    const pauseMs = pauseAskedFor(tried.http);
    // If another provider can be asked, do not wait for this one.
    const mayWait = terms.isLast || pauseMs === null;
    return mayWait && mayRepeat(tried.verdict, call.capability.safeToRepeat, terms.isLast)
      ? { repeat: true, value: tried, retryAfterMs: pauseMs }
      : { repeat: false, value: tried };
  };

  const maxRetries = termsOf(service).maxRetries ?? deps.maxRetries;
  const { value: tried } = await runWithRetries({ ...retryDelays, maxRetries }, attempt, {
    signal: context.signal,
    deadlineAtMs: terms.deadlineAtMs,
    clock: deps.clock,
  });
  if (tried.kind !== 'tried') return outcomeOfRefusal(deps, service, tried);

  if (tried.verdict.kind === 'throttled') await backOff(deps, call, service, tried.verdict.retryAfterMs);
  const outcome = outcomeOf(deps, call, service, tried.verdict, tried.durationMs);
  recordAsked(deps, call, {
    service,
    account,
    provider,
    context,
    outcome,
    tried,
    startedAtMs,
    retries: requests - 1,
    costUsd,
  });
  return outcome;
}

/** The outcome of a refusal, when nothing was sent. */
function outcomeOfRefusal(
  deps: CallDeps,
  service: ExternalService,
  refused: Exclude<Tried<unknown> | NoTurn, { kind: 'tried' }>,
): ProviderOutcome<never> {
  switch (refused.kind) {
    case 'no_turn':
      return passedBusy(service);
    case 'breaker_open':
      return passedByBreaker(service, refused.openUntilMs, refused.openedBy);
    case 'budget_refused': {
      const { because: budgetRefusal, untilMs } = refused;
      return { kind: 'passed_over', service, because: 'budget', untilMs, refusedBy: null, budgetRefusal };
    }
    case 'refused':
      return reportRefusal(deps, service, refused.refusal);
  }
}

function passedBusy(service: ExternalService): ProviderOutcome<never> {
  return { kind: 'passed_over', service, because: 'busy', untilMs: null, refusedBy: null };
}

function ignoreAbort(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

function passedByBreaker(service: ExternalService, untilMs: number, openedBy: OpenedBy): ProviderOutcome<never> {
  return { kind: 'passed_over', service, because: 'breaker', untilMs, refusedBy: null, openedBy };
}

/** `Retry-After` of the provider's last reply; null if it has none. */
function pauseAskedFor({ exchanges }: RecordingHttp): number | null {
  const reply = exchanges.at(-1)?.reply ?? null;
  const pauseMs = reply === null ? null : retryAfterMs(reply);
  return pauseMs === 0 ? null : pauseMs;
}

/**
 * Whether a retry is safe and useful. A time-out is retried only if no other provider can be asked; a spent quota is
 * not waited for here.
 */
function mayRepeat(verdict: AttemptVerdict<unknown>, safeToRepeat: boolean, isLast: boolean): boolean {
  if (verdict.kind !== 'failed' || !verdict.retryable) return false;
  // A request that is not safe to repeat is repeated only if it certainly did not arrive.
  if (!safeToRepeat && verdict.fault !== 'unreachable') return false;
  return verdict.fault !== 'timeout' || isLast;
}

/** Pauses the account's limits after a 429. */
async function backOff<Op extends KnownOperation>(
  { limiter, clock }: CallDeps,
  { capability, tenantId }: Call<Op>,
  service: ExternalService,
  retryAfterMs: number | null,
): Promise<void> {
  const [subject] = capability.limitsOf?.(service) ?? accountLimits(service);
  const untilMs = clock.now() + pauseMsOf(retryAfterMs);
  if (subject !== undefined) await limiter.backOff(tenantId, subject, untilMs);
}

/** The limiter cuts longer pauses: the caller is told when the provider is really asked again. */
function pauseMsOf(retryAfterMs: number | null): number {
  return Math.min(retryAfterMs ?? defaultBackOffMs, backOffMsMax);
}

function outcomeOf<Op extends KnownOperation>(
  deps: CallDeps,
  call: Call<Op>,
  service: ExternalService,
  verdict: AttemptVerdict<OutputOf<Op>>,
  durationMs: number,
): ProviderOutcome<OutputOf<Op>> {
  switch (verdict.kind) {
    case 'ok': {
      const value = call.capability.refine?.(verdict.value, call.input) ?? verdict.value;
      const quality = call.capability.judge?.(value, call.input) ?? 'good';
      return { kind: 'answered', service, value, quality, durationMs };
    }
    case 'throttled': {
      const untilMs = deps.clock.now() + pauseMsOf(verdict.retryAfterMs);
      return { kind: 'throttled', service, untilMs, message: verdict.message, ...passedOn(verdict) };
    }
    case 'denied':
      return { ...verdict, kind: 'failed', service, fault: 'denied' };
    case 'failed':
      return { kind: 'failed', service, fault: verdict.fault, message: verdict.message, ...passedOn(verdict) };
    default:
      return { ...verdict, service };
  }
}

function passedOn<Value>({ passOn }: { readonly passOn?: Value }): { readonly passOn?: Value } {
  return passOn === undefined ? {} : { passOn };
}

function reportRefusal(deps: CallDeps, service: ExternalService, refusal: Refused): ProviderOutcome<never> {
  const { subject } = refusal.refusedBy;
  if (subject.serviceId === null) return { kind: 'family_refused', service, refusal };
  const untilMs = deps.clock.now() + refusal.retryAfterMs;
  if (refusal.because === 'uncounted')
    return { kind: 'passed_over', service, because: 'uncounted', untilMs, refusedBy: null };
  return { kind: 'passed_over', service, because: 'limit', untilMs, refusedBy: refusal.refusedBy };
}

function openAccount(provider: Provider): ProviderAccount | null {
  try {
    return provider.account();
  } catch {
    return null;
  }
}

/** No encryption key decrypts the account's secrets. An operator must act; other providers may still answer. */
function reportUndecryptable(deps: CallDeps, service: ExternalService, context: AskContext): ProviderOutcome<never> {
  const nowMs = deps.clock.now();
  const message = 'could not decrypt the credentials of this service';
  const { trace } = context.record;
  trace.addSkipped({ at_ms: nowMs - trace.startedAtMs, service_name: service.serviceName, reason: 'credentials' });
  deps.logger.error({ service: service.serviceName, tenant: service.tenantId }, message);
  context.record.asked({
    service,
    exchange: null,
    startedAtMs: nowMs,
    completedAtMs: nowMs,
    status: 'error',
    errorCode: 'CREDENTIALS_UNREADABLE',
    errorMessage: message,
    retryCount: 0,
    costUsd: 0,
    elements: null,
    secrets: [],
  });
  return { kind: 'failed', service, fault: 'denied', message };
}
