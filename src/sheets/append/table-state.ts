/**
 * What is known of a table between two appends, shared by all replicas and touched only under its lock: where it ended,
 * and which rows at its end were acknowledged to whom they belong. A store that forgot it is no loss of data: the end is
 * then read from Google.
 */
import type { Clock } from '../../clock.ts';
import type { TenantId } from '../../ids.ts';
import type { SharedStore } from '../../storage/shared-store.ts';

/** Rows from a start up to, and without, an end; both count from 0. */
export type Rows = readonly [number, number];

export interface TableState {
  /** Row after the table's last one; null where nobody has looked lately: people edit sheets by hand. */
  readonly endRow: number | null;
  /** Rows that belong to acknowledged appends, newest last. */
  readonly acknowledged: readonly Rows[];
}

export interface TableStates {
  find(tenantId: TenantId, spreadsheetId: string, anchor: string): Promise<TableState>;
  /** An append was acknowledged with these rows, which end the table (`endsTable`). */
  acknowledge(tenantId: TenantId, spreadsheetId: string, anchor: string, rows: Rows, endsTable: boolean): Promise<void>;
  /** Nobody knows where the table ends. */
  forgetEnd(tenantId: TenantId, spreadsheetId: string, anchor: string): Promise<void>;
}

interface Kept extends TableState {
  /** Unix milliseconds. */
  readonly endKnownAtMs: number;
}

const ttlMs = 3_600_000;
/** For so long the end is taken on trust; then it is read anew. */
const endTtlMs = 60_000;
const maxAcknowledged = 200;
const nothing: Kept = { endRow: null, acknowledged: [], endKnownAtMs: 0 };

export function createTableStates(store: SharedStore, clock: Clock): TableStates {
  const keyOf = (tenantId: TenantId, spreadsheetId: string, anchor: string): string =>
    `sheets-table:{${tenantId}}:${spreadsheetId}:${anchor}`;
  // A store that is away knows nothing and keeps nothing.
  const load = async (key: string): Promise<Kept> => {
    const kept = await store.get(key).catch(() => null);
    return kept === null ? nothing : (JSON.parse(kept.toString()) as Kept);
  };
  const keep = (key: string, state: Kept): Promise<void> =>
    store.set(key, Buffer.from(JSON.stringify(state)), ttlMs).catch(() => {});

  return {
    async find(tenantId, spreadsheetId, anchor) {
      const { endRow, acknowledged, endKnownAtMs } = await load(keyOf(tenantId, spreadsheetId, anchor));
      return { endRow: clock.now() - endKnownAtMs < endTtlMs ? endRow : null, acknowledged };
    },
    async acknowledge(tenantId, spreadsheetId, anchor, rows, endsTable) {
      const key = keyOf(tenantId, spreadsheetId, anchor);
      const known = await load(key);
      // Rows that stood where these are now, or below, were removed by somebody: they tell nothing any more.
      const others = known.acknowledged.filter(([start, end]) =>
        endsTable ? end <= rows[0] : end <= rows[0] || start >= rows[1],
      );
      await keep(key, {
        endRow: endsTable ? rows[1] : null,
        endKnownAtMs: clock.now(),
        acknowledged: [...others, rows].slice(-maxAcknowledged),
      });
    },
    async forgetEnd(tenantId, spreadsheetId, anchor) {
      const key = keyOf(tenantId, spreadsheetId, anchor);
      await keep(key, { ...(await load(key)), endRow: null });
    },
  };
}
