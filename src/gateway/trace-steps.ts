/** Adds the steps of asking providers to the trace of a call. */
import type { CallTrace, SkippedStep, TracedRequest, WaitStep } from '../audit/call-trace.ts';
import type { LayerLookUp } from '../cache/kept-answers.ts';
import type { ExternalService } from '../directory/service.ts';
import type { LimitState } from '../limits/limits.ts';
import type { RecordedExchange } from '../outbound/provider-http.ts';
import type { AttemptVerdict } from './judge-attempt.ts';
import type { ProviderOutcome } from './outcome.ts';

/** Adds the look-ups in cache layers without a fresh answer. */
export function traceLookUps(trace: CallTrace, lookUps: readonly LayerLookUp[]): void {
  for (const { layer, outcome, atMs, durationMs, ageSeconds } of lookUps) {
    const age = ageSeconds === null ? {} : { age_seconds: ageSeconds };
    const at = atMs - trace.startedAtMs;
    trace.add({ kind: 'cache', at_ms: at, duration_ms: durationMs, layer, outcome, ...age });
  }
}

/** Adds a wait, if there was one. Times are Unix milliseconds. */
export function traceWait(
  trace: CallTrace,
  what: WaitStep['for'],
  { serviceName }: ExternalService,
  fromMs: number,
  toMs: number,
): void {
  if (toMs <= fromMs) return;
  const at = fromMs - trace.startedAtMs;
  trace.addWait({ at_ms: at, duration_ms: toMs - fromMs, for: what, service_name: serviceName });
}

/** Adds the pause before the next attempt at the same provider. Times are Unix milliseconds. */
export function traceRetry(trace: CallTrace, { serviceName }: ExternalService, fromMs: number, toMs: number): void {
  const at = fromMs - trace.startedAtMs;
  trace.add({ kind: 'retry', at_ms: at, duration_ms: toMs - fromMs, service_name: serviceName });
}

/** Adds why a provider was skipped. Does nothing if it was asked. */
export function traceSkipped(trace: CallTrace, outcome: ProviderOutcome<unknown>, nowMs: number): void {
  const skipped = reasonOf(outcome, nowMs);
  if (skipped === null) return;
  const { untilMs, ...reason } = skipped;
  const until = untilMs === null || !Number.isFinite(untilMs) ? {} : { until_ms: untilMs - trace.startedAtMs };
  const { serviceName } = outcome.service;
  trace.addSkipped({ at_ms: nowMs - trace.startedAtMs, service_name: serviceName, ...reason, ...until });
}

/** `untilMs`: Unix milliseconds. */
type Reason = Pick<SkippedStep, 'reason' | 'limit' | 'is_share' | 'opened_by'> & { readonly untilMs: number | null };

function reasonOf(outcome: ProviderOutcome<unknown>, nowMs: number): Reason | null {
  if (outcome.kind === 'family_refused') {
    const { refusedBy, retryAfterMs, because } = outcome.refusal;
    const untilMs = nowMs + retryAfterMs;
    if (because === 'uncounted') return { reason: 'uncounted', untilMs };
    return { reason: 'tenant_limit', ...limitOf(refusedBy), untilMs };
  }
  if (outcome.kind !== 'passed_over') return null;
  const { because, untilMs, refusedBy, openedBy, budgetRefusal } = outcome;
  if (refusedBy?.isPause === true) return { reason: 'paused', untilMs };
  return {
    reason: because,
    untilMs,
    ...(refusedBy === null ? {} : limitOf(refusedBy)),
    ...(openedBy === undefined ? {} : { opened_by: openedBy }),
    ...(budgetRefusal === 'share_spent' ? { is_share: true } : {}),
  };
}

function limitOf({ subject, windowType, share }: LimitState): Pick<SkippedStep, 'limit' | 'is_share'> {
  return { limit: `${subject.name}, ${windowType}`, ...(share === undefined ? {} : { is_share: true }) };
}

/** Adds an attempt and its requests. `endedAtMs`: Unix milliseconds. */
export function traceAttempt(
  trace: CallTrace,
  { serviceName }: ExternalService,
  made: {
    readonly number: number;
    readonly verdict: AttemptVerdict<unknown>;
    readonly exchanges: readonly RecordedExchange[];
    readonly durationMs: number;
    readonly endedAtMs: number;
  },
): void {
  const { number, verdict, exchanges, durationMs, endedAtMs } = made;
  trace.add({
    kind: 'attempt',
    at_ms: endedAtMs - durationMs - trace.startedAtMs,
    duration_ms: durationMs,
    service_name: serviceName,
    number,
    outcome: verdict.kind === 'failed' ? verdict.fault : verdict.kind,
    requests: exchanges.map((exchange) => requestOf(exchange, trace.startedAtMs)),
  });
}

function requestOf(exchange: RecordedExchange, callStartedAtMs: number): TracedRequest {
  const { startedAtMs, completedAtMs, timing, reply, error } = exchange;
  const { connectedAtMs, headAtMs } = timing;
  return {
    at_ms: startedAtMs - callStartedAtMs,
    ...(connectedAtMs === null ? {} : { connect_ms: connectedAtMs - startedAtMs }),
    ...(connectedAtMs === null || headAtMs === null ? {} : { first_byte_ms: headAtMs - connectedAtMs }),
    ...(headAtMs === null ? {} : { body_ms: completedAtMs - headAtMs }),
    ...(reply === null ? {} : { status_code: reply.status }),
    ...(error === null ? {} : { fault: error.fault }),
  };
}
