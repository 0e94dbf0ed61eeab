/**
 * Answers in PostgreSQL: they survive restarts, and serve as stale ones for a day.
 *
 * The keys asked for within one event-loop turn go in one statement. Storing is written behind: the cache is no durable
 * truth, and no answer waits for it. The queue is bounded; at its bound new answers are simply not stored.
 */
import type { Clock } from '../clock.ts';
import { newId, type TenantId } from '../ids.ts';
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
  type NewCacheRow,
  upsertCacheRows,
} from '../storage/tables/response-cache.ts';
import type { CachedAnswer, CacheQuestion } from './cached-answer.ts';
import type { CacheSelector } from './selector.ts';

const readDeadlineMs = 250;
/** After a read that failed or was late, the database is not asked for this long: an outage costs one wait a second. */
const readPauseMs = 1_000;
const maxKeysPerRead = 256;
const maxQueued = 2_000;
const maxRowsPerWrite = 100;
/** At the bound further answers' hits are not added to their rows: `integration_cache_hits_total` has them all. */
const maxKeysWithHits = 5_000;

export interface DatabaseLayer {
  /** Fresh or stale. A database that is away or slow is a miss. */
  find(question: CacheQuestion, cacheKey: string): Promise<CachedAnswer | null>;
  put(answer: CachedAnswer): void;
  /** Notes hits for the row's `hit_count`. */
  countHits(cacheKey: string, hits: number): void;
  /** Adds the noted hits to their rows. What a database that is away misses is not made up for. */
  writeHits(): Promise<void>;
  /** Removes what the selector meets, waiting answers too, and returns the keys. Throws where the database is away. */
  remove(tenantId: TenantId, selector: CacheSelector): Promise<string[]>;
  /** Forgets waiting answers that match, and those being written as soon as they are. */
  dropQueued(tenantId: TenantId, matches: (answer: CachedAnswer) => boolean): Promise<void>;
  /** Writes the answers that wait now; those that come meanwhile may have to wait on. */
  writeQueued(): Promise<void>;
  /** Writes what waits. */
  close(): Promise<void>;
}

export interface DatabaseLayerDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly logger: Logger;
  readonly matcherOf: (selector: CacheSelector) => (answer: CachedAnswer) => boolean;
}

/**
 * Answers are written together with those that come this soon after. Memory and the shared store have them meanwhile; what
 * a crash loses here is asked for again.
 */
const gatherMs = 200;

export function createDatabaseLayer(deps: DatabaseLayerDeps): DatabaseLayer {
  const { clock, logger } = deps;
  const db = { query: deps.db.querySystem.bind(deps.db) };
  const read = createTurnReader(deps);
  const queued = new Map<string, CachedAnswer>();
  let writeTimer: NodeJS.Timeout | null = null;
  let hitsByKey = new Map<string, number>();
  let writing: { readonly answers: readonly CachedAnswer[]; readonly done: Promise<void> } | null = null;

  const write = async (answers: readonly CachedAnswer[]): Promise<void> => {
    try {
      await upsertCacheRows(
        db,
        answers.map((answer) => rowOf(answer, clock.now())),
      );
    } catch (error) {
      logger.warn({ err: error, answers: answers.length }, 'answers could not be kept in the database');
    }
  };

  const writeBehind = (): void => {
    if (writeTimer !== null) clearTimeout(writeTimer);
    writeTimer = null;
    if (writing !== null || queued.size === 0) return;
    const answers = [...queued.values()].slice(0, maxRowsPerWrite).sort(byCacheKey);
    for (const { cacheKey } of answers) queued.delete(cacheKey);
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
    for (const answer of queued.values()) if (meant(answer)) queued.delete(answer.cacheKey);
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
      logger.debug({ err: error, answers: hits.length }, 'hits could not be added to the stored answers');
    }
  };

  return {
    async find(question, cacheKey) {
      const row = await read(cacheKey);
      return row === null || row.management_company_id !== question.tenantId ? null : answerOf(question, row);
    },
    put(answer) {
      if (queued.size >= maxQueued && !queued.has(answer.cacheKey)) return;
      queued.set(answer.cacheKey, answer);
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
      const rounds = Math.ceil(queued.size / maxRowsPerWrite);
      for (let round = 0; round < rounds; round += 1) {
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

/** Reads by key, together for all that ask within a turn. */
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
      logger.warn({ err: error }, 'the database’s cache cannot be read');
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

function byCacheKey(a: CachedAnswer, b: CachedAnswer): number {
  return a.cacheKey < b.cacheKey ? -1 : 1;
}

function rowOf(answer: CachedAnswer, nowMs: number): NewCacheRow {
  return {
    id: newId(nowMs),
    cache_key: answer.cacheKey,
    management_company_id: answer.tenantId,
    service_id: answer.serviceId,
    service_name: answer.serviceName,
    operation: answer.operation,
    body: answer.body.toString('utf8'),
    metadata: {
      kind: answer.kind,
      scope: answer.scope,
      detail: answer.detail,
      cost_usd: answer.costUsd,
      epochs: answer.epochs,
    },
    fetched_at: new Date(answer.fetchedAtMs),
    expires_at: new Date(answer.freshUntilMs),
    stale_until: new Date(answer.staleUntilMs),
  };
}

function answerOf(question: CacheQuestion, row: CacheRow): CachedAnswer {
  return {
    ...question,
    cacheKey: row.cache_key,
    kind: row.metadata.kind as CachedAnswer['kind'],
    serviceId: row.service_id,
    serviceName: row.service_name,
    body: Buffer.from(row.body),
    fetchedAtMs: row.fetched_at.getTime(),
    freshUntilMs: row.expires_at.getTime(),
    staleUntilMs: row.stale_until.getTime(),
    costUsd: row.metadata.cost_usd,
    epochs: row.metadata.epochs,
  };
}

function selectableOf(
  tenantId: TenantId,
  row: Pick<CacheRow, 'cache_key' | 'service_name' | 'operation' | 'metadata'>,
): CachedAnswer {
  const question = {
    tenantId,
    group: row.cache_key.slice(0, row.cache_key.indexOf(':')),
    operation: row.operation,
    question: '',
    scope: row.metadata.scope,
    detail: row.metadata.detail,
  };
  const unread = { body: Buffer.alloc(0), fetchedAtMs: 0, freshUntilMs: 0, staleUntilMs: 0, costUsd: 0, epochs: null };
  return {
    ...question,
    ...unread,
    cacheKey: row.cache_key,
    serviceName: row.service_name,
    serviceId: null,
    kind: row.metadata.kind as CachedAnswer['kind'],
  };
}
