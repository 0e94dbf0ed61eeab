/**
 * The distance between requests to an account whose vendor asks for one, over all replicas: each request takes the next
 * turn, and Redis keeps when the last one is. What this process knows of the last turn counts too, so that a Redis that has
 * lost its memory, or is away, lets no request come early. While it is away each replica takes a turn as rarely as if all
 * others did so too: on average no more is sent, though two replicas may send at once.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { LuaScript, SharedStore } from '../storage/redis/shared-store.ts';

export interface RequestPace {
  /** Takes the next turn, and says in how many milliseconds it is. null: it is too far away, and none is taken. */
  takeTurn(account: string, intervalMs: number): Promise<number | null>;
}

/** At the bound the account that was asked longest ago is forgotten here; Redis still knows it. */
const maxAccounts = 10_000;
/** Longer than that no request waits for a turn: the next provider is asked. */
const longestWaitMs = 5_000;
/** What an answer of Redis may take: one replica learns of its turn late, and the next one at once. */
const answerMarginMs = 50;

/** KEYS: the account. ARGV: interval, longest wait, and in how long the next turn is as this replica knows it. Answers the wait, or -1. */
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

export function createRequestPace({
  store,
  clock,
}: {
  readonly store: Pick<SharedStore, 'kind' | 'isAvailable' | 'runScript' | 'replicasSeen'>;
  readonly clock: Clock;
}): RequestPace {
  /** By account: when the next request may go, Unix milliseconds by this process's clock. */
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
          // Taken here, below: a turn that Redis gave, and whose answer was lost, stays unused.
        }
      }
      return takeAlone(account, spacedMs * Math.max(1, store.replicasSeen()));
    },
  };
}
