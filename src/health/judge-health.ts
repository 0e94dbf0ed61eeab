/**
 * Derives a service's status from its attempts, in the order they were made:
 *
 *   unknown, healthy ──3 failures in a row, or a fifth of ≥ 10 in a minute──▶ degraded
 *   any ──6 failures in a row──▶ down
 *   any ──2 successes in a row──▶ healthy, and the window of a minute restarts
 *
 * The restart is the hysteresis: failures from before a recovery do not degrade the service again, and a service that
 * fails now and then changes its status at most once in ten attempts.
 */
import type { HealthStatus } from '../directory/service.ts';

/** One attempt at a service. */
export interface Attempted {
  readonly ok: boolean;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly durationMs: number;
  /** A description without secrets or addresses; null after a success. */
  readonly fault: string | null;
  /** True for a probe, which does not count as use. Default: a call's attempt. */
  readonly isProbe?: boolean;
}

/** Attempts of five seconds, counted together, so that a minute of any traffic is a few slices. */
export interface Slice {
  readonly at: number;
  readonly attempts: number;
  readonly failures: number;
  readonly duration_ms: number;
}

export interface HealthState {
  readonly status: HealthStatus;
  readonly failuresInRow: number;
  readonly successesInRow: number;
  /** Oldest first. */
  readonly lately: readonly Slice[];
  readonly lastError: string | null;
  /** When it became unhealthy, in Unix milliseconds; null if it is healthy or unknown. */
  readonly unhealthySinceMs: number | null;
  /** Unix milliseconds of the last attempt. */
  readonly checkedAtMs: number | null;
  /** Unix milliseconds of the last attempt that a call made. */
  readonly usedAtMs: number | null;
}

/** The state before the first attempt. */
export const unknownHealth: HealthState = {
  status: 'unknown',
  failuresInRow: 0,
  successesInRow: 0,
  lately: [],
  lastError: null,
  unhealthySinceMs: null,
  checkedAtMs: null,
  usedAtMs: null,
};

const windowMs = 60_000;
const sliceMs = 5_000;
const failuresToDegrade = 3;
const failuresToBeDown = 6;
const successesToRecover = 2;
const attemptsToRate = 10;
const failureRateToDegrade = 0.2;
/** Counters stop here; longer runs add no information. */
const longestRow = 1_000_000;

/** The state after one more attempt. */
export function afterAttempt(before: HealthState, attempt: Attempted): HealthState {
  const counted: HealthState = {
    ...before,
    failuresInRow: attempt.ok ? 0 : Math.min(longestRow, before.failuresInRow + 1),
    successesInRow: attempt.ok ? Math.min(longestRow, before.successesInRow + 1) : 0,
    lately: withAttempt(before.lately, attempt),
    lastError: attempt.ok ? before.lastError : attempt.fault,
    checkedAtMs: Math.max(before.checkedAtMs ?? 0, attempt.atMs),
    usedAtMs: attempt.isProbe === true ? before.usedAtMs : Math.max(before.usedAtMs ?? 0, attempt.atMs),
  };
  const status = statusOf(counted);
  if (status === before.status) return counted;
  if (status === 'healthy') {
    return { ...counted, status, unhealthySinceMs: null, lately: before.status === 'unknown' ? counted.lately : [] };
  }
  return { ...counted, status, unhealthySinceMs: before.unhealthySinceMs ?? attempt.atMs };
}

function statusOf(state: HealthState): HealthStatus {
  if (state.failuresInRow >= failuresToBeDown) return 'down';
  if (state.successesInRow >= successesToRecover) return 'healthy';
  if (state.status === 'down') return 'down';
  const { attempts, failures } = latelyOf(state);
  const failsOften = attempts >= attemptsToRate && failures >= attempts * failureRateToDegrade;
  return state.failuresInRow >= failuresToDegrade || failsOften ? 'degraded' : state.status;
}

/** The sums of the last minute. */
export function latelyOf({ lately }: Pick<HealthState, 'lately'>) {
  const sum = (of: (slice: Slice) => number): number => lately.reduce((total, slice) => total + of(slice), 0);
  return {
    attempts: sum(({ attempts }) => attempts),
    failures: sum(({ failures }) => failures),
    durationMs: sum(({ duration_ms }) => duration_ms),
  };
}

const emptySlice = { attempts: 0, failures: 0, duration_ms: 0 };

/**
 * Adds an attempt to its slice, because attempts of replicas arrive slightly out of order. Drops slices older than a
 * minute.
 */
function withAttempt(lately: readonly Slice[], { ok, atMs, durationMs }: Attempted): readonly Slice[] {
  const at = Math.floor(atMs / sliceMs) * sliceMs;
  const newest = lately.at(-1);
  const before = (newest?.at === at ? newest : lately.find((slice) => slice.at === at)) ?? emptySlice;
  const slice: Slice = {
    at,
    attempts: before.attempts + 1,
    failures: before.failures + (ok ? 0 : 1),
    duration_ms: before.duration_ms + Math.round(durationMs),
  };
  if (newest?.at === at) return [...lately.slice(0, -1), slice];
  const newestAt = Math.max(at, newest?.at ?? 0);
  return [...lately.filter((other) => other.at !== at), slice]
    .filter((other) => other.at > newestAt - windowMs)
    .sort((one, other) => one.at - other.at);
}
