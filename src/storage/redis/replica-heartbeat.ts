/**
 * Counts the live replicas: each writes a heartbeat into a shared list every two seconds and counts the recent ones. A
 * new replica announces itself at once: until the others count it, all shares of a limit add up to too much.
 */
import type { LuaScript, SharedStore } from './shared-store.ts';

export interface ReplicaHeartbeat {
  replicasSeen(): number;
  /** Removes this replica from the list, so that the others need not wait for its heartbeat to expire. */
  close(): Promise<void>;
}

const joinChannel = 'replica-joined';
const intervalMs = 2_000;
/** Three missed heartbeats and a margin. */
const aliveMs = 7_000;

const signScript: LuaScript = {
  name: 'replica-sign',
  lua: `local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('zremrangebyscore', KEYS[1], '-inf', now - ARGV[2])
redis.call('zadd', KEYS[1], now, ARGV[1])
redis.call('pexpire', KEYS[1], ARGV[2])
return redis.call('zcard', KEYS[1])`,
};
const strikeOffScript: LuaScript = {
  name: 'replica-strike-off',
  lua: `return redis.call('zrem', KEYS[1], ARGV[1])`,
};

/**
 * Writes the first heartbeat before it resolves. While Redis is away the last count stays: a share too small is safer
 * than one too large.
 */
export async function startReplicaHeartbeat(
  deps: { readonly replicaId: string } & Pick<SharedStore, 'runScript' | 'publish' | 'subscribe'>,
): Promise<ReplicaHeartbeat> {
  let seen = 1;
  const sign = async (): Promise<void> => {
    try {
      seen = Math.max(1, Number(await deps.runScript(signScript, ['replicas'], [deps.replicaId, aliveMs])));
    } catch {
      // Redis is away: the next heartbeat tries again.
    }
  };
  // null means that messages may be lost: count at once, because a replica may have joined.
  const unsubscribe = await deps.subscribe(joinChannel, (joined) => {
    if (joined !== deps.replicaId) void sign();
  });
  await sign();
  await deps.publish(joinChannel, deps.replicaId).catch(() => {}); // Away: the others' next beat counts it.
  const timer = setInterval(sign, intervalMs).unref();
  return {
    replicasSeen: () => seen,
    async close() {
      clearInterval(timer);
      await unsubscribe();
      await deps.runScript(strikeOffScript, ['replicas'], [deps.replicaId]).catch(() => {});
    },
  };
}
