/**
 * The distance between requests to a provider whose service has no rate limit of its own and whose vendor asks for a pace.
 * Counted in this process: over replicas the minute's limit holds, which Redis counts.
 */
import { setBounded } from '../bounded-map.ts';
import { hasOwnLimits } from '../limits/limit-subjects.ts';
import type { Provider } from './resolve-providers.ts';

const maxServices = 10_000;
/** Longer than that nobody waits for a turn: the next provider is asked. */
const longestWaitMs = 5_000;
/** By service: when the next request may go, Unix milliseconds. */
const nextAtMs = new Map<string, number>();

/** Takes the next turn, and says how long it is away: 0 where the provider has no pace; null where too many wait. */
export function takeTurn({ service, adapter }: Provider, nowMs: number): number | null {
  const pace = adapter.facts.defaultLimit;
  if (pace === null || hasOwnLimits(service)) return 0;
  const atMs = Math.max(nowMs, nextAtMs.get(service.id) ?? 0);
  if (atMs - nowMs > longestWaitMs) return null;
  setBounded(nextAtMs, service.id, atMs + pace.minIntervalMs, maxServices);
  return atMs - nowMs;
}
