/** Decides what an attempt means for the call, the breaker and the account. All failover rules are here. */
import { TransportError, type Verdict } from '../providers/provider.ts';
import type { Permit } from '../resilience/circuit-breaker.ts';
import type { FailureFault } from './outcome.ts';

/** Whose failure it is: the service's, one part's, or only this caller's request. */
export type FailureScope = 'service' | 'part' | 'caller';

/** An adapter's verdict, with the fault and its scope. */
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

/** Maps an adapter's verdict; a failure there means an `unusable` answer. */
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
    return { kind: 'unknown_outcome', message: 'no answer came, and the request may have been carried out' };
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
  if (fault === 'malformed') return { kind: 'failed', fault: 'unusable', of: 'part', retryable: false, message };
  // A retry does not help against the address guard or an invalid certificate.
  const retryable = fault !== 'blocked' && fault !== 'tls';
  return { kind: 'failed', fault: 'unreachable', of: mayHaveArrived ? 'part' : 'service', retryable, message };
}

/**
 * Settles the breaker permit. Answers of any kind, refused input, spent quotas and faults of the caller's request do
 * not count as failures. Returns how many failures now count against the service.
 */
export function settlePermit(permit: Permit, verdict: AttemptVerdict<unknown>): number {
  if (verdict.kind === 'failed' && verdict.of !== 'caller') return permit.failed(verdict.of === 'part');
  if (verdict.kind === 'unknown_outcome') return permit.failed(true);
  if (verdict.kind === 'denied') {
    // Without a valid grant nothing is sent, so the breaker stays closed and every call gets the error at once.
    if (verdict.needsReconnect === true) permit.abandoned();
    else permit.denied();
    return 1;
  }
  if (verdict.kind === 'failed' || verdict.kind === 'throttled' || verdict.kind === 'cancelled') permit.abandoned();
  else permit.succeeded();
  return 0;
}

/** Providers bill answers, including "nothing found", and nothing else. */
export function isBilled(verdict: AttemptVerdict<unknown>): boolean {
  return verdict.kind === 'ok' || verdict.kind === 'empty';
}
