/**
 * Keeps the minimum interval between requests to an account over all replicas, if its vendor requires one. Each request
 * takes the next turn; Redis stores the time of the last one. Each process also remembers it, so that no request comes
 * early if Redis lost its data. While Redis is away, each replica multiplies the interval by the number of replicas:
 * the average rate stays the same, though two replicas may send at once.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { LuaScript, SharedStore } from '../storage/redis/shared-store.ts';

export interface RequestPace {
  /**
   * Takes the next turn and returns the milliseconds until then. Returns null, without taking a turn, if it is more
   * than 5 s away.
   */
  takeTurn(account: string, intervalMs: number): Promise<number | null>;
}

/** At the bound the least recently used account is dropped here; Redis still has it. */
const maxAccounts = 10_000;
/** If the wait would be longer, the next provider is asked instead. */
const longestWaitMs = 5_000;
/** Added to the interval for the answer of Redis: one replica may learn of its turn late, and the next one at once. */
const answerMarginMs = 50;

/**
 * KEYS: the account. ARGV: the interval, the longest wait, and the wait as this replica knows it. Returns the wait, or
 * -1 if it is too long.
 */
const turnScript: LuaScript = {
  name: 'request-turn',
  lua: `local floor, max = math.floor, math.max
local interval, longest, known = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local wait = max(0, known, tonumber(redis.call('GET', KEYS[1]) or 0) - now)
if wait > longest then return -1 end
redis.call('SET', KEYS[1], string.format('%.0f', now + wait + interval), 'PX', floor(wait + interval) + 1)
return wait`,
};

/** Creates the pace; with an in-process store, turns are counted in this process only. */
export function createRequestPace({
  store,
  clock,
}: {
  readonly store: Pick<SharedStore, 'kind' | 'isAvailable' | 'runScript' | 'replicasSeen'>;
  readonly clock: Clock;
}): RequestPace {
  /** When the next request to each account may go, in Unix milliseconds of this process's clock. */
  const nextAtMs = new Map<string, number>();

  const keep = (account: string, atMs: number): void => setBounded(nextAtMs, account, atMs, maxAccounts);
  const knownWaitMs = (account: string): number => Math.max(0, (nextAtMs.get(account) ?? 0) - clock.now());

  const takeAlone = (account: string, intervalMs: number): number | null => {
    const waitMs = knownWaitMs(account);
    if (waitMs > longestWaitMs) return null;
    keep(account, clock.now() + waitMs + intervalMs);
    return waitMs;
  };

  return {
    async takeTurn(account, intervalMs) {
      if (store.kind === 'in-process') return takeAlone(account, intervalMs);
      const spacedMs = intervalMs + answerMarginMs;
      if (store.isAvailable()) {
        try {
          const args = [spacedMs, longestWaitMs, knownWaitMs(account)];
          const waitMs = Number(await store.runScript(turnScript, [`{${account}}:request-turn`], args));
          if (waitMs < 0) return null;
          keep(account, Math.max(nextAtMs.get(account) ?? 0, clock.now() + waitMs + spacedMs));
          return waitMs;
        } catch {
          // Take the turn locally, below. If Redis gave a turn but its answer was lost, that turn stays unused.
        }
      }
      return takeAlone(account, spacedMs * Math.max(1, store.replicasSeen()));
    },
  };
}
