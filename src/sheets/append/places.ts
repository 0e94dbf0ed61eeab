/** Where appended rows stand: of the whole batch from Google's reply, and of each caller within it. */
import type { AppendedRows, Cell } from '../../providers/google_sheets/operations.ts';
import { A1SyntaxError, parseA1, printFound } from '../a1.ts';
import { type Area, blockAt } from '../area.ts';
import type { TableAnchor } from './read-back.ts';
import type { AppendedArea } from './table-state.ts';

/** Rows and columns count from 0. */
export interface PlacedBatch {
  readonly title: string | null;
  readonly startRow: number;
  readonly column: number;
  /** The table before the batch; null where there was none, or it is not known. */
  readonly table: Area | null;
}

/** null where the rows are not below the anchor in its column, or not as many as were sent. */
export function placeOfReply(
  reply: AppendedRows,
  anchor: TableAnchor,
  rows: readonly (readonly Cell[])[],
): PlacedBatch | null {
  const updated = parseArea(reply.updatedRange);
  if (updated === null) return null;
  const { area, title } = updated;
  const rowCount = area.endRow === null ? 0 : area.endRow - area.startRow;
  const isBelow = area.startColumn === anchor.column && area.startRow >= anchor.row && rowCount === rows.length;
  if (!isBelow) return null;
  const table = reply.tableRange === null ? null : (parseArea(reply.tableRange)?.area ?? null);
  return { title, startRow: area.startRow, column: area.startColumn, table };
}

function parseArea(text: string): { readonly title: string | null; readonly area: Area } | null {
  try {
    const range = parseA1(text);
    return range.kind === 'area' ? range : null;
  } catch (error) {
    if (error instanceof A1SyntaxError) return null;
    throw error;
  }
}

/** The cells that `values` stand in. `offset` is that of its rows in the batch. */
export function areaOfPlace(
  { title, startRow, column }: PlacedBatch,
  offset: number,
  values: readonly (readonly Cell[])[],
): AppendedArea {
  const width = Math.max(...values.map((row) => row.length));
  const corner = { startRow: startRow + offset, endRow: null, startColumn: column, endColumn: null };
  return { kind: 'area', title, area: blockAt(corner, values.length, width) };
}

/** As Google would have answered this caller alone, in its turn. `offset` is that of its rows in the batch. */
export function placeOfCaller(place: PlacedBatch, offset: number, values: readonly (readonly Cell[])[]): AppendedRows {
  const { area } = areaOfPlace(place, offset, values);
  const width = (area.endColumn as number) - area.startColumn;
  return {
    updatedRange: printFound(place.title, area),
    updatedRows: values.length,
    updatedColumns: width,
    updatedCells: values.reduce((sum, row) => sum + row.filter((cell) => cell !== null).length, 0),
    tableRange: tableBefore(place, offset, width),
  };
}

function tableBefore({ table, title, startRow, column }: PlacedBatch, offset: number, width: number): string | null {
  if (offset === 0) return table === null ? null : printFound(title, table);
  const before = table ?? { startRow, endRow: startRow, startColumn: column, endColumn: column + width };
  return printFound(title, { ...before, endRow: startRow + offset });
}
