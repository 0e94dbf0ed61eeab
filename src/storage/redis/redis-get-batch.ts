/**
 * Batches all keys read within one event-loop turn into one MGET: one round trip, and a tenth of the work for Redis.
 */
import type { RedisConnection } from './redis-connection.ts';

/** A longer command would block Redis for others; further keys go into a second command. */
const maxKeysPerCommand = 512;

type Waiter = PromiseWithResolvers<Buffer | null>;

export function createGetBatch(connection: RedisConnection): (key: string) => Promise<Buffer | null> {
  /** Bounded by the callers of one turn. */
  let waiting = new Map<string, Waiter>();

  const send = async (batch: Map<string, Waiter>): Promise<void> => {
    const keys = [...batch.keys()];
    try {
      const values = await connection.run((client) => getAll(client, connection.isCluster, keys));
      for (const [index, key] of keys.entries()) batch.get(key)?.resolve(ownBytes(values[index] ?? null));
    } catch (error) {
      for (const waiter of batch.values()) waiter.reject(error);
    }
  };

  const flush = (): void => {
    const batch = waiting;
    waiting = new Map();
    void send(batch);
  };

  return (key) => {
    const known = waiting.get(key);
    if (known !== undefined) return known.promise;
    // Not a microtask: requests that arrive in one turn are separate callbacks, and each ends its own microtasks.
    if (waiting.size === 0) setImmediate(flush);
    const waiter = Promise.withResolvers<Buffer | null>();
    waiting.set(key, waiter);
    if (waiting.size >= maxKeysPerCommand) {
      const full = waiting;
      // An immediate that is already scheduled finds an empty map, or the next keys of this turn.
      waiting = new Map();
      void send(full);
    }
    return waiter.promise;
  };
}

function getAll(
  client: RedisConnection['client'],
  isCluster: boolean,
  keys: string[],
): Promise<readonly (Buffer | null)[]> {
  // A cluster refuses keys of several slots in one command. The single commands still leave in one write.
  return isCluster ? Promise.all(keys.map((key) => client.getBuffer(key))) : client.mgetBuffer(keys);
}

/** The parser returns slices of the socket's read buffer: keeping a small one in a cache would keep 64 KiB alive. */
function ownBytes(value: Buffer | null): Buffer | null {
  if (value === null || value.byteLength * 2 >= value.buffer.byteLength) return value;
  return Buffer.from(value);
}
