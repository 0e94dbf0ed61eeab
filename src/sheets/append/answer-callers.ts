/** Builds the answer for each caller of a batch after its rows are written. */
import type { ServiceError } from '../../errors.ts';
import { printA1, printFound } from '../a1.ts';
import { type Area, blockAt, greatest } from '../area.ts';
import type { Changed } from '../changed.ts';
import { forgetBelow } from '../scope.ts';
import { needsTyping } from '../table/cells.ts';
import type { SpreadsheetAccess } from '../table/inspect-spreadsheet.ts';
import { unknownOutcome } from '../table/table-errors.ts';
import type { AppendDeps, Entry } from './append-item.ts';
import { widthOf } from './appended-place.ts';

interface PlacedRows {
  readonly title: string;
  readonly row: number;
  readonly column: number;
  /** The table before the append. */
  readonly table: Area | null;
}

/** Each caller gets the place of its own rows, as if its append had run alone. */
export async function resolveAll(
  deps: AppendDeps,
  access: SpreadsheetAccess,
  entries: readonly Entry[],
  place: PlacedRows,
  provider: string,
  familyLimit: Changed<unknown>['familyLimit'],
): Promise<void> {
  const typed = await typeOver(deps, access, entries, place);
  let { row } = place;
  let before = place.table === null ? null : { ...place.table, endRow: row };
  for (const entry of entries) {
    const { values } = entry.item.question;
    const width = widthOf(entry.item);
    const corner = { startRow: row, endRow: null, startColumn: place.column, endColumn: null };
    const area = blockAt(corner, values.length, width);
    if (typed !== null) entry.reject(typed);
    entry.resolve({
      result: {
        updatedRange: printFound(place.title, area),
        updatedRows: values.length,
        updatedColumns: width,
        updatedCells: values.reduce((sum, cells) => sum + cells.filter((cell) => cell !== null).length, 0),
        tableRange: before === null ? null : printFound(place.title, before),
      },
      provider,
      familyLimit,
    });
    row += values.length;
    before = { ...(before ?? { ...area, endRow: row }), endRow: row };
  }
}

/**
 * `USER_ENTERED` texts that only Google can interpret are first written as plain text, then written again as typed
 * input into the same cells; that is safe to repeat. Returns the error for all callers if it fails.
 */
async function typeOver(
  deps: AppendDeps,
  { caller, spreadsheetId, deadlineAtMs }: SpreadsheetAccess,
  entries: readonly Entry[],
  { title, row, column }: PlacedRows,
): Promise<ServiceError | null> {
  const values = entries.flatMap(({ item }) => item.question.values);
  const isTyped = entries[0]?.item.question.valueInputOption === 'USER_ENTERED' && needsTyping(values);
  if (!isTyped) return null;
  const width = greatest(values.map((cells) => cells.length));
  const area = blockAt({ startRow: row, endRow: null, startColumn: column, endColumn: null }, values.length, width);
  const range = printA1({ kind: 'area', title, area });
  const asked = await deps.accounts.ask({
    capability: deps.capabilities.write,
    input: { spreadsheetId, valueInputOption: 'USER_ENTERED', data: [{ range, values }] },
    spreadsheetId,
    caller,
    deadlineAtMs: Math.max(deadlineAtMs, deps.clock.now() + deps.requestTimeoutMs),
    signal: new AbortController().signal,
    isOwn: true,
  });
  await forgetBelow(deps, caller.tenantId, spreadsheetId, title, row);
  return asked.kind === 'answered' ? null : unknownOutcome('the rows stand as they were to be typed', asked.error);
}
