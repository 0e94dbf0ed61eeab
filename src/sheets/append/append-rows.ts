/**
 * Appends rows exactly once, in order, below the last filled row of their table.
 *
 * All changes to one spreadsheet's tables run one after the other, across all replicas. Waiting appends to one table
 * share a request, and each caller gets the place of its own rows.
 *
 *   lane ──▶ lock ──▶ where does the table end? ──▶ rows and notes in one request (`makeOnce`) ──▶ typed texts written over
 *
 * A retry with the same idempotency key, after an unknown outcome or a crash, carries the note of its first run. If
 * Google has the note, the rows are already there; if not, they are sent again with the same note, so they cannot be
 * written twice.
 */
import type { Caller } from '../../gateway/caller.ts';
import type { AppendedRows } from '../../providers/google_sheets/operations.ts';
import { countWithin, sizeOfRow } from '../change-ranges.ts';
import type { Changed } from '../changed.ts';
import { namingAsked } from '../refusal-words.ts';
import { forgetBelow } from '../scope.ts';
import { refuseGuilty } from '../split-batch.ts';
import { growGrid, writeRowsAt } from '../table/cells.ts';
import { InspectionFailed, inspectSpreadsheet, type SpreadsheetAccess } from '../table/inspect-spreadsheet.ts';
import { locateEnd, type TablePlace } from '../table/locate-end.ts';
import { findMarkers, type MadeChange, makeOnce } from '../table/marked-change.ts';
import { newMarker, type Progress, parseMarker, saveNotes } from '../table/progress.ts';
import { failedWhole, notMade, unknownOutcome } from '../table/table-errors.ts';
import type { TableLock } from '../table/table-lock.ts';
import { resolveAll } from './answer-callers.ts';
import {
  type AppendDeps,
  type AppendItem,
  type AppendQuestion,
  type Entry,
  type Sent,
  tableKeyOf,
} from './append-item.ts';
import { afterAppend, leadingBlanksOf, markersOf, rowOf, widthOf } from './appended-place.ts';

import { createTableLanes } from './table-lane.ts';

export type AppendRows = (
  caller: Caller,
  question: AppendQuestion,
  progress: Progress,
  signal: AbortSignal,
) => Promise<Changed<AppendedRows>>;

const maxBatchRows = 5_000;
const appended = 'the rows were appended';

export function createAppendRows(deps: AppendDeps): AppendRows {
  const add = createTableLanes<AppendItem, AppendedRows>(deps, {
    done: appended,
    countTogether,
    settleEarlier: (access, entry) => settleEarlier(deps, access, entry),
    sendOnce: (lock, access, batch) => sendOnce(deps, lock, access, batch),
  });
  return (caller, question, progress, signal) => {
    const earlier = parseMarker(progress.saved);
    const marker = earlier ?? newMarker();
    return add({ question, caller, progress, marker, wasSent: earlier !== null, isSent: false }, signal);
  };
}

/**
 * How many items at the front append to the same table in the same way. A retry goes alone, because its rows are looked
 * for first.
 */
function countTogether(items: readonly AppendItem[]): number {
  const first = items[0] as AppendItem;
  const differs = items.findIndex((item) => item.wasSent || groupOf(item) !== groupOf(first));
  const alike = items.slice(0, differs === -1 ? items.length : Math.max(1, differs));
  let rows = 0;
  const fitting = alike.findIndex(({ question }) => {
    rows += question.values.length;
    return rows > maxBatchRows;
  });
  const few = fitting === -1 ? alike : alike.slice(0, Math.max(1, fitting));
  return countWithin(few.map(({ question }) => question.values.reduce((sum, row) => sum + sizeOfRow(row), 0)));
}

function groupOf({ question }: AppendItem): string {
  return `${tableKeyOf(question.range)}\n${question.valueInputOption}`;
}

/** True if the outcome of an earlier run settled the entry: its rows were found, or it stays unknown. */
async function settleEarlier(deps: AppendDeps, access: SpreadsheetAccess, entry: Entry): Promise<boolean> {
  const { marker, question } = entry.item;
  const told = await findMarkers(deps, access, [{ marker, sheetId: 0, row: null, isKeyed: true }]);
  if (told === null) {
    entry.reject(unknownOutcome(appended));
    return true;
  }
  const [note] = told.found;
  if (note === undefined) return false;
  const inspected = await inspectSpreadsheet<'sheets'>(deps, access, {
    kind: 'sheets',
    ranges: [],
    maxReplyBytes: 1024 ** 2,
  });
  const sheet = inspected.kind === 'sheets' ? inspected.found.sheets.find(({ id }) => id === note.sheetId) : undefined;
  const known = await deps.states.find(access.caller.tenantId, question.spreadsheetId, tableKeyOf(question.range));
  const column = question.range.kind === 'area' ? question.range.area.startColumn : (known?.column ?? 0);
  await forgetBelow(deps, access.caller.tenantId, question.spreadsheetId);
  const place = { title: sheet?.title ?? known?.title ?? '', column, row: note.row ?? 0, table: null };
  await resolveAll(deps, access, [entry], place, told.provider, null);
  return true;
}

