/** What one attempt means for the call, the breaker and the account: the one place where failover's rules are written. */
import { TransportError, type Verdict } from '../providers/provider.ts';
import type { Permit } from '../resilience/circuit-breaker.ts';
import type { FailureFault } from './outcome.ts';

export type FailureScope = 'service' | 'part' | 'caller';

export type AttemptVerdict<Value> =
  | Exclude<Verdict<Value>, { kind: 'failed' }>
  | {
      readonly kind: 'failed';
      readonly fault: FailureFault;
      /** Whose trouble it may be: the service's, that of the part asked for, or of this caller's wish alone. */
      readonly of: FailureScope;
      readonly retryable: boolean;
      readonly message: string;
      readonly passOn?: Value;
    }
  | { readonly kind: 'cancelled' };

/** From an adapter's verdict; a provider that answers, but not usably, is `unusable`. */
export function judgeVerdict<Value>(verdict: Verdict<Value>): AttemptVerdict<Value> {
  if (verdict.kind !== 'failed') return verdict;
  const { isCallersOwn = false, ...failed } = verdict;
  return { ...failed, fault: 'unusable', of: isCallersOwn ? 'caller' : 'part' };
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
    const of = mayHaveArrived ? 'part' : 'service';
    return { kind: 'failed', fault: 'timeout', of, retryable: true, message: 'no answer in time' };
  }
  if (transport === null) {
    return { kind: 'failed', fault: 'unusable', of: 'part', retryable: false, message: 'the answer could not be read' };
  }
  const { fault, message } = transport;
  if (fault === 'too-large' || fault === 'encoding') {
    const words = fault === 'too-large' ? 'the answer is too large' : message;
    return { kind: 'failed', fault: 'unusable', of: 'caller', retryable: false, message: words };
  }
  // What the guard blocks or a certificate fails will do so again in a moment.
  const retryable = fault !== 'blocked' && fault !== 'tls';
  return { kind: 'failed', fault: 'unreachable', of: mayHaveArrived ? 'part' : 'service', retryable, message };
}

/**
 * An answer of any kind, a refusal of the input and a spent quota say nothing against the provider's health, and neither
 * does what this caller alone asked for. Returns how many failures now speak against the service.
 */
export function settlePermit(permit: Permit, verdict: AttemptVerdict<unknown>): number {
  if (verdict.kind === 'failed' && verdict.of !== 'caller') return permit.failed(verdict.of === 'part');
  if (verdict.kind === 'unknown_outcome') return permit.failed(true);
  if (verdict.kind === 'denied') {
    // Without a grant nothing is sent, so that there is no pause to keep: its code is told at every call.
    if (verdict.needsReconnect === true) permit.abandoned();
    else permit.denied();
    return 1;
  }
  if (verdict.kind === 'failed' || verdict.kind === 'throttled' || verdict.kind === 'cancelled') permit.abandoned();
  else permit.succeeded();
  return 0;
}

/** Providers bill what they answered, found or not, and nothing else. */
export function isBilled(verdict: AttemptVerdict<unknown>): boolean {
  return verdict.kind === 'ok' || verdict.kind === 'empty';
}
