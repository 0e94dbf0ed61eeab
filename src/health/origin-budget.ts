/** Limits how many probes an origin gets per minute, over all tenants' services. Remembers only the current minute. */
import type { Clock } from '../clock.ts';

const minuteMs = 60_000;

/** Returns a function that counts a probe and tells whether it may be sent. */
export function createOriginBudget(clock: Clock, perMinute: number): (origin: string) => boolean {
  let spent = new Map<string, number>();
  let endsAtMs = 0;
  return (origin) => {
    const nowMs = clock.now();
    if (nowMs >= endsAtMs) {
      spent = new Map();
      endsAtMs = nowMs + minuteMs;
    }
    const before = spent.get(origin) ?? 0;
    if (before >= perMinute) return false;
    spent.set(origin, before + 1);
    return true;
  };
}
