/** One sheet: its properties and its filled cells. */
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
  frozenRowCount?: number;
  frozenColumnCount?: number;
  /** Stored as they were set: the emulator neither hides nor protects anything. */
  basicFilter?: object;
  protectedRanges?: object[];
  merges?: object[];
  /** Sparse: a missing row or cell is empty. A row is never changed in place, because copies of the grid share it. */
  rows: (Cell | null)[][];
}

/** Maximum number of cells in a spreadsheet (Google Drive help, "Files you can store in Google Drive"). */
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
    const changed = found.slice();
    while (changed.length < column) changed.push(null);
    changed[column] = cell ?? null;
    grid.rows[row] = changed;
  } else if (cell !== undefined) {
    // Filled up without holes: a hole in the list of rows would not survive JSON.
    for (let missing = grid.rows.length; missing <= row; missing++) grid.rows.push([]);
    grid.rows[row] = [...Array.from({ length: column }, () => null), cell];
  }
}

/** Changes to the copy do not affect the original. */
export function copyGrid(grid: GridState): GridState {
  return { ...grid, rows: [...grid.rows] };
}

export function clearArea(grid: GridState, area: GridArea): void {
  for (let row = area.startRow; row < Math.min(area.endRow, grid.rows.length); row++) {
    grid.rows[row] = (grid.rows[row] as (Cell | null)[]).map((cell, column) =>
      column >= area.startColumn && column < area.endColumn ? null : cell,
    );
  }
}

/** Inserts empty rows before row `at`; everything below moves down. */
export function insertRows(grid: GridState, at: number, count: number): void {
  grid.rowCount += count;
  if (at < grid.rows.length) grid.rows.splice(at, 0, ...Array.from({ length: count }, () => []));
}

export function deleteRows(grid: GridState, start: number, end: number): void {
  grid.rowCount -= end - start;
  grid.rows.splice(start, end - start);
}

export function insertColumns(grid: GridState, at: number, count: number): void {
  grid.columnCount += count;
  grid.rows = grid.rows.map((row) =>
    at < row.length ? row.toSpliced(at, 0, ...Array.from({ length: count }, () => null)) : row,
  );
}

export function deleteColumns(grid: GridState, start: number, end: number): void {
  grid.columnCount -= end - start;
  grid.rows = grid.rows.map((row) => row.toSpliced(start, end - start));
}

/** Removes cells and moves those below (or to the right) into their place. */
export function deleteCells(grid: GridState, area: GridArea, shift: 'ROWS' | 'COLUMNS'): void {
  for (let row = area.startRow; row < grid.rows.length; row++) {
    const cells = grid.rows[row] as (Cell | null)[];
    if (shift === 'COLUMNS') {
      if (row >= area.endRow) break;
      grid.rows[row] = cells.toSpliced(area.startColumn, area.endColumn - area.startColumn);
      continue;
    }
    for (let column = area.startColumn; column < area.endColumn; column++) {
      const moved = cellAt(grid, row + (area.endRow - area.startRow), column);
      if (moved !== undefined || cellAt(grid, row, column) !== undefined) setCell(grid, row, column, moved);
    }
  }
}
