/**
 * Marks in the shared store which answers the database may have, so that a miss does not query it for missing ones.
 *
 *   mark ───── one for each row, as long as the row lives, set before the row is written
 *   complete ─ one for each tenant, set once all of its rows have marks; lost with them if the store loses its memory
 *
 * Without `complete` nothing is certain, and the database is asked. A single lost mark costs a provider call, never a
 * wrong answer; if too many marks could not be set, `complete` is removed.
 */
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type LuaScript, type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';
import { listCacheKeys } from '../storage/tables/response-cache.ts';
import type { AskedQuestion, CachedAnswer } from './cached-answer.ts';

export interface KeptMarks {
  /**
   * Whether the database may have an answer; true if that is uncertain. The store is asked together with the other
   * questions of this turn.
   */
  mayBeKept(question: AskedQuestion): boolean | Promise<boolean>;
  /** Awaited before the answers are written. Never throws. */
  note(answers: readonly Row[]): Promise<void>;
}

type Row = Pick<CachedAnswer, 'tenantId' | 'cacheKey' | 'keptUntilMs'>;

export interface KeptMarksDeps {
  readonly store: SharedStore;
  readonly db: Pick<Database, 'querySystem'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const completeTtlMs = 33 * 86_400_000;
/** For this long the process assumes `complete` without looking. */
const trustMs = 1_000;
/** An interrupted round over a tenant's rows starts again after this time. Two rounds at once do no harm. */
const claimMs = 15_000;
const rowsPerPage = 2_000;
const maxTenants = 10_000;
const maxLate = 2_000;

const setMarks: LuaScript = {
  name: 'cache-set-marks',
  lua: `for index, key in ipairs(KEYS) do redis.call('SET', key, '1', 'PX', ARGV[index]) end`,
};

export function createKeptMarks({ store, db, clock, logger }: KeptMarksDeps): KeptMarks {
  const queryable = { query: db.querySystem.bind(db) };
  const completeUntilMs = new Map<TenantId, number>();
  const notBeforeMs = new Map<TenantId, number>();
  /** Rows that this process wrote without a mark: their marks go with the next ones. */
  let late: readonly Row[] = [];
  /** Tenants with too many rows without marks. */
  const unmarked = new Set<TenantId>();

  const markKey = (tenantId: TenantId, cacheKey: string): string => `cache-kept:{${tenantId}}:${cacheKey}`;
  const completeKey = (tenantId: TenantId): string => `cache-kept-complete:{${tenantId}}`;

  const mark = async (tenantId: TenantId, rows: readonly Omit<Row, 'tenantId'>[]): Promise<void> => {
    const keys = rows.map(({ cacheKey }) => markKey(tenantId, cacheKey));
    const lives = rows.map(({ keptUntilMs }) => Math.max(1, Math.ceil(keptUntilMs - clock.now())));
    await store.runScript(setMarks, keys, lives);
  };

  /** Marks all rows of a tenant, newest first; rows written meanwhile are marked by their writer. */
  const complete = async (tenantId: TenantId): Promise<void> => {
    if ((notBeforeMs.get(tenantId) ?? 0) > clock.now()) return;
    setBounded(notBeforeMs, tenantId, clock.now() + claimMs, maxTenants);
    try {
      if (!(await store.setIfAbsent(`cache-kept-claim:{${tenantId}}`, '1', claimMs))) return;
      for (let before: { fetchedAt: Date; cacheKey: string } | null = null; ; ) {
        const rows = await listCacheKeys(queryable, tenantId, before, rowsPerPage, clock.now());
        const marked = rows.map((row) => ({ cacheKey: row.cache_key, keptUntilMs: row.stale_until.getTime() }));
        if (marked.length > 0) await mark(tenantId, marked);
        const last = rows.at(-1);
        if (last === undefined || rows.length < rowsPerPage) break;
        before = { fetchedAt: last.fetched_at, cacheKey: last.cache_key };
      }
      await store.set(completeKey(tenantId), Buffer.from('1'), completeTtlMs);
    } catch (error) {
      logger.debug({ err: error, tenant: tenantId }, 'could not mark which answers the database has');
    }
  };

  const takeBack = async (tenantId: TenantId): Promise<void> => {
    await store.delete([completeKey(tenantId)]);
    completeUntilMs.delete(tenantId);
    unmarked.delete(tenantId);
  };

  const ask = async ({ tenantId, cacheKey }: AskedQuestion): Promise<boolean> => {
    try {
      if (unmarked.has(tenantId)) await takeBack(tenantId);
      const isTrusted = (completeUntilMs.get(tenantId) ?? 0) > clock.now();
      if (isTrusted) return (await store.get(markKey(tenantId, cacheKey))) !== null;
      const [marked, completed] = await Promise.all([
        store.get(markKey(tenantId, cacheKey)),
        store.get(completeKey(tenantId)),
      ]);
      if (completed === null) {
        void complete(tenantId);
        return true;
      }
      setBounded(completeUntilMs, tenantId, clock.now() + trustMs, maxTenants);
      return marked !== null;
    } catch (error) {
      if (error instanceof StoreAway) return true;
      throw error;
    }
  };

  return {
    mayBeKept: (question) => (store.kind === 'redis' ? ask(question) : true),
    async note(answers) {
      if (store.kind !== 'redis') return;
      const toMark = [...late, ...answers];
      late = [];
      for (const [tenantId, rows] of Map.groupBy(toMark, (answer) => answer.tenantId)) {
        try {
          await mark(tenantId, rows);
        } catch (error) {
          if (late.length + rows.length <= maxLate) late = [...late, ...rows.map(rowOf)];
          else if (unmarked.size < maxTenants) unmarked.add(tenantId);
          logger.debug({ err: error, tenant: tenantId }, 'could not mark answers that the database has');
        }
      }
    },
  };
}

/** Without the body, which must not stay in memory. */
function rowOf({ tenantId, cacheKey, keptUntilMs }: Row): Row {
  return { tenantId, cacheKey, keptUntilMs };
}
