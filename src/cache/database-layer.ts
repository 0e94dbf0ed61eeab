/**
 * Answers in PostgreSQL: they survive restarts, and serve as stale answers for a day.
 *
 * All keys of one event-loop turn go in one statement. Answers are written later, in batches: the cache need not be
 * durable, and no answer waits for it. The queue is bounded; at its bound new answers are not stored.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Deadlines } from '../resilience/deadline.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  addCacheHits,
  type CacheRow,
  deleteCacheKeys,
  deleteCacheRows,
  findCacheRows,
  listScopeRows,
  upsertCacheRows,
} from '../storage/tables/response-cache.ts';
import { answerOf, rowOf, selectableOf } from './answer-row.ts';
import type { AskedQuestion, CachedAnswer } from './cached-answer.ts';
import type { CacheSelector } from './selector.ts';

const readDeadlineMs = 250;
/** After a failed or late read, the database is not asked for this long: an outage costs one wait per second. */
const readPauseMs = 1_000;
const maxKeysPerRead = 256;
const maxQueued = 2_000;
const maxQueuedBytes = 64 * 1024 * 1024;
const maxRowsPerWrite = 100;
const maxBytesPerWrite = 8 * 1024 * 1024;
/**
 * At the bound, hits on further answers are not added to their rows; `integration_cache_hits_total` counts them all.
 */
const maxKeysWithHits = 5_000;

export interface DatabaseLayer {
  /** Fresh or stale. A database that is away or slow counts as a miss. */
  find(question: AskedQuestion): Promise<CachedAnswer | null>;
  put(answer: CachedAnswer): void;
  /** Counts hits for the row's `hit_count`. */
  countHits(cacheKey: string, hits: number): void;
  /** Adds the counted hits to their rows. Hits are lost if the database is away. */
  writeHits(): Promise<void>;
  /**
   * Removes the answers that the selector matches, queued ones too, and returns their keys. Throws if the database is
   * away.
   */
  remove(tenantId: TenantId, selector: CacheSelector): Promise<string[]>;
  /** Drops queued answers that match, and removes those being written as soon as they are written. */
  dropQueued(tenantId: TenantId, matches: (answer: CachedAnswer) => boolean): Promise<void>;
  /** Writes the answers queued now; later ones may stay queued. */
  writeQueued(): Promise<void>;
  /** Writes the queue. */
  close(): Promise<void>;
}

export interface DatabaseLayerDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly matcherOf: (selector: CacheSelector) => (answer: CachedAnswer) => boolean;
  /** Awaited before answers are written. Never throws. */
  noteKept(answers: readonly CachedAnswer[]): Promise<void>;
}

/**
 * Answers are gathered this long before they are written. Memory and the shared store have them meanwhile; an answer
 * lost in a crash is fetched again.
 */
const gatherMs = 200;

