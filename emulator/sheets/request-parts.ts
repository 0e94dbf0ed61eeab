/** What the requests of `batchUpdate` are made of, read as the API's types have it. */
import { ApiError, badField, tooManyCells } from './api-error.ts';
import { type GridArea, type GridState, maxCells } from './grid.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

export type Json = Readonly<Record<string, unknown>>;

export function gridOf(spreadsheet: SpreadsheetState, sheetId: unknown): GridState {
  const found = spreadsheet.grids.find((grid) => grid.sheetId === Number(sheetId ?? 0));
  if (found === undefined) throw new ApiError(400, `No grid with id: ${String(sheetId)}`);
  return found;
}

/** A GridRange, bounded by its grid. */
export function areaAt(grid: GridState, range: Json): GridArea {
  return {
    startRow: countAt(range.startRowIndex, 0, 'startRowIndex'),
    endRow: Math.min(grid.rowCount, countAt(range.endRowIndex, grid.rowCount, 'endRowIndex')),
    startColumn: countAt(range.startColumnIndex, 0, 'startColumnIndex'),
    endColumn: Math.min(grid.columnCount, countAt(range.endColumnIndex, grid.columnCount, 'endColumnIndex')),
  };
}

/** What the body has where the API's types say an object; left out or null, it is an empty one. */
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

/** An index or a count, as the API's types have it: a whole number that no grid outgrows. */
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
