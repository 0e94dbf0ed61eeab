/** `spreadsheets.batchUpdate`: all of the requests or none. The common ones; what is not known is refused by name. */
import { randomInt } from 'node:crypto';
import { ApiError, badField, tooManyCells } from './api-error.ts';
import type { Cell, CellValue } from './cell.ts';
import { namedRangeResource, sheetProperties } from './describe.ts';
import {
  deleteColumns,
  deleteRows,
  type GridState,
  insertColumns,
  insertRows,
  maxCells,
  newGrid,
  setCell,
} from './grid.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

type Json = Readonly<Record<string, unknown>>;
type Act = (spreadsheet: SpreadsheetState, request: Json) => object;

/** A copy with everything applied, for the caller to put in the place of the old one. */
export function applyRequests(
  spreadsheet: SpreadsheetState,
  requests: readonly unknown[],
): { changed: SpreadsheetState; replies: object[] } {
  const changed = structuredClone(spreadsheet);
  const replies = requests.map((request, index) => {
    const [kind, body] = Object.entries(objectAt(request, `requests[${index}]`))[0] ?? [];
    const act = kind === undefined ? undefined : acts[kind];
    if (kind === undefined || act === undefined) {
      throw new ApiError(400, `Invalid requests[${index}]: No request set.`);
    }
    try {
      return act(changed, objectAt(body, `requests[${index}].${kind}`));
    } catch (error) {
      if (!(error instanceof ApiError) || error.details !== undefined) throw error;
      throw new ApiError(error.status, `Invalid requests[${index}].${kind}: ${error.message}`);
    }
  });
  return { changed, replies };
}

const acts: Readonly<Record<string, Act>> = {
  addSheet(spreadsheet, { properties }) {
    const wanted = objectAt(properties, 'properties');
    const title = typeof wanted.title === 'string' ? wanted.title : nextTitle(spreadsheet);
    assertTitleFree(spreadsheet, title);
    const size = objectAt(wanted.gridProperties, 'gridProperties');
    const sheetId = typeof wanted.sheetId === 'number' ? wanted.sheetId : randomInt(1, 2_147_483_647);
    if (spreadsheet.grids.some((grid) => grid.sheetId === sheetId)) {
      throw new ApiError(400, `A sheet with ID "${sheetId}" already exists. Please enter another ID.`);
    }
    const rowCount = countAt(size.rowCount, 1000, 'rowCount');
    const columnCount = countAt(size.columnCount, 26, 'columnCount');
    assertRoom(rowCount, columnCount);
    const grid = newGrid(sheetId, title, rowCount, columnCount);
    const index = typeof wanted.index === 'number' ? wanted.index : spreadsheet.grids.length;
    spreadsheet.grids.splice(index, 0, grid);
    return { addSheet: { properties: sheetProperties(spreadsheet, grid) } };
  },

  deleteSheet(spreadsheet, { sheetId }) {
    const grid = gridOf(spreadsheet, sheetId);
    if (spreadsheet.grids.length === 1) throw new ApiError(400, "You can't remove all the sheets in a document.");
    spreadsheet.grids = spreadsheet.grids.filter((other) => other !== grid);
    return {};
  },

  updateSheetProperties(spreadsheet, { properties }) {
    const wanted = objectAt(properties, 'properties');
    const grid = gridOf(spreadsheet, wanted.sheetId);
    if (typeof wanted.title === 'string' && wanted.title !== grid.title) {
      assertTitleFree(spreadsheet, wanted.title);
      grid.title = wanted.title;
    }
    if (wanted.hidden === true && spreadsheet.grids.every((other) => other === grid || other.hidden)) {
      throw new ApiError(400, "You can't hide all the sheets in a document.");
    }
    if (typeof wanted.hidden === 'boolean') grid.hidden = wanted.hidden;
    const size = objectAt(wanted.gridProperties, 'gridProperties');
    resize(
      grid,
      countAt(size.rowCount, grid.rowCount, 'rowCount'),
      countAt(size.columnCount, grid.columnCount, 'columnCount'),
    );
    return {};
  },

  updateSpreadsheetProperties(spreadsheet, { properties }) {
    const wanted = objectAt(properties, 'properties');
    if (typeof wanted.title === 'string') spreadsheet.title = wanted.title;
    if (typeof wanted.locale === 'string') spreadsheet.locale = wanted.locale;
    if (typeof wanted.timeZone === 'string') spreadsheet.timeZone = wanted.timeZone;
    return {};
  },

  addNamedRange(spreadsheet, { namedRange }) {
    const { name, range } = objectAt(namedRange, 'namedRange');
    const {
      sheetId = 0,
      startRowIndex = 0,
      endRowIndex,
      startColumnIndex = 0,
      endColumnIndex,
    } = objectAt(range, 'range');
    const added = {
      namedRangeId: String(randomInt(1, 2_147_483_647)),
      name: String(name),
      sheetId: gridOf(spreadsheet, sheetId).sheetId,
      startRow: countAt(startRowIndex, 0, 'startRowIndex'),
      endRow: endRowIndex === undefined ? null : countAt(endRowIndex, 0, 'endRowIndex'),
      startColumn: countAt(startColumnIndex, 0, 'startColumnIndex'),
      endColumn: endColumnIndex === undefined ? null : countAt(endColumnIndex, 0, 'endColumnIndex'),
    };
    spreadsheet.namedRanges.push(added);
    return { addNamedRange: { namedRange: namedRangeResource(added) } };
  },

  appendCells(spreadsheet, { sheetId = 0, rows }) {
    const grid = gridOf(spreadsheet, sheetId);
    const filled = (row: (Cell | null)[]): boolean => row.some((cell) => cell !== null && cell !== undefined);
    const start = grid.rows.findLastIndex(filled) + 1;
    writeRows(grid, start, 0, rows);
    return {};
  },

  updateCells(spreadsheet, { start, range, rows }) {
    const at = objectAt(start ?? range, 'start');
    const grid = gridOf(spreadsheet, at.sheetId ?? 0);
    const row = countAt(at.rowIndex ?? at.startRowIndex, 0, 'rowIndex');
    writeRows(grid, row, countAt(at.columnIndex ?? at.startColumnIndex, 0, 'columnIndex'), rows);
    return {};
  },

  appendDimension(spreadsheet, { sheetId = 0, dimension, length }) {
    const grid = gridOf(spreadsheet, sheetId);
    const added = countAt(length, 0, 'length');
    if (dimension === 'COLUMNS') resize(grid, grid.rowCount, grid.columnCount + added);
    else resize(grid, grid.rowCount + added, grid.columnCount);
    return {};
  },

  insertDimension(spreadsheet, { range }) {
    const { grid, isColumns, start, end } = dimensionOf(spreadsheet, objectAt(range, 'range'));
    const added = end - start;
    assertRoom(grid.rowCount + (isColumns ? 0 : added), grid.columnCount + (isColumns ? added : 0));
    if (isColumns) insertColumns(grid, start, added);
    else insertRows(grid, start, added);
    return {};
  },

  deleteDimension(spreadsheet, { range }) {
    const { grid, isColumns, start, end } = dimensionOf(spreadsheet, objectAt(range, 'range'));
    const length = isColumns ? grid.columnCount : grid.rowCount;
    if (end > length) throw new ApiError(400, `range.endIndex[${end}] is beyond the grid, which ends at ${length}`);
    if (isColumns) deleteColumns(grid, start, end);
    else deleteRows(grid, start, end);
    return {};
  },
};

