/** Finds columns by the names in a header row. */
import { invalidInput } from '../../errors.ts';
import type { Cell } from '../../providers/google_sheets/operations.ts';

export interface Column {
  readonly name: string;
  /** Zero-based, in the sheet. */
  readonly index: number;
}

/** A repeated name gets `_2`, `_3`; a column without a name does not belong to records. */
export function columnsOf(header: readonly Cell[], firstColumn = 0): readonly Column[] {
  const taken = new Set<string>();
  return header.flatMap((cell, offset) => {
    const given = cell === null ? '' : nameOf(String(cell));
    if (given === '') return [];
    let name = given;
    for (let number = 2; taken.has(name); number++) name = `${given}_${number}`;
    taken.add(name);
    return [{ name, index: firstColumn + offset }];
  });
}

/** Blanks around a name are not seen in a sheet, so they do not count: neither in a header nor in a request. */
export function nameOf(text: string): string {
  return text.trim();
}

export type SheetRecord = Readonly<Record<string, Cell>>;

/** A record of a request, by the names that its columns have in a header. Refuses a name that no column can have. */
export function recordByNames(record: SheetRecord, path: string): SheetRecord {
  const named = Object.entries(record).map(([name, cell]) => [nameOf(name), cell] as const);
  const taken = new Set<string>();
  for (const [name] of named) {
    if (name === '') throw invalidInput(path, 'has a value without a column’s name');
    if (taken.has(name)) throw invalidInput(`${path}.${name}`, 'is named twice');
    taken.add(name);
  }
  return Object.fromEntries(named);
}

export function recordOf(columns: readonly Column[], row: readonly Cell[], firstColumn = 0): SheetRecord {
  return Object.fromEntries(
    columns.map(({ name, index }) => {
      const cell = row[index - firstColumn];
      return [name, cell === undefined || cell === '' ? null : cell];
    }),
  );
}

/** Compares by text: a person may have typed a number where a program wrote a text. */
export function isSameValue(cell: Cell | undefined, wanted: Cell): boolean {
  const text = (value: Cell | undefined): string => (value === null || value === undefined ? '' : String(value));
  return text(cell) === text(wanted);
}
