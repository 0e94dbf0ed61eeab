/**
 * Rows that can be recognised when they are read back: a print of each row, over the cells whose reading is certain.
 *
 * RAW cells come back as they were written, except that a sheet may break lines in its own way and hold numbers to
 * fifteen digits: prints do not tell these apart, for rows that are not recognised would be sent again. USER_ENTERED texts may come back as numbers, dates or a formula's value, so
 * columns that hold such a text anywhere in the batch are left out of its prints.
 */
import { createHash } from 'node:crypto';
import type { Cell, ValueInputOption } from '../../providers/google_sheets/operations.ts';

export interface RowPrints {
  /** One for each row, in order. */
  readonly prints: readonly string[];
  /** Columns of the batch, from 0, that the prints leave out. */
  readonly uncertainColumns: readonly number[];
  /** False where a row would be recognised by nothing. */
  readonly canRecognise: boolean;
}

export function printRows(rows: readonly (readonly Cell[])[], inputOption: ValueInputOption): RowPrints {
  const uncertain = new Set<number>();
  if (inputOption === 'USER_ENTERED') {
    for (const row of rows) for (const [column, cell] of row.entries()) if (!isPlainText(cell)) uncertain.add(column);
  }
  const uncertainColumns = [...uncertain].sort((a, b) => a - b);
  const prints = rows.map((row) => printRow(row, uncertain));
  const canRecognise = rows.every((row) => row.some((cell, column) => !uncertain.has(column) && !isEmpty(cell)));
  return { prints, uncertainColumns, canRecognise };
}

/**
 * First row, counted from `found`'s first, of each place where the batch stands whole. `found` begins at the column that
 * the batch begins at.
 */
export function findRows(
  found: readonly (readonly Cell[])[],
  width: number,
  { prints, uncertainColumns }: Pick<RowPrints, 'prints' | 'uncertainColumns'>,
): readonly number[] {
  const uncertain = new Set(uncertainColumns);
  const read = found.map((row) => printRow(row.slice(0, width), uncertain));
  const places: number[] = [];
  for (let at = 0; at + prints.length <= read.length; at++) {
    if (prints.every((print, offset) => read[at + offset] === print)) places.push(at);
  }
  return places;
}

function printRow(row: readonly Cell[], uncertain: ReadonlySet<number>): string {
  const cells = row.map((cell, column) => (uncertain.has(column) || isEmpty(cell) ? null : recognisableOf(cell)));
  while (cells.length > 0 && cells.at(-1) === null) cells.pop();
  return createHash('sha256').update(JSON.stringify(cells)).digest('base64url').slice(0, 16);
}

function recognisableOf(cell: Cell): Cell {
  if (typeof cell === 'string') return cell.replaceAll(/\r\n?/g, '\n').toWellFormed();
  return typeof cell === 'number' ? Number(cell.toPrecision(15)) : cell;
}

function isEmpty(cell: Cell): boolean {
  return cell === null || cell === '';
}

/** Letters first, and nothing that a sheet could take for a number, a date, a formula or a truth value. */
function isPlainText(cell: Cell): boolean {
  if (typeof cell !== 'string') return cell !== null && typeof cell !== 'undefined';
  if (cell === '') return true;
  return /^\p{L}/u.test(cell) && !/\d/.test(cell) && !/^(?:true|false|истина|ложь|rost|yolgʻon)$/iu.test(cell);
}
