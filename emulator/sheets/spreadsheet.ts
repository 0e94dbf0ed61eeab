/** A spreadsheet and the API's operations on its values. */
import { locate, printArea } from './a1.ts';
import { ApiError, badField, beyondGrid, tooManyCells } from './api-error.ts';
import {
  type Cell,
  type CellValue,
  type DateTimeOption,
  enterRaw,
  enterTyped,
  type RenderOption,
  renderCell,
} from './cell.ts';
import { evaluated } from './formula.ts';
import { cellAt, clearArea, type GridArea, type GridState, insertRows, maxCells, newGrid, setCell } from './grid.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';
import { findTable } from './table-search.ts';

export type Dimension = 'ROWS' | 'COLUMNS';
export type InputOption = 'RAW' | 'USER_ENTERED';

export interface ReadOptions {
  readonly majorDimension: Dimension;
  readonly render: RenderOption;
  readonly dateTime: DateTimeOption;
}

export interface ValueRange {
  readonly range: string;
  readonly majorDimension: Dimension;
  readonly values?: CellValue[][];
}

export interface UpdateResult {
  readonly updatedRange: string;
  readonly updatedRows?: number;
  readonly updatedColumns?: number;
  readonly updatedCells?: number;
}

export const maxCellCharacters = 50_000;

export function newSpreadsheet(id: string): SpreadsheetState {
  return {
    id,
    title: 'Untitled spreadsheet',
    locale: 'en_US',
    timeZone: 'Etc/GMT',
    grids: [newGrid(0, 'Sheet1')],
    namedRanges: [],
    sharedWith: null,
  };
}

/** Trailing empty cells and rows are cut; without any content there is no `values`. */
export function readValues(spreadsheet: SpreadsheetState, range: string, options: ReadOptions): ValueRange {
  const { grid, area } = locate(spreadsheet, range);
  if (area.startRow >= grid.rowCount || area.startColumn >= grid.columnCount) throw beyondGrid(grid, range);
  const byColumns = options.majorDimension === 'COLUMNS';
  const lines: CellValue[][] = [];
  const [outerStart, outerEnd] = byColumns ? [area.startColumn, area.endColumn] : [area.startRow, area.endRow];
  const lastOuter = byColumns ? outerEnd : Math.min(outerEnd, grid.rows.length);
  for (let outer = outerStart; outer < lastOuter; outer++) {
    lines.push(trimmedLine(spreadsheet, grid, area, outer, byColumns, options));
  }
  while (lines.length > 0 && lines.at(-1)?.length === 0) lines.pop();
  return {
    range: printArea(grid, area),
    majorDimension: options.majorDimension,
    ...(lines.length > 0 && { values: lines }),
  };
}

function trimmedLine(
  spreadsheet: SpreadsheetState,
  grid: GridState,
  area: GridArea,
  outer: number,
  byColumns: boolean,
  options: ReadOptions,
): CellValue[] {
  const start = byColumns ? area.startRow : area.startColumn;
  const end = byColumns
    ? Math.min(area.endRow, grid.rows.length)
    : Math.min(area.endColumn, grid.rows[outer]?.length ?? 0);
  const line: CellValue[] = [];
  for (let inner = start; inner < end; inner++) {
    const cell = byColumns ? cellAt(grid, inner, outer) : cellAt(grid, outer, inner);
    line.push(renderCell(evaluated(grid, cell), options.render, options.dateTime, spreadsheet.locale));
  }
  while (line.length > 0 && line.at(-1) === '') line.pop();
  return line;
}

/** Writes into existing cells; the grid does not grow. Throws before any change. */
export function planUpdate(
  spreadsheet: SpreadsheetState,
  range: string,
  rows: readonly (readonly (CellValue | null)[])[],
  input: InputOption,
): () => UpdateResult {
  const { grid, area, asked } = locate(spreadsheet, range);
  const width = Math.max(0, ...rows.map((row) => row.length));
  const isSingle = asked.endRow === area.startRow + 1 && asked.endColumn === area.startColumn + 1;
  if (area.startRow >= grid.rowCount || area.startColumn >= grid.columnCount) throw beyondGrid(grid, range);
  if (!isSingle) assertFits(grid, area, rows.length, width);
  if (area.startRow + rows.length > grid.rowCount || area.startColumn + width > grid.columnCount) {
    throw beyondGrid(grid, range);
  }
  return () => put(grid, area.startRow, area.startColumn, rows, width, input, spreadsheet.locale);
}

