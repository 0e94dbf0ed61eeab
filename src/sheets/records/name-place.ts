/** Resolves the sheet that a body names: by title, by gid, or by the URL of its spreadsheet. */
import { invalidInput, ServiceError } from '../../errors.ts';
import type { Worksheet } from '../../providers/google_sheets/operations.ts';
import { type A1Range, parseA1 } from '../a1.ts';
import { parseSpreadsheetRef, type SpreadsheetRef } from '../spreadsheet-ref.ts';
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
  const ref = parseSpreadsheetRef(spreadsheet_id) as SpreadsheetRef;
  const title = sheet ?? null;
  if (title !== null && typeof gid === 'number') throw invalidInput('gid', 'stands instead of "sheet", not beside it');
  return { spreadsheetId: ref.spreadsheetId, sheet: { title, gid: title === null ? (gid ?? ref.gid) : null } };
}

/** The sheet or range to read; a gid is looked up among the `worksheets`. */
export async function recordsRangeOf(
  body: PlaceBody & { readonly range?: string | null | undefined },
  worksheets: (spreadsheetId: string) => Promise<readonly Worksheet[]>,
): Promise<{ readonly spreadsheetId: string; readonly range: A1Range }> {
  const { spreadsheetId, sheet } = recordsPlaceOf(body);
  const given = typeof body.range === 'string' ? parseA1(body.range) : null;
  const title = sheet.title ?? (sheet.gid === null ? null : await titleOfGid(sheet.gid, spreadsheetId, worksheets));
  if (given !== null) {
    const range = given.kind === 'area' && given.title === null ? { ...given, title } : given;
    return { spreadsheetId, range };
  }
  if (title !== null) return { spreadsheetId, range: { kind: 'sheet', title } };
  const whole = { startRow: 0, endRow: null, startColumn: 0, endColumn: null };
  return { spreadsheetId, range: { kind: 'area', title: null, area: whole } };
}

/** If the range names no sheet, the question is about the sheet of the body's `gid`, or of the spreadsheet's URL. */
export async function withSheet<Question extends { readonly spreadsheetId: string; readonly range: A1Range }>(
  question: Question,
  body: Pick<PlaceBody, 'spreadsheet_id' | 'gid'>,
  worksheets: (spreadsheetId: string) => Promise<readonly Worksheet[]>,
): Promise<Question> {
  const { range, spreadsheetId } = question;
  const gid = body.gid ?? (parseSpreadsheetRef(body.spreadsheet_id) as SpreadsheetRef).gid;
  if (gid === null || range.kind !== 'area' || range.title !== null) return question;
  return { ...question, range: { ...range, title: await titleOfGid(gid, spreadsheetId, worksheets) } };
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
