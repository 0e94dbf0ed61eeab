/**
 * Allows one refresh at a time per answer, over all replicas, and pauses after a failed one: an expired answer may be
 * served many times, but its provider is asked once.
 *
 * While the shared store is away, each replica decides by its own knowledge.
 */
import { randomUUID } from 'node:crypto';
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';

/** After this time an unfinished refresh, whose replica may have died, no longer blocks others. */
const holdMs = 60_000;
const pauseAfterFailureMs = 5_000;
const lookAgainMs = 1_000;
const maxKnown = 10_000;

export interface RefreshClaims {
  /** null: a refresh is in progress or has just failed. Otherwise call the result when the refresh has ended. */
  claim(tenantId: TenantId, cacheKey: string): Promise<((isRefreshed: boolean) => Promise<void>) | null>;
}

export function createRefreshClaims(deps: {
  readonly store: Pick<SharedStore, 'setIfAbsent' | 'deleteIfEqual' | 'extendIfEqual'>;
  readonly clock: Clock;
}): RefreshClaims {
  const { store, clock } = deps;
  const heldUntilMs = new Map<string, number>();
  const hold = (cacheKey: string, forMs: number): void =>
    setBounded(heldUntilMs, cacheKey, clock.now() + forMs, maxKnown);

  return {
    async claim(tenantId, cacheKey) {
      if ((heldUntilMs.get(cacheKey) ?? 0) > clock.now()) return null;
      hold(cacheKey, holdMs);
      const key = `cache-refresh:{${tenantId}}:${cacheKey}`;
      const token = randomUUID();
      if (!(await orWithoutStore(store.setIfAbsent(key, token, holdMs)))) {
        hold(cacheKey, lookAgainMs);
        return null;
      }
      return async (isRefreshed) => {
        if (isRefreshed) heldUntilMs.delete(cacheKey);
        else hold(cacheKey, pauseAfterFailureMs);
        await orWithoutStore(
          isRefreshed ? store.deleteIfEqual(key, token) : store.extendIfEqual(key, token, pauseAfterFailureMs),
        );
      };
    },
  };
}

/** True if the store is away. */
async function orWithoutStore(answer: Promise<boolean>): Promise<boolean> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StoreAway) return true;
    throw error;
  }
}
