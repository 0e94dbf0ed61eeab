/**
 * Limits how many unverified deliveries are recorded. Refused deliveries are visible with their reason, but a flood
 * must not fill a table: above these bounds only the metrics count them.
 */
import ipaddr from 'ipaddr.js';
import { setBounded } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';

export interface TraceBudget {
  /**
   * Counts a failure of this address; false if its share of the minute is used up. Never called for genuine deliveries,
   * so a flood from the same address does not affect them.
   */
  takeFailure(sourceAddress: string | null): boolean;
  /** Whether one more trace of this webhook and kind may be written in this minute. */
  takeTrace(webhookId: string, kind: 'refused' | 'ignored'): boolean;
}

export interface TraceBudgetOptions {
  readonly clock: Clock;
  /** `RATE_LIMIT_WEBHOOKS_PER_MINUTE`: half of it, but at least 100, may fail per source address and minute. */
  readonly perMinute: number;
  /** Traces written per webhook, kind and minute. Default 300. */
  readonly tracesPerMinute?: number;
}

const minuteMs = 60_000;
const fewestFailures = 100;
/** At the bound the oldest entry is dropped, and starts again. */
const maxKeys = 20_000;

export function createTraceBudget(options: TraceBudgetOptions): TraceBudget {
  // Half of the limit for genuine deliveries: a tenant with more deliveries also has more mistakes.
  const failures = createMinuteCounts(options.clock, Math.max(fewestFailures, Math.floor(options.perMinute / 2)));
  const traces = createMinuteCounts(options.clock, options.tracesPerMinute ?? 300);
  return {
    takeFailure: (sourceAddress) => failures.take(sourceAddress === null ? 'unknown' : networkOf(sourceAddress)),
    takeTrace: (webhookId, kind) => traces.take(`${webhookId} ${kind}`),
  };
}

/** An IPv6 sender controls a whole /64. */
function networkOf(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  return ipaddr.IPv6.parse(address).parts.slice(0, 4).join(':');
}

function createMinuteCounts(clock: Clock, perMinute: number): { take(key: string): boolean } {
  const counts = new Map<string, { sinceMs: number; count: number }>();
  return {
    take(key) {
      const nowMs = clock.now();
      const known = counts.get(key);
      if (known !== undefined && nowMs - known.sinceMs < minuteMs) {
        known.count += 1;
        return known.count <= perMinute;
      }
      setBounded(counts, key, { sinceMs: nowMs, count: 1 }, maxKeys);
      return true;
    },
  };
}
