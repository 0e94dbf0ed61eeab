/** The origins that are called, each with its pool of connections. */
import type { LookupFunction } from 'node:net';
import { Pool } from 'undici';
import type { Logger } from '../logger.ts';

const keepAliveMs = 30_000;
const maxConnectMs = 10_000;

export interface Origin {
  readonly pool: Pool;
  /** Requests that the pool still holds, also those whose caller has left while they stand in its queue. */
  pending: number;
}

export interface OriginLimits {
  /** Pools kept; the one used longest ago is closed for a new one. Default 256. */
  readonly maxOrigins?: number;
  /** Sockets to one origin: streams hold theirs for long. Default 1,024. */
  readonly maxConnectionsPerOrigin?: number;
  readonly logger?: Logger;
}

export interface Origins {
  /** Opened when first asked for. */
  of(name: string): Origin;
  /** Lets requests under way end, at most `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

export function createOrigins(options: OriginLimits & { lookupOf(url: URL): LookupFunction }): Origins {
  const { maxOrigins = 256, maxConnectionsPerOrigin = 1_024, logger, lookupOf } = options;
  /** In order of use, the oldest first. */
  const origins = new Map<string, Origin>();

  const closeLeastRecentlyUsed = (): void => {
    for (const [name, { pool }] of origins) {
      origins.delete(name);
      // Ends once its requests have: they keep their sockets, new ones get a new pool.
      pool.close().catch((error: unknown) => logger?.debug({ err: error }, 'an outbound pool closed badly'));
      return;
    }
  };

  return {
    of(name) {
      const known = origins.get(name);
      if (known !== undefined) {
        // With enough room nothing is closed, so the order of use does not matter.
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
        // The attempt's own deadline ends every phase; a second set of timers would only disagree with it.
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