function assertFits(grid: GridState, area: GridArea, rowCount: number, width: number): void {
  const within = `Requested writing within range [${printArea(grid, area)}]`;
  if (rowCount > area.endRow - area.startRow) {
    throw new ApiError(400, `${within}, but tried writing to row [${area.endRow + 1}]`);
  }
  if (width > area.endColumn - area.startColumn) {
    const column = printArea(grid, { ...area, startColumn: area.endColumn, endColumn: area.endColumn + 1 });
    throw new ApiError(400, `${within}, but tried writing to column [${/([A-Z]+)\d+(?::.*)?$/.exec(column)?.[1]}]`);
  }
}

function put(
  grid: GridState,
  startRow: number,
  startColumn: number,
  rows: readonly (readonly (CellValue | null)[])[],
  width: number,
  input: InputOption,
  locale: string,
): UpdateResult {
  const enter = (value: CellValue): Cell | undefined => (input === 'RAW' ? enterRaw(value) : enterTyped(value, locale));
  let cells = 0;
  for (const [rowOffset, row] of rows.entries()) {
    for (const [columnOffset, value] of row.entries()) {
      if (value === null) continue; // Left as it is.
      setCell(grid, startRow + rowOffset, startColumn + columnOffset, enter(value));
      cells += 1;
    }
  }
  const area = {
    startRow,
    endRow: startRow + Math.max(1, rows.length),
    startColumn,
    endColumn: startColumn + Math.max(1, width),
  };
  const updatedRange = printArea(grid, area);
  if (cells === 0) return { updatedRange };
  return { updatedRange, updatedRows: rows.length, updatedColumns: width, updatedCells: cells };
}

export function appendRows(
  spreadsheet: SpreadsheetState,
  range: string,
  rows: readonly (readonly (CellValue | null)[])[],
  input: InputOption,
  insert: 'OVERWRITE' | 'INSERT_ROWS',
): { tableRange?: string; updates: UpdateResult } {
  const { grid, area } = locate(spreadsheet, range);
  if (area.startRow >= grid.rowCount || area.startColumn >= grid.columnCount) throw beyondGrid(grid, range);
  const table = findTable(grid, area);
  const row = table?.endRow ?? area.startRow;
  const column = table?.startColumn ?? area.startColumn;
  const width = Math.max(0, ...rows.map((cells) => cells.length));
  const grown = (grid.rowCount + rows.length) * Math.max(grid.columnCount, column + width);
  if (grown > maxCells) throw tooManyCells();
  if (insert === 'INSERT_ROWS') insertRows(grid, row, rows.length);
  grid.rowCount = Math.max(grid.rowCount, row + rows.length);
  grid.columnCount = Math.max(grid.columnCount, column + width);
  const updates = put(grid, row, column, rows, width, input, spreadsheet.locale);
  return { ...(table && { tableRange: printArea(grid, table) }), updates };
}

/** Clears values, keeps formats. */
export function planClear(spreadsheet: SpreadsheetState, range: string): () => string {
  const { grid, area } = locate(spreadsheet, range);
  if (area.startRow >= grid.rowCount || area.startColumn >= grid.columnCount) throw beyondGrid(grid, range);
  return () => {
    clearArea(grid, area);
    return printArea(grid, area);
  };
}

/** `values` of a body as rows of cells. Throws with the API's texts (recorded for `values` that is not a list). */
export function parseRows(values: unknown, dimension: Dimension, field: string): (CellValue | null)[][] {
  if (values === undefined || values === null) return [];
  if (!Array.isArray(values)) throw notAList(`${field}.values`, values);
  const lines = values.map((line: unknown, index) => {
    if (!Array.isArray(line)) throw notAList(`${field}.values[${index}]`, line);
    return line.map((value: unknown, at) => parseCell(value, index, at));
  });
  if (dimension === 'ROWS') return lines;
  const height = Math.max(0, ...lines.map((line) => line.length));
  return Array.from({ length: height }, (_, row) => lines.map((line) => line[row] ?? null));
}

function notAList(field: string, value: unknown): ApiError {
  return badField(
    field,
    `Invalid value at '${field}' (type.googleapis.com/google.protobuf.ListValue), ${JSON.stringify(value)}`,
  );
}

function parseCell(value: unknown, row: number, column: number): CellValue | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (value.length <= maxCellCharacters) return value;
    throw new ApiError(
      400,
      `Your input contains more than the maximum of ${maxCellCharacters} characters in a single cell.`,
    );
  }
  const kind = Array.isArray(value) ? 'list_value' : 'struct_value';
  throw new ApiError(400, `Invalid values[${row}][${column}]: ${kind} ${JSON.stringify(value)}`);
}
