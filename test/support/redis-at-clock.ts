import { Redis } from 'ioredis';
import type { Clock } from '../../src/clock.ts';
import { openRedisStore } from '../../src/storage/redis/redis-store.ts';
import type { LuaScript, SharedStore } from '../../src/storage/redis/shared-store.ts';
import { type Cleanup, silentLogger } from './database.ts';
import { busyMachineDeadlineMs, redisUrl, uniquePrefix } from './redis.ts';

/** The store with scripts that read `clock` instead of Redis's own time; replaced in their text, for tests only. */
function withScriptsAt(store: SharedStore, clock: Clock): SharedStore {
  const textAt = (script: LuaScript): LuaScript => ({
    name: script.name,
    lua: script.lua
      .replace("local time = redis.call('TIME')", 'local time = { ARGV[#ARGV], 0 }\nARGV[#ARGV] = nil')
      .replace('time[1] * 1000 + floor(time[2] / 1000)', 'tonumber(time[1])'),
  });
  return {
    ...store,
    runScript: (script, keys, args) => store.runScript(textAt(script), keys, [...args, clock.now()]),
  };
}

/**
 * Stores for several replicas over one set of keys, which are removed after `t`. Their clock is not the machine's: if a
 * test moves it far, a deadline missed by a busy machine costs much of its time, so the deadline is a long one.
 */
export function redisAtClock(t: Cleanup, clock: Clock) {
  const prefix = uniquePrefix();
  t.after(() => removeKeys(redisUrl, prefix));
  return {
    prefix,
    async openStore(url = redisUrl): Promise<SharedStore> {
      const store = await openRedisStore({
        urls: [url],
        logger: silentLogger,
        prefix,
        deadlineMs: busyMachineDeadlineMs,
      });
      t.after(() => store.close());
      return withScriptsAt(store, clock);
    },
  };
}

export async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) {
    if ((keys as string[]).length > 0) await redis.del(keys as string[]);
  }
  redis.disconnect();
}
