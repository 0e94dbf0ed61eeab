/**
 * Finds where the next rows of a table go: below the last row with content in its columns, whatever blank rows, titles
 * or other tables lie around. The cost does not grow with the table:
 *
 *   known end? ──no──▶ an append of nothing: Google names the last table in the columns, and its end
 *       │                    │
 *       └────────────────────┴──▶ read that last row and all below it, as filled or not ──▶ the place
 *                                      │ more than fits in one small reply: ask Google about the part below
 *
 * Google takes the last table that begins in the range, but another may end further down: the second request finds it.
 */
import type { FoundSheets, SheetsInspectInput } from '../../providers/google_sheets/operations.ts';
import { type A1Range, A1SyntaxError, parseA1, printA1 } from '../a1.ts';
import { type Area, greatest, least } from '../area.ts';
import {
  type InspectDeps,
  InspectionFailed,
  inspectSpreadsheet,
  type SpreadsheetAccess,
} from './inspect-spreadsheet.ts';
import type { KnownTable } from './table-state.ts';

export interface TablePlace extends KnownTable {
  readonly sheetId: number;
  readonly rowCount: number;
  readonly columnCount: number;
  /** Zero-based: the next row to write. */
  readonly nextRow: number;
}

export interface TableQuestion {
  readonly range: A1Range;
  /** The width of the rows to write. */
  readonly width: number;
  /** The number of blank cells that all of these rows begin with. */
  readonly leadingBlanks: number;
}

/** Together with the rest of an append, well below 64 KiB. */
const smallReplyBytes = 40 * 1024;
const largeReplyBytes = 64 * 1024 * 1024;
const maxProbes = 6;
/** How many rows at the top of a sheet are read to find the first column of its table. */
const headRows = 6;

/** Throws `InspectionFailed`. `known`: where the table ended when it was last read. */
export async function locateEnd(
  deps: InspectDeps,
  access: SpreadsheetAccess,
  question: TableQuestion,
  known: KnownTable | null,
): Promise<TablePlace> {
  if (known !== null) {
    const seen = await seeBelow(deps, access, question, known, smallReplyBytes).catch((error: unknown) => {
      // The sheet was renamed, or has fewer rows now.
      if (error instanceof InspectionFailed && error.error.status === 400) return null;
      throw error;
    });
    if (seen?.isFilledThere) return seen.place;
  }
  return locateAfresh(deps, access, question);
}

async function locateAfresh(
  deps: InspectDeps,
  access: SpreadsheetAccess,
  question: TableQuestion,
): Promise<TablePlace> {
  let table = await probe(deps, access, question, searchOf(question));
  for (let probes = 1; ; probes++) {
    const seen = await seeBelow(deps, access, question, table, probes < maxProbes ? smallReplyBytes : largeReplyBytes);
    if (seen !== null) return seen.place;
    if (question.range.kind === 'name') {
      return locateAfresh(deps, access, { ...question, range: await resolveName(deps, access, question.range.name) });
    }
    const below = { startRow: table.lastRow + 1, endRow: null, ...columnsOf(table) };
    const next = await probe(deps, access, question, { kind: 'area', title: table.title, area: below });
    // Google finds nothing further down, so the rest is read, however much it is.
    table = next.lastRow > table.lastRow ? { ...next, ...widened(table, next) } : table;
    if (next.lastRow <= table.lastRow) probes = Math.max(probes, maxProbes - 1);
  }
}

function columnsOf({ firstColumn, endColumn }: Pick<KnownTable, 'firstColumn' | 'endColumn'>) {
  return { startColumn: firstColumn, endColumn };
}

function widened(a: KnownTable, b: KnownTable): Pick<KnownTable, 'firstColumn' | 'endColumn'> {
  const endColumn = a.endColumn === null || b.endColumn === null ? null : Math.max(a.endColumn, b.endColumn);
  return { firstColumn: Math.min(a.firstColumn, b.firstColumn), endColumn };
}

/** The area that Google searches for tables: the named columns, from the first named row to the end of the sheet. */
function searchOf({ range, width }: TableQuestion): A1Range {
  if (range.kind !== 'area') return range;
  const { startRow, startColumn, endColumn } = range.area;
  const end = endColumn === null ? null : Math.max(endColumn, startColumn + width);
  return { kind: 'area', title: range.title, area: { startRow, endRow: null, startColumn, endColumn: end } };
}

async function probe(
  deps: InspectDeps,
  access: SpreadsheetAccess,
  question: TableQuestion,
  search: A1Range,
): Promise<KnownTable> {
  const { end } = await inspectSpreadsheet<'end'>(deps, access, { kind: 'end', range: printA1(search) });
  const free = areaIn(end.updatedRange);
  const table = end.tableRange === null ? null : areaIn(end.tableRange).area;
  const asked = search.kind === 'area' ? search.area : null;
  const column = question.range.kind === 'area' ? question.range.area.startColumn : (table?.startColumn ?? 0);
  return {
    title: free.title,
    column,
    // A table is one block: a caller who names its second column still means whole rows.
    firstColumn: asked === null ? 0 : Math.min(asked.startColumn, table?.startColumn ?? asked.startColumn),
    endColumn:
      asked === null || asked.endColumn === null
        ? null
        : Math.max(asked.endColumn, table?.endColumn ?? asked.endColumn),
    lastRow: table === null ? Math.max(-1, (asked?.startRow ?? 0) - 1) : (table.endRow as number) - 1,
    table,
  };
}

