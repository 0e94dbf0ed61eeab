/** Converts rows to the cells of a `batchUpdate`. */
import type { Cell, ValueInputOption } from '../../providers/google_sheets/operations.ts';

/** `updateCells` starting at this cell. null and an empty text write an empty cell. */
export function writeRowsAt(
  place: { readonly sheetId: number; readonly row: number; readonly column: number },
  rows: readonly (readonly Cell[])[],
  inputOption: ValueInputOption,
): object {
  return {
    updateCells: {
      start: { sheetId: place.sheetId, rowIndex: place.row, columnIndex: place.column },
      rows: rows.map((row) => ({ values: row.map((cell) => cellData(cell, inputOption)) })),
      fields: 'userEnteredValue',
    },
  };
}

function cellData(cell: Cell, inputOption: ValueInputOption): object {
  if (cell === null || cell === '') return {};
  if (typeof cell === 'number') return { userEnteredValue: { numberValue: cell } };
  if (typeof cell === 'boolean') return { userEnteredValue: { boolValue: cell } };
  const isFormula = inputOption === 'USER_ENTERED' && cell.startsWith('=') && cell.length > 1;
  return { userEnteredValue: isFormula ? { formulaValue: cell } : { stringValue: cell } };
}

/**
 * Whether only Google can tell what these typed texts become (numbers, dates, booleans), which depends on the
 * spreadsheet's locale. Text that starts with a letter and has no digit stays text in every locale, except for a few
 * words.
 */
export function needsTyping(rows: readonly (readonly Cell[])[]): boolean {
  return rows.some((row) => row.some((cell) => typeof cell === 'string' && cell !== '' && !isPlain(cell)));
}

function isPlain(text: string): boolean {
  if (text.startsWith('=') && text.length > 1) return true;
  return /^\p{L}\D*$/u.test(text) && (/\s/.test(text) || text.length > 12);
}

/** Requests that add the missing rows and columns. */
export function growGrid(
  grid: { readonly sheetId: number; readonly rowCount: number; readonly columnCount: number },
  endRow: number,
  endColumn: number,
): readonly object[] {
  const lacking = [
    ['ROWS', endRow - grid.rowCount],
    ['COLUMNS', endColumn - grid.columnCount],
  ] as const;
  return lacking
    .filter(([, length]) => length > 0)
    .map(([dimension, length]) => ({ appendDimension: { sheetId: grid.sheetId, dimension, length } }));
}
