/** Parses the parts of `batchUpdate` requests according to the API's types. */
import { ApiError, badField, tooManyCells } from './api-error.ts';
import { type GridArea, type GridState, maxCells } from './grid.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

export type Json = Readonly<Record<string, unknown>>;

export function gridOf(spreadsheet: SpreadsheetState, sheetId: unknown): GridState {
  const found = spreadsheet.grids.find((grid) => grid.sheetId === Number(sheetId ?? 0));
  if (found === undefined) throw new ApiError(400, `No grid with id: ${String(sheetId)}`);
  return found;
}

/** A GridRange, limited to its grid. */
export function areaAt(grid: GridState, range: Json): GridArea {
  return {
    startRow: countAt(range.startRowIndex, 0, 'startRowIndex'),
    endRow: Math.min(grid.rowCount, countAt(range.endRowIndex, grid.rowCount, 'endRowIndex')),
    startColumn: countAt(range.startColumnIndex, 0, 'startColumnIndex'),
    endColumn: Math.min(grid.columnCount, countAt(range.endColumnIndex, grid.columnCount, 'endColumnIndex')),
  };
}

/** The object at this place; a missing or null one counts as empty. */
export function objectAt(value: unknown, field: string): Json {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Json;
  throw badField(field, `Invalid value at '${field}', ${JSON.stringify(value)}`);
}

export function listAt(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw badField(field, `Invalid value at '${field}', ${JSON.stringify(value)}`);
}

/** An index or a count: a whole number within any grid's size. */
export function countAt(value: unknown, otherwise: number, field: string): number {
  if (value === undefined || value === null) return otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxCells) return value;
  throw badField(field, `Invalid value at '${field}' (TYPE_INT32), ${JSON.stringify(value)}`);
}

export function resize(grid: GridState, rowCount: number, columnCount: number): void {
  assertRoom(rowCount, columnCount);
  grid.rowCount = rowCount;
  grid.columnCount = columnCount;
  grid.rows.length = Math.min(grid.rows.length, rowCount);
  if (grid.rows.some((row) => row.length > columnCount)) grid.rows = grid.rows.map((row) => row.slice(0, columnCount));
}

export function assertRoom(rowCount: number, columnCount: number): void {
  if (rowCount * columnCount > maxCells) throw tooManyCells();
}
