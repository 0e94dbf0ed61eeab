/**
 * Detects stalls of the event loop, during which all requests wait. A timer that fires late reveals them; they are
 * counted and logged.
 */
import type { Logger } from '../logger.ts';
import type { Metrics } from './metrics.ts';

export interface StallWatchDeps {
  readonly metrics: Pick<Metrics, 'eventLoopStalled'>;
  readonly logger: Pick<Logger, 'warn'>;
  readonly now?: () => number;
}

/** The stalls of the last five minutes. */
export interface RecentStalls {
  readonly count: number;
  readonly longestMs: number;
}

export interface StallWatch {
  recent(): RecentStalls;
  /** Runs `run`; the time for which it blocks the event loop counts as no stall. */
  excuse(run: () => void): void;
  close(): void;
}

const intervalMs = 50;
/** Shorter ones are normal: garbage collection. */
const stallMs = 200;
/** Longer ones are not stalls: the machine slept, or the process was suspended. */
const longestStallMs = 300_000;
const rememberedMs = 300_000;
/** At most this many are counted within the time. */
const maxRemembered = 1_000;

/** Starts the timer. */
export function startStallWatch({ metrics, logger, now = () => performance.now() }: StallWatchDeps): StallWatch {
  let lastMs = now();
  let stalls: { readonly atMs: number; readonly durationMs: number }[] = [];
  const measure = (): void => {
    const nowMs = now();
    const lateMs = nowMs - lastMs - intervalMs;
    lastMs = nowMs;
    if (lateMs < stallMs || lateMs > longestStallMs) return;
    metrics.eventLoopStalled(lateMs);
    stalls = [...stalls.slice(1 - maxRemembered), { atMs: nowMs, durationMs: lateMs }];
    logger.warn({ stall_ms: Math.round(lateMs) }, 'the event loop stalled');
  };
  const timer = setInterval(measure, intervalMs).unref();
  const recent = (): RecentStalls => {
    stalls = stalls.filter(({ atMs }) => now() - atMs < rememberedMs);
    return { count: stalls.length, longestMs: Math.max(0, ...stalls.map(({ durationMs }) => durationMs)) };
  };
  return {
    recent,
    excuse(run) {
      run();
      lastMs = now();
    },
    close: () => clearInterval(timer),
  };
}
