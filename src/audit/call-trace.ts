/**
 * What happened in a call, step by step, as it is kept with the call's first audit row. Gathered while the call runs: a step
 * is a plain object, and nothing waits for it. It names services, codes and times only, no words of callers or providers.
 */

/** One layer of the cache that was asked and had no fresh answer. */
export interface CacheStep {
  readonly kind: 'cache';
  readonly at_ms: number;
  readonly duration_ms: number;
  readonly layer: 'memory' | 'redis' | 'postgres';
  /** `expired`: it had one past its time; `unavailable`: the layer is away, or may not be trusted at the moment. */
  readonly outcome: 'miss' | 'expired' | 'unavailable';
  /** Of what is past its time, in whole seconds. */
  readonly age_seconds?: number;
}

export interface WaitStep {
  readonly kind: 'wait';
  readonly at_ms: number;
  readonly duration_ms: number;
  /** A limit's turn, a free place at the service, the pace that a vendor asks for, or another caller's fetch. */
  readonly for: 'limit' | 'place' | 'pace' | 'coalesced';
  readonly service_name?: string;
  /** How often it was waited in a row, where it is more than once. */
  readonly times?: number;
}

export type SkipReason =
  | 'breaker'
  | 'limit'
  | 'paused'
  | 'uncounted'
  | 'tenant_limit'
  | 'budget'
  | 'busy'
  | 'credentials'
  | 'token_limit';

/** A provider that was not asked, and why; no provider is named where the caller's token may ask none. */
export interface SkippedStep {
  readonly kind: 'skipped';
  readonly at_ms: number;
  readonly service_name?: string;
  readonly reason: SkipReason;
  /** After the start, when asking makes sense again; absent where it is not known. */
  readonly until_ms?: number;
  /** Of a breaker: a refused key, or failures. */
  readonly opened_by?: 'denied' | 'failures';
  /** Of a limit: its name and its window. */
  readonly limit?: string;
  readonly times?: number;
}

/** One HTTP exchange of an attempt. A part that was not reached, or is not measured, is absent. */
export interface TracedRequest {
  readonly at_ms: number;
  /** Until a connection was there: the wait for a free one, or the making of a new one with its name and its TLS. */
  readonly connect_ms?: number;
  /** From there to the head of the reply. */
  readonly first_byte_ms?: number;
  /** From the head to the end of the body. */
  readonly body_ms?: number;
  readonly status_code?: number;
  /** What became of it where no whole reply came. */
  readonly fault?: string;
}

export interface AttemptStep {
  readonly kind: 'attempt';
  readonly at_ms: number;
  readonly duration_ms: number;
  readonly service_name: string;
  /** At this provider, from 1. */
  readonly number: number;
  /** `ok`, `empty`, or how it failed: `timeout`, `unreachable`, `unusable`, `throttled`, `denied`, … */
  readonly outcome: string;
  readonly requests: readonly TracedRequest[];
}

/** The pause before a provider was asked once more. */
export interface RetryStep {
  readonly kind: 'retry';
  readonly at_ms: number;
  readonly duration_ms: number;
  readonly service_name: string;
}

export type TraceStep = CacheStep | WaitStep | SkippedStep | AttemptStep | RetryStep;

/** Times of steps are milliseconds after the start. */
export interface KeptTrace {
  /** Unix milliseconds. */
  readonly started_at_ms: number;
  readonly steps: readonly TraceStep[];
  /** How many steps were left out for their size: those in the middle. */
  readonly cut?: number;
}

export interface CallTrace {
  readonly startedAtMs: number;
  add(step: TraceStep): void;
  /** The same wait as the last one, with nothing asked in between, makes that one longer. */
  addWait(wait: Omit<WaitStep, 'kind' | 'times'>): void;
  /** The same reason as the last time, with nothing asked in between, is counted. */
  addSkipped(skipped: Omit<SkippedStep, 'kind' | 'times'>): void;
  /** The answer of the last attempt went on until then (milliseconds after the start). */
  endedLater(endMs: number): void;
  kept(): KeptTrace;
}

/** Far more than a call has; what loops for longer is merged. */
const maxSteps = 64;

export function createCallTrace(startedAtMs: number): CallTrace {
  const steps: TraceStep[] = [];
  let cut = 0;

  const add = (step: TraceStep): void => {
    if (steps.length === maxSteps) {
      steps.splice(maxSteps / 2, 1);
      cut += 1;
    }
    steps.push(step);
  };
  /** Where the last such step is, unless a provider was asked after it; -1 where there is none. */
  const lastAlike = (isAlike: (step: TraceStep) => boolean): number => {
    const askedLast = steps.findLastIndex(({ kind }) => kind === 'attempt');
    const place = steps.findLastIndex(isAlike);
    return place > askedLast ? place : -1;
  };

  return {
    startedAtMs,
    add,
    addWait(wait) {
      const place = lastAlike(
        (step) => step.kind === 'wait' && step.for === wait.for && step.service_name === wait.service_name,
      );
      const before = steps[place];
      if (before?.kind !== 'wait') return add({ kind: 'wait', ...wait });
      const durationMs = wait.at_ms + wait.duration_ms - before.at_ms;
      steps[place] = { ...before, duration_ms: durationMs, times: (before.times ?? 1) + 1 };
    },
    addSkipped(skipped) {
      const place = lastAlike(
        (step) =>
          step.kind === 'skipped' && step.service_name === skipped.service_name && step.reason === skipped.reason,
      );
      const before = steps[place];
      if (before?.kind !== 'skipped') return add({ kind: 'skipped', ...skipped });
      steps[place] = { ...before, ...skipped, at_ms: before.at_ms, times: (before.times ?? 1) + 1 };
    },
    endedLater(endMs) {
      const place = steps.findLastIndex(({ kind }) => kind === 'attempt');
      const attempt = steps[place];
      if (attempt?.kind !== 'attempt') return;
      const { requests, ...rest } = attempt;
      const last = requests.at(-1);
      const readFrom = last === undefined ? 0 : last.at_ms + (last.connect_ms ?? 0) + (last.first_byte_ms ?? 0);
      steps[place] = {
        ...rest,
        duration_ms: Math.max(attempt.duration_ms, endMs - attempt.at_ms),
        requests:
          last === undefined
            ? requests
            : [...requests.slice(0, -1), { ...last, body_ms: Math.max(0, endMs - readFrom) }],
      };
    },
    kept: () => ({ started_at_ms: startedAtMs, steps, ...(cut === 0 ? {} : { cut }) }),
  };
}

/** JSON that has at most so many bytes. */
const maxBytes = 2_048;

/** As it is stored: whole, or without as many steps of its middle as are too many. */
export function renderTrace(trace: KeptTrace): string {
  const steps = [...trace.steps];
  let cut = trace.cut ?? 0;
  for (;;) {
    const text = JSON.stringify({ ...trace, steps, ...(cut === 0 ? {} : { cut }) });
    if (Buffer.byteLength(text) <= maxBytes || steps.length === 0) return text;
    steps.splice(Math.floor(steps.length / 2), 1);
    cut += 1;
  }
}
