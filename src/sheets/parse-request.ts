/** Converts the validated bodies of the sheets calls into questions. Sends nothing. */
import type { InsertDataOption, ReadOptions, ValueInputOption } from '../providers/google_sheets/operations.ts';
import { type A1Range, parseA1 } from './a1.ts';
import type { AppendQuestion } from './append/append-item.ts';
import type { ClearQuestion, WriteQuestion } from './change-ranges.ts';
import type { ReadQuestion } from './read-range.ts';
import { type Rows, ValuesReader } from './read-values.ts';
import type {
  AppendBody,
  BatchBody,
  BatchOperationBody,
  ClearBody,
  PlaceBody,
  ReadBody,
  ReadOptionsBody,
  WriteBody,
} from './request-schemas.ts';
import { parseSpreadsheetRef, type SpreadsheetRef } from './spreadsheet-ref.ts';

/** `POST /sheets/read` */
export function parseReadRequest(body: ReadBody): ReadQuestion {
  return { ...placeOf(body), ...readOptionsOf(body) };
}

function readOptionsOf(body: ReadOptionsBody): ReadOptions {
  return {
    valueRenderOption: body.value_render_option ?? 'UNFORMATTED_VALUE',
    dateTimeRenderOption: body.date_time_render_option ?? 'FORMATTED_STRING',
    majorDimension: body.major_dimension ?? 'ROWS',
  };
}

/** `POST /sheets/write`. Throws `INVALID_REQUEST` naming every cell that cannot be written. */
export async function parseWriteRequest(body: WriteBody): Promise<WriteQuestion> {
  const reader = new ValuesReader();
  const question = { ...placeOf(body), ...(await rowsOf(reader, body)) };
  reader.refuseFaults();
  return question;
}

/** `POST /sheets/append`. Throws `INVALID_REQUEST` for invalid cells, and for rows without any content. */
export async function parseAppendRequest(body: AppendBody): Promise<AppendQuestion> {
  const reader = new ValuesReader();
  const rows = await rowsOf(reader, body);
  reader.refuseBlankRows(rows.values, 'values');
  reader.refuseFaults();
  return { ...placeOf(body), ...rows, insertDataOption: body.insert_data_option ?? 'INSERT_ROWS' };
}

/** `POST /sheets/clear` */
export function parseClearRequest(body: ClearBody): ClearQuestion {
  return placeOf(body);
}

/** The spreadsheet and range of a request. */
function placeOf(body: PlaceBody & { readonly spreadsheet_id: string }) {
  return { spreadsheetId: spreadsheetIdOf(body.spreadsheet_id), range: rangeOf(body) };
}

/** The rows and options of a write or an append. */
async function rowsOf(reader: ValuesReader, body: WriteBody) {
  return {
    values: await reader.read(body.values, 'values'),
    valueInputOption: body.value_input_option ?? ('RAW' satisfies ValueInputOption),
  };
}

function rangeOf({ range, range_name }: PlaceBody): A1Range {
  return parseA1((range ?? range_name) as string);
}

export function spreadsheetIdOf(text: string): string {
  return (parseSpreadsheetRef(text) as SpreadsheetRef).spreadsheetId;
}

export type BatchOperation =
  | { readonly operation: 'read'; readonly range: string; readonly question: ReadQuestion }
  | { readonly operation: 'write'; readonly range: string; readonly question: WriteQuestion }
  | { readonly operation: 'append'; readonly range: string; readonly question: AppendQuestion }
  | { readonly operation: 'clear'; readonly range: string; readonly question: ClearQuestion };

export interface BatchRequest {
  readonly spreadsheetId: string;
  readonly operations: readonly BatchOperation[];
}

/** `POST /sheets/batch`. The body's `value_input_option` applies to operations without their own. */
export async function parseBatchRequest(body: BatchBody): Promise<BatchRequest> {
  const reader = new ValuesReader();
  const spreadsheetId = spreadsheetIdOf(body.spreadsheet_id);
  const operations: BatchOperation[] = [];
  for (const [index, one] of body.operations.entries()) {
    const path = `operations[${index}].values`;
    const values =
      one.operation === 'write' || one.operation === 'append' ? await reader.read(one.values ?? [], path) : [];
    if (one.operation === 'append') reader.refuseBlankRows(values, path);
    operations.push(
      operationOf(one, spreadsheetId, values, one.value_input_option ?? body.value_input_option ?? 'RAW'),
    );
  }
  reader.refuseFaults();
  return { spreadsheetId, operations };
}

function operationOf(
  body: BatchOperationBody,
  spreadsheetId: string,
  values: Rows,
  valueInputOption: ValueInputOption,
): BatchOperation {
  const base = { spreadsheetId, range: rangeOf(body) };
  const range = (body.range ?? body.range_name) as string;
  switch (body.operation) {
    case 'clear':
      return { operation: 'clear', range, question: base };
    case 'read':
      return { operation: 'read', range, question: { ...base, ...readOptionsOf(body) } };
    case 'write':
      return { operation: 'write', range, question: { ...base, values, valueInputOption } };
    case 'append': {
      const insertDataOption: InsertDataOption = body.insert_data_option ?? 'INSERT_ROWS';
      return { operation: 'append', range, question: { ...base, values, valueInputOption, insertDataOption } };
    }
  }
}

const defaultMaxWaitSeconds = 5;

/** How long a call may wait for a limit. */
export function maxWaitMsOf({ max_wait_seconds }: { readonly max_wait_seconds?: number | null }): number {
  return (max_wait_seconds ?? defaultMaxWaitSeconds) * 1000;
}
