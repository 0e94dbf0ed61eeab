/**
 * Messages between replicas, on a dedicated connection (a subscribed connection can send nothing else). Redis keeps no
 * messages for a disconnected subscriber, so after each reconnect every listener is called with null. A dead connection
 * looks like a quiet channel, so it is pinged.
 */
import type { Logger } from '../../logger.ts';
import { createClient } from './redis-connection.ts';

type Listener = (message: string | null) => void;

export interface RedisSubscriptions {
  subscribe(channel: string, onMessage: Listener): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const pingIntervalMs = 1_000;
const pingDeadlineMs = 1_000;
/**
 * How long a new subscriber waits for a connection before it starts without one; a later null reports the connection.
 */
const firstConnectionWaitMs = 1_000;

export function openRedisSubscriptions(urls: readonly string[], logger: Logger): RedisSubscriptions {
  /** One entry per subscription of the program; none per request. */
  const listeners = new Map<string, Set<Listener>>();
  const missed = new Set<Listener>();
  const client = createClient(urls);
  let connected = false;
  let pinging = false;
  const firstConnection = Promise.withResolvers<void>();

  const tell = (listener: Listener, message: string | null): void => {
    try {
      listener(message);
    } catch (error) {
      logger.error({ err: error }, 'a listener for messages between replicas failed');
    }
  };

  /** Subscribes all channels, including those added while the first are being subscribed. */
  const subscribeAll = async (): Promise<void> => {
    const subscribed = new Set<string>();
    for (;;) {
      const channels = [...listeners.keys()].filter((channel) => !subscribed.has(channel));
      if (channels.length === 0) return;
      await client.subscribe(...channels);
      for (const channel of channels) subscribed.add(channel);
    }
  };

  client.on('error', () => {}); // The other connection reports the same server's faults.
  client.on('message', (channel: string, message: string) => {
    for (const listener of listeners.get(channel) ?? []) tell(listener, message);
  });
  client.on('close', () => {
    connected = false;
    for (const set of listeners.values()) for (const listener of set) missed.add(listener);
  });
  client.on('ready', async () => {
    try {
      await subscribeAll();
      connected = true;
    } catch (cause) {
      logger.warn({ err: cause }, 'could not subscribe at Redis');
      client.disconnect(true);
      return;
    }
    firstConnection.resolve();
    for (const listener of [...missed]) {
      missed.delete(listener);
      tell(listener, null);
    }
  });

  const pingTimer = setInterval(async () => {
    if (!connected || pinging) return;
    pinging = true;
    const answered = await settlesWithin(client.ping(), pingDeadlineMs);
    pinging = false;
    if (!answered && connected) client.disconnect(true);
  }, pingIntervalMs);
  pingTimer.unref();

  return {
    async subscribe(channel, onMessage) {
      const set = listeners.get(channel) ?? new Set();
      const isNew = set.size === 0;
      set.add(onMessage);
      listeners.set(channel, set);
      if (connected) {
        if (isNew && !(await settlesWithin(client.subscribe(channel), pingDeadlineMs))) client.disconnect(true);
      } else {
        await settlesWithin(firstConnection.promise, firstConnectionWaitMs);
        if (!connected) missed.add(onMessage);
      }
      return async () => {
        set.delete(onMessage);
        missed.delete(onMessage);
        if (set.size > 0) return;
        listeners.delete(channel);
        if (connected) await settlesWithin(client.unsubscribe(channel), pingDeadlineMs);
      };
    },

    async close() {
      clearInterval(pingTimer);
      client.disconnect();
    },
  };
}

/** Returns false if `promise` rejects or takes longer. */
async function settlesWithin(promise: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, false);
  });
  const answered = promise.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}
