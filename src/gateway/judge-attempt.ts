/** What one attempt means for the call, the breaker and the account: the one place where failover's rules are written. */
import { TransportError, type Verdict } from '../providers/provider.ts';
import type { Permit } from '../resilience/circuit-breaker.ts';
import type { FailureFault } from './outcome.ts';

export type AttemptVerdict<Value> =
  | Exclude<Verdict<Value>, { kind: 'failed' }>
  | {
      readonly kind: 'failed';
      readonly fault: FailureFault;
      readonly retryable: boolean;
      readonly message: string;
      readonly passOn?: Value;
    }
  | { readonly kind: 'cancelled' };

/** From an adapter's verdict; a provider that answers, but not usably, is `unusable`. */
export function judgeVerdict<Value>(verdict: Verdict<Value>): AttemptVerdict<Value> {
  return verdict.kind === 'failed' ? { ...verdict, fault: 'unusable' } : verdict;
}

/** From what an adapter let pass, or threw. The messages name no address: a `TransportError` names its fault alone. */
export function judgeError(
  error: unknown,
  context: { readonly safeToRepeat: boolean; readonly timedOut: boolean; readonly abandoned: boolean },
): AttemptVerdict<never> {
  const transport = error instanceof TransportError ? error : null;
  const mayHaveArrived = transport?.requestMayHaveArrived ?? true;
  if (!context.safeToRepeat && mayHaveArrived) {
    return { kind: 'unknown_outcome', message: 'the request may have been carried out, and no answer came' };
  }
  if (context.abandoned) return { kind: 'cancelled' };
  if (context.timedOut || transport?.fault === 'timeout') {
    return { kind: 'failed', fault: 'timeout', retryable: true, message: 'no answer in time' };
  }
  if (transport === null) {
    return { kind: 'failed', fault: 'unusable', retryable: false, message: 'the answer could not be read' };
  }
  const { fault, message } = transport;
  if (fault === 'too-large')
    return { kind: 'failed', fault: 'unusable', retryable: false, message: 'the answer is too large' };
  // What the guard blocks or a certificate fails will do so again in a moment.
  const retryable = fault !== 'blocked' && fault !== 'tls';
  return { kind: 'failed', fault: 'unreachable', retryable, message };
}

/** An answer of any kind, a refusal of the input and a spent quota say nothing against the provider's health. */
export function settlePermit(permit: Permit, verdict: AttemptVerdict<unknown>): void {
  if (verdict.kind === 'denied') permit.denied();
  else if (verdict.kind === 'failed' || verdict.kind === 'unknown_outcome') permit.failed();
  else if (verdict.kind === 'throttled' || verdict.kind === 'cancelled') permit.abandoned();
  else permit.succeeded();
}

/** Providers bill what they answered, found or not, and nothing else. */
export function isBilled(verdict: AttemptVerdict<unknown>): boolean {
  return verdict.kind === 'ok' || verdict.kind === 'empty';
}
