/** Makes one request to one provider: breaker permit, budget, limits, deadline, and the verdict on the answer. */
import { maskMessage } from '../audit/mask.ts';
import type { BudgetDecision } from '../costs/budget-guard.ts';
import type { ExternalService } from '../directory/service.ts';
import { termsOf } from '../directory/service-terms.ts';
import type { TenantId } from '../ids.ts';
import { uncounted } from '../limits/limit-rules.ts';
import { accountLimits, familyLimit } from '../limits/limit-subjects.ts';
import { grantFreshMs } from '../limits/limit-windows.ts';
import type { LimitDecision, LimitState, LimitSubject } from '../limits/limits.ts';
import { observeLimits } from '../limits/observe-limits.ts';
import type { BudgetRefusalReason } from '../limits/refusal-text.ts';
import type { RecordingHttp } from '../outbound/provider-http.ts';
import type { KnownOperation, OutputOf, ProviderAccount } from '../providers/provider.ts';
import type { OpenedBy } from '../resilience/circuit-breaker.ts';
import type { Call } from './call.ts';
import type { CallRecord } from './call-record.ts';
import type { CallDeps } from './deps.ts';
import { type AttemptVerdict, isBilled, judgeError, judgeVerdict, settlePermit } from './judge-attempt.ts';
import type { Refused } from './outcome.ts';
import type { Provider } from './resolve-providers.ts';
import { breakerOf, partOf, showBreaker } from './service-breaker.ts';

/** State that the providers of one call share. */
export interface AskContext {
  readonly signal: AbortSignal;
  readonly record: CallRecord;
  /** The tenant's own limit is charged once per call, with the first provider that is reached. */
  familyCharged: boolean;
  /** The state after the charge; null if the family has no limit. */
  familyState: LimitState | null;
  /** Services that were charged one unit for a request that was then refused, and when (Unix milliseconds). */
  readonly paidAhead: Map<string, number>;
}

export interface AskTerms {
  /** Unix milliseconds: this provider's share of the call's time. */
  readonly deadlineAtMs: number;
  /** Whether no other provider can be asked; only then is a time-out retried here. */
  readonly isLast: boolean;
}

/** The result of one attempt, or why it was not made. */
export type Tried<Value> =
  | {
      readonly kind: 'tried';
      readonly verdict: AttemptVerdict<Value>;
      readonly http: RecordingHttp;
      readonly durationMs: number;
      /** 0 if the provider does not bill this. */
      readonly costUsd: number;
    }
  | { readonly kind: 'refused'; readonly refusal: Refused }
  | { readonly kind: 'budget_refused'; readonly because: BudgetRefusalReason; readonly untilMs: number }
  | { readonly kind: 'breaker_open'; readonly openUntilMs: number; readonly openedBy: OpenedBy };

/** Makes one attempt. Sends nothing if the breaker, a budget or a limit refuses. */
export async function attemptOnce<Op extends KnownOperation>(
  deps: CallDeps,
  call: Call<Op>,
  provider: Provider,
  account: ProviderAccount,
  context: AskContext,
  terms: AskTerms,
): Promise<Tried<OutputOf<Op>>> {
  const { service, adapter } = provider;
  const breaker = breakerOf(deps, service);
  const permit = breaker.tryEnter(partOf(call));
  if (!permit.entered) return { kind: 'breaker_open', openUntilMs: permit.openUntilMs, openedBy: permit.because };
  let verdict: AttemptVerdict<OutputOf<Op>> = { kind: 'cancelled' };
  /** The caller left, so the result says nothing about the provider. */
  let wasAbandoned = false;
  const { operation } = call.capability;
  const priceUsd = deps.costOf(service, operation, call.capability.billedUnits?.(call.input) ?? 1, deps.clock.now());
  let budget: BudgetDecision | undefined;
  try {
    const reserving = deps.reserveBudget?.(call.tenantId, service.serviceName, priceUsd);
    budget = reserving instanceof Promise ? await reserving : reserving;
    if (budget?.kind === 'refused') return { ...budget, kind: 'budget_refused' };
    const refusal = await spendLimits(deps, call, service, context);
    if (refusal !== null) return { kind: 'refused', refusal };

    const startedAtMs = deps.clock.now();
    const timeoutMs = termsOf(service).timeoutMs ?? deps.requestTimeoutMs;
    const attemptMs = Math.max(0, Math.min(timeoutMs, terms.deadlineAtMs - startedAtMs));
    const { upload } = call;
    const leftMs = upload && (() => (upload.isWhole() ? attemptMs : upload.idleMs) - upload.silentMs());
    const deadline = deps.deadlines.signalAfter(attemptMs, context.signal, leftMs);
    const http = deps.openHttp({
      deadlineAtMs: upload === undefined ? startedAtMs + attemptMs : call.deadlineAtMs,
      signal: deadline.signal,
      traceparent: call.traceparent,
    });
    try {
      const ask = adapter.attempts[operation];
      if (ask === undefined) throw new Error(`${adapter.name} has no ${operation}`);
      verdict = judgeVerdict(await orAborted(ask(call.input, account, http), deadline.signal));
    } catch (error) {
      wasAbandoned = context.signal.aborted && !deadline.expired();
      verdict = judgeError(error, {
        safeToRepeat: call.capability.safeToRepeat,
        timedOut: deadline.expired(),
        abandoned: context.signal.aborted,
      });
      if (verdict.kind === 'failed' && verdict.fault === 'unusable') {
        deps.logger.error({ err: error, service: service.serviceName }, 'the adapter could not read an answer');
      }
    } finally {
      deadline.clear();
    }
    if ('message' in verdict) verdict = withoutSecrets(verdict, [...adapter.secretsOf(account), ...http.masked]);
    const durationMs = deps.clock.now() - startedAtMs;
    const failures = settlePermit(permit, wasAbandoned ? { kind: 'cancelled' } : verdict);
    if (!wasAbandoned) observe(deps, service, verdict, durationMs, failures);
    return { kind: 'tried', verdict, http, durationMs, costUsd: isBilled(verdict) ? priceUsd : 0 };
  } finally {
    if (budget?.kind === 'reserved') budget.reservation.settle(isBilled(verdict) ? priceUsd : 0);
    // Does nothing if the attempt has settled the permit.
    permit.abandoned();
    showBreaker(deps, service, breaker);
  }
}

