/** Dependencies of the call pipeline; each stage names the members it uses. */

import type { CallTrace } from '../audit/call-trace.ts';
import type { ResponseCache } from '../cache/response-cache.ts';
import type { Clock } from '../clock.ts';
import type { BudgetGuard } from '../costs/budget-guard.ts';
import type { ExternalService } from '../directory/service.ts';
import type { Intake } from '../intake/intake.ts';
import type { FamilyLimits } from '../limits/limit-subjects.ts';
import type { RateLimiter } from '../limits/limits.ts';
import type { RequestPace } from '../limits/request-pace.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ProviderHttpOptions, RecordingHttp } from '../outbound/provider-http.ts';
import type { TelemetryEvent } from '../outbox/events.ts';
import type { Operation } from '../providers/provider.ts';
import type { Bulkheads } from '../resilience/bulkhead.ts';
import type { CircuitBreakers } from '../resilience/circuit-breakers.ts';
import type { Deadlines } from '../resilience/deadline.ts';
import type { Call } from './call.ts';
import type { ProviderOutcome } from './outcome.ts';
import type { Provider, ResolveProvidersDeps } from './resolve-providers.ts';

/** One attempt for the health statistics. Spent quotas and disconnected callers are not reported. */
export interface ObservedAttempt {
  readonly ok: boolean;
  readonly durationMs: number;
  /** A description of the fault, without secrets and addresses. */
  readonly fault: string | null;
}

/** All dependencies of the pipeline. */
export interface CallDeps extends ResolveProvidersDeps {
  readonly cache: Omit<ResponseCache, 'invalidate' | 'countsOf' | 'memorySizeOf' | 'writeNoted' | 'close'>;
  readonly limiter: Pick<RateLimiter, 'spend' | 'backOff'>;
  readonly familyLimits: FamilyLimits;
  readonly pace: RequestPace;
  readonly breakers: Pick<CircuitBreakers, 'breakerFor'>;
  readonly bulkheads: Pick<Bulkheads, 'enter'>;
  readonly deadlines: Deadlines;
  readonly intake: Pick<Intake, 'record'>;
  readonly metrics: Pick<
    Metrics,
    | 'breakerState'
    | 'cacheHit'
    | 'cacheMiss'
    | 'requestSettled'
    | 'requestRefused'
    | 'costIncurred'
    | 'rateLimitExceeded'
    | 'rateLimitUtilization'
  >;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The time limit of each attempt, unless its service sets its own. */
  readonly requestTimeoutMs: number;
  /** Maximum retries at one provider, unless its service sets its own number. */
  readonly maxRetries: number;
  openHttp(options: ProviderHttpOptions): RecordingHttp;
  /** The cost of this many billed units in USD. */
  costOf(service: ExternalService, operation: Operation, units: number, atMs: number): number;
  /** Reserves the price of an attempt in the tenant's blocking budgets before it is made. Absent: nothing blocks. */
  readonly reserveBudget?: BudgetGuard['reserve'];
  observeAttempt(service: ExternalService, attempt: ObservedAttempt): void;
  /** Reports the outcomes of a call's providers to the capability's own statistics. Never throws and never waits. */
  observeChain?(call: Call, outcomes: readonly ProviderOutcome<unknown>[], providers: readonly Provider[]): void;
  /** Stores the trace of a call without an audit row. Never throws and never waits. */
  noteTrace?(call: Call, trace: CallTrace): void;
  /** Publishes the event if there is room. Never throws and never waits. */
  publishTelemetry(event: TelemetryEvent): void;
}
