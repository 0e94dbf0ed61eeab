/** Reads the audit log for a tenant: in pages, one entry in full, or everything as a stream. */

import { pageOf, renderPosition, type TimePosition } from '../encodings/page-cursor.ts';
import { type TenantId, timeOfId } from '../ids.ts';
import type { Database, Queryable } from '../storage/postgres/database.ts';
import {
  countLogs,
  type LogFilter,
  type StoredLog,
  selectLog,
  selectLogBodies,
  selectLogs,
} from '../storage/tables/audit/integration-logs.ts';

export { type LogFilter, logStatuses } from '../storage/tables/audit/integration-logs.ts';

/** `IntegrationLog` of the contract. Lists have no headers and bodies (null); a single entry has them. */
export interface IntegrationLog
  extends Omit<StoredLog, 'request_headers' | 'request_body' | 'response_body' | 'started_at' | 'completed_at'> {
  readonly request_headers: unknown;
  readonly request_body: unknown;
  readonly response_body: unknown;
  readonly started_at: string;
  readonly completed_at: string | null;
}

export interface LogPage {
  readonly logs: readonly IntegrationLog[];
  /** null: this was the last page. */
  readonly nextCursor: string | null;
}

export interface LogTotal {
  /** Counted up to 10,000. */
  readonly total: number;
  readonly isCapped: boolean;
}

export interface LogReaderDeps {
  readonly db: Database;
}

/** Counting stops here, because counting all rows of a large tenant would take too long. */
const maxCounted = 10_000;
const exportPage = 1_000;
/**
 * Where to search a row by the time in its id. An id is created between the start and the end of its call; the second
 * window allows for clocks that were moved.
 */
const idWindows = [
  { beforeMs: 120_000, afterMs: 1_000 },
  { beforeMs: 86_400_000, afterMs: 86_400_000 },
];

const dayMs = 86_400_000;
/**
 * How many days back each query of a page reaches: future times, the last day, the two days before; a last query covers
 * the rest.
 */
const spans = [
  { backDays: -1, isSparse: true },
  { backDays: 0, isSparse: false },
  { backDays: 2, isSparse: false },
];

/** Returns one page, newest first. `limit` is 1 to 1,000; `cursor` is the parsed cursor of the previous page. */
export async function listEntries(
  { db }: LogReaderDeps,
  tenantId: TenantId,
  filter: LogFilter,
  cursor: TimePosition | null,
  limit: number,
): Promise<LogPage> {
  // One extra row shows whether there is another page.
  const rows = await db.forTenant(tenantId, (tx) => selectNewest(tx, tenantId, filter, cursor, limit + 1));
  const { shown, nextCursor } = pageOf(rows, limit, (last) => renderPosition(positionOf(last)));
  return { logs: shown.map((row) => entryOf(row, noBodies)), nextCursor };
}

/**
 * Queries the newest days first, and older ones only if there are too few rows, because planning a query over all days
 * of the log takes longer than reading a page. A span ends at a day's border and begins at the cursor: as a pair of
 * columns, the cursor does not tell the planner to skip later days. The clock only decides where to start; rows with
 * future times are found too.
 */
async function selectNewest(
  tx: Queryable,
  tenantId: TenantId,
  filter: LogFilter,
  after: TimePosition | null,
  limit: number,
): Promise<StoredLog[]> {
  if (filter.requestId !== undefined) return selectLogs(tx, tenantId, filter, after, limit);
  const cursorMs = after === null ? null : Date.parse(after.at);
  const newestMs = Math.min(filter.toMs ?? Number.POSITIVE_INFINITY, (cursorMs ?? Number.POSITIVE_INFINITY) + 1);
  const oldestMs = Math.max(filter.fromMs ?? 0, 0);
  const lastMs = Math.min(cursorMs ?? Date.now(), newestMs - 1);
  const lastDayMs = lastMs - (lastMs % dayMs);

  const rows: StoredLog[] = [];
  let toMs: number | undefined = Number.isFinite(newestMs) ? newestMs : undefined;
  const readSpan = async (fromMs: number | undefined, isSparse: boolean): Promise<void> => {
    rows.push(...(await selectLogs(tx, tenantId, { ...filter, fromMs, toMs }, after, limit - rows.length, isSparse)));
    toMs = fromMs;
  };
  for (const { backDays, isSparse } of spans) {
    const fromMs = lastDayMs - backDays * dayMs;
    if (fromMs <= oldestMs) break;
    if (toMs !== undefined && fromMs >= toMs) continue;
    await readSpan(fromMs, isSparse);
    if (rows.length >= limit) return rows;
  }
  await readSpan(filter.fromMs, toMs !== undefined && toMs <= lastDayMs);
  return rows;
}

