/**
 * Rectangles of cells, zero-based, ends exclusive. An end of null is open: it reaches the end of the grid, now and
 * after the grid grows. Never read an open end as today's last row.
 */

export interface Area {
  readonly startRow: number;
  readonly endRow: number | null;
  readonly startColumn: number;
  readonly endColumn: number | null;
}

/** Column ZZZ, the last column of Google Sheets. */
export const maxColumns = 18_278;
/** A spreadsheet holds ten million cells, so no row lies beyond this one. */
export const maxRows = 10_000_000;

export const wholeSheet: Area = { startRow: 0, endRow: null, startColumn: 0, endColumn: null };

/**
 * The minimum of any number of values: spreading a hundred thousand into `Math.min` overflows the stack. Infinity if
 * there are none.
 */
export function least(numbers: readonly number[]): number {
  return numbers.reduce((smallest, number) => Math.min(smallest, number), Number.POSITIVE_INFINITY);
}

/** The maximum, like `least`; 0 if there are none. */
export function greatest(numbers: readonly number[]): number {
  return numbers.reduce((largest, number) => Math.max(largest, number), 0);
}

export function overlaps(a: Area, b: Area): boolean {
  return (
    meets(a.startRow, a.endRow, b.startRow, b.endRow) && meets(a.startColumn, a.endColumn, b.startColumn, b.endColumn)
  );
}

function meets(startA: number, endA: number | null, startB: number, endB: number | null): boolean {
  return (endB === null || startA < endB) && (endA === null || startB < endA);
}

/** The rectangle of `rowCount` × `columnCount` cells whose top left corner is the area's. */
export function blockAt(area: Area, rowCount: number, columnCount: number): Area {
  return {
    startRow: area.startRow,
    endRow: area.startRow + rowCount,
    startColumn: area.startColumn,
    endColumn: area.startColumn + columnCount,
  };
}
