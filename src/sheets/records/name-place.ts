/** Resolves the sheet that a body names: by title, by gid, or by the URL of its spreadsheet. */
import { invalidInput, ServiceError } from '../../errors.ts';
import { isGiven } from '../../schema-parts.ts';
import { type A1Range, foldTitle, parseA1 } from '../a1.ts';
import type { Describe } from '../describe.ts';
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

/** The sheet or range to read; a gid is looked up in the description. */
export async function recordsRangeOf(
  body: PlaceBody & { readonly range?: string | null | undefined },
  describe: Describe,
): Promise<{ readonly spreadsheetId: string; readonly range: A1Range }> {
  const { spreadsheetId, sheet } = recordsPlaceOf(body);
  const given = typeof body.range === 'string' ? await withoutName(parseA1(body.range), spreadsheetId, describe) : null;
  const title = sheet.title ?? (sheet.gid === null ? null : await titleOfGid(sheet.gid, spreadsheetId, describe));
  if (given !== null) {
    const own = given.title;
    if (given.kind === 'area' && own === null) return { spreadsheetId, range: { ...given, title } };
    const isOther = isSheetNamed(body) && title !== null && own !== null && foldTitle(title) !== foldTitle(own);
    if (isOther) throw invalidInput('range', `is on the sheet "${own}", and not on "${title}"`);
    return { spreadsheetId, range: given };
  }
  if (title !== null) return { spreadsheetId, range: { kind: 'sheet', title } };
  const whole = { startRow: 0, endRow: null, startColumn: 0, endColumn: null };
  return { spreadsheetId, range: { kind: 'area', title: null, area: whole } };
}

/** By the body itself, rather than by the address of the spreadsheet. */
function isSheetNamed({ sheet, gid }: PlaceBody): boolean {
  return isGiven(sheet) || isGiven(gid);
}

/** A bare word is a named range before it is a sheet's title, as for Google. */
async function withoutName(
  range: A1Range,
  spreadsheetId: string,
  describe: Describe,
): Promise<Exclude<A1Range, { kind: 'name' }>> {
  if (range.kind !== 'name') return range;
  const { named_ranges: named } = await describe(spreadsheetId);
  const found = named.find(({ name }) => name.toLowerCase() === range.name.toLowerCase());
  const place = found === undefined ? null : parseA1(found.range);
  return place === null || place.kind === 'name' ? { kind: 'sheet', title: range.name } : place;
}

/** If the range names no sheet, the question is about the sheet of the body's `gid`, or of the spreadsheet's URL. */
export async function withSheet<Question extends { readonly spreadsheetId: string; readonly range: A1Range }>(
  question: Question,
  body: Pick<PlaceBody, 'spreadsheet_id' | 'gid'>,
  describe: Describe,
): Promise<Question> {
  const { range, spreadsheetId } = question;
  const gid = body.gid ?? (parseSpreadsheetRef(body.spreadsheet_id) as SpreadsheetRef).gid;
  if (gid === null || range.kind !== 'area' || range.title !== null) return question;
  return { ...question, range: { ...range, title: await titleOfGid(gid, spreadsheetId, describe) } };
}

async function titleOfGid(gid: number, spreadsheetId: string, describe: Describe): Promise<string> {
  const found = (await describe(spreadsheetId)).worksheets.find(({ id }) => id === gid);
  if (found !== undefined) return found.title;
  throw new ServiceError('NOT_FOUND', `The spreadsheet has no sheet with the gid ${gid}.`);
}