async function spendLimits<Op extends KnownOperation>(
  deps: CallDeps,
  call: Call<Op>,
  service: ExternalService,
  context: AskContext,
): Promise<Refused | null> {
  const { capability, tenantId } = call;
  const family = familyLimit(capability.family, deps.familyLimits);
  const account = capability.limitsOf?.(service) ?? accountLimits(service);
  const shared = call.familyCharge;
  if (!context.familyCharged && shared?.granted != null) context.familyCharged = await shared.granted;
  const units = capability.billedUnits?.(call.input) ?? 1;
  if (context.familyCharged) return spendAccount(deps, call, service, context, units);
  // The tenant's limit counts a request once, however many elements it has, so the first charge is one unit on each
  // limit.
  const spending = spendFresh(deps, tenantId, [family, ...account], 1);
  if (shared !== undefined) {
    shared.granted = spending.then(
      ({ granted }) => granted,
      () => false,
    );
  }
  const decision = await spending;
  observeLimits(deps.metrics, tenantId, [family, ...account], decision.states);
  if (!decision.granted) return decision;
  context.familyState = decision.states.find((state) => state.subject.key === family.key) ?? null;
  context.familyCharged = true;
  if (units === 1) return null;
  context.paidAhead.set(service.id, deps.clock.now());
  return spendAccount(deps, call, service, context, units);
}

/**
 * Spends the account's limits. A unit paid for a request that was then too large counts for the smaller request after
 * it.
 */
async function spendAccount<Op extends KnownOperation>(
  deps: CallDeps,
  { capability, tenantId }: Call<Op>,
  service: ExternalService,
  { paidAhead }: AskContext,
  units: number,
): Promise<Refused | null> {
  const paidAtMs = paidAhead.get(service.id);
  paidAhead.delete(service.id);
  const isPaid = paidAtMs !== undefined && deps.clock.now() - paidAtMs <= grantFreshMs;
  const unpaid = isPaid ? units - 1 : units;
  if (unpaid === 0) return null;
  const account = capability.limitsOf?.(service) ?? accountLimits(service);
  const decision = await spendFresh(deps, tenantId, account, unpaid);
  observeLimits(deps.metrics, tenantId, account, decision.states);
  if (decision.granted) return null;
  if (isPaid) paidAhead.set(service.id, paidAtMs);
  return decision;
}

/**
 * Spends limits and makes sure that the grant is recent, because the provider counts a request on arrival. If this
 * process was too busy to use a grant in time, the grant stays spent and another one is requested, once; if that is
 * late too, nothing is sent.
 */
async function spendFresh(
  { limiter, clock }: CallDeps,
  tenantId: TenantId,
  subjects: readonly LimitSubject[],
  units: number,
): Promise<LimitDecision> {
  for (let tries = 1; ; tries += 1) {
    const askedAtMs = clock.now();
    const decision = await limiter.spend(tenantId, subjects, units);
    const isFresh = !decision.granted || clock.now() - askedAtMs <= grantFreshMs;
    if (isFresh) return decision;
    // Limits that only this service counts allow a late grant.
    if (tries === 2) return uncounted(decision.states) ?? decision;
  }
}

/** Masks secrets in a vendor's message, which may quote the request and is shown to callers. */
function withoutSecrets<Verdict extends { readonly message: string }>(
  verdict: Verdict,
  secrets: readonly string[],
): Verdict {
  return { ...verdict, message: maskMessage(verdict.message, secrets) };
}

/** Settles like the attempt, but rejects as soon as the signal aborts, even if the adapter ignores the signal. */
function orAborted<Value>(attempt: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    attempt.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    );
  });
}

/**
 * Reports the attempt to the health statistics. `failures`: how many failures now count against the service, including
 * earlier ones that were held back.
 */
function observe(
  deps: CallDeps,
  service: ExternalService,
  verdict: AttemptVerdict<unknown>,
  durationMs: number,
  failures: number,
): void {
  if (verdict.kind === 'cancelled' || verdict.kind === 'throttled') return;
  if (verdict.kind === 'failed' || verdict.kind === 'denied' || verdict.kind === 'unknown_outcome') {
    const attempt = { ok: false, durationMs, fault: verdict.message };
    for (let failure = 0; failure < failures; failure += 1) deps.observeAttempt(service, attempt);
  } else deps.observeAttempt(service, { ok: true, durationMs, fault: null });
}
