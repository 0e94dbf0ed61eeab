/**
 * LISTEN on one dedicated connection. A lost connection is reopened with growing pauses; then every listener is called
 * with null, because notifications may be lost. A dead connection (a router that dropped it, a server that moved) looks
 * like a quiet channel, so a heartbeat checks it. `listen` resolves when the server has confirmed, or at once while the
 * database is away: the listener then starts with the reconnect, and its first call is that null.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../../logger.ts';

type Listener = (payload: string | null) => void;

export interface Notifications {
  listen(channel: string, onNotify: Listener): Promise<() => Promise<void>>;
  /** Drops the connection, because its server is silent. */
  drop(): void;
  /** Ends the pause before the next attempt. */
  wake(): void;
  close(): Promise<void>;
}

const channelPattern = /^[a-z_][a-z0-9_]{0,62}$/;
const firstPauseMs = 250;
const maxPauseMs = 5_000;
/** Interval between two heartbeats; each has the statement's own deadline. */
const heartbeatMs = 5_000;

export function createNotifications(deps: { config: pg.ClientConfig; logger: Logger }): Notifications {
  /** Bounded by the code: one entry per subscription of the program, none per request. */
  const listeners = new Map<string, Set<Listener>>();
  /** Listeners whose channel was without a connection meanwhile. */
  const missed = new Set<Listener>();
  let client: pg.Client | null = null;
  let running: Promise<void> | null = null;
  let pause = new AbortController();
  let closed = false;
  const firstAttempt = Promise.withResolvers<void>();

  const tell = (listener: Listener, payload: string | null): void => {
    try {
      listener(payload);
    } catch (error) {
      deps.logger.error({ err: error }, 'a listener for database notifications failed');
    }
  };

  const markAllMissed = (): void => {
    for (const set of listeners.values()) for (const listener of set) missed.add(listener);
  };

  const connectOnce = async (): Promise<void> => {
    const connecting = new pg.Client(deps.config);
    connecting.on('error', (cause) => {
      if (!closed) deps.logger.warn({ err: cause }, 'the listening database connection was lost');
    });
    connecting.on('notification', ({ channel, payload }) => {
      for (const listener of listeners.get(channel) ?? []) tell(listener, payload ?? '');
    });
    const ended = new Promise<void>((resolve) => connecting.once('end', resolve));
    try {
      await connecting.connect();
      for (const channel of listeners.keys()) await connecting.query(`listen ${channel}`);
      client = connecting;
      // `close` was called meanwhile: end the connection here, because close() waits for its end.
      if (closed) connecting.connection.stream.destroy();
    } catch (error) {
      connecting.connection.stream.destroy();
      throw error;
    }
    firstAttempt.resolve();
    for (const listener of [...missed]) {
      missed.delete(listener);
      tell(listener, null);
    }
    let asking = false;
    const heartbeat = setInterval(async () => {
      if (asking) return;
      asking = true;
      await connecting.query('select').catch(() => connecting.connection.stream.destroy());
      asking = false;
    }, heartbeatMs);
    heartbeat.unref();
    await ended;
    clearInterval(heartbeat);
    client = null;
    markAllMissed();
  };
  const run = async (): Promise<void> => {
    let pauseMs = firstPauseMs;
    while (!closed) {
      try {
        await connectOnce();
        pauseMs = firstPauseMs;
      } catch (cause) {
        markAllMissed();
        if (!closed) deps.logger.warn({ err: cause }, 'no connection to listen for database notifications');
        firstAttempt.resolve();
      }
      if (closed) return;
      await delay(pauseMs, undefined, { signal: pause.signal, ref: false }).catch(() => {});
      pause = new AbortController();
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    }
  };

  return {
    async listen(channel, onNotify) {
      if (!channelPattern.test(channel)) throw new Error(`invalid notification channel name: ${channel}`);
      const set = listeners.get(channel) ?? new Set();
      const isNew = set.size === 0;
      set.add(onNotify);
      listeners.set(channel, set);
      if (running === null) running = run();
      if (client === null) {
        await firstAttempt.promise;
        if (client === null) missed.add(onNotify);
      } else if (isNew) {
        await client.query(`listen ${channel}`).catch(() => missed.add(onNotify));
      }
      return async () => {
        set.delete(onNotify);
        missed.delete(onNotify);
        if (set.size > 0) return;
        listeners.delete(channel);
        await client?.query(`unlisten ${channel}`).catch(() => {});
      };
    },
    drop: () => client?.connection.stream.destroy(),
    wake: () => pause.abort(),
    async close() {
      closed = true;
      pause.abort();
      client?.connection.stream.destroy();
      await running;
    },
  };
}
