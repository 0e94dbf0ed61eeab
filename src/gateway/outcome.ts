/** What became of asking one provider, and of asking all of them. */
import type { ExternalService } from '../directory/service.ts';
import type { LimitDecision, LimitState } from '../limits/limits.ts';
import type { OpenedBy } from '../resilience/circuit-breaker.ts';

export type Refused = Extract<LimitDecision, { granted: false }>;

/** How a provider that was asked let us down. `denied`: it refuses our account. */
export type FailureFault = 'timeout' | 'unreachable' | 'unusable' | 'denied';

interface OfProvider {
  readonly service: ExternalService;
}

export interface Answered<Value> extends OfProvider {
  readonly kind: 'answered';
  readonly value: Value;
  readonly quality: 'good' | 'poor';
  /** What the provider took. */
  readonly durationMs: number;
}

export interface PassedOver extends OfProvider {
  readonly kind: 'passed_over';
  /** `uncounted`: Redis is in doubt, and what is left of the provider's limit is not known here. */
  readonly because: 'limit' | 'uncounted' | 'breaker' | 'budget' | 'busy';
  /** Unix milliseconds before which asking is pointless; null where nobody knows. */
  readonly untilMs: number | null;
  /** Set where a limit refused. */
  readonly refusedBy: LimitState | null;
  /** Of a limit: its provider asked for the pause. */
  readonly isPause?: boolean;
  /** Set where the breaker is open: what opened it. */
  readonly openedBy?: OpenedBy;
}

export interface Throttled<Value = unknown> extends OfProvider {
  readonly kind: 'throttled';
  readonly untilMs: number;
  readonly message: string;
  /** What the caller is given all the same where nobody answers better. */
  readonly passOn?: Value;
}

export interface Failed<Value = unknown> extends OfProvider {
  readonly kind: 'failed';
  readonly fault: FailureFault;
  readonly message: string;
  /** Only a person can connect the account again. */
  readonly needsReconnect?: true;
  readonly passOn?: Value;
}

export interface Empty extends OfProvider {
  readonly kind: 'empty';
}

export interface BadInput extends OfProvider {
  readonly kind: 'bad_input';
  readonly status: 400 | 403 | 404 | 413;
  readonly message: string;
}

export interface UnknownOutcome extends OfProvider {
  readonly kind: 'unknown_outcome';
  readonly message: string;
  /** True where the provider has ended its work, whatever it was. */
  readonly settled?: boolean;
}

/** The tenant's own limit is spent: no other provider would change that. */
export interface FamilyRefused extends OfProvider {
  readonly kind: 'family_refused';
  readonly refusal: Refused;
}

/** Nobody waits for the answer any more. */
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

/** Whether the next provider may be asked after this, and the call's fate is still open. */
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

/** What is not safe to repeat must not be taken for undone because nobody could write it down. */
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
