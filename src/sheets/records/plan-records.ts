/** Plans a batch of records without any I/O: which cells of existing rows change, and which rows are new. */
import type { Cell } from '../../providers/google_sheets/operations.ts';
import { isBeyondDigits, tooManyDigits } from '../read-values.ts';
import type { Column, SheetRecord } from './header.ts';

export interface RecordsAsked {
  readonly records: readonly SheetRecord[];
  /** The column that identifies a record; null: all records are new. */
  readonly key: string | null;
  readonly addColumns: boolean;
}

export interface RecordsPlan {
  /** Names to add to the header row, with their columns. */
  readonly newColumns: readonly Column[];
  /** Changed cells of existing rows, by row and column. */
  readonly changed: ReadonlyMap<number, ReadonlyMap<number, Cell>>;
  /** New rows from `nextRow` on, by column. */
  readonly inserted: readonly ReadonlyMap<number, Cell>[];
  /** One outcome per question, in order. */
  readonly outcomes: readonly RecordsOutcome[];
}

export type RecordsOutcome =
  | {
      readonly kind: 'planned';
      readonly updated: number;
      readonly inserted: number;
      /** Zero-based; for each record, in order. */
      readonly rows: readonly number[];
    }
  | { readonly kind: 'refused'; readonly faults: readonly { readonly path: string; readonly message: string }[] };

export interface KnownRows {
  readonly columns: readonly Column[];
  /** The column for the next new name. */
  readonly nextColumn: number;
  readonly nextRow: number;
  /** The row of each existing key; for a repeated key, its first row. */
  readonly rowByKey: ReadonlyMap<string, number>;
}

export function planRecords(known: KnownRows, asked: readonly RecordsAsked[]): RecordsPlan {
  const columns = new Map(known.columns.map(({ name, index }) => [name, index]));
  const newColumns: Column[] = [];
  const changed = new Map<number, Map<number, Cell>>();
  const inserted: Map<number, Cell>[] = [];
  const rowByKey = new Map(known.rowByKey);

  const outcomes = asked.map((one): RecordsOutcome => {
    const faults = faultsOf(one, columns);
    if (faults.length > 0) return { kind: 'refused', faults };
    for (const name of one.records.flatMap((record) => Object.keys(record))) {
      if (columns.has(name)) continue;
      const index = known.nextColumn + newColumns.length;
      columns.set(name, index);
      newColumns.push({ name, index });
    }
    let updated = 0;
    const rows = one.records.map((record) => {
      const key = one.key === null ? null : String(record[one.key]);
      const there = key === null ? undefined : rowByKey.get(key);
      const row = there ?? known.nextRow + inserted.length;
      if (there === undefined) {
        inserted.push(new Map());
        if (key !== null) rowByKey.set(key, row);
      } else updated += 1;
      const cells = row >= known.nextRow ? inserted[row - known.nextRow] : rowIn(changed, row);
      for (const [name, cell] of Object.entries(record)) {
        if (there === undefined || name !== one.key) cells?.set(columns.get(name) as number, cell);
      }
      return row;
    });
    return { kind: 'planned', updated, inserted: rows.length - updated, rows };
  });
  return { newColumns, changed, inserted, outcomes };
}

function rowIn(changed: Map<number, Map<number, Cell>>, row: number): Map<number, Cell> {
  const cells = changed.get(row) ?? new Map<number, Cell>();
  changed.set(row, cells);
  return cells;
}

const maxFaults = 20;

function faultsOf({ records, key, addColumns }: RecordsAsked, columns: ReadonlyMap<string, number>) {
  const faults: { path: string; message: string }[] = [];
  if (key !== null && !columns.has(key) && !addColumns) {
    faults.push({ path: 'key', message: `the sheet has no column "${key}"` });
  }
  for (const [index, record] of records.entries()) {
    if (faults.length >= maxFaults) break;
    // A row without values would be overwritten by the next append.
    if (key === null && Object.values(record).every((cell) => cell === null || cell === '')) {
      faults.push({ path: `records[${index}]`, message: 'holds no value, and a blank row is no record' });
    }
    if (key !== null && (record[key] === undefined || record[key] === null || record[key] === '')) {
      faults.push({ path: `records[${index}].${key}`, message: 'is the key, and must not be empty' });
    }
    for (const [name, cell] of Object.entries(record)) {
      if (isBeyondDigits(cell)) faults.push({ path: `records[${index}].${name}`, message: tooManyDigits });
      if (addColumns) continue;
      if (!columns.has(name))
        faults.push({ path: `records[${index}].${name}`, message: 'the sheet has no such column' });
    }
  }
  return faults;
}
