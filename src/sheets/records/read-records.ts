/** `POST /sheets/records/read`: rows by column names, through the cache of ordinary reads. */

import { readCursor, renderCursor } from '../../encodings/page-cursor.ts';
import { invalidInput, ServiceError } from '../../errors.ts';
import type { CallResult } from '../../gateway/call.ts';
import type { Caller } from '../../gateway/caller.ts';
import type { Cell } from '../../providers/google_sheets/operations.ts';
import type { Shown } from '../../schema-parts.ts';
import type { A1Range } from '../a1.ts';
import { type Area, maxRows } from '../area.ts';
import { type Describe, findWorksheet } from '../describe.ts';
import type { ReadRangeOf } from '../read-range.ts';
import type { recordsResultSchema } from '../records-schemas.ts';
import { type Column, columnsOf, isSameValue, recordOf, type SheetRecord } from './header.ts';

export interface RecordsReadQuestion {
  readonly spreadsheetId: string;
  /** The sheet, or the columns and rows of the table within it. */
  readonly range: A1Range;
  /** From 1, counted in the sheet, not in the range. */
  readonly headerRow: number;
  readonly where: SheetRecord;
  readonly limit: number | null;
  readonly cursor: string | null;
}

export type RecordsRead = Shown<typeof recordsResultSchema>;

export interface ReadRecordsDeps {
  readonly read: ReadRangeOf;
  readonly describe: Describe;
}

export interface RecordsResult {
  readonly body: RecordsRead;
  /** The last read that was charged. */
  readonly call: CallResult;
}

const pageRows = 1_000;
const searchedRows = 10_000;
const options = {
  valueRenderOption: 'UNFORMATTED_VALUE',
  dateTimeRenderOption: 'FORMATTED_STRING',
  majorDimension: 'ROWS',
} as const;

export async function readRecords(
  deps: ReadRecordsDeps,
  caller: Caller,
  question: RecordsReadQuestion,
  signal: AbortSignal,
): Promise<RecordsResult> {
  const { spreadsheetId, range, headerRow, where, limit } = question;
  const area = range.kind === 'area' ? range.area : null;
  const title = range.kind === 'area' ? range.title : range.kind === 'sheet' ? range.title : range.name;
  const columnsAsked = { startColumn: area?.startColumn ?? 0, endColumn: area?.endColumn ?? null };
  let call: CallResult | null = null;
  const rowsAt = async (startRow: number, endRow: number | null): Promise<readonly (readonly Cell[])[]> => {
    const asked: Area = { startRow, endRow, ...columnsAsked };
    call = await deps.read(caller, { spreadsheetId, range: { kind: 'area', title, area: asked }, ...options }, signal);
    return (JSON.parse(call.body.toString()) as { values: Cell[][] }).values;
  };

  const firstRow = Math.max(headerRow, area?.startRow ?? 0);
  const endRow = area?.endRow ?? null;
  if (endRow !== null && headerRow > endRow)
    throw invalidInput('header_row', `lies below the range, which ends at row ${endRow}`);
  const fromRow = question.cursor === null ? firstRow : Math.max(firstRow, parseCursor(question.cursor));
  // One read if everything is wanted; else the header first, then page by page.
  const isWhole = limit === null && question.cursor === null;
  const whole = isWhole ? await rowsAt(headerRow - 1, endRow) : null;
  const header = whole === null ? (await rowsAt(headerRow - 1, headerRow))[0] : whole[0];
  const columns = columnsOf(header ?? [], columnsAsked.startColumn);
  refuseUnknown(where, columns);
  const page = collector(columns, where, columnsAsked.startColumn, limit);
  if (whole !== null) page.add(headerRow, whole.slice(1), firstRow);
  else {
    const gridEnd = Math.min(
      endRow ?? maxRows,
      findWorksheet(await deps.describe(spreadsheetId), title)?.row_count ?? maxRows,
    );
    const step = Object.keys(where).length > 0 ? searchedRows : Math.max(pageRows, limit ?? 0);
    for (let row = fromRow; row < gridEnd && !page.isFull(); row += step) {
      page.add(row, await rowsAt(row, Math.min(gridEnd, row + step)), row);
    }
  }
  const { records, rowNumbers, nextRow } = page.end();
  const body = {
    columns: columns.map(({ name }) => name),
    records,
    row_numbers: rowNumbers,
    next_cursor: nextRow === null ? null : renderCursor(`r${nextRow}`),
  };
  return { body, call: call as unknown as CallResult };
}

/** Collects one record more than the page holds: it marks where the next page starts. */
function collector(columns: readonly Column[], where: SheetRecord, firstColumn: number, limit: number | null) {
  const records: SheetRecord[] = [];
  const rowNumbers: number[] = [];
  const most = limit ?? Number.POSITIVE_INFINITY;
  const isFull = (): boolean => records.length > most;
  return {
    isFull,
    add(startRow: number, rows: readonly (readonly Cell[])[], fromRow: number): void {
      for (const [offset, row] of rows.entries()) {
        if (isFull()) return;
        if (startRow + offset < fromRow) continue;
        const record = recordOf(columns, row, firstColumn);
        if (Object.values(record).every((cell) => cell === null)) continue;
        if (!Object.entries(where).every(([name, wanted]) => isSameValue(record[name], wanted))) continue;
        records.push(record);
        rowNumbers.push(startRow + offset + 1);
      }
    },
    end() {
      const nextRow = isFull() ? (rowNumbers.at(-1) as number) - 1 : null;
      return { records: records.slice(0, most), rowNumbers: rowNumbers.slice(0, most), nextRow };
    },
  };
}

function refuseUnknown(where: SheetRecord, columns: readonly Column[]): void {
  const errors = Object.keys(where)
    .filter((name) => !columns.some((column) => column.name === name))
    .map((name) => ({ path: `where.${name}`, message: 'the sheet has no such column' }));
  const [first] = errors;
  if (first !== undefined) throw new ServiceError('INVALID_REQUEST', `${first.path}: ${first.message}`, { errors });
}

function parseCursor(cursor: string): number {
  const row = /^r(\d{1,9})$/.exec(readCursor(cursor)[0] ?? '')?.[1];
  if (row !== undefined) return Number(row);
  throw invalidInput('cursor', 'is not a cursor of this service');
}
