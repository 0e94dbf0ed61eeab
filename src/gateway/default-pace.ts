/** Paces requests to a service without its own rate limit, if its vendor asks for a pace. */
import { hasOwnLimits } from '../limits/limit-subjects.ts';
import type { RequestPace } from '../limits/request-pace.ts';
import type { Provider } from './resolve-providers.ts';

/**
 * Takes the next turn and returns the milliseconds until then; 0 if the vendor has no pace; null if the turn is too far
 * away.
 */
export function takeTurn(pace: RequestPace, { service, adapter }: Provider): number | Promise<number | null> {
  const { defaultLimit } = adapter.facts;
  if (defaultLimit === null || hasOwnLimits(service)) return 0;
  return pace.takeTurn(service.id, defaultLimit.minIntervalMs);
}
