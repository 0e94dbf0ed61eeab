import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  advance(durationMs: number): void;
  set(atMs: number): void;
}

export function createManualClock(startMs: number = Date.UTC(2026, 10, 22, 12)): ManualClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance(durationMs) {
      nowMs += durationMs;
    },
    set(atMs) {
      nowMs = atMs;
    },
  };
}
