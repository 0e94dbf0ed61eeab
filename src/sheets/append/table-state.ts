/**
 * What is known of a table between two appends, shared by all replicas and touched only under its lock: where it ended,
 * and which rows at its end were acknowledged to whom they belong. A store that forgot it is no loss of data: the end is
 * then read from Google.
 */
import type { SharedStore } from '../../storage/shared-store.ts';

export interface TableState {
  /** Zero-based row after the table’s last one, as the last append left it; null after one that nobody knows the end of. */
  readonly endRow: number | null;
  /** Rows (start, end) that belong to acknowledged appends, newest last. */
  readonly acknowledged: readonly (readonly [number, number])[];
}

export interface TableStates {
  /** null where nothing is known. */
  find(spreadsheetId: string, anchor: string): Promise<TableState | null>;
  keep(spreadsheetId: string, anchor: string, state: TableState): Promise<void>;
}

const ttlMs = 3_600_000;
const maxAcknowledged = 200;

export function createTableStates(store: SharedStore): TableStates {
  const keyOf = (spreadsheetId: string, anchor: string): string => `sheets-table:${spreadsheetId}:${anchor}`;
  return {
    async find(spreadsheetId, anchor) {
      const kept = await store.get(keyOf(spreadsheetId, anchor)).catch(() => null);
      return kept === null ? null : (JSON.parse(kept.toString()) as TableState);
    },
    async keep(spreadsheetId, anchor, state) {
      const kept = { ...state, acknowledged: state.acknowledged.slice(-maxAcknowledged) };
      await store.set(keyOf(spreadsheetId, anchor), Buffer.from(JSON.stringify(kept)), ttlMs).catch(() => {});
    },
  };
}
