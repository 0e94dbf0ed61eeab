/**
 * Rectangles of cells, zero-based, ends exclusive. An end of null is open: it goes to wherever the grid ends, now or later
 * (an append may grow it, so an open end must never be read as today's last row).
 */

export interface Area {
  readonly startRow: number;
  readonly endRow: number | null;
  readonly startColumn: number;
  readonly endColumn: number | null;
}

/** Column ZZZ, the last that Google Sheets has. */
export const maxColumns = 18_278;
/** A spreadsheet holds ten million cells, so no row lies beyond this one. */
export const maxRows = 10_000_000;

export const wholeSheet: Area = { startRow: 0, endRow: null, startColumn: 0, endColumn: null };

/** Of any number of rows: spread into `Math.min`, a hundred thousand overflow the stack. Infinity of none. */
export function least(numbers: readonly number[]): number {
  return numbers.reduce((smallest, number) => Math.min(smallest, number), Number.POSITIVE_INFINITY);
}

/** As `least`; 0 of none. */
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
