/**
 * Answers once given: memory, then the shared store, then PostgreSQL, then one fetch for all who ask.
 *
 *   fresh in memory ─────────────▶ sent as it is: no wait, no hash, no parse
 *   else, once for all callers ──▶ shared store ─▶ database ─▶ fetch (`find-or-fetch.ts`) ─▶ stored in all layers
 *
 * An invalidation is over when no layer of any replica serves what it met: memories drop it and acknowledge, the shared
 * store numbers it (`cache/shared-layer.ts`), the database deletes, and fetches that were under way serve only those
 * who had asked before it and are stored nowhere.
 *
 * Google allows coordinates to be kept for 30 days (Maps Service Specific Terms, 3.4); the longest life here, TTL and
 * staleness together, is configured far below that.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Intake } from '../intake/intake.ts';
import type { Logger } from '../logger.ts';
import type { Deadlines } from '../resilience/deadline.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import { deleteExpiredCacheRows } from '../storage/tables/response-cache.ts';
import { type CacheMode, type CacheQuestion, cacheKeyOf, identityOf } from './cached-answer.ts';
import { createDatabaseLayer } from './database-layer.ts';
import { createFindOrFetch, type Fetch, fetchUnstored, type Resolved } from './find-or-fetch.ts';
import { createHitCounts, type LayerCount } from './hit-counts.ts';
import { openInvalidationBus } from './invalidation-bus.ts';
import { createKeptAnswers } from './kept-answers.ts';
import { createMemoryLayer, type MemoryEntry, type MemorySize, sizeByServiceAndOperation } from './memory-layer.ts';
import { createPendingNumbers } from './pending-numbers.ts';
import { createRefreshClaims } from './refresh-claims.ts';
import { type CacheSelector, createMatcher, type OverlapByScopeKind } from './selector.ts';
import { createSharedLayer } from './shared-layer.ts';
import { createSingleFlight, type FlightCaller } from './single-flight.ts';

export interface ResponseCache {
  /** A fresh answer from memory, or null: the whole of a hit's way. */
  findInMemory(question: CacheQuestion): MemoryEntry | null;
  /**
   * `off` neither reads nor stores nor shares; `refresh` asks anew and stores. Throws what `fetch` throws, and the
   * caller's `signal.reason`.
   */
  resolve<Fresh>(
    question: CacheQuestion,
    mode: CacheMode,
    caller: FlightCaller,
    fetch: Fetch<Fresh>,
  ): Promise<Resolved<Fresh>>;
  /**
   * Asks anew for an answer that was given past its time, unless that is being done, by any replica, or failed
   * just now. Throws what `fetch` throws.
   */
  refresh<Fresh>(question: CacheQuestion, caller: FlightCaller, fetch: Fetch<Fresh>): Promise<void>;
  /** Returns how many answers were removed, once none of them is served any more. */
  invalidate(tenantId: TenantId, selector: CacheSelector): Promise<{ readonly invalidatedCount: number }>;
  /** Of this process, since it started. */
  countsOf(tenantId: TenantId): readonly LayerCount[];
  memorySizeOf(tenantId: TenantId): readonly MemorySize[];
  /**
   * Writes the hits and answers of this replica that are written behind: a report has all that went before its
   * question.
   */
  writeNoted(): Promise<void>;
  /** Waits for fetches under way, then writes what waits to be stored. */
  close(): Promise<void>;
}

export interface ResponseCacheDeps {
  readonly store: SharedStore;
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly intake: Pick<Intake, 'addUsage' | 'writeUsage'>;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  /** How long memory and the shared store keep an answer at most (`CACHE_L1_TTL_SECONDS`). */
  readonly l1TtlSeconds: number;
  /** How long the database calls an answer fresh at most (`CACHE_L2_TTL_SECONDS`). */
  readonly l2TtlSeconds: number;
  readonly overlaps?: OverlapByScopeKind;
  /** Told of each answer that had to make room for others in memory. */
  readonly onEvicted?: () => void;
  /**
   * Called when another replica drops a tenant's answers, other than those of a scope: the service that gave them may
   * be another now. Later calls must know that, or they fetch the old answer again and store it for all.
   */
  readonly onOtherInvalidates?: (tenantId: TenantId) => void;
}

const flushEveryMs = 1_000;
/** Rare enough that the hits of a busy answer are one change of its row. */
const writeHitsEveryMs = 10_000;
const sweepEveryMs = 60_000;
const rowsPerSweep = 5_000;