function areaIn(text: string): { readonly title: string; readonly area: Area } {
  const range = parseA1(text);
  if (range.kind !== 'area' || range.title === null) throw new A1SyntaxError(`${text} names no cells of a sheet`);
  return { title: range.title, area: range.area };
}

/** Google reads an unquoted word as a named range before it reads it as a sheet's title. */
async function resolveName(deps: InspectDeps, access: SpreadsheetAccess, name: string): Promise<A1Range> {
  const inspected = await inspectSpreadsheet<'sheets'>(deps, access, {
    kind: 'sheets',
    ranges: [],
    maxReplyBytes: largeReplyBytes,
  });
  const found = inspected.kind === 'sheets' ? inspected.found : { sheets: [], namedRanges: [] };
  return areaOfName(found, name) ?? { kind: 'sheet', title: name };
}

function areaOfName({ sheets, namedRanges }: FoundSheets, name: string): Extract<A1Range, { kind: 'area' }> | null {
  const named = namedRanges.find((one) => one.name.toLowerCase() === name.toLowerCase());
  const title = sheets.find(({ id }) => id === named?.sheetId)?.title;
  if (named === undefined || title === undefined) return null;
  const { startRow, endRow, startColumn, endColumn } = named;
  return { kind: 'area', title, area: { startRow, endRow, startColumn, endColumn } };
}

/** null if there is more content than one reply may hold. */
async function seeBelow(
  deps: InspectDeps,
  access: SpreadsheetAccess,
  { range, width, leadingBlanks }: TableQuestion,
  table: KnownTable,
  maxReplyBytes: number,
): Promise<{ readonly place: TablePlace; readonly isFilledThere: boolean } | null> {
  const fromRow = Math.max(0, table.lastRow);
  const below = { startRow: fromRow, endRow: null, ...columnsOf(table) };
  const windows = [{ kind: 'area', title: table.title, area: below } as const];
  const isWholeSheet = range.kind !== 'area';
  const head = { startRow: 0, endRow: headRows, startColumn: 0, endColumn: null };
  const ranges = [...windows, ...(isWholeSheet ? [{ kind: 'area', title: table.title, area: head } as const] : [])];
  const input: Omit<Extract<SheetsInspectInput, { kind: 'sheets' }>, 'spreadsheetId'> = {
    kind: 'sheets',
    ranges: ranges.map(printA1),
    maxReplyBytes,
  };
  const inspected = await inspectSpreadsheet<'sheets'>(deps, access, input);
  if (inspected.kind === 'too_large') return null;
  const sheet = inspected.found.sheets.find(({ windows: [window] }) => window !== undefined);
  if (sheet === undefined) return null;
  const [window, top] = sheet.windows;
  const named = range.kind === 'name' ? areaOfName(inspected.found, range.name) : null;
  const filled = withinColumns(window?.filled ?? [], named?.area ?? null);
  const lastFilled = filled.findLastIndex((row) => row.includes(true));
  const lastRow = lastFilled === -1 ? table.lastRow : Math.max(table.lastRow, fromRow + lastFilled);
  const firstAllowed = range.kind === 'area' ? range.area.startRow : (named?.area.startRow ?? 0);
  const column =
    range.kind === 'area'
      ? range.area.startColumn
      : (named?.area.startColumn ?? firstColumnOf([...(top?.filled ?? []), ...filled], width, leadingBlanks));
  const nextRow = Math.max(firstAllowed, lastRow + 1);
  const { id, title, rowCount, columnCount } = sheet;
  const place = { ...table, title, sheetId: id, rowCount, columnCount, column, lastRow, nextRow };
  return { place, isFilledThere: filled[0]?.includes(true) ?? false };
}

function withinColumns(rows: readonly (readonly boolean[])[], area: Area | null): readonly (readonly boolean[])[] {
  return area === null ? rows : rows.map((row) => row.slice(area.startColumn, area.endColumn ?? undefined));
}

/**
 * The first column of a sheet's table: that of its first row with several cells, since a title above it is one cell.
 * Rows that begin with blanks and are wider than the content start further left, like the rows already there.
 */
export function firstColumnOf(rows: readonly (readonly boolean[])[], width: number, leadingBlanks: number): number {
  const wide = rows.filter((row) => row.filter(Boolean).length > 1);
  if (wide.length === 0) {
    const single = rows.map((row) => row.indexOf(true)).filter((at) => at !== -1);
    return width === 1 && single.length > 0 ? least(single) : 0;
  }
  const first = least(wide.map((row) => row.indexOf(true)));
  const end = greatest(wide.map((row) => row.lastIndexOf(true) + 1));
  return width > end - first ? Math.max(0, first - leadingBlanks) : first;
}
