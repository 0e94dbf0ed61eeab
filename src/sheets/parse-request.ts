/**
 * The bodies of the sheets calls, parsed. Many cells are looked at in slices of the event loop. Each parser throws `INVALID_REQUEST` naming every fault, and
 * nothing is sent.
 */
import { setImmediate } from 'node:timers/promises';
import { type InputFault, ServiceError } from '../errors.ts';
import type { Cell, InsertDataOption, ReadOptions, ValueInputOption } from '../providers/google_sheets/operations.ts';
import { type A1Range, A1SyntaxError, parseA1 } from './a1.ts';
import type { AppendQuestion } from './append/append-item.ts';
import type { ClearQuestion, WriteQuestion } from './change-ranges.ts';
import type { ReadQuestion } from './read-range.ts';
import { parseSpreadsheetRef } from './spreadsheet-ref.ts';

export const valueRenderOptions = ['UNFORMATTED_VALUE', 'FORMATTED_VALUE', 'FORMULA'] as const;
export const dateTimeRenderOptions = ['FORMATTED_STRING', 'SERIAL_NUMBER'] as const;
export const majorDimensions = ['ROWS', 'COLUMNS'] as const;
export const valueInputOptions = ['RAW', 'USER_ENTERED'] as const;
export const insertDataOptions = ['INSERT_ROWS', 'OVERWRITE'] as const;
export const batchOperations = ['read', 'write', 'append', 'clear'] as const;

/** In one call; beyond it an answer or a body would take seconds and hundreds of megabytes. */
export const maxCells = 2_000_000;
/** Google Drive help, "Files you can store in Google Drive". */
export const maxCellCharacters = 50_000;
export const maxBatchOperations = 500;
const maxFaults = 20;
/** The slowest of them, numbers beyond 10^37, take a microsecond each. */
const cellsPerTurn = 10_000;

export type Members = Readonly<Record<string, unknown>>;

/** Gathers faults, so that a caller learns of all of them at once. */
class Reader {
  readonly faults: InputFault[] = [];

  fault(path: string, message: string): void {
    if (this.faults.length < maxFaults) this.faults.push({ path, message });
  }

  refuseFaults(): void {
    const [first] = this.faults;
    if (first === undefined) return;
    throw new ServiceError('INVALID_REQUEST', `${first.path}: ${first.message}`, { errors: this.faults });
  }

  oneOf<Choice extends string>(
    members: Members,
    name: string,
    choices: readonly [Choice, ...Choice[]],
    path = name,
  ): Choice {
    const value = members[name];
    if (value === undefined || value === null) return choices[0];
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    this.fault(path, `must be one of ${choices.join(', ')}`);
    return choices[0];
  }

  spreadsheetId(members: Members): string {
    const value = members.spreadsheet_id;
    const ref = typeof value === 'string' ? parseSpreadsheetRef(value) : null;
    if (ref !== null) return ref.spreadsheetId;
    this.fault(
      'spreadsheet_id',
      value === undefined
        ? 'is required'
        : 'must be 1 to 200 of A-Z, a-z, 0-9, _ and -, as in the address of the spreadsheet, or that whole address',
    );
    return '';
  }

  /** `range_name` is its other name. */
  range(members: Members, prefix = ''): A1Range {
    const name = members.range === undefined && members.range_name !== undefined ? 'range_name' : 'range';
    const value = members[name];
    const fallback: A1Range = { kind: 'name', name: '' };
    if (typeof value !== 'string') {
      this.fault(`${prefix}${name}`, value === undefined ? 'is required' : 'must be text in A1 notation');
      return fallback;
    }
    try {
      return parseA1(value);
    } catch (error) {
      if (!(error instanceof A1SyntaxError)) throw error;
      this.fault(`${prefix}${name}`, error.message);
      return fallback;
    }
  }

  async values(members: Members, prefix = ''): Promise<readonly (readonly Cell[])[]> {
    const path = `${prefix}values`;
    const { values } = members;
    if (!Array.isArray(values)) {
      this.fault(path, values === undefined ? 'is required' : 'must be a list of rows');
      return [];
    }
    if (values.length === 0) this.fault(path, 'must hold at least one row');
    let width = 0;
    let seenCells = 0;
    for (const [index, row] of (values as unknown[]).entries()) {
      if (this.faults.length >= maxFaults) break;
      if (!Array.isArray(row)) {
        this.fault(`${path}[${index}]`, 'must be a list of cells');
        continue;
      }
      width = Math.max(width, row.length);
      if (width * values.length > maxCells) {
        this.fault(path, `has more than ${maxCells} cells`);
        break; // Looking at every cell of a body that is refused anyway would hold up everyone.
      }
      this.#row(row, `${path}[${index}]`);
      seenCells += row.length + 1;
      if (seenCells > cellsPerTurn) {
        seenCells = 0;
        await setImmediate();
      }
    }
    if (this.faults.length > 0) return [];
    if (width === 0) this.fault(`${path}[0]`, 'must hold at least one cell');
    return (values as Cell[][]).map((row) => padded(row, width));
  }

  #row(row: readonly unknown[], path: string): void {
    for (const [column, cell] of row.entries()) {
      if (typeof cell === 'string') {
        if (cell.length > maxCellCharacters)
          this.fault(`${path}[${column}]`, `must be at most ${maxCellCharacters} characters`);
      } else if (isBeyondDigits(cell)) {
        this.fault(`${path}[${column}]`, tooManyDigits);
      } else if (cell !== null && typeof cell !== 'boolean' && !(typeof cell === 'number' && Number.isFinite(cell))) {
        this.fault(`${path}[${column}]`, 'must be a string, a number, a boolean or null');
      }
    }
  }
}

/** A sheet holds fifteen digits of a number. */
export function isBeyondDigits(cell: unknown): boolean {
  if (!Number.isInteger(cell)) return false;
  const size = Math.abs(cell as number);
  if (size < 1e15) return false;
  if (size > 1e37) return Number(size.toPrecision(15)) !== size;
  // Powers up to 10^22 are exact, and so is the product: the same as to write it with 15 digits, a hundred times as fast.
  const unit = 10 ** (Math.floor(Math.log10(size)) - 14);
  return Math.round(size / unit) * unit !== size;
}
export const tooManyDigits = 'has more than 15 digits, and a sheet holds no more of a number: send it as text';

/** Google takes rows of different lengths, and leaves alone what a short one does not reach: as null says it. */
function padded(row: readonly Cell[], width: number): readonly Cell[] {
  return row.length === width ? row : [...row, ...new Array<null>(width - row.length).fill(null)];
}

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
