/** Finds the sheet that a caller names by title or gid. */
import { ServiceError } from '../../errors.ts';
import type { FoundSheet } from '../../providers/google_sheets/operations.ts';
import { foldTitle } from '../a1.ts';
import { type InspectDeps, inspectSpreadsheet, type SpreadsheetAccess } from '../table/inspect-spreadsheet.ts';

export interface SheetName {
  /** null: found by `gid`, or the first visible sheet. */
  readonly title: string | null;
  readonly gid: number | null;
}

const maxReplyBytes = 4 * 1024 * 1024;

/** Throws `NOT_FOUND` with the existing titles, and `InspectionFailed`. */
export async function sheetAt(deps: InspectDeps, access: SpreadsheetAccess, name: SheetName): Promise<FoundSheet> {
  const sheets = await sheetsOf(deps, access);
  const found = findSheet(sheets, name);
  if (found !== null) return found;
  const asked = name.title === null ? `the gid ${name.gid}` : `the title "${name.title}"`;
  const there = sheets
    .map(({ title }) => `"${title}"`)
    .slice(0, 20)
    .join(', ');
  throw new ServiceError('NOT_FOUND', `The spreadsheet has no sheet with ${asked}; it has ${there}.`);
}

export async function sheetsOf(deps: InspectDeps, access: SpreadsheetAccess): Promise<readonly FoundSheet[]> {
  const inspected = await inspectSpreadsheet<'sheets'>(deps, access, { kind: 'sheets', ranges: [], maxReplyBytes });
  return inspected.kind === 'sheets' ? inspected.found.sheets : [];
}

export function findSheet(sheets: readonly FoundSheet[], { title, gid }: SheetName): FoundSheet | null {
  if (title !== null) return sheets.find((sheet) => foldTitle(sheet.title) === foldTitle(title)) ?? null;
  if (gid !== null) return sheets.find(({ id }) => id === gid) ?? null;
  return sheets.find(({ isHidden }) => !isHidden) ?? null;
}