/** `contested`: the place that another change had taken when this batch was sent before. */
async function sendOnce(
  deps: AppendDeps,
  lock: TableLock,
  access: SpreadsheetAccess,
  batch: readonly Entry[],
  contested: TablePlace | null = null,
): Sent {
  const [first] = batch as [Entry];
  const { question, caller } = first.item;
  const key = tableKeyOf(question.range);
  const width = Math.max(...batch.map(({ item }) => widthOf(item)));
  const asked = { range: question.range, width, leadingBlanks: leadingBlanksOf(batch) };
  const known = await deps.states.find(caller.tenantId, question.spreadsheetId, key);
  let place: TablePlace;
  try {
    place = await locateEnd(deps, access, asked, known);
  } catch (error) {
    if (!(error instanceof InspectionFailed) || error.untilMs !== null) throw error;
    for (const entry of batch) entry.reject(namingAsked(error.error, entry.item.question.range));
    return null;
  }
  const entries = await saveNotes(batch, ({ item }) => item.marker);
  if (entries.length === 0) return null;
  const rows = entries.flatMap(({ item }) => item.question.values);
  for (const { item } of entries) item.isSent = true;
  const markers = markersOf(entries, place);
  const isSamePlace = contested?.sheetId === place.sheetId && contested.nextRow === place.nextRow;
  const made = await makeOnce(deps, lock, access, {
    capability: deps.capabilities.append,
    requests: [
      ...growGrid(place, place.nextRow + rows.length, place.column + width),
      writeRowsAt(
        { sheetId: place.sheetId, row: place.nextRow, column: place.column },
        rows,
        question.valueInputOption,
      ),
    ],
    markers,
    // The place is free again: its rows were emptied, or the note was copied along with other rows.
    freed: isSamePlace ? markers.slice(0, 1).map(({ marker }) => marker.id) : [],
    wasSent: entries.some(({ item }) => item.wasSent),
  });
  if (made.kind === 'contested' && !isSamePlace) return sendOnce(deps, lock, access, entries, place);
  return conclude(deps, lock, access, entries, place, made, key);
}

async function conclude(
  deps: AppendDeps,
  lock: TableLock,
  access: SpreadsheetAccess,
  entries: readonly Entry[],
  place: TablePlace,
  made: MadeChange,
  key: string,
): Sent {
  const { tenantId } = access.caller;
  switch (made.kind) {
    case 'made': {
      const row = rowOf(made, entries, place);
      const rowCount = entries.reduce((sum, { item }) => sum + item.question.values.length, 0);
      await Promise.all([
        deps.states.note(tenantId, access.spreadsheetId, key, afterAppend(place, row, rowCount, entries)),
        forgetBelow(deps, tenantId, access.spreadsheetId, place.title, row),
      ]);
      await resolveAll(deps, access, entries, { ...place, row }, made.provider, made.familyLimit);
      return null;
    }
    case 'limited':
    case 'contested':
    case 'unlocked': {
      for (const { item } of entries) item.isSent = false;
      const error = made.kind === 'limited' ? made.error : notMade();
      return { items: entries, untilMs: made.kind === 'limited' ? made.untilMs : deps.clock.now() + 50, error };
    }
    case 'refused':
      for (const { item } of entries) item.isSent = false;
      return refuseGuilty(entries, made, (part) => sendOnce(deps, lock, access, part));
    case 'not_made':
      for (const entry of entries) entry.reject(failedWhole(made.error));
      return null;
    case 'unknown':
      await deps.states.note(tenantId, access.spreadsheetId, key, null);
      await forgetBelow(deps, tenantId, access.spreadsheetId);
      setTimeout(() => {
        void forgetBelow(deps, tenantId, access.spreadsheetId).catch(() => {});
      }, 60_000).unref();
      for (const entry of entries) entry.reject(unknownOutcome(appended, made.error));
      return null;
  }
}