function gridOf(spreadsheet: SpreadsheetState, sheetId: unknown): GridState {
  const found = spreadsheet.grids.find((grid) => grid.sheetId === Number(sheetId ?? 0));
  if (found === undefined) throw new ApiError(400, `No sheet with id: ${String(sheetId)}`);
  return found;
}

function dimensionOf(
  spreadsheet: SpreadsheetState,
  range: Json,
): { grid: GridState; isColumns: boolean; start: number; end: number } {
  const grid = gridOf(spreadsheet, range.sheetId);
  const start = countAt(range.startIndex, 0, 'startIndex');
  const end = countAt(range.endIndex, start + 1, 'endIndex');
  const isColumns = range.dimension === 'COLUMNS';
  if (end < start) throw new ApiError(400, `range.endIndex[${end}] is before range.startIndex[${start}]`);
  return { grid, isColumns, start, end };
}

function assertTitleFree(spreadsheet: SpreadsheetState, title: string): void {
  if (!spreadsheet.grids.some((grid) => grid.title.toLowerCase() === title.toLowerCase())) return;
  throw new ApiError(400, `A sheet with the name "${title}" already exists. Please enter another name.`);
}

function nextTitle(spreadsheet: SpreadsheetState): string {
  let number = spreadsheet.grids.length + 1;
  while (spreadsheet.grids.some((grid) => grid.title === `Sheet${number}`)) number += 1;
  return `Sheet${number}`;
}

function resize(grid: GridState, rowCount: number, columnCount: number): void {
  assertRoom(rowCount, columnCount);
  grid.rowCount = rowCount;
  grid.columnCount = columnCount;
  grid.rows.length = Math.min(grid.rows.length, rowCount);
  for (const row of grid.rows) row.length = Math.min(row.length, columnCount);
}

function assertRoom(rowCount: number, columnCount: number): void {
  if (rowCount * columnCount > maxCells) throw tooManyCells();
}

function writeRows(grid: GridState, startRow: number, startColumn: number, rows: unknown): void {
  const given = listAt(rows, 'rows');
  assertRoom(startRow + given.length, grid.columnCount);
  for (const [rowOffset, row] of given.entries()) {
    for (const [columnOffset, cell] of listAt(objectAt(row, 'rows').values, 'rows.values').entries()) {
      const entered = objectAt(objectAt(cell, 'rows.values').userEnteredValue, 'userEnteredValue');
      setCell(grid, startRow + rowOffset, startColumn + columnOffset, cellOf(entered));
    }
    grid.rowCount = Math.max(grid.rowCount, startRow + rowOffset + 1);
  }
}

/** What the body has where the API's types say an object; left out or null, it is an empty one. */
function objectAt(value: unknown, field: string): Json {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Json;
  throw badField(field, `Invalid value at '${field}', ${JSON.stringify(value)}`);
}

function listAt(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw badField(field, `Invalid value at '${field}', ${JSON.stringify(value)}`);
}

/** An index or a count, as the API's types have it: a whole number that no grid outgrows. */
function countAt(value: unknown, otherwise: number, field: string): number {
  if (value === undefined || value === null) return otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxCells) return value;
  throw badField(field, `Invalid value at '${field}' (TYPE_INT32), ${JSON.stringify(value)}`);
}

function cellOf(entered: Json): Cell | undefined {
  if (typeof entered.formulaValue === 'string') return { value: '', formula: entered.formulaValue };
  const value = entered.numberValue ?? entered.stringValue ?? entered.boolValue;
  return value === undefined ? undefined : { value: value as CellValue };
}
