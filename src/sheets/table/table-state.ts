/**
 * What the replicas know of a spreadsheet's tables between two changes, touched only under the spreadsheet's lock:
 * where each table was last seen to end, and which notes of earlier changes may be removed. It is only a hint: an end
 * is verified before anything is written below it, and losing this state costs one more request.
 */
import type { Clock } from '../../clock.ts';
import type { TenantId } from '../../ids.ts';
import type { SharedStore } from '../../storage/redis/shared-store.ts';
import type { Area } from '../area.ts';

export interface KnownTable {
  readonly title: string;
  /**
   * `column`: the first column of the rows. `firstColumn` to `endColumn`: the columns that show which rows are filled.
   */
  readonly column: number;
  readonly firstColumn: number;
  /** null: to the end of the grid. */
  readonly endColumn: number | null;
  /** Zero-based: the last row with content. */
  readonly lastRow: number;
  /** As shown to callers; null if the table has no rows yet. */
  readonly table: Area | null;
}

export interface KeptMarker {
  readonly id: number;
  readonly atMs: number;
  /** Until then, a retry may need to find this note. */
  readonly neededUntilMs: number;
}

interface Kept {
  /** By how callers named the table; the most recent one is last. */
  readonly tables: Readonly<Record<string, KnownTable>>;
  readonly markers: readonly KeptMarker[];
}

export interface TableStates {
  find(tenantId: TenantId, spreadsheetId: string, key: string): Promise<KnownTable | null>;
  /** `table` null: forgets the table. */
  note(tenantId: TenantId, spreadsheetId: string, key: string, table: KnownTable | null): Promise<void>;
  /** Notes that are no longer needed; they count as removed from now on. */
  takeOldMarkers(tenantId: TenantId, spreadsheetId: string): Promise<readonly number[]>;
  keepMarkers(tenantId: TenantId, spreadsheetId: string, markers: readonly KeptMarker[]): Promise<void>;
}

/** As long as an idempotency key is kept, since its retry may look for the note. */
const ttlMs = 25 * 3_600_000;
const maxTables = 50;
/** Google allows about 30,000 characters of notes per sheet; a note takes about 35. */
const maxMarkers = 300;
const maxRemovedAtOnce = 50;
const nothing: Kept = { tables: {}, markers: [] };

export function createTableStates(store: SharedStore, clock: Clock): TableStates {
  const keyOf = (tenantId: TenantId, spreadsheetId: string): string => `sheets-known:{${tenantId}}:${spreadsheetId}`;
  // If the store is away, nothing is known and nothing is kept.
  const load = async (key: string): Promise<Kept> => {
    const kept = await store.get(key).catch(() => null);
    return kept === null ? nothing : (JSON.parse(kept.toString()) as Kept);
  };
  const change = async (
    tenantId: TenantId,
    spreadsheetId: string,
    changed: (kept: Kept) => Partial<Kept>,
  ): Promise<void> => {
    const key = keyOf(tenantId, spreadsheetId);
    const kept = await load(key);
    await store.set(key, Buffer.from(JSON.stringify({ ...kept, ...changed(kept) })), ttlMs).catch(() => {});
  };

  return {
    async find(tenantId, spreadsheetId, key) {
      return (await load(keyOf(tenantId, spreadsheetId))).tables[key] ?? null;
    },
    note: (tenantId, spreadsheetId, key, table) =>
      change(tenantId, spreadsheetId, ({ tables: { [key]: _before, ...others } }) => ({
        tables: Object.fromEntries([...Object.entries(others), ...(table ? [[key, table]] : [])].slice(-maxTables)),
      })),
    async takeOldMarkers(tenantId, spreadsheetId) {
      const { markers } = await load(keyOf(tenantId, spreadsheetId));
      const nowMs = clock.now();
      const old = markers.filter(({ neededUntilMs }, at) => neededUntilMs <= nowMs || at < markers.length - maxMarkers);
      const taken = old.slice(0, maxRemovedAtOnce).map(({ id }) => id);
      if (taken.length > 0) {
        await change(tenantId, spreadsheetId, (kept) => ({
          markers: kept.markers.filter(({ id }) => !taken.includes(id)),
        }));
      }
      return taken;
    },
    keepMarkers: (tenantId, spreadsheetId, markers) =>
      change(tenantId, spreadsheetId, (kept) => ({ markers: [...kept.markers, ...markers] })),
  };
}
