/**
 * A1 notation, parsed and printed exactly.
 *
 * Grammar (Google Sheets API guide, "A1 notation"; how titles are quoted: recorded replies):
 *   range = [title "!"] area | title | name          title = bare | "'" { char | "''" } "'"
 *   area  = corner [":" corner]                      corner = column row | column | row, each with optional "$"
 * R1C1 areas with absolute numbers are understood and printed as A1.
 *
 * A bare word (`Sheet1`, `Prices`) is a named range before it is a sheet's title, and a range without a title is on the
 * first visible sheet. Neither can be known without asking Google, so both keep what is not known: `kind: 'name'` may
 * be anywhere, and `title: null` may be any sheet.
 */
import { type Area, maxColumns, maxRows, overlaps, wholeSheet } from './area.ts';

export type A1Range =
  | { readonly kind: 'area'; readonly title: string | null; readonly area: Area }
  | { readonly kind: 'sheet'; readonly title: string }
  | { readonly kind: 'name'; readonly name: string };

/** The text is not a valid range; `message` explains why, for the caller. */
export class A1SyntaxError extends Error {
  override readonly name = 'A1SyntaxError';
}

/** Longer than any quoted title (100 characters, each possibly doubled) plus an area. */
const maxTextLength = 300;

/** Throws `A1SyntaxError`. Corners in any order; columns in any case. */
export function parseA1(text: string): A1Range {
  const trimmed = text.trim();
  if (trimmed === '') throw new A1SyntaxError('must not be empty');
  if (trimmed.length > maxTextLength) throw new A1SyntaxError(`must be at most ${maxTextLength} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(trimmed)) throw new A1SyntaxError('must not hold control characters');
  // Blanks before an unquoted title belong to it; blanks before a quote, or around a range without a title, are
  // ignored.
  const { title, rest } = splitTitle(trimmed.startsWith("'") || !trimmed.includes('!') ? trimmed : text.trimEnd());
  if (rest === null) return { kind: 'sheet', title: title as string };
  const area = parseArea(rest.trim());
  if (area !== null) return { kind: 'area', title, area };
  refuseLookalikes(rest);
  if (title === null) return { kind: 'name', name: text.trimStart() === text ? rest : text.trimEnd() };
  throw new A1SyntaxError(`"${rest}" is no range of cells, such as A1:D20, A:D, 2:5 or B2:D`);
}

const lookalikes: Readonly<Record<string, string>> = {
  А: 'A',
  В: 'B',
  С: 'C',
  Е: 'E',
  Н: 'H',
  К: 'K',
  М: 'M',
  О: 'O',
  Р: 'P',
  Т: 'T',
  Х: 'X',
  У: 'Y',
  І: 'I',
  Ј: 'J',
  Ѕ: 'S',
};

/** A Cyrillic `А1` looks like a cell but is not one. It is accepted only inside a quoted title. */
function refuseLookalikes(text: string): void {
  const latin = text.toUpperCase().replaceAll(/[\u0400-\u04ff]/g, (letter) => lookalikes[letter] ?? letter);
  if (latin === text.toUpperCase() || parseArea(latin) === null) return;
  throw new A1SyntaxError(
    `"${text}" is written with Cyrillic letters that look like Latin ones: the cells are ${latin}, and a sheet of that title is '${text}'`,
  );
}

/** `rest` is null if the text is only a quoted title. */
function splitTitle(text: string): { title: string | null; rest: string | null } {
  if (text.startsWith("'")) {
    const quoted = /^'((?:[^']|'')+)'(?:!(.*))?$/su.exec(text);
    // Google's own guide leaves the quote in 'Jon's_Data'!A1:D5 single: everything before '! is then the title.
    const loose = quoted === null ? /^'(.+)'!([^'!]*)$/su.exec(text) : null;
    if (loose !== null) return { title: (loose[1] as string).replaceAll("''", "'"), rest: loose[2] as string };
    if (quoted === null) throw new A1SyntaxError("a quoted sheet title must end with ' (and ' inside it be doubled)");
    return { title: (quoted[1] as string).replaceAll("''", "'"), rest: quoted[2] ?? null };
  }
  const mark = text.lastIndexOf('!');
  if (mark === -1) return { title: null, rest: text };
  if (mark === 0) throw new A1SyntaxError('a sheet title must stand before !');
  return { title: text.slice(0, mark), rest: text.slice(mark + 1) };
}

interface Corner {
  /** Zero-based; null if the corner has only a column. */
  readonly row: number | null;
  readonly column: number | null;
}

function parseArea(text: string): Area | null {
  const parts = text.split(':');
  if (parts.length > 2) return null;
  const first = parseCorner(parts[0] as string);
  if (first === null) return null;
  if (parts.length === 1) {
    if (first.row === null || first.column === null) return null;
    return areaOf(first, first);
  }
  const second = parseCorner(parts[1] as string);
  return second === null ? null : areaOf(first, second);
}

function parseCorner(text: string): Corner | null {
  const a1 = /^\$?([A-Za-z]{1,3})?\$?([1-9][0-9]{0,8})?$/.exec(text);
  const r1c1 = a1 === null ? /^[Rr]([1-9][0-9]{0,8})[Cc]([1-9][0-9]{0,5})$/.exec(text) : null;
  const columnText = a1?.[1];
  const rowText = a1?.[2] ?? r1c1?.[1];
  const columnNumber = r1c1 ? Number(r1c1[2]) : null;
  if (columnText === undefined && rowText === undefined) return null;
  const column = columnText === undefined ? (columnNumber === null ? null : columnNumber - 1) : columnIndex(columnText);
  const row = rowText === undefined ? null : Number(rowText) - 1;
  if (row !== null && row >= maxRows) throw new A1SyntaxError(`row ${row + 1} lies beyond the last possible row`);
  if (column !== null && column >= maxColumns) throw new A1SyntaxError('a column beyond ZZZ does not exist');
  return { row, column };
}

/** `A:3` and `3:A` bound neither rows nor columns on both sides, so they are not an area. */
function areaOf(a: Corner, b: Corner): Area | null {
  const rows = span(a.row, b.row);
  const columns = span(a.column, b.column);
  const hasCellOrPair =
    (a.row !== null && b.row !== null) || (a.column !== null && b.column !== null) || isCell(a) || isCell(b);
  if (!hasCellOrPair || (rows.end === null && columns.end === null)) return null;
  return { startRow: rows.start, endRow: rows.end, startColumn: columns.start, endColumn: columns.end };
}

function isCell(corner: Corner): boolean {
  return corner.row !== null && corner.column !== null;
}

/** A bound that only one corner names is the start of an open span (`A5:A`, `B2:4`). */
function span(a: number | null, b: number | null): { start: number; end: number | null } {
  if (a === null || b === null) return { start: a ?? b ?? 0, end: null };
  return { start: Math.min(a, b), end: Math.max(a, b) + 1 };
}

function columnIndex(letters: string): number {
  let index = 0;
  for (const letter of letters.toUpperCase()) index = index * 26 + (letter.charCodeAt(0) - 64);
  return index - 1;
}

/** The letters of a zero-based column. */
export function columnName(index: number): string {
  let name = '';
  for (let left = index + 1; left > 0; left = Math.floor((left - 1) / 26)) {
    name = String.fromCharCode(65 + ((left - 1) % 26)) + name;
  }
  return name;
}

/** `B2:D4`, `A1`, `A:C`, `A5:C`, `2:4`, `B2:4`; an area open on both sides goes to column ZZZ. */
export function printArea(area: Area): string {
  const { startRow, endRow, startColumn } = area;
  const endColumn = area.endColumn ?? (endRow === null ? maxColumns : null);
  if (endRow === null) {
    const first = startRow === 0 ? columnName(startColumn) : `${columnName(startColumn)}${startRow + 1}`;
    return `${first}:${columnName((endColumn as number) - 1)}`;
  }
  if (endColumn === null) {
    const first = startColumn === 0 ? `${startRow + 1}` : `${columnName(startColumn)}${startRow + 1}`;
    return `${first}:${endRow}`;
  }
  const first = `${columnName(startColumn)}${startRow + 1}`;
  const last = `${columnName(endColumn - 1)}${endRow}`;
  return first === last ? first : `${first}:${last}`;
}

/** Always quoted: Google could take an unquoted title for a cell. */
function quoteTitle(title: string): string {
  return `'${title.replaceAll("'", "''")}'`;
}

/**
 * As Google prints it: unquoted if the title is ASCII letters, digits and underscores and does not look like a cell.
 */
export function printTitle(title: string): string {
  const isPlain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(title) && parseArea(title) === null && !/^[A-Za-z]{1,3}$/.test(title);
  return isPlain ? title : quoteTitle(title);
}

/**
 * The text for a request: as Google prints it, except that a sheet without an area is quoted, because unquoted it would
 * be a named range. Parsing the text gives the same range.
 */
export function printA1(range: A1Range): string {
  if (range.kind === 'name') return range.name;
  if (range.kind === 'sheet') return quoteTitle(range.title);
  const area = printArea(range.area);
  return range.title === null ? area : `${printTitle(range.title)}!${area}`;
}

/** An area on a sheet, as replies show it: `Sheet1!A2:C2`. */
export function printFound(title: string | null, area: Area): string {
  return title === null ? printArea(area) : `${printTitle(title)}!${printArea(area)}`;
}

/** The cells that the range may refer to; null if that can be any cell of the spreadsheet. */
export function areaOfRange(range: A1Range): Area | null {
  if (range.kind === 'name') return null;
  return range.kind === 'sheet' ? wholeSheet : range.area;
}

/** The sheet that the range is certainly on; null if unknown. */
export function titleOfRange(range: A1Range): string | null {
  return range.kind === 'name' ? null : range.title;
}

/** False only if the ranges cannot share a cell. */
export function mayOverlap(a: A1Range, b: A1Range): boolean {
  const areaA = areaOfRange(a);
  const areaB = areaOfRange(b);
  if (areaA === null || areaB === null) return true;
  const titleA = titleOfRange(a);
  const titleB = titleOfRange(b);
  if (titleA !== null && titleB !== null && foldTitle(titleA) !== foldTitle(titleB)) return false;
  return overlaps(areaA, areaB);
}

/** Titles are compared without case, as Google looks them up: `data` and `Data` cannot both exist in one spreadsheet. */
export function foldTitle(title: string): string {
  return title.normalize('NFC').toLowerCase();
}
