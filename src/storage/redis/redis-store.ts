/** `SharedStore` over Redis, or a Redis cluster. */
import { createHash, randomUUID } from 'node:crypto';
import { getOrCreate } from '../../bounded-map.ts';
import type { Logger } from '../../logger.ts';
import { openRedisConnection, type RedisConnection } from './redis-connection.ts';
import { createGetBatch } from './redis-get-batch.ts';
import { openRedisSubscriptions } from './redis-subscriptions.ts';
import { startReplicaHeartbeat } from './replica-heartbeat.ts';
import type { LuaScript, SharedStore } from './shared-store.ts';

export interface OpenRedisStoreOptions {
  /** One URL (`redis://user:password@host:port/db`, `rediss://…`), or several nodes of one cluster. */
  readonly urls: readonly string[];
  readonly logger: Logger;
  /** Prefix of every key and channel, so that other programs may share the server. */
  readonly prefix?: string;
  /** The deadline of each command. Default 50. */
  readonly deadlineMs?: number;
}

const defaultPrefix = 'is:';
/** How long a start waits for Redis before it continues without it. */
const firstConnectionWaitMs = 1_000;

const deleteIfEqualScript: LuaScript = {
  name: 'delete-if-equal',
  lua: `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`,
};
const extendIfEqualScript: LuaScript = {
  name: 'extend-if-equal',
  lua: `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`,
};
const incrementScript: LuaScript = {
  name: 'increment',
  lua: `local value = redis.call('incrby', KEYS[1], ARGV[1])
if redis.call('pttl', KEYS[1]) < 0 then redis.call('pexpire', KEYS[1], ARGV[2]) end
return value`,
};

/**
 * Resolves when Redis is connected, or after a second without a connection: the store is then away until Redis
 * connects.
 */
export async function openRedisStore(options: OpenRedisStoreOptions): Promise<SharedStore> {
  const prefix = options.prefix ?? defaultPrefix;
  const connection = openRedisConnection({ ...options, prefix });
  const subscriptions = openRedisSubscriptions(options.urls, options.logger);
  await firstConnection(connection);

  const runScript = createScriptRunner(connection, prefix);
  const get = createGetBatch(connection);
  const publish: SharedStore['publish'] = async (channel, message) => {
    await connection.run((client) => client.publish(prefix + channel, message));
  };
  const subscribe: SharedStore['subscribe'] = (channel, onMessage) =>
    subscriptions.subscribe(prefix + channel, onMessage);
  const heartbeat = await startReplicaHeartbeat({ replicaId: randomUUID(), runScript, publish, subscribe });

  return {
    kind: 'redis',
    isCluster: connection.isCluster,
    isAvailable: connection.isAvailable,
    wasAvailable: connection.wasAvailable,
    problem: connection.problem,
    get: (key) => get(prefix + key),

    async set(key, value, ttlMs) {
      await connection.run((client) => client.set(prefix + key, value, 'PX', wholeTtlMs(ttlMs)));
    },

    async delete(keys) {
      if (keys.length === 0) return;
      const full = keys.map((key) => prefix + key);
      // A cluster refuses keys of several slots in one command.
      const groups = connection.isCluster ? full.map((key) => [key]) : [full];
      await connection.run((client) => Promise.all(groups.map((group) => client.del(group))));
    },

    async setIfAbsent(key, value, ttlMs) {
      const answer = await connection.run((client) => client.set(prefix + key, value, 'PX', wholeTtlMs(ttlMs), 'NX'));
      return answer === 'OK';
    },

    deleteIfEqual: async (key, value) => (await runScript(deleteIfEqualScript, [key], [value])) === 1,
    extendIfEqual: async (key, value, ttlMs) =>
      (await runScript(extendIfEqualScript, [key], [value, wholeTtlMs(ttlMs)])) === 1,
    increment: async (key, by, ttlMs) => Number(await runScript(incrementScript, [key], [by, wholeTtlMs(ttlMs)])),

    publish,
    subscribe,
    replicasSeen: heartbeat.replicasSeen,
    runScript,

    async close() {
      await heartbeat.close();
      await subscriptions.close();
      await connection.close();
    },
  };
}

/**
 * Runs a script by its SHA. The text is sent only to a server that does not know it: a new one, or one that was
 * flushed.
 */
function createScriptRunner(connection: RedisConnection, prefix: string): SharedStore['runScript'] {
  /** One entry per script of the program. */
  const shaOf = new Map<string, string>();
  return async (script, keys, args) => {
    const sha = getOrCreate(shaOf, script.lua, () => createHash('sha1').update(script.lua).digest('hex'));
    const known = sha;
    const rest = [...keys.map((key) => prefix + key), ...args];
    try {
      return await connection.run((client) => client.evalsha(known, keys.length, ...rest));
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return connection.run((client) => client.eval(script.lua, keys.length, ...rest));
    }
  };
}

/** Redis refuses fractions and zero as a time to live. */
function wholeTtlMs(ttlMs: number): number {
  return Math.max(1, Math.ceil(ttlMs));
}

async function firstConnection({ client }: RedisConnection): Promise<void> {
  if (client.status === 'ready') return;
  const ready = Promise.withResolvers<void>();
  const timer = setTimeout(ready.resolve, firstConnectionWaitMs);
  client.once('ready', ready.resolve);
  await ready.promise;
  clearTimeout(timer);
  client.removeListener('ready', ready.resolve);
}
