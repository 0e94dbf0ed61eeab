/** The turn of a request at a provider whose service has no rate limit of its own and whose vendor asks for a pace. */
import { hasOwnLimits } from '../limits/limit-subjects.ts';
import type { RequestPace } from '../limits/request-pace.ts';
import type { Provider } from './resolve-providers.ts';

/** Takes the next turn, and says how many milliseconds away it is: 0 where there is no pace; null where too many wait. */
export function takeTurn(pace: RequestPace, { service, adapter }: Provider): number | Promise<number | null> {
  const { defaultLimit } = adapter.facts;
  if (defaultLimit === null || hasOwnLimits(service)) return 0;
  return pace.takeTurn(service.id, defaultLimit.minIntervalMs);
}
