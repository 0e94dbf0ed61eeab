/** Requests of `batchUpdate` that write or move cells. */
import { ApiError } from './api-error.ts';
import type { Cell, CellValue } from './cell.ts';
import { changeMask, type Mask, takes } from './field-mask.ts';
import {
  clearArea,
  deleteCells,
  deleteColumns,
  deleteRows,
  type GridState,
  insertColumns,
  insertRows,
  setCell,
} from './grid.ts';
import { moveMetadata } from './metadata-requests.ts';
import { areaAt, assertRoom, countAt, gridOf, type Json, listAt, objectAt, resize } from './request-parts.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

const cellFields = [
  'userEnteredValue',
  'userEnteredFormat',
  'note',
  'textFormatRuns',
  'dataValidation',
  'pivotTable',
  'chipRuns',
  'dataSourceTable',
  'dataSourceFormula',
  'hyperlink',
];

export function appendCells(spreadsheet: SpreadsheetState, { sheetId = 0, rows, fields }: Json): object {
  const mask = changeMask(fields, cellFields);
  const grid = gridOf(spreadsheet, sheetId);
  const filled = (row: (Cell | null)[]): boolean => row.some((cell) => cell !== null && cell !== undefined);
  const start = grid.rows.findLastIndex(filled) + 1;
  const given = listAt(rows, 'rows');
  assertRoom(start + given.length, grid.columnCount);
  grid.rowCount = Math.max(grid.rowCount, start + given.length);
  writeRows(grid, start, 0, given, mask);
  return {};
}

export function updateCells(spreadsheet: SpreadsheetState, { start, range, rows, fields }: Json): object {
  const mask = changeMask(fields, cellFields);
  const at = objectAt(start ?? range, 'start');
  const grid = gridOf(spreadsheet, at.sheetId ?? 0);
  const row = countAt(at.rowIndex ?? at.startRowIndex, 0, 'rowIndex');
  const column = countAt(at.columnIndex ?? at.startColumnIndex, 0, 'columnIndex');
  const given = listAt(rows, 'rows');
  // A range without rows is cleared; with rows, the cells that they do not cover are cleared.
  if (range !== undefined && takes(mask, 'userEnteredValue')) clearArea(grid, areaAt(grid, at));
  writeRows(grid, row, column, given, mask);
  return {};
}

export function repeatCell(spreadsheet: SpreadsheetState, { range, cell, fields }: Json): object {
  const mask = changeMask(fields, cellFields);
  const at = objectAt(range, 'range');
  const grid = gridOf(spreadsheet, at.sheetId ?? 0);
  const area = areaAt(grid, at);
  const row = { values: Array.from({ length: area.endColumn - area.startColumn }, () => cell) };
  const rows = Array.from({ length: area.endRow - area.startRow }, () => row);
  writeRows(grid, area.startRow, area.startColumn, rows, mask);
  return {};
}

/** The grid data of a new spreadsheet. */
export function enterData(grid: GridState, { startRow, startColumn, rowData }: Json): void {
  const mask = changeMask('userEnteredValue', cellFields);
  writeRows(
    grid,
    countAt(startRow, 0, 'startRow'),
    countAt(startColumn, 0, 'startColumn'),
    listAt(rowData, 'rowData'),
    mask,
  );
}

/** The given rows must lie inside the grid, which does not grow here. */
function writeRows(grid: GridState, startRow: number, startColumn: number, rows: readonly unknown[], mask: Mask): void {
  const lines = rows.map((row) => listAt(objectAt(row, 'rows').values, 'rows.values'));
  const endRow = startRow + lines.length;
  const endColumn = startColumn + Math.max(0, ...lines.map((line) => line.length));
  if (endRow > grid.rowCount || endColumn > grid.columnCount) {
    throw new ApiError(
      400,
      `Attempting to write column: ${endColumn - 1}, row: ${endRow - 1}, beyond the last requested column of: ${grid.columnCount - 1}, row of: ${grid.rowCount - 1}`,
    );
  }
  for (const [rowOffset, line] of lines.entries()) {
    for (const [columnOffset, cell] of line.entries()) {
      if (!takes(mask, 'userEnteredValue')) continue;
      const entered = objectAt(objectAt(cell, 'rows.values').userEnteredValue, 'userEnteredValue');
      setCell(grid, startRow + rowOffset, startColumn + columnOffset, cellOf(entered));
    }
  }
}

function cellOf(entered: Json): Cell | undefined {
  if (typeof entered.formulaValue === 'string') return { value: '', formula: entered.formulaValue };
  const value = entered.numberValue ?? entered.stringValue ?? entered.boolValue;
  return value === undefined || value === '' ? undefined : { value: value as CellValue };
}

export function deleteRange(spreadsheet: SpreadsheetState, { range, shiftDimension }: Json): object {
  const at = objectAt(range, 'range');
  const grid = gridOf(spreadsheet, at.sheetId ?? 0);
  deleteCells(grid, areaAt(grid, at), shiftDimension === 'COLUMNS' ? 'COLUMNS' : 'ROWS');
  return {};
}

export function appendDimension(spreadsheet: SpreadsheetState, { sheetId = 0, dimension, length }: Json): object {
  const grid = gridOf(spreadsheet, sheetId);
  const added = countAt(length, 0, 'length');
  if (dimension === 'COLUMNS') resize(grid, grid.rowCount, grid.columnCount + added);
  else resize(grid, grid.rowCount + added, grid.columnCount);
  return {};
}

export function insertDimension(spreadsheet: SpreadsheetState, { range }: Json): object {
  const { grid, isColumns, start, end } = dimensionOf(spreadsheet, objectAt(range, 'range'));
  const added = end - start;
  assertRoom(grid.rowCount + (isColumns ? 0 : added), grid.columnCount + (isColumns ? added : 0));
  if (isColumns) insertColumns(grid, start, added);
  else insertRows(grid, start, added);
  moveMetadata(spreadsheet, grid.sheetId, isColumns ? 'COLUMNS' : 'ROWS', start, added);
  return {};
}

export function deleteDimension(spreadsheet: SpreadsheetState, { range }: Json): object {
  const { grid, isColumns, start, end } = dimensionOf(spreadsheet, objectAt(range, 'range'));
  const length = isColumns ? grid.columnCount : grid.rowCount;
  if (end > length) throw new ApiError(400, `range.endIndex[${end}] is beyond the grid, which ends at ${length}`);
  if (end - start >= length) {
    throw new ApiError(400, `You can't delete all the ${isColumns ? 'columns' : 'rows'} on the sheet.`);
  }
  if (isColumns) deleteColumns(grid, start, end);
  else deleteRows(grid, start, end);
  moveMetadata(spreadsheet, grid.sheetId, isColumns ? 'COLUMNS' : 'ROWS', start, start - end);
  return {};
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
