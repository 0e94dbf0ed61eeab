/**
 * The response cache: memory, then the shared store, then PostgreSQL. The gateway calls each step:
 *
 *   `findInMemory` ─▶ sent as it is: no wait, no hash, no parse
 *   `share` ────────▶ identical questions in flight share one fetch
 *   `lookUp` ───────▶ the shared store, then the database (`look-up.ts`); `keep` stores the fetched answer in all layers
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
import type { AskedQuestion } from './cached-answer.ts';
import { createDatabaseLayer } from './database-layer.ts';
import { createHitCounts, type LayerCount } from './hit-counts.ts';
import { type Invalidation, type InvalidationDeps, openInvalidation } from './invalidate.ts';
import { createKeptAnswers } from './kept-answers.ts';
import { createKeptMarks } from './kept-marks.ts';
import { createLookUp, type LookUp, type LookUpMode } from './look-up.ts';
import { createMemoryLayer, type MemoryEntry, type MemorySize, sizeByServiceAndOperation } from './memory-layer.ts';
import { createPendingNumbers } from './pending-numbers.ts';
import { createRefreshClaims } from './refresh-claims.ts';
import { createMatcher, type OverlapByScopeKind } from './selector.ts';
import { createSharedLayer } from './shared-layer.ts';
import { createSingleFlight, type Flight, type FlightCaller, type FlightResult } from './single-flight.ts';

export interface ResponseCache extends LookUp, Pick<Invalidation, 'invalidate'> {
  /** A fresh answer from memory, or null: a hit needs nothing else. */
  findInMemory(question: AskedQuestion): MemoryEntry | null;
  /**
   * Runs `work` once for all callers with the same question and mode; with `off` each call runs its own. Throws what
   * `work` throws, and the caller's `signal.reason`.
   */
  share<Value>(
    question: AskedQuestion,
    mode: LookUpMode,
    caller: FlightCaller,
    work: (flight: Flight) => Promise<Value>,
  ): Promise<FlightResult<Value>>;
  /**
   * For an answer that was served expired. null: a replica is refreshing it, or has just failed to. Otherwise call the
   * result when the refresh has ended.
   */
  claimRefresh(question: AskedQuestion): Promise<((isRefreshed: boolean) => Promise<void>) | null>;
  /** Of this process, since it started. */
  countsOf(tenantId: TenantId): readonly LayerCount[];
  memorySizeOf(tenantId: TenantId): readonly MemorySize[];
  /** Writes this replica's queued hits and answers, so that a report includes everything before it. */
  writeNoted(): Promise<void>;
  /** Waits for fetches in progress, then writes the queue. */
  close(): Promise<void>;
}

export interface ResponseCacheDeps extends Pick<InvalidationDeps, 'onOtherInvalidates'> {
  readonly store: SharedStore;
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly intake: Pick<Intake, 'addUsage' | 'writeUsage'>;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  /** The maximum time in memory and the shared store (`CACHE_L1_TTL_SECONDS`). */
  readonly l1TtlSeconds: number;
  /** The maximum time that the database counts an answer as fresh (`CACHE_L2_TTL_SECONDS`). */
  readonly l2TtlSeconds: number;
  readonly overlaps?: OverlapByScopeKind;
  /** Called for each answer evicted from memory. */
  readonly onEvicted?: () => void;
}

const flushEveryMs = 1_000;
/** Rare enough that all hits of a popular answer are one change of its row. */
const writeHitsEveryMs = 10_000;
const sweepEveryMs = 60_000;
const rowsPerSweep = 5_000;

export async function openResponseCache(deps: ResponseCacheDeps): Promise<ResponseCache> {
  const { store, clock } = deps;
  const matcherOf = createMatcher(deps.overlaps ?? {});
  const memory = createMemoryLayer({
    maxEntries: 50_000,
    maxBytes: 128 * 1024 * 1024,
    onEvicted: deps.onEvicted,
  });
  const shared = createSharedLayer(store, matcherOf);
  const marks = createKeptMarks(deps);
  const database = createDatabaseLayer({ ...deps, matcherOf, noteKept: marks.note });
  const counts = createHitCounts({ ...deps, countStored: database.countHits });
  const flights = createSingleFlight<AskedQuestion, unknown>(deps.deadlines);
  const pendingNumbers = createPendingNumbers({ shared, clock, distrustMs: deps.l1TtlSeconds * 1000 });
  const claims = createRefreshClaims({ store, clock });
  const kept = createKeptAnswers({ ...deps, memory, shared, database, marks, pendingNumbers });
  const invalidation = await openInvalidation({
    ...deps,
    ...{ memory, shared, database, flights, pendingNumbers, matcherOf },
  });
  const { invalidate } = invalidation;
  const layers = createLookUp({
    ...deps,
    kept,
    counts,
    discard: ({ tenantId, scope, cacheKey }) =>
      invalidate(tenantId, scope === null ? { cacheKey } : { scope, cacheKey }),
  });
  const stopBackground = startBackground(deps, {
    flushHits: () => counts.flush(),
    writeHits: () => void database.writeHits(),
  });

  return {
    ...layers,
    invalidate,

    findInMemory(question) {
      const entry = kept.findFreshInMemory(question.identity);
      if (entry !== null) counts.memoryHit(entry);
      return entry;
    },

    share<Value>(
      question: AskedQuestion,
      mode: LookUpMode,
      caller: FlightCaller,
      work: (flight: Flight) => Promise<Value>,
    ) {
      // A refreshing caller must not get an answer that was requested before it came, but refreshing callers share with
      // each other.
      const key = mode === 'off' ? `\n${Math.random()}` : `${mode}\n${caller.kind ?? ''}\n${question.identity}`;
      return flights.run(key, question, caller, clock.now(), work) as Promise<FlightResult<Value>>;
    },

    claimRefresh: ({ tenantId, cacheKey }) => claims.claim(tenantId, cacheKey),

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
      stopBackground();
      await flights.settled();
      counts.flush();
      await invalidation.close();
      await database.close();
    },
  };
}

function startBackground(
  { db, clock, logger }: Pick<ResponseCacheDeps, 'db' | 'clock' | 'logger'>,
  write: { flushHits(): void; writeHits(): void },
): () => void {
  const sweep = (): void => {
    deleteExpiredCacheRows({ query: db.querySystem.bind(db) }, clock.now(), rowsPerSweep).catch((error: unknown) =>
      logger.warn({ err: error }, 'could not remove expired answers'),
    );
  };
  const timers = [
    setInterval(write.flushHits, flushEveryMs),
    setInterval(write.writeHits, writeHitsEveryMs),
    setInterval(sweep, sweepEveryMs),
  ];
  for (const timer of timers) timer.unref();
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}
