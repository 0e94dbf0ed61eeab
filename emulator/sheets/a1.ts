/**
 * A1 notation as Google's server reads it: resolves a text to cells of an existing sheet, or fails with "Unable to
 * parse range".
 */
import { unparsableRange } from './api-error.ts';
import type { GridArea, GridState } from './grid.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

export interface Located {
  readonly grid: GridState;
  /** Limited to the grid; corners in order. */
  readonly area: GridArea;
  /** As requested, before it was limited: decides "exceeds grid limits". null: open. */
  readonly asked: { readonly endRow: number | null; readonly endColumn: number | null };
}

/** Throws the API's 400 for an invalid range or an unknown sheet. */
export function locate(spreadsheet: SpreadsheetState, text: string): Located {
  const named = spreadsheet.namedRanges.find(({ name }) => name.toLowerCase() === text.toLowerCase());
  if (named !== undefined) {
    const grid = spreadsheet.grids.find(({ sheetId }) => sheetId === named.sheetId);
    if (grid === undefined) throw unparsableRange(text);
    return bound(grid, named.startRow, named.endRow, named.startColumn, named.endColumn);
  }
  const { title, area } = split(text);
  const grid = title === null ? spreadsheet.grids.find(({ hidden }) => !hidden) : findGrid(spreadsheet, title);
  if (grid !== undefined && (area === null || title !== null)) {
    const found = area === null ? bound(grid, 0, null, 0, null) : parseArea(grid, area);
    if (found !== null) return found;
  } else if (grid !== undefined && area !== null) {
    const found = parseArea(grid, area);
    if (found !== null) return found;
  }
  // Without "!", a text that is not an area may be an unquoted title.
  const whole = title === null && area !== null ? findGrid(spreadsheet, area) : undefined;
  if (whole !== undefined) return bound(whole, 0, null, 0, null);
  throw unparsableRange(text);
}

function findGrid(spreadsheet: SpreadsheetState, title: string): GridState | undefined {
  return spreadsheet.grids.find((grid) => grid.title.toLowerCase() === title.toLowerCase());
}

function split(text: string): { title: string | null; area: string | null } {
  if (text.startsWith("'")) {
    const match = /^'((?:[^']|'')*)'(?:!(.+))?$/su.exec(text);
    if (match === null) throw unparsableRange(text);
    return { title: (match[1] as string).replaceAll("''", "'"), area: match[2] ?? null };
  }
  const at = text.lastIndexOf('!');
  if (at === -1) return { title: null, area: text };
  return { title: text.slice(0, at), area: text.slice(at + 1) };
}

const cornerPattern = /^\$?([A-Za-z]{0,3})\$?(\d*)$/;
const r1c1Pattern = /^R([1-9]\d*)C([1-9]\d*)$/i;

interface Corner {
  readonly row: number | null;
  readonly column: number | null;
}

function parseCorner(text: string): Corner | null {
  const r1c1 = r1c1Pattern.exec(text);
  if (r1c1 !== null) return { row: Number(r1c1[1]) - 1, column: Number(r1c1[2]) - 1 };
  const match = cornerPattern.exec(text);
  if (match === null || text === '' || match[2]?.startsWith('0')) return null;
  return {
    row: match[2] === '' ? null : Number(match[2]) - 1,
    column: match[1] === '' ? null : columnNumber(match[1] as string) - 1,
  };
}

function columnNumber(letters: string): number {
  return [...letters.toUpperCase()].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
}

function parseArea(grid: GridState, text: string): Located | null {
  const [from = '', to, ...more] = text.split(':');
  const first = parseCorner(from);
  const last = to === undefined ? first : parseCorner(to);
  if (first === null || last === null || more.length > 0) return null;
  if (to === undefined && (first.row === null || first.column === null)) return null;
  const rows = [first.row, last.row].filter((row) => row !== null);
  const columns = [first.column, last.column].filter((column) => column !== null);
  if (rows.length + columns.length < 2 || (rows.length < 2 && columns.length < 2)) return null;
  return bound(
    grid,
    rows.length === 0 ? 0 : Math.min(...rows),
    rows.length < 2 ? null : Math.max(...rows) + 1,
    columns.length === 0 ? 0 : Math.min(...columns),
    columns.length < 2 ? null : Math.max(...columns) + 1,
  );
}

function bound(
  grid: GridState,
  startRow: number,
  endRow: number | null,
  startColumn: number,
  endColumn: number | null,
): Located {
  return {
    grid,
    area: {
      startRow,
      startColumn,
      endRow: Math.min(endRow ?? grid.rowCount, grid.rowCount),
      endColumn: Math.min(endColumn ?? grid.columnCount, grid.columnCount),
    },
    asked: { endRow, endColumn },
  };
}

export function columnLetters(index: number): string {
  return (index >= 26 ? columnLetters(Math.floor(index / 26) - 1) : '') + String.fromCharCode(65 + (index % 26));
}

/** As replies print it: the title quoted only if necessary, a single cell without a colon. */
export function printArea(grid: GridState, area: GridArea): string {
  const first = `${columnLetters(area.startColumn)}${area.startRow + 1}`;
  const last = `${columnLetters(area.endColumn - 1)}${area.endRow}`;
  return `${printTitle(grid.title)}!${first === last ? first : `${first}:${last}`}`;
}

export function printTitle(title: string): string {
  const isPlain = /^[A-Za-z_]\w*$/.test(title) && !/^[A-Za-z]{1,3}\d*$/.test(title);
  return isPlain ? title : `'${title.replaceAll("'", "''")}'`;
}