export function createDatabaseLayer(deps: DatabaseLayerDeps): DatabaseLayer {
  const { clock, logger } = deps;
  const db = { query: deps.db.querySystem.bind(deps.db) };
  const read = createTurnReader(deps);
  const queued = new Map<string, CachedAnswer>();
  let queuedBytes = 0;
  let writeTimer: NodeJS.Timeout | null = null;
  let hitsByKey = new Map<string, number>();
  let writing: { readonly answers: readonly CachedAnswer[]; readonly done: Promise<void> } | null = null;

  const write = async (answers: readonly CachedAnswer[]): Promise<void> => {
    await deps.noteKept(answers);
    try {
      await upsertCacheRows(
        db,
        answers.map((answer) => rowOf(answer, clock.now())),
      );
    } catch (error) {
      logger.warn({ err: error, answers: answers.length }, 'could not store answers in the database');
    }
  };

  const unqueue = (cacheKey: string): void => {
    queuedBytes -= queued.get(cacheKey)?.body.length ?? 0;
    queued.delete(cacheKey);
  };

  const writeBehind = (): void => {
    if (writeTimer !== null) clearTimeout(writeTimer);
    writeTimer = null;
    if (writing !== null || queued.size === 0) return;
    const answers = firstOf(queued.values()).sort(byCacheKey);
    for (const { cacheKey } of answers) unqueue(cacheKey);
    const done = write(answers).finally(() => {
      writing = null;
      writeSoon();
    });
    writing = { answers, done };
  };

  const writeSoon = (): void => {
    if (queued.size >= maxRowsPerWrite) writeBehind();
    else if (queued.size > 0) writeTimer ??= setTimeout(writeBehind, gatherMs).unref();
  };

  const dropQueued: DatabaseLayer['dropQueued'] = async (tenantId, matches) => {
    const meant = (answer: CachedAnswer) => answer.tenantId === tenantId && matches(answer);
    for (const answer of queued.values()) if (meant(answer)) unqueue(answer.cacheKey);
    const late = writing?.answers.filter(meant) ?? [];
    if (writing === null || late.length === 0) return;
    await writing.done;
    await deleteCacheKeys(
      db,
      tenantId,
      late.map(({ cacheKey }) => cacheKey),
    );
  };

  const writeHits = async (): Promise<void> => {
    if (hitsByKey.size === 0) return;
    const hits = [...hitsByKey].sort(([one], [other]) => (one < other ? -1 : 1));
    hitsByKey = new Map();
    try {
      await addCacheHits(db, hits);
    } catch (error) {
      logger.debug({ err: error, answers: hits.length }, 'could not count hits of stored answers');
    }
  };

  return {
    async find(question) {
      const row = await read(question.cacheKey);
      return row === null || row.management_company_id !== question.tenantId ? null : answerOf(question, row);
    },
    put(answer) {
      unqueue(answer.cacheKey);
      if (queued.size >= maxQueued || queuedBytes + answer.body.length > maxQueuedBytes) return;
      queued.set(answer.cacheKey, answer);
      queuedBytes += answer.body.length;
      writeSoon();
    },
    countHits(cacheKey, hits) {
      const known = hitsByKey.get(cacheKey);
      if (known === undefined && hitsByKey.size >= maxKeysWithHits) return;
      hitsByKey.set(cacheKey, (known ?? 0) + hits);
    },
    writeHits,
    dropQueued,
    async remove(tenantId, selector) {
      const { scope } = selector;
      if (scope !== undefined) {
        const meant = deps.matcherOf(selector);
        const rows = (await listScopeRows(db, tenantId, scope)).filter((row) => meant(selectableOf(tenantId, row)));
        const keys = rows.map((row) => row.cache_key);
        if (keys.length > 0) await deleteCacheKeys(db, tenantId, keys);
        return keys;
      }
      return deleteCacheRows(db, tenantId, {
        cacheKey: selector.cacheKey ?? null,
        serviceName: selector.serviceName ?? null,
        operation: selector.operation ?? null,
        pattern: selector.pattern ?? null,
      });
    },
    async writeQueued() {
      await writing?.done;
      const asked = new Set(queued.keys());
      while ([...asked].some((cacheKey) => queued.has(cacheKey))) {
        writeBehind();
        await writing?.done;
      }
    },
    async close() {
      for (writeBehind(); writing !== null; writeBehind()) await writing.done;
      await writeHits();
    },
  };
}

/** Reads by key, in one statement for all callers of a turn. */
function createTurnReader(deps: DatabaseLayerDeps): (cacheKey: string) => Promise<CacheRow | null> {
  const { clock, deadlines, logger } = deps;
  const db = { query: deps.db.querySystem.bind(deps.db) };
  let asked = new Map<string, ((row: CacheRow | null) => void)[]>();
  let pausedUntilMs = 0;

  const readRows = async (cacheKeys: readonly string[]): Promise<readonly CacheRow[]> => {
    let clear = (): void => {};
    const late = new Promise<never>((_, reject) => {
      clear = deadlines.after(readDeadlineMs, () => reject(new Error(`no answer within ${readDeadlineMs} ms`)));
    });
    try {
      return await Promise.race([findCacheRows(db, cacheKeys, clock.now()), late]);
    } catch (error) {
      pausedUntilMs = clock.now() + readPauseMs;
      logger.warn({ err: error }, 'could not read cached answers from the database');
      return [];
    } finally {
      clear();
    }
  };

  const readAsked = (): void => {
    const waiting = asked;
    asked = new Map();
    const cacheKeys = [...waiting.keys()];
    for (let start = 0; start < cacheKeys.length; start += maxKeysPerRead) {
      const chunk = cacheKeys.slice(start, start + maxKeysPerRead);
      void readRows(chunk).then((rows) => {
        const rowByKey = new Map(rows.map((row) => [row.cache_key, row]));
        for (const key of chunk) for (const resolve of waiting.get(key) ?? []) resolve(rowByKey.get(key) ?? null);
      });
    }
  };

  return (cacheKey) =>
    new Promise((resolve) => {
      if (clock.now() < pausedUntilMs) return resolve(null);
      if (asked.size === 0) setImmediate(readAsked);
      const waiting = asked.get(cacheKey);
      if (waiting === undefined) asked.set(cacheKey, [resolve]);
      else waiting.push(resolve);
    });
}

/** As many as fit into one statement, and at least one. */
function firstOf(answers: Iterable<CachedAnswer>): CachedAnswer[] {
  const first: CachedAnswer[] = [];
  let bytes = 0;
  for (const answer of answers) {
    bytes += answer.body.length;
    if (first.length === maxRowsPerWrite || (first.length > 0 && bytes > maxBytesPerWrite)) break;
    first.push(answer);
  }
  return first;
}

function byCacheKey(a: CachedAnswer, b: CachedAnswer): number {
  return a.cacheKey < b.cacheKey ? -1 : 1;
}
