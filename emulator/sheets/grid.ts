/** One sheet: its properties, and the cells that hold something. */
import type { Cell } from './cell.ts';

/** Zero-based, ends exclusive, inside the grid. */
export interface GridArea {
  readonly startRow: number;
  readonly endRow: number;
  readonly startColumn: number;
  readonly endColumn: number;
}

export interface GridState {
  sheetId: number;
  title: string;
  hidden: boolean;
  rowCount: number;
  columnCount: number;
  /** Sparse both ways: a missing row or cell is empty. */
  rows: (Cell | null)[][];
}

/** Cells in a spreadsheet at most (Google Drive help, "Files you can store in Google Drive"). */
export const maxCells = 10_000_000;

export function newGrid(sheetId: number, title: string, rowCount = 1000, columnCount = 26): GridState {
  return { sheetId, title, hidden: false, rowCount, columnCount, rows: [] };
}

export function cellAt(grid: GridState, row: number, column: number): Cell | undefined {
  return grid.rows[row]?.[column] ?? undefined;
}

export function setCell(grid: GridState, row: number, column: number, cell: Cell | undefined): void {
  const found = grid.rows[row];
  if (found !== undefined) {
    found[column] = cell ?? null;
  } else if (cell !== undefined) {
    // Filled up without holes: a hole in the list of rows would not survive JSON.
    for (let missing = grid.rows.length; missing <= row; missing++) grid.rows.push([]);
    (grid.rows[row] as (Cell | null)[])[column] = cell;
  }
}

export function clearArea(grid: GridState, area: GridArea): void {
  for (let row = area.startRow; row < Math.min(area.endRow, grid.rows.length); row++) {
    const cells = grid.rows[row] as (Cell | null)[];
    for (let column = area.startColumn; column < Math.min(area.endColumn, cells.length); column++) cells[column] = null;
  }
}

/** Empty rows before row `at`; everything below moves down. */
export function insertRows(grid: GridState, at: number, count: number): void {
  grid.rowCount += count;
  if (at >= grid.rows.length) return;
  grid.rows.splice(at, 0, ...Array.from({ length: count }, () => []));
}

export function deleteRows(grid: GridState, start: number, end: number): void {
  grid.rowCount -= end - start;
  grid.rows.splice(start, end - start);
}

export function insertColumns(grid: GridState, at: number, count: number): void {
  grid.columnCount += count;
  for (const row of grid.rows) {
    if (at < row.length) row.splice(at, 0, ...Array.from({ length: count }, () => null));
  }
}

export function deleteColumns(grid: GridState, start: number, end: number): void {
  grid.columnCount -= end - start;
  for (const row of grid.rows) row.splice(start, end - start);
}
