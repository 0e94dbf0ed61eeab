/** All keys asked for within one turn of the event loop go in one MGET: one round trip, and a tenth of Redis's work. */
import type { RedisConnection } from './redis-connection.ts';

/** A longer command would hold Redis up for others; what is beyond it goes in a second one. */
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
      // The immediate that is already set finds an empty map, or the next keys of this turn.
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
  // A cluster refuses keys of several slots in one command; single ones are written together all the same.
  return isCluster ? Promise.all(keys.map((key) => client.getBuffer(key))) : client.mgetBuffer(keys);
}

/** The parser hands out slices of whatever the socket read: kept in a cache, a small one would hold 64 KiB alive. */
function ownBytes(value: Buffer | null): Buffer | null {
  if (value === null || value.byteLength * 2 >= value.buffer.byteLength) return value;
  return Buffer.from(value);
}
