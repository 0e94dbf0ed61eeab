/**
 * What is known of a spreadsheet's tables between two appends, shared by all replicas and touched only under its lock:
 * where each table ended, and which rows were acknowledged to whom they belong. A store that forgot it is no loss of
 * data: the end is then read from Google.
 *
 * One table may be named in several ways (`Sheet1`, `Sheet1!A:C`, `A1`), so an append to one of them leaves no other end
 * of that sheet known, and the acknowledged rows count for all. Writes and clears through us, and appends whose outcome
 * nobody knows, end what is known, too (`noteEdit`, which needs no lock).
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { TenantId } from '../../ids.ts';
import type { SharedStore } from '../../storage/redis/shared-store.ts';
import { type A1Range, mayOverlap, parseA1, titleOfRange } from '../a1.ts';

/** Acknowledged rows, in the columns of their table. */
export type AppendedArea = Extract<A1Range, { kind: 'area' }>;

export interface TableState {
  /** Row after the table's last one; null where nobody has looked lately: people edit sheets by hand. */
  readonly endRow: number | null;
  /** Rows that belong to acknowledged appends, newest last. */
  readonly acknowledged: readonly AppendedArea[];
}

export interface TableStates {
  find(tenantId: TenantId, spreadsheetId: string, anchor: string): Promise<TableState>;
  /** An append was acknowledged with these rows, which end the table (`endsTable`). */
  acknowledge(
    tenantId: TenantId,
    spreadsheetId: string,
    anchor: string,
    rows: AppendedArea,
    endsTable: boolean,
  ): Promise<void>;
  /** Cells were changed, or perhaps were, by something else than an acknowledged append: no table's end is known any more. */
  noteEdit(tenantId: TenantId, spreadsheetId: string): Promise<void>;
}

interface KnownEnd {
  readonly row: number;
  /** Unix milliseconds. */
  readonly knownAtMs: number;
  /** The last edit that was noted when this end was learnt. */
  readonly edit: string | null;
}

interface Kept {
  /** By anchor, learnt last last. */
  readonly ends: Readonly<Record<string, KnownEnd>>;
  readonly acknowledged: readonly AppendedArea[];
}

const ttlMs = 3_600_000;
/** For so long an end is taken on trust; then it is read anew. */
const endTtlMs = 60_000;
/** Beyond these the oldest are forgotten, and read from Google again. */
const maxEnds = 50;
const maxAcknowledged = 200;
const nothing: Kept = { ends: {}, acknowledged: [] };

export function createTableStates(store: SharedStore, clock: Clock): TableStates {
  const keyOf = (tenantId: TenantId, spreadsheetId: string): string => `sheets-tables:{${tenantId}}:${spreadsheetId}`;
  const editKeyOf = (tenantId: TenantId, spreadsheetId: string): string => `sheets-edit:{${tenantId}}:${spreadsheetId}`;
  // A store that is away knows nothing and keeps nothing.
  const load = async (key: string): Promise<Kept> => {
    const kept = await store.get(key).catch(() => null);
    return kept === null ? nothing : (JSON.parse(kept.toString()) as Kept);
  };
  const keep = (key: string, state: Kept): Promise<void> =>
    store.set(key, Buffer.from(JSON.stringify(state)), ttlMs).catch(() => {});
  const lastEdit = async (tenantId: TenantId, spreadsheetId: string): Promise<string | null> =>
    (await store.get(editKeyOf(tenantId, spreadsheetId)).catch(() => null))?.toString() ?? null;

  return {
    async find(tenantId, spreadsheetId, anchor) {
      const [{ ends, acknowledged }, edit] = await Promise.all([
        load(keyOf(tenantId, spreadsheetId)),
        lastEdit(tenantId, spreadsheetId),
      ]);
      const end = ends[anchor];
      const isKnown = end !== undefined && end.edit === edit && clock.now() - end.knownAtMs < endTtlMs;
      return { endRow: isKnown ? end.row : null, acknowledged };
    },

    async acknowledge(tenantId, spreadsheetId, anchor, rows, endsTable) {
      const key = keyOf(tenantId, spreadsheetId);
      const [known, edit] = await Promise.all([load(key), lastEdit(tenantId, spreadsheetId)]);
      const { [anchor]: _own, ...others } = known.ends;
      const ends = Object.entries(others).filter(([other]) => isOnAnotherSheet(other, rows));
      const own: KnownEnd = { row: rows.area.endRow ?? 0, knownAtMs: clock.now(), edit };
      // Rows that stood where these are now, or below, were removed by somebody: they tell nothing any more.
      const replaced: AppendedArea = endsTable ? { ...rows, area: { ...rows.area, endRow: null } } : rows;
      await keep(key, {
        ends: Object.fromEntries([...ends, ...(endsTable ? [[anchor, own] as const] : [])].slice(-maxEnds)),
        acknowledged: [...known.acknowledged.filter((one) => !mayOverlap(one, replaced)), rows].slice(-maxAcknowledged),
      });
    },

    async noteEdit(tenantId, spreadsheetId) {
      const edit = Buffer.from(randomUUID());
      // Longer than any end that it denies is trusted.
      await store.set(editKeyOf(tenantId, spreadsheetId), edit, 2 * endTtlMs).catch(() => {});
    },
  };
}

function isOnAnotherSheet(anchor: string, rows: AppendedArea): boolean {
  const title = titleOfRange(parseA1(anchor));
  if (title === null || rows.title === null) return false;
  return !mayOverlap({ kind: 'sheet', title }, { kind: 'sheet', title: rows.title });
}
