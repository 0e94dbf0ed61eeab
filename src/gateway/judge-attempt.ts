/** Decides what an attempt means for the call, the breaker and the account. All rules of failover are here. */
import { TransportError, type Verdict } from '../providers/provider.ts';
import type { Permit } from '../resilience/circuit-breaker.ts';
import type { FailureFault } from './outcome.ts';

export type FailureScope = 'service' | 'part' | 'caller';

export type AttemptVerdict<Value> =
  | Exclude<Verdict<Value>, { kind: 'failed' }>
  | {
      readonly kind: 'failed';
      readonly fault: FailureFault;
      /** The scope of the fault: the service, the requested part, or only this caller's request. */
      readonly of: FailureScope;
      readonly retryable: boolean;
      readonly message: string;
      readonly passOn?: Value;
    }
  | { readonly kind: 'cancelled' };

/** Maps an adapter's verdict; a provider that answers with something unusable is `unusable`. */
export function judgeVerdict<Value>(verdict: Verdict<Value>): AttemptVerdict<Value> {
  if (verdict.kind !== 'failed') return verdict;
  const { isCallersOwn = false, ...failed } = verdict;
  return { ...failed, fault: 'unusable', of: isCallersOwn ? 'caller' : 'part' };
}

/** Maps an error thrown in an adapter. The messages contain no address: a `TransportError` names only its fault. */
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
  // A retry does not help against the address guard or an invalid certificate.
  const retryable = fault !== 'blocked' && fault !== 'tls';
  return { kind: 'failed', fault: 'unreachable', of: mayHaveArrived ? 'part' : 'service', retryable, message };
}

/**
 * Answers of any kind, refused input and spent quotas do not count against the provider's health, and neither do faults
 * of this caller's request. Returns how many failures now count against the service.
 */
export function settlePermit(permit: Permit, verdict: AttemptVerdict<unknown>): number {
  if (verdict.kind === 'failed' && verdict.of !== 'caller') return permit.failed(verdict.of === 'part');
  if (verdict.kind === 'unknown_outcome') return permit.failed(true);
  if (verdict.kind === 'denied') {
    // Nothing is sent without a grant, so there is no pause: every call gets the error at once.
    if (verdict.needsReconnect === true) permit.abandoned();
    else permit.denied();
    return 1;
  }
  if (verdict.kind === 'failed' || verdict.kind === 'throttled' || verdict.kind === 'cancelled') permit.abandoned();
  else permit.succeeded();
  return 0;
}

/** Providers bill answers, found or not, and nothing else. */
export function isBilled(verdict: AttemptVerdict<unknown>): boolean {
  return verdict.kind === 'ok' || verdict.kind === 'empty';
}