/** Counts the matching entries, up to 10,000. */
export async function countEntries({ db }: LogReaderDeps, tenantId: TenantId, filter: LogFilter): Promise<LogTotal> {
  const counted = await db.forTenant(tenantId, (tx) => countLogs(tx, tenantId, filter, maxCounted + 1));
  return { total: Math.min(counted, maxCounted), isCapped: counted > maxCounted };
}

/** Returns one entry with its headers and bodies; null if the tenant has no entry with this id. */
export async function getEntry({ db }: LogReaderDeps, tenantId: TenantId, id: string): Promise<IntegrationLog | null> {
  const madeAtMs = timeOfId(id);
  if (madeAtMs === null) return null; // Every id of this service contains a time.
  return db.forTenant(tenantId, async (tx) => {
    for (const { beforeMs, afterMs } of idWindows) {
      const row = await selectLog(tx, tenantId, id, madeAtMs - beforeMs, madeAtMs + afterMs);
      if (row !== null) return entryOf(row, await selectLogBodies(tx, tenantId, referencesOf(row)));
    }
    return null;
  });
}

/**
 * Streams all matching entries, newest first, with headers and bodies. Pages are read on demand, so a slow reader holds
 * no transaction and little memory. Entries written meanwhile are newer and not included.
 */
export async function* exportEntries(
  { db }: LogReaderDeps,
  tenantId: TenantId,
  filter: LogFilter,
): AsyncGenerator<IntegrationLog> {
  let after: TimePosition | null = null;
  for (;;) {
    const position: TimePosition | null = after;
    const page = await db.forTenant(tenantId, async (tx) => {
      const rows = await selectNewest(tx, tenantId, filter, position, exportPage);
      const bodies = await selectLogBodies(tx, tenantId, rows.flatMap(referencesOf));
      return rows.map((row) => ({ row, entry: entryOf(row, bodies) }));
    });
    for (const { entry } of page) yield entry;
    const last = page.at(-1);
    if (last === undefined || page.length < exportPage) return;
    after = positionOf(last.row);
  }
}

const noBodies: ReadonlyMap<string, string> = new Map();

/** Times are stored in whole milliseconds, so the cursor is exact. */
function positionOf(row: StoredLog): TimePosition {
  return { at: row.started_at.toISOString(), id: row.id };
}

function referencesOf(row: StoredLog): { day: string; hash: string }[] {
  const day = row.started_at.toISOString().slice(0, 10);
  return [row.request_headers, row.request_body, row.response_body].flatMap((reference) => {
    const hash = hashOf(reference);
    return hash === null ? [] : [{ day, hash }];
  });
}

function hashOf(reference: string | null): string | null {
  return reference?.startsWith('sha256:') ? reference.slice('sha256:'.length) : null;
}

function entryOf(row: StoredLog, bodies: ReadonlyMap<string, string>): IntegrationLog {
  const day = row.started_at.toISOString().slice(0, 10);
  const bodyOf = (reference: string | null): unknown => {
    const text = bodies.get(`${day} ${hashOf(reference)}`);
    return text === undefined ? null : parsedOrText(text);
  };
  return {
    ...row,
    request_headers: bodyOf(row.request_headers),
    request_body: bodyOf(row.request_body),
    response_body: bodyOf(row.response_body),
    started_at: row.started_at.toISOString(),
    completed_at: row.completed_at?.toISOString() ?? null,
  };
}

/** Parses JSON. Everything else stays text: a truncated body, and JSON with an integer that would lose digits. */
function parsedOrText(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return losesDigits(text) ? text : JSON.parse(text);
  } catch {
    return text;
  }
}

const longInteger = /^-?\d{16,}$/;

/** Whether a whole number in the JSON text exceeds the precision of a double. Throws `SyntaxError` for invalid JSON. */
function losesDigits(text: string): boolean {
  if (!/\d{16}/.test(text)) return false;
  let isLost = false;
  const reviver = (_name: string, value: unknown, { source }: { source?: string }): unknown => {
    if (typeof value === 'number' && source !== undefined && longInteger.test(source)) {
      isLost ||= BigInt(value) !== BigInt(source);
    }
    return value;
  };
  JSON.parse(text, reviver as (name: string, value: unknown) => unknown);
  return isLost;
}
