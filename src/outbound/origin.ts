/** The origins that were called, each with its connection pool. */
import type { LookupFunction } from 'node:net';
// The package's main module also loads its fetch, WebSocket and caches: a tenth of a start.
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Logger } from '../logger.ts';

const keepAliveMs = 30_000;
const maxConnectMs = 10_000;

export interface Origin {
  readonly pool: Pool;
  /** Requests that the pool still holds, including cancelled ones in its queue. */
  pending: number;
}

export interface OriginLimits {
  /** Maximum number of pools; the least recently used one is closed for a new one. Default 256. */
  readonly maxOrigins?: number;
  /** Maximum sockets to one origin; streams hold theirs for a long time. Default 1,024. */
  readonly maxConnectionsPerOrigin?: number;
  readonly logger?: Logger;
}

export interface Origins {
  /** The origin, with a pool opened at its first use. */
  of(name: string): Origin;
  /** Waits for requests in progress, at most `graceMs`, then aborts them. */
  close(graceMs: number): Promise<void>;
}

/** Creates an empty set of origins. */
export function createOrigins(options: OriginLimits & { lookupOf(url: URL): LookupFunction }): Origins {
  const { maxOrigins = 256, maxConnectionsPerOrigin = 1_024, logger, lookupOf } = options;
  /** In order of use, least recently used first. */
  const origins = new Map<string, Origin>();

  const closeLeastRecentlyUsed = (): void => {
    for (const [name, { pool }] of origins) {
      origins.delete(name);
      // Closes when its requests have ended: they keep their sockets, and new requests get a new pool.
      pool
        .close()
        .catch((error: unknown) => logger?.debug({ err: error }, 'could not close an outbound connection pool'));
      return;
    }
  };

  return {
    of(name) {
      const known = origins.get(name);
      if (known !== undefined) {
        // While half of the room is free, no pool will be closed soon, so the order of use is not updated.
        if (origins.size * 2 >= maxOrigins) {
          origins.delete(name);
          origins.set(name, known);
        }
        return known;
      }
      if (origins.size >= maxOrigins) closeLeastRecentlyUsed();
      const pool = new Pool(name, {
        connections: maxConnectionsPerOrigin,
        pipelining: 1,
        keepAliveTimeout: keepAliveMs,
        // The attempt's own deadline covers every phase; undici's timers would only duplicate it.
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: { timeout: maxConnectMs, lookup: lookupOf(new URL(name)) },
      });
      const opened: Origin = { pool, pending: 0 };
      origins.set(name, opened);
      return opened;
    },
    async close(graceMs) {
      const pools = [...origins.values()].map(({ pool }) => pool);
      origins.clear();
      let cut: NodeJS.Timeout | undefined;
      const grace = new Promise<void>((over) => {
        cut = setTimeout(over, graceMs);
      });
      await Promise.race([Promise.allSettled(pools.map((pool) => pool.close())), grace]);
      clearTimeout(cut);
      await Promise.allSettled(pools.map((pool) => pool.destroy()));
    },
  };
}

/** Counts a request as pending until the returned function is called; calling it again changes nothing. */
export function countPending(origin: Origin): () => void {
  origin.pending += 1;
  let isReleased = false;
  return () => {
    if (!isReleased) origin.pending -= 1;
    isReleased = true;
  };
}
