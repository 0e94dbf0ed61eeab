/**
 * Matches each row with its chain entry. Both are nearly sorted by time: a digest is linked seconds after its call
 * began, or hours later if the record was in a spool. So both are read in parallel, always the one that is behind, and
 * only unmatched ones stay in memory.
 */
import type { Queryable } from '../../storage/postgres/database.ts';
import { findRowIds, readDigestedRows } from '../../storage/tables/audit/audit-chain.ts';
import { type ChainEntry, entriesOf, readParts, timeOfId, uuidOf } from './chain-entries.ts';

const rowsPerPage = 1_000;
const idsPerLookUp = 500;

export interface RowFault {
  readonly kind: 'row_changed' | 'row_missing' | 'row_added';
  readonly id: string;
  readonly startedAt: string;
}

export interface KnownChain {
  /** By the row's id: its digest since an erasure. */
  readonly erasedDigests: ReadonlyMap<string, string>;
  /** Unix milliseconds; earlier rows are not covered. Infinity if there is no chain. */
  readonly beganAtMs: number;
}

export interface CompareOptions {
  readonly maxFaults: number;
  note(fault: RowFault): void;
  onProgress?(rows: number): void;
}

interface Row {
  readonly digest: string;
  readonly startedAt: string;
}

/** Reports rows that are changed, missing or added. */
export async function compareRows(
  tx: Queryable,
  tenant: string,
  { erasedDigests, beganAtMs }: KnownChain,
  { maxFaults, note, onProgress }: CompareOptions,
): Promise<{ readonly rows: number; readonly rowsBefore: number }> {
  const unmatchedRows = new Map<string, Row>();
  const unmatchedEntries = new Map<string, string>();
  const judge = (id: string, row: Row, linked: string): void => {
    const expected = erasedDigests.get(id) ?? linked;
    if (expected !== row.digest) note({ kind: 'row_changed', id: uuidOf(id), startedAt: row.startedAt });
  };
  const takeEntry = ({ id, digest }: ChainEntry): void => {
    const row = unmatchedRows.get(id);
    if (row !== undefined && unmatchedRows.delete(id)) judge(id, row, digest);
    // The first entry counts: a later one for the same row could have been made to fit an edit.
    else if (!unmatchedEntries.has(id)) unmatchedEntries.set(id, digest);
  };
  let rowsBefore = 0;
  const takeRow = (id: string, row: Row): void => {
    const linked = unmatchedEntries.get(id);
    if (linked !== undefined && unmatchedEntries.delete(id)) judge(id, row, linked);
    else if (timeOfId(id) < beganAtMs && Date.parse(row.startedAt) < beganAtMs) rowsBefore += 1;
    else unmatchedRows.set(id, row);
  };

  const parts = readParts(tx, tenant);
  const pages = readDigestedRows(tx, tenant, rowsPerPage);
  let [entriesAtMs, rowsAtMs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let rows = 0;
  while (entriesAtMs < Number.POSITIVE_INFINITY || rowsAtMs < Number.POSITIVE_INFINITY) {
    if (entriesAtMs <= rowsAtMs) {
      const { value: part, done } = await parts.next();
      if (done) entriesAtMs = Number.POSITIVE_INFINITY;
      else if (part.kind === 'rows') {
        for (const entry of entriesOf(part.entries)) {
          takeEntry(entry);
          entriesAtMs = Math.max(entriesAtMs, entry.atMs);
        }
      }
      continue;
    }
    const { value: page, done } = await pages.next();
    if (done) {
      rowsAtMs = Number.POSITIVE_INFINITY;
      continue;
    }
    for (const { id, digest, started_at: startedAt } of page) {
      takeRow(id.toString('latin1'), { digest: digest.toString('latin1'), startedAt });
      rowsAtMs = Date.parse(startedAt);
    }
    rows += page.length;
    onProgress?.(rows);
  }
  for (const [id, { startedAt }] of unmatchedRows) note({ kind: 'row_added', id: uuidOf(id), startedAt });
  for (const id of await findMissing(tx, tenant, [...unmatchedEntries.keys()], maxFaults)) {
    note({ kind: 'row_missing', id: uuidOf(id), startedAt: new Date(timeOfId(id)).toISOString() });
  }
  return { rows, rowsBefore };
}

/**
 * Finds the entries without a row. If two commits tried one row, it has two entries; the first one matched the row, so
 * the second is looked up.
 */
async function findMissing(tx: Queryable, tenant: string, ids: readonly string[], limit: number): Promise<string[]> {
  const missing: string[] = [];
  for (let at = 0; at < ids.length && missing.length < limit; at += idsPerLookUp) {
    const some = ids.slice(at, at + idsPerLookUp);
    const found = new Set(await findRowIds(tx, tenant, some.map(uuidOf)));
    missing.push(...some.filter((id) => !found.has(uuidOf(id))));
  }
  return missing;
}
