/** Parses the bodies of the sheets calls. Each parser throws `INVALID_REQUEST` naming every fault; nothing is sent. */
import { ServiceError } from '../errors.ts';
import type { InsertDataOption, ReadOptions, ValueInputOption } from '../providers/google_sheets/operations.ts';
import type { AppendQuestion } from './append/append-item.ts';
import type { ClearQuestion, WriteQuestion } from './change-ranges.ts';
import type { ReadQuestion } from './read-range.ts';
import { type Members, Reader } from './request-reader.ts';

export const valueRenderOptions = ['UNFORMATTED_VALUE', 'FORMATTED_VALUE', 'FORMULA'] as const;
export const dateTimeRenderOptions = ['FORMATTED_STRING', 'SERIAL_NUMBER'] as const;
export const majorDimensions = ['ROWS', 'COLUMNS'] as const;
export const valueInputOptions = ['RAW', 'USER_ENTERED'] as const;
export const insertDataOptions = ['INSERT_ROWS', 'OVERWRITE'] as const;
export const batchOperations = ['read', 'write', 'append', 'clear'] as const;

export const maxBatchOperations = 500;
function parseMembers(body: unknown): Members {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Members;
  const message = 'must be a JSON object';
  throw new ServiceError('INVALID_REQUEST', `The body ${message}.`, { errors: [{ path: 'body', message }] });
}

/** `POST /sheets/read` */
export function parseReadRequest(body: unknown): ReadQuestion {
  const members = parseMembers(body);
  const reader = new Reader();
  const question = { ...placeIn(reader, members), ...readOptions(reader, members) };
  reader.refuseFaults();
  return question;
}

function readOptions(reader: Reader, members: Members, prefix = ''): ReadOptions {
  return {
    valueRenderOption: reader.oneOf(members, 'value_render_option', valueRenderOptions, `${prefix}value_render_option`),
    dateTimeRenderOption: reader.oneOf(
      members,
      'date_time_render_option',
      dateTimeRenderOptions,
      `${prefix}date_time_render_option`,
    ),
    majorDimension: reader.oneOf(members, 'major_dimension', majorDimensions, `${prefix}major_dimension`),
  };
}

/** `POST /sheets/write` */
export async function parseWriteRequest(body: unknown): Promise<WriteQuestion> {
  const members = parseMembers(body);
  const reader = new Reader();
  const question = await rowsFor(reader, members);
  reader.refuseFaults();
  return question;
}

/** `POST /sheets/append` */
export async function parseAppendRequest(body: unknown): Promise<AppendQuestion> {
  const members = parseMembers(body);
  const reader = new Reader();
  const question = {
    ...(await rowsFor(reader, members)),
    insertDataOption: reader.oneOf(members, 'insert_data_option', insertDataOptions),
  };
  refuseBlankRows(reader, question.values);
  reader.refuseFaults();
  return question;
}

/** Where a request reads or writes. */
function placeIn(reader: Reader, members: Members) {
  return { spreadsheetId: reader.spreadsheetId(members), range: reader.range(members) };
}

/** What a write and an append bring. */
async function rowsFor(reader: Reader, members: Members) {
  return {
    ...placeIn(reader, members),
    values: await reader.values(members),
    valueInputOption: reader.oneOf(members, 'value_input_option', valueInputOptions),
  };
}

/** A row without anything in it ends the table for Google: the next append would be written over it. */
function refuseBlankRows(reader: Reader, values: readonly unknown[], prefix = ''): void {
  for (const [index, row] of values.entries()) {
    if (!Array.isArray(row) || row.length === 0) continue;
    if (row.every((cell) => cell === null || cell === '')) {
      reader.fault(`${prefix}values[${index}]`, 'must hold at least one cell that is not empty');
    }
  }
}

/** `POST /sheets/clear` */
export function parseClearRequest(body: unknown): ClearQuestion {
  const members = parseMembers(body);
  const reader = new Reader();
  const question = placeIn(reader, members);
  reader.refuseFaults();
  return question;
}

/** `GET /sheets/metadata/{spreadsheet_id}` */
export function parseSpreadsheetId(value: unknown): string {
  const reader = new Reader();
  const id = reader.spreadsheetId({ spreadsheet_id: value });
  reader.refuseFaults();
  return id;
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

/** `POST /sheets/batch`. `value_input_option` of the body holds where an operation has none. */
export async function parseBatchRequest(body: unknown): Promise<BatchRequest> {
  const members = parseMembers(body);
  const reader = new Reader();
  const spreadsheetId = reader.spreadsheetId(members);
  const inputOption = reader.oneOf(members, 'value_input_option', valueInputOptions);
  const given = members.operations;
  const isList = Array.isArray(given) && given.length > 0 && given.length <= maxBatchOperations;
  if (!isList) reader.fault('operations', `must be a list of 1 to ${maxBatchOperations} operations`);
  const operations: BatchOperation[] = [];
  for (const [index, one] of (isList ? (given as unknown[]) : []).entries()) {
    const operation = await parseOperation(reader, spreadsheetId, inputOption, one, `operations[${index}]`);
    if (operation !== null) operations.push(operation);
  }
  reader.refuseFaults();
  return { spreadsheetId, operations };
}

async function parseOperation(
  reader: Reader,
  spreadsheetId: string,
  inputOption: ValueInputOption,
  given: unknown,
  path: string,
): Promise<BatchOperation | null> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    reader.fault(path, 'must be a JSON object');
    return null;
  }
  const members = given as Members;
  const operation = batchOperations.find((name) => name === members.operation);
  if (operation === undefined) {
    reader.fault(`${path}.operation`, `must be one of ${batchOperations.join(', ')}`);
    return null;
  }
  const prefix = `${path}.`;
  const range = reader.range(members, prefix);
  const about = { range: String(members.range ?? members.range_name), operation };
  const base = { spreadsheetId, range };
  if (operation === 'clear') return { ...about, operation, question: base };
  if (operation === 'read')
    return { ...about, operation, question: { ...base, ...readOptions(reader, members, prefix) } };

  const values = await reader.values(members, prefix);
  const withDefault = { value_input_option: inputOption, ...members };
  const valueInputOption = reader.oneOf(
    withDefault,
    'value_input_option',
    valueInputOptions,
    `${prefix}value_input_option`,
  );
  if (operation === 'write') return { ...about, operation, question: { ...base, values, valueInputOption } };
  refuseBlankRows(reader, values, prefix);
  const insertDataOption: InsertDataOption = reader.oneOf(
    members,
    'insert_data_option',
    insertDataOptions,
    `${prefix}insert_data_option`,
  );
  return { ...about, operation, question: { ...base, values, valueInputOption, insertDataOption } };
}

/** `max_wait_seconds`: how long a call may wait for its turn under a limit. */
export const defaultMaxWaitSeconds = 5;
export const longestMaxWaitSeconds = 60;

/** Milliseconds. From the body of a POST, or the parsed query of a GET. */
export function parseMaxWaitMs(source: unknown): number {
  const value = typeof source === 'object' && source !== null ? (source as Members).max_wait_seconds : undefined;
  if (value === undefined || value === null) return defaultMaxWaitSeconds * 1000;
  if (typeof value === 'number' && value >= 0 && value <= longestMaxWaitSeconds) return value * 1000;
  const message = `must be a number from 0 to ${longestMaxWaitSeconds}`;
  throw new ServiceError('INVALID_REQUEST', `max_wait_seconds: ${message}`, {
    errors: [{ path: 'max_wait_seconds', message }],
  });
}
