/** Finds the sheet that a caller names by title or gid. */
import { ServiceError } from '../../errors.ts';
import type { FoundSheet } from '../../providers/google_sheets/operations.ts';
import { type LookDeps, type Looker, look } from '../table/look.ts';

export interface SheetName {
  /** null: found by `gid`, or the first visible sheet. */
  readonly title: string | null;
  readonly gid: number | null;
}

const maxReplyBytes = 4 * 1024 * 1024;

/** Throws `NOT_FOUND` with the existing titles, and `LookRefused`. */
export async function sheetAt(deps: LookDeps, looker: Looker, name: SheetName): Promise<FoundSheet> {
  const sheets = await sheetsOf(deps, looker);
  const found = findSheet(sheets, name);
  if (found !== null) return found;
  const asked = name.title === null ? `the gid ${name.gid}` : `the title "${name.title}"`;
  const there = sheets
    .map(({ title }) => `"${title}"`)
    .slice(0, 20)
    .join(', ');
  throw new ServiceError('NOT_FOUND', `The spreadsheet has no sheet with ${asked}; it has ${there}.`);
}

export async function sheetsOf(deps: LookDeps, looker: Looker): Promise<readonly FoundSheet[]> {
  const looked = await look<'sheets'>(deps, looker, { kind: 'sheets', ranges: [], maxReplyBytes });
  return looked.kind === 'sheets' ? looked.found.sheets : [];
}

export function findSheet(sheets: readonly FoundSheet[], { title, gid }: SheetName): FoundSheet | null {
  const fold = (text: string): string => text.normalize('NFC').toLowerCase();
  if (title !== null) return sheets.find((sheet) => fold(sheet.title) === fold(title)) ?? null;
  if (gid !== null) return sheets.find(({ id }) => id === gid) ?? null;
  return sheets.find(({ isHidden }) => !isHidden) ?? null;
}
