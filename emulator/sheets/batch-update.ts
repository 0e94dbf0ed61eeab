/** `spreadsheets.batchUpdate`: all of the requests or none. The common ones; what is not known is refused by name. */
import { randomInt } from 'node:crypto';
import { ApiError } from './api-error.ts';
import type { Cell, CellValue } from './cell.ts';
import { namedRangeResource, sheetProperties } from './describe.ts';
import { deleteColumns, deleteRows, type GridState, insertColumns, insertRows, newGrid, setCell } from './grid.ts';
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
    const [kind, body] = Object.entries((request ?? {}) as Json)[0] ?? [];
    const act = kind === undefined ? undefined : acts[kind];
    if (kind === undefined || act === undefined) {
      throw new ApiError(400, `Invalid requests[${index}]: No request set.`);
    }
    try {
      return act(changed, (body ?? {}) as Json);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ApiError(error.status, `Invalid requests[${index}].${kind}: ${error.message}`);
    }
  });
  return { changed, replies };
}

const acts: Readonly<Record<string, Act>> = {
  addSheet(spreadsheet, { properties = {} }) {
    const wanted = properties as Json;
    const title = typeof wanted.title === 'string' ? wanted.title : nextTitle(spreadsheet);
    assertTitleFree(spreadsheet, title);
    const size = (wanted.gridProperties ?? {}) as Json;
    const sheetId = typeof wanted.sheetId === 'number' ? wanted.sheetId : randomInt(1, 2_147_483_647);
    if (spreadsheet.grids.some((grid) => grid.sheetId === sheetId)) {
      throw new ApiError(400, `A sheet with ID "${sheetId}" already exists. Please enter another ID.`);
    }
    const grid = newGrid(sheetId, title, Number(size.rowCount ?? 1000), Number(size.columnCount ?? 26));
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

  updateSheetProperties(spreadsheet, { properties = {} }) {
    const wanted = properties as Json;
    const grid = gridOf(spreadsheet, wanted.sheetId);
    if (typeof wanted.title === 'string' && wanted.title !== grid.title) {
      assertTitleFree(spreadsheet, wanted.title);
      grid.title = wanted.title;
    }
    if (wanted.hidden === true && spreadsheet.grids.every((other) => other === grid || other.hidden)) {
      throw new ApiError(400, "You can't hide all the sheets in a document.");
    }
    if (typeof wanted.hidden === 'boolean') grid.hidden = wanted.hidden;
    const size = (wanted.gridProperties ?? {}) as Json;
    if (typeof size.rowCount === 'number') resize(grid, size.rowCount, grid.columnCount);
    if (typeof size.columnCount === 'number') resize(grid, grid.rowCount, size.columnCount);
    return {};
  },

  updateSpreadsheetProperties(spreadsheet, { properties = {} }) {
    const wanted = properties as Json;
    if (typeof wanted.title === 'string') spreadsheet.title = wanted.title;
    if (typeof wanted.locale === 'string') spreadsheet.locale = wanted.locale;
    if (typeof wanted.timeZone === 'string') spreadsheet.timeZone = wanted.timeZone;
    return {};
  },

  addNamedRange(spreadsheet, { namedRange = {} }) {
    const { name, range = {} } = namedRange as Json;
    const { sheetId = 0, startRowIndex = 0, endRowIndex, startColumnIndex = 0, endColumnIndex } = range as Json;
    const added = {
      namedRangeId: String(randomInt(1, 2_147_483_647)),
      name: String(name),
      sheetId: gridOf(spreadsheet, sheetId).sheetId,
      startRow: Number(startRowIndex),
      endRow: endRowIndex === undefined ? null : Number(endRowIndex),
      startColumn: Number(startColumnIndex),
      endColumn: endColumnIndex === undefined ? null : Number(endColumnIndex),
    };
    spreadsheet.namedRanges.push(added);
    return { addNamedRange: { namedRange: namedRangeResource(added) } };
  },

  appendCells(spreadsheet, { sheetId = 0, rows = [] }) {
    const grid = gridOf(spreadsheet, sheetId);
    const filled = (row: (Cell | null)[]): boolean => row.some((cell) => cell !== null && cell !== undefined);
    const start = grid.rows.findLastIndex(filled) + 1;
    writeRows(grid, start, 0, rows);
    return {};
  },

  updateCells(spreadsheet, { start, range, rows = [] }) {
    const at = (start ?? range ?? {}) as Json;
    const grid = gridOf(spreadsheet, at.sheetId ?? 0);
    const row = Number(at.rowIndex ?? at.startRowIndex ?? 0);
    writeRows(grid, row, Number(at.columnIndex ?? at.startColumnIndex ?? 0), rows);
    return {};
  },

  appendDimension(spreadsheet, { sheetId = 0, dimension, length = 0 }) {
    const grid = gridOf(spreadsheet, sheetId);
    if (dimension === 'COLUMNS') grid.columnCount += Number(length);
    else grid.rowCount += Number(length);
    return {};
  },

  insertDimension(spreadsheet, { range = {} }) {
    const { grid, isColumns, start, end } = dimensionOf(spreadsheet, range as Json);
    if (isColumns) insertColumns(grid, start, end - start);
    else insertRows(grid, start, end - start);
    return {};
  },

  deleteDimension(spreadsheet, { range = {} }) {
    const { grid, isColumns, start, end } = dimensionOf(spreadsheet, range as Json);
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
  const start = Number(range.startIndex ?? 0);
  return { grid, isColumns: range.dimension === 'COLUMNS', start, end: Number(range.endIndex ?? start + 1) };
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
  grid.rowCount = rowCount;
  grid.columnCount = columnCount;
  grid.rows.length = Math.min(grid.rows.length, rowCount);
  for (const row of grid.rows) row.length = Math.min(row.length, columnCount);
}

function writeRows(grid: GridState, startRow: number, startColumn: number, rows: unknown): void {
  for (const [rowOffset, row] of (rows as { values?: Json[] }[]).entries()) {
    for (const [columnOffset, cell] of (row.values ?? []).entries()) {
      setCell(
        grid,
        startRow + rowOffset,
        startColumn + columnOffset,
        cellOf(cell.userEnteredValue as Json | undefined),
      );
    }
    grid.rowCount = Math.max(grid.rowCount, startRow + rowOffset + 1);
  }
}

function cellOf(entered: Json | undefined): Cell | undefined {
  if (entered === undefined) return undefined;
  if (typeof entered.formulaValue === 'string') return { value: '', formula: entered.formulaValue };
  const value = entered.numberValue ?? entered.stringValue ?? entered.boolValue;
  return value === undefined ? undefined : { value: value as CellValue };
}
