/** Which sheet a body names: by title, by gid, or by the address of its spreadsheet. */
import { ServiceError } from '../../errors.ts';
import type { Worksheet } from '../../providers/google_sheets/operations.ts';
import { type A1Range, A1SyntaxError, parseA1 } from '../a1.ts';
import { parseSpreadsheetRef } from '../spreadsheet-ref.ts';
import type { SheetName } from './sheet-at.ts';

export interface RecordsPlace {
  readonly spreadsheetId: string;
  readonly sheet: SheetName;
}

interface PlaceBody {
  readonly spreadsheet_id: string;
  readonly sheet?: string | null | undefined;
  readonly gid?: number | null | undefined;
}

export function recordsPlaceOf({ spreadsheet_id, sheet, gid }: PlaceBody): RecordsPlace {
  const ref = parseSpreadsheetRef(spreadsheet_id);
  if (ref === null) {
    throw fault('spreadsheet_id', 'must be the id of a spreadsheet (A-Z, a-z, 0-9, _ and -) or its whole address');
  }
  if (typeof sheet === 'string' && typeof gid === 'number')
    throw fault('gid', 'stands instead of "sheet", not beside it');
  const title = sheet ?? null;
  return { spreadsheetId: ref.spreadsheetId, sheet: { title, gid: title === null ? (gid ?? ref.gid) : null } };
}

/** The sheet or the range that is to be read; a gid is looked up among the `worksheets`. */
export async function recordsRangeOf(
  body: PlaceBody & { readonly range?: string | null | undefined },
  worksheets: (spreadsheetId: string) => Promise<readonly Worksheet[]>,
): Promise<{ readonly spreadsheetId: string; readonly range: A1Range }> {
  const { spreadsheetId, sheet } = recordsPlaceOf(body);
  const given = typeof body.range === 'string' ? parseRange(body.range) : null;
  const title = sheet.title ?? (sheet.gid === null ? null : await titleOfGid(sheet.gid, spreadsheetId, worksheets));
  if (given !== null) {
    const range = given.kind === 'area' && given.title === null ? { ...given, title } : given;
    return { spreadsheetId, range };
  }
  if (title !== null) return { spreadsheetId, range: { kind: 'sheet', title } };
  const whole = { startRow: 0, endRow: null, startColumn: 0, endColumn: null };
  return { spreadsheetId, range: { kind: 'area', title: null, area: whole } };
}

/** A question whose range names no sheet is about the sheet of the body's `gid`, or of its spreadsheet's address. */
export async function withSheet<Question extends { readonly spreadsheetId: string; readonly range: A1Range }>(
  question: Question,
  body: unknown,
  worksheets: (spreadsheetId: string) => Promise<readonly Worksheet[]>,
): Promise<Question> {
  const { range, spreadsheetId } = question;
  const gid = gidOf(body);
  if (gid === null || range.kind !== 'area' || range.title !== null) return question;
  return { ...question, range: { ...range, title: await titleOfGid(gid, spreadsheetId, worksheets) } };
}

function gidOf(body: unknown): number | null {
  const { gid, spreadsheet_id } = (body ?? {}) as { readonly gid?: unknown; readonly spreadsheet_id?: unknown };
  if (gid !== undefined && gid !== null) {
    if (typeof gid === 'number' && Number.isInteger(gid) && gid >= 0) return gid;
    throw fault('gid', 'must be a whole number from 0');
  }
  return typeof spreadsheet_id === 'string' ? (parseSpreadsheetRef(spreadsheet_id)?.gid ?? null) : null;
}

export async function titleOfGid(
  gid: number,
  spreadsheetId: string,
  worksheets: (spreadsheetId: string) => Promise<readonly Worksheet[]>,
): Promise<string> {
  const found = (await worksheets(spreadsheetId)).find(({ id }) => id === gid);
  if (found !== undefined) return found.title;
  throw new ServiceError('NOT_FOUND', `The spreadsheet has no sheet with the gid ${gid}.`);
}

function parseRange(text: string): A1Range {
  try {
    return parseA1(text);
  } catch (error) {
    if (error instanceof A1SyntaxError) throw fault('range', error.message);
    throw error;
  }
}

function fault(path: string, message: string): ServiceError {
  return new ServiceError('INVALID_REQUEST', `${path}: ${message}`, { errors: [{ path, message }] });
}