export async function openResponseCache(deps: ResponseCacheDeps): Promise<ResponseCache> {
  const { store, clock, deadlines, logger } = deps;
  const matcherOf = createMatcher(deps.overlaps ?? {});
  const memory = createMemoryLayer({
    maxEntries: 50_000,
    maxBytes: 128 * 1024 * 1024,
    onEvicted: deps.onEvicted,
  });
  const shared = createSharedLayer(store, matcherOf);
  const database = createDatabaseLayer({ ...deps, matcherOf });
  const counts = createHitCounts({ ...deps, countStored: database.countHits });
  const flights = createSingleFlight<CacheQuestion & { cacheKey: string; serviceName: null }, Resolved<unknown>>(
    deadlines,
  );
  const pendingNumbers = createPendingNumbers({ shared, clock, distrustMs: deps.l1TtlSeconds * 1000 });
  const claims = createRefreshClaims({ store, clock });
  const kept = createKeptAnswers({ ...deps, memory, shared, database, pendingNumbers });

  const findFreshInMemory = (identity: string): MemoryEntry | null => {
    const entry = kept.findFreshInMemory(identity);
    if (entry !== null) counts.memoryHit(entry);
    return entry;
  };

  /** Drops everything in this process that an invalidation meets. */
  const letGo = async (tenantId: TenantId, selector: CacheSelector): Promise<string[]> => {
    const matches = matcherOf(selector);
    flights.outdate((subject) => subject.tenantId === tenantId && matches(subject));
    const keys = memory.remove(tenantId, selector.scope ?? null, matches);
    await database.dropQueued(tenantId, matches);
    return keys;
  };

  const bus = await openInvalidationBus({
    ...deps,
    async onInvalidation({ tenantId, selector, isNumbered }) {
      if (selector.scope === undefined) deps.onOtherInvalidates?.(tenantId);
      await letGo(tenantId, selector);
      if (!isNumbered) pendingNumbers.add(tenantId, selector);
    },
    onGap: () => {
      flights.outdate(() => true);
      memory.clear();
    },
  });

  /**
   * An answer of a scope is served only with the numbers of the shared store beside it, so that a deletion that fails
   * leaves it unserved; without a scope the failure is the caller's to know.
   */
  const removeFromDatabase = async (tenantId: TenantId, selector: CacheSelector) => {
    try {
      return { keys: await database.remove(tenantId, selector), error: null };
    } catch (error) {
      logger.warn({ err: error }, 'could not remove invalidated answers from the database');
      return { keys: [], error };
    }
  };

  const invalidate: ResponseCache['invalidate'] = async (tenantId, selector) => {
    // From the bottom up: a reader of a cleaned layer brings nothing old to the layers above it.
    const isNumbered = await shared.numberInvalidation(tenantId, selector);
    if (!isNumbered) pendingNumbers.add(tenantId, selector);
    const deletion = await removeFromDatabase(tenantId, selector);
    await bus.announce({ tenantId, selector, isNumbered }).catch((error: unknown) => {
      logger.warn({ err: error }, 'could not announce a cache invalidation: other replicas keep their answers');
    });
    const removed = new Set([...(await letGo(tenantId, selector)), ...deletion.keys]);
    if (deletion.error !== null && selector.scope === undefined) throw deletion.error;
    return { invalidatedCount: removed.size };
  };

  const findOrFetch = createFindOrFetch({
    ...deps,
    kept,
    counts,
    discard: ({ tenantId, scope, cacheKey }) =>
      invalidate(tenantId, scope === null ? { cacheKey } : { scope, cacheKey }),
  });

  const background = setInterval(() => counts.flush(), flushEveryMs);
  const hitWriter = setInterval(() => void database.writeHits(), writeHitsEveryMs);
  const sweep = setInterval(() => {
    deleteExpiredCacheRows({ query: deps.db.querySystem.bind(deps.db) }, clock.now(), rowsPerSweep).catch(
      (error: unknown) => logger.warn({ err: error }, 'could not remove expired answers'),
    );
  }, sweepEveryMs);
  for (const timer of [background, hitWriter, sweep]) timer.unref();

  return {
    findInMemory: (question) => findFreshInMemory(identityOf(question)),

    async resolve<Fresh>(question: CacheQuestion, mode: CacheMode, caller: FlightCaller, fetch: Fetch<Fresh>) {
      const identity = identityOf(question);
      if (mode === 'use') {
        const entry = findFreshInMemory(identity);
        if (entry !== null) return { from: 'memory', answer: entry.answer, hits: entry.hits };
      }
      const cacheKey = cacheKeyOf(question);
      const subject = { ...question, cacheKey, serviceName: null };
      // A caller that refreshes must not be given what was asked for before it came, but others of its kind share.
      const flightKey = mode === 'off' ? `${identity}\n${Math.random()}` : `${mode}\n${caller.kind ?? ''}\n${identity}`;
      const { value, led } = await flights.run(flightKey, subject, caller, clock.now(), (flight) =>
        mode === 'off' ? fetchUnstored(flight, fetch) : findOrFetch(question, cacheKey, mode, flight, fetch),
      );
      const resolved = value as Resolved<Fresh>;
      return resolved.from === 'fetch' ? { ...resolved, led } : resolved;
    },

    async refresh<Fresh>(question: CacheQuestion, caller: FlightCaller, fetch: Fetch<Fresh>) {
      const cacheKey = cacheKeyOf(question);
      const end = await claims.claim(question.tenantId, cacheKey);
      if (end === null) return;
      const subject = { ...question, cacheKey, serviceName: null };
      let isStored = false;
      let isRefreshed = false;
      try {
        const { value } = await flights.run(`renew\n${identityOf(question)}`, subject, caller, clock.now(), (flight) =>
          findOrFetch(question, cacheKey, 'renew', flight, async (...asked) => {
            const found = await fetch(...asked);
            isStored = 'stored' in found && found.stored !== null;
            return found;
          }),
        );
        // From a layer: another replica has refreshed it meanwhile.
        isRefreshed = isStored || value.from !== 'fetch';
      } finally {
        await end(isRefreshed);
      }
    },

    invalidate,

    countsOf(tenantId) {
      counts.flush();
      return counts.ofTenant(tenantId);
    },
    memorySizeOf: (tenantId) => sizeByServiceAndOperation(memory.entries(), tenantId),

    async writeNoted() {
      counts.flush();
      await Promise.all([deps.intake.writeUsage(), database.writeQueued()]);
    },

    async close() {
      clearInterval(background);
      clearInterval(hitWriter);
      clearInterval(sweep);
      await flights.settled();
      counts.flush();
      await bus.close();
      await database.close();
    },
  };
}
