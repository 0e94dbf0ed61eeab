/**
 * The trace of a call, step by step, stored with the call's first audit row. A step is a plain object, and no call
 * waits for it. A trace contains only services, codes and times, and no text of callers or providers.
 */
import type { Shown } from '../schema-parts.ts';
import type { attemptStep, requestSchema, retryStep, skippedStep, waitStep } from './call-steps-schema.ts';

/** One cache layer that was asked and had no fresh answer. */
interface CacheStep {
  readonly kind: 'cache';
  readonly at_ms: number;
  readonly duration_ms: number;
  readonly layer: 'memory' | 'redis' | 'postgres';
  /** `expired`: the answer was past its TTL. `unavailable`: the layer is away or not trusted at the moment. */
  readonly outcome: 'miss' | 'expired' | 'unavailable';
  /** The age of the expired answer, in whole seconds. */
  readonly age_seconds?: number;
}

export type WaitStep = Shown<typeof waitStep>;
export type SkippedStep = Shown<typeof skippedStep>;
export type TracedRequest = Shown<typeof requestSchema>;
type AttemptStep = Omit<Shown<typeof attemptStep>, 'log_id'>;
type RetryStep = Shown<typeof retryStep>;

export type TraceStep = CacheStep | WaitStep | SkippedStep | AttemptStep | RetryStep;

/** A finished trace. Times of steps are milliseconds after the start. */
export interface KeptTrace {
  /** Unix milliseconds. */
  readonly started_at_ms: number;
  readonly steps: readonly TraceStep[];
  /** Number of steps in the middle that were dropped to save space. */
  readonly cut?: number;
}

/** The trace of a running call. */
export interface CallTrace {
  readonly startedAtMs: number;
  add(step: TraceStep): void;
  /** Adds a wait, or extends the last one if it has the same reason and no provider was asked in between. */
  addWait(wait: Omit<WaitStep, 'kind' | 'times'>): void;
  /** Adds a skip, or counts the last one again if it has the same reason and no provider was asked in between. */
  addSkipped(skipped: Omit<SkippedStep, 'kind' | 'times'>): void;
  /** Extends the last attempt to `endMs` (milliseconds after the start), because its response was streamed. */
  endedLater(endMs: number): void;
  kept(): KeptTrace;
}

/** Far more than a real call has; repeated steps are merged. */
const maxSteps = 64;

/** Starts an empty trace. */
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
  /** The index of the last such step; -1 if there is none, or a provider was asked after it. */
  const findMergeable = (isAlike: (step: TraceStep) => boolean): number => {
    const askedLast = steps.findLastIndex(({ kind }) => kind === 'attempt');
    const place = steps.findLastIndex(isAlike);
    return place > askedLast ? place : -1;
  };

  return {
    startedAtMs,
    add,
    addWait(wait) {
      const place = findMergeable(
        (step) => step.kind === 'wait' && step.for === wait.for && step.service_name === wait.service_name,
      );
      const before = steps[place];
      if (before?.kind !== 'wait') return add({ kind: 'wait', ...wait });
      const durationMs = wait.at_ms + wait.duration_ms - before.at_ms;
      steps[place] = { ...before, duration_ms: durationMs, times: (before.times ?? 1) + 1 };
    },
    addSkipped(skipped) {
      const place = findMergeable(
        (step) =>
          step.kind === 'skipped' &&
          step.service_name === skipped.service_name &&
          step.reason === skipped.reason &&
          step.is_share === skipped.is_share,
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

/** Maximum size of the JSON. */
const maxBytes = 2_048;

/** Renders the trace for storage; drops steps in the middle until it fits. */
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
