/** The possible outcomes of asking one provider, and rules over them. */
import type { ExternalService } from '../directory/service.ts';
import type { LimitDecision, LimitState } from '../limits/limits.ts';
import type { BudgetRefusalReason } from '../limits/refusal-text.ts';
import type { OpenedBy } from '../resilience/circuit-breaker.ts';

export type Refused = Extract<LimitDecision, { granted: false }>;

/** How an asked provider failed. `denied`: it refuses the account. */
export type FailureFault = 'timeout' | 'unreachable' | 'unusable' | 'denied';

interface OfProvider {
  readonly service: ExternalService;
}

export interface Answered<Value> extends OfProvider {
  readonly kind: 'answered';
  readonly value: Value;
  readonly quality: 'good' | 'poor';
  /** How long the provider took. */
  readonly durationMs: number;
}

/** The provider was not asked. */
export interface PassedOver extends OfProvider {
  readonly kind: 'passed_over';
  /** `uncounted`: Redis is unreachable, so the remainder of the provider's limit is unknown. */
  readonly because: 'limit' | 'uncounted' | 'breaker' | 'budget' | 'busy';
  /** The time before which asking is pointless, in Unix milliseconds; null if unknown. */
  readonly untilMs: number | null;
  /** Set if a limit refused. */
  readonly refusedBy: LimitState | null;
  /** Set if the breaker is open: what opened it. */
  readonly openedBy?: OpenedBy;
  /** Set if a budget refused: why. */
  readonly budgetRefusal?: BudgetRefusalReason;
}

/** The provider answered 429. */
export interface Throttled<Value = unknown> extends OfProvider {
  readonly kind: 'throttled';
  readonly untilMs: number;
  readonly message: string;
  /** The response for the caller if no provider answers better. */
  readonly passOn?: Value;
}

export interface Failed<Value = unknown> extends OfProvider {
  readonly kind: 'failed';
  readonly fault: FailureFault;
  readonly message: string;
  /** A person must connect the account again. */
  readonly needsReconnect?: true;
  readonly passOn?: Value;
}

/** The provider found nothing. */
export interface Empty extends OfProvider {
  readonly kind: 'empty';
}

/** The provider refused the caller's input. */
export interface BadInput extends OfProvider {
  readonly kind: 'bad_input';
  readonly status: 400 | 403 | 404 | 413;
  readonly message: string;
  readonly isForAll?: true;
}

/** The request may have been carried out, but no answer came. */
export interface UnknownOutcome extends OfProvider {
  readonly kind: 'unknown_outcome';
  readonly message: string;
  /** True if the provider has finished the request, whatever its result. */
  readonly settled?: boolean;
}

/** The tenant's own limit is spent; another provider would not change that. */
export interface FamilyRefused extends OfProvider {
  readonly kind: 'family_refused';
  readonly refusal: Refused;
}

/** All callers have left. */
export interface Cancelled extends OfProvider {
  readonly kind: 'cancelled';
}

export type ProviderOutcome<Value> =
  | Answered<Value>
  | Empty
  | PassedOver
  | Throttled<Value>
  | Failed<Value>
  | BadInput
  | UnknownOutcome
  | FamilyRefused
  | Cancelled;

/** Whether the call may ask the next provider after this outcome. */
export function leavesOpen<Value>(
  outcome: ProviderOutcome<Value>,
): outcome is Answered<Value> | Empty | PassedOver | Throttled<Value> | Failed<Value> {
  switch (outcome.kind) {
    case 'empty':
    case 'passed_over':
    case 'throttled':
    case 'failed':
      return true;
    case 'answered':
      return outcome.quality === 'poor';
    default:
      return false;
  }
}

/** Whether a change that is not safe to repeat may have been made, although its audit row could not be written. */
export function mayHaveBeenDone(
  { safeToRepeat }: { readonly safeToRepeat: boolean },
  outcomes: readonly ProviderOutcome<unknown>[],
): boolean {
  if (safeToRepeat) return false;
  return outcomes.some(
    (outcome) =>
      outcome.kind === 'answered' ||
      outcome.kind === 'unknown_outcome' ||
      (outcome.kind === 'failed' && (outcome.fault === 'unusable' || outcome.fault === 'timeout')),
  );
}
