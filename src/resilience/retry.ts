/**
 * Retries a request at the same provider, with pauses that grow exponentially. Full jitter keeps callers that failed
 * together from retrying together.
 */
import { setTimeout as sleepTimer } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

export interface RetryPolicy {
  /** Maximum retries after the first attempt. */
  readonly maxRetries: number;
  /** The longest pause before the first retry; doubled for each further retry. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/** The result of one attempt. `value` is the final result if no attempt follows. */
export type AttemptResult<Value> =
  | { readonly repeat: false; readonly value: Value }
  | {
      readonly repeat: true;
      readonly value: Value;
      /** The pause that the provider asked for (`Retry-After`); null: none. */
      readonly retryAfterMs: number | null;
    };

/** The result of all attempts, and why they ended. */
export interface RetryOutcome<Value> {
  /** The value of the last attempt. */
  readonly value: Value;
  readonly retries: number;
  /** `deadline`: the pause would have ended after the deadline. */
  readonly ended: 'settled' | 'exhausted' | 'deadline' | 'aborted';
}

export interface RetryContext {
  readonly signal: AbortSignal;
  readonly deadlineAtMs: number;
  readonly clock: Clock;
  /** 0 ≤ random < 1. */
  readonly random?: () => number;
  /** Rejects as soon as the signal aborts. */
  readonly sleep?: (durationMs: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Runs `attempt` (numbered from 1) until its result needs no retry or a bound is reached. It never waits past the
 * deadline and never starts an attempt after an abort; the result is then the last attempt's value. Throws
 * `signal.reason` if the signal aborted before the first attempt, and whatever `attempt` throws.
 */
export async function runWithRetries<Value>(
  policy: RetryPolicy,
  attempt: (attemptNumber: number) => Promise<AttemptResult<Value>>,
  context: RetryContext,
): Promise<RetryOutcome<Value>> {
  const { signal, deadlineAtMs, clock, random = Math.random, sleep = sleepUnlessAborted } = context;
  signal.throwIfAborted();

  for (let retries = 0; ; retries += 1) {
    const result = await attempt(retries + 1);
    const outcome = { value: result.value, retries } as const;

    if (!result.repeat) return { ...outcome, ended: 'settled' };
    if (retries >= policy.maxRetries) return { ...outcome, ended: 'exhausted' };
    if (signal.aborted) return { ...outcome, ended: 'aborted' };

    const delayMs = pauseBefore(policy, retries, result.retryAfterMs, random);
    if (clock.now() + delayMs >= deadlineAtMs) return { ...outcome, ended: 'deadline' };
    await sleep(delayMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (signal.aborted) return { ...outcome, ended: 'aborted' };
  }
}

/** A random part of the full pause, plus the pause that the provider asked for. */
function pauseBefore(
  policy: RetryPolicy,
  retriesMade: number,
  retryAfterMs: number | null,
  random: () => number,
): number {
  const fullMs = Math.min(policy.baseDelayMs * 2 ** Math.min(retriesMade, 30), policy.maxDelayMs);
  return Math.ceil(random() * fullMs) + Math.max(retryAfterMs ?? 0, 0);
}

function sleepUnlessAborted(durationMs: number, signal: AbortSignal): Promise<void> {
  return sleepTimer(durationMs, undefined, { signal });
}
