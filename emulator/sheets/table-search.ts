/**
 * Finds where an append goes. A table is a block of adjacent filled cells, corners included. Of the tables in the
 * range, the last one in reading order counts (top row, then left column): that fits Google's example and every
 * recorded append, including the one with a shifted row.
 */
import { cellAt, type GridArea, type GridState } from './grid.ts';

/** null if no table touches the area. */
export function findTable(grid: GridState, area: GridArea): GridArea | null {
  let last: GridArea | null = null;
  for (const table of tablesOf(grid)) {
    if (!meets(table, area)) continue;
    if (last === null || isAfter(table, last)) last = table;
  }
  return last;
}

function isAfter(a: GridArea, b: GridArea): boolean {
  return a.startRow > b.startRow || (a.startRow === b.startRow && a.startColumn > b.startColumn);
}

function meets(a: GridArea, b: GridArea): boolean {
  return a.startRow < b.endRow && b.startRow < a.endRow && a.startColumn < b.endColumn && b.startColumn < a.endColumn;
}

interface OpenTable {
  area: { -readonly [Key in keyof GridArea]: GridArea[Key] };
  mergedInto: OpenTable | null;
}

/** One pass over the rows: a run of filled cells joins every run that it touches in the row above. */
function tablesOf(grid: GridState): GridArea[] {
  const tables: OpenTable[] = [];
  let above: { start: number; end: number; table: OpenTable }[] = [];
  for (let row = 0; row < grid.rows.length; row++) {
    const runs = runsOf(grid, row).map(({ start, end }) => {
      const touched = above.filter((run) => run.start <= end && start <= run.end).map(({ table }) => rootOf(table));
      const table = touched[0] ?? {
        area: { startRow: row, endRow: row + 1, startColumn: start, endColumn: end },
        mergedInto: null,
      };
      if (touched.length === 0) tables.push(table);
      for (const other of touched) if (other !== table && other.mergedInto === null) merge(other, table);
      widen(table.area, { startRow: row, endRow: row + 1, startColumn: start, endColumn: end });
      return { start, end, table };
    });
    above = runs;
  }
  return tables.filter(({ mergedInto }) => mergedInto === null).map(({ area }) => area);
}

function rootOf(table: OpenTable): OpenTable {
  let root = table;
  while (root.mergedInto !== null) root = root.mergedInto;
  return root;
}

function merge(from: OpenTable, into: OpenTable): void {
  from.mergedInto = into;
  widen(into.area, from.area);
}

function widen(area: OpenTable['area'], by: GridArea): void {
  area.startRow = Math.min(area.startRow, by.startRow);
  area.endRow = Math.max(area.endRow, by.endRow);
  area.startColumn = Math.min(area.startColumn, by.startColumn);
  area.endColumn = Math.max(area.endColumn, by.endColumn);
}

function runsOf(grid: GridState, row: number): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  const width = grid.rows[row]?.length ?? 0;
  for (let column = 0; column < width; column++) {
    if (cellAt(grid, row, column) === undefined) continue;
    const start = column;
    while (column < width && cellAt(grid, row, column) !== undefined) column += 1;
    runs.push({ start, end: column });
  }
  return runs;
}
