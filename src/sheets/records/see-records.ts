/** Reads what a change of records needs to know of its sheet: columns, existing keys, and the place for new rows. */
import { ServiceError } from '../../errors.ts';
import type { FoundSheet, ReadRange } from '../../providers/google_sheets/operations.ts';
import { printA1 } from '../a1.ts';
import type { AppendDeps } from '../append/append-item.ts';
import type { Area } from '../area.ts';
import { InspectionFailed, type SpreadsheetAccess } from '../table/inspect-spreadsheet.ts';
import { locateEnd } from '../table/locate-end.ts';
import type { KnownTable } from '../table/table-state.ts';
import { type Column, columnsOf } from './header.ts';
import type { RecordsAsked } from './plan-records.ts';
import { type SheetName, sheetAt } from './sheet-at.ts';

export interface RecordsQuestion extends RecordsAsked {
  readonly spreadsheetId: string;
  readonly sheet: SheetName;
  /** From 1. */
  readonly headerRow: number;
}

const readBack = {
  valueRenderOption: 'UNFORMATTED_VALUE',
  dateTimeRenderOption: 'FORMATTED_STRING',
  majorDimension: 'ROWS',
} as const;

export interface SeenRecords {
  readonly sheet: FoundSheet;
  readonly columns: readonly Column[];
  readonly firstColumn: number;
  /** How many columns the header row has, up to its last filled cell. */
  readonly namedColumns: number;
  /** Zero-based: the first column without a name and without content below the header. */
  readonly nextColumn: number;
  /** Zero-based, below the last filled row. */
  readonly nextRow: number;
  /** The table as the next change may assume it. */
  readonly table: KnownTable;
  readonly rowByKey: ReadonlyMap<string, number>;
}

/**
 * Reads the sheet once for a whole batch, whose entries name the same sheet, header row and key.
 *
 * Errors: `INVALID_REQUEST` if the header row names no column and no caller adds one; `InspectionFailed` if the sheet cannot
 * be read.
 */
export async function seeRecords(
  deps: AppendDeps,
  access: SpreadsheetAccess,
  question: RecordsQuestion,
  asked: readonly RecordsAsked[],
): Promise<SeenRecords> {
  const sheet = await sheetAt(deps, access, question.sheet);
  const { title } = sheet;
  const header = question.headerRow - 1;
  const rowArea = { startRow: header, endRow: header + 1, startColumn: 0, endColumn: null };
  const [headerCells] = await readRanges(deps, access, [printA1({ kind: 'area', title, area: rowArea })]);
  const cells = headerCells?.values[0] ?? [];
  const columns = columnsOf(cells);
  if (columns.length === 0 && !asked.some(({ addColumns }) => addColumns)) {
    throw new ServiceError('INVALID_REQUEST', `Row ${question.headerRow} of "${title}" names no columns.`, {
      errors: [{ path: 'header_row', message: 'names no columns; add_columns writes them' }],
    });
  }
  const firstColumn = columns[0]?.index ?? 0;
  const area = areaOfTable({ firstColumn, namedColumns: cells.length }, question.headerRow);
  const range = { kind: 'area', title, area } as const;
  const known = await deps.states.find(access.caller.tenantId, access.spreadsheetId, printA1(range));
  const width = Math.max(1, cells.length - firstColumn);
  const place = await locateEnd(deps, access, { range, width, leadingBlanks: 0 }, known);
  const key = columns.find(({ name }) => name === question.key);
  const hasRows = place.lastRow > header;
  const { sheetId: _id, rowCount: _rows, columnCount: _columns, nextRow, ...table } = place;
  return {
    sheet,
    columns,
    firstColumn,
    namedColumns: cells.length,
    nextColumn: needsColumns(columns, asked)
      ? await firstFreeColumn(deps, access, { title, header, namedColumns: cells.length })
      : cells.length,
    nextRow: Math.max(header + 1, nextRow),
    table,
    rowByKey:
      key === undefined || !hasRows
        ? new Map()
        : await readKeys(deps, access, { title, header, lastRow: place.lastRow, column: key.index }),
  };
}

function needsColumns(columns: readonly Column[], asked: readonly RecordsAsked[]): boolean {
  const names = new Set(columns.map(({ name }) => name));
  return asked.some(
    ({ addColumns, records }) =>
      addColumns && records.some((record) => Object.keys(record).some((name) => !names.has(name))),
  );
}

/** People keep notes to the right of the header: a new name above them would turn them into values. */
async function firstFreeColumn(
  deps: AppendDeps,
  access: SpreadsheetAccess,
  { title, header, namedColumns }: { title: string; header: number; namedColumns: number },
): Promise<number> {
  const beside: Area = { startRow: header + 1, endRow: null, startColumn: namedColumns, endColumn: null };
  const [notes] = await readRanges(deps, access, [printA1({ kind: 'area', title, area: beside })]);
  return (notes?.values ?? []).reduce((column, row) => Math.max(column, namedColumns + row.length), namedColumns);
}

/** The row of each existing key, zero-based; for a repeated key, its first row. */
async function readKeys(
  deps: AppendDeps,
  access: SpreadsheetAccess,
  { title, header, lastRow, column }: { title: string; header: number; lastRow: number; column: number },
): Promise<ReadonlyMap<string, number>> {
  const area: Area = { startRow: header + 1, endRow: lastRow + 1, startColumn: column, endColumn: column + 1 };
  const [keys] = await readRanges(deps, access, [printA1({ kind: 'area', title, area })]);
  const rowByKey = new Map<string, number>();
  for (const [offset, [cell]] of (keys?.values ?? []).entries()) {
    const text = cell === undefined || cell === null ? '' : String(cell);
    if (text !== '' && !rowByKey.has(text)) rowByKey.set(text, header + 1 + offset);
  }
  return rowByKey;
}

/** From the header row down, in the named columns. */
export function areaOfTable(
  { firstColumn, namedColumns }: Pick<SeenRecords, 'firstColumn' | 'namedColumns'>,
  headerRow: number,
): Area {
  const endColumn = Math.max(firstColumn + 1, namedColumns);
  return { startRow: headerRow - 1, endRow: null, startColumn: firstColumn, endColumn };
}

async function readRanges(
  deps: AppendDeps,
  { caller, spreadsheetId }: SpreadsheetAccess,
  ranges: readonly string[],
): Promise<readonly ReadRange[]> {
  const asked = await deps.accounts.ask({
    capability: deps.capabilities.read,
    input: { spreadsheetId, ranges, ...readBack },
    spreadsheetId,
    caller,
    deadlineAtMs: deps.clock.now() + deps.requestTimeoutMs,
    signal: new AbortController().signal,
    isOwn: true,
  });
  if (asked.kind === 'answered') return asked.answer.value;
  throw new InspectionFailed(asked.error, asked.kind === 'limited' ? asked.untilMs : null);
}
