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
import { type ServiceError, withMessage } from '../../errors.ts';
import type { Caller } from '../../gateway/caller.ts';
import type { AppendedRows } from '../../providers/google_sheets/operations.ts';
import { countWithin, sizeOfRow } from '../change-ranges.ts';
import type { Changed } from '../changed.ts';
import { namingAsked } from '../refusal-words.ts';
import { forgetBelow } from '../scope.ts';
import { growGrid, writeRowsAt } from '../table/cells.ts';
import { locateEnd, type TablePlace } from '../table/locate-end.ts';
import { type Looker, LookRefused, look } from '../table/look.ts';
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
    settleEarlier: (looker, entry) => settleEarlier(deps, looker, entry),
    sendOnce: (lock, looker, batch) => sendOnce(deps, lock, looker, batch),
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
async function settleEarlier(deps: AppendDeps, looker: Looker, entry: Entry): Promise<boolean> {
  const { marker, question } = entry.item;
  const told = await findMarkers(deps, looker, [{ marker, sheetId: 0, row: null, isKeyed: true }]);
  if (told === null) {
    entry.reject(unknownOutcome(appended));
    return true;
  }
  const [note] = told.found;
  if (note === undefined) return false;
  const looked = await look<'sheets'>(deps, looker, { kind: 'sheets', ranges: [], maxReplyBytes: 1024 ** 2 });
  const sheet = looked.kind === 'sheets' ? looked.found.sheets.find(({ id }) => id === note.sheetId) : undefined;
  const known = await deps.states.find(looker.caller.tenantId, question.spreadsheetId, tableKeyOf(question.range));
  const column = question.range.kind === 'area' ? question.range.area.startColumn : (known?.column ?? 0);
  await forgetBelow(deps, looker.caller.tenantId, question.spreadsheetId);
  const place = { title: sheet?.title ?? known?.title ?? '', column, row: note.row ?? 0, table: null };
  await resolveAll(deps, looker, [entry], place, told.provider, null);
  return true;
}

/** `contested`: the place that another change had taken when this batch was sent before. */
async function sendOnce(
  deps: AppendDeps,
  lock: TableLock,
  looker: Looker,
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
    place = await locateEnd(deps, looker, asked, known);
  } catch (error) {
    if (!(error instanceof LookRefused) || error.untilMs !== null) throw error;
    for (const entry of batch) entry.reject(namingAsked(error.error, entry.item.question.range));
    return null;
  }
  const entries = await saveNotes(batch, ({ item }) => item.marker);
  if (entries.length === 0) return null;
  const rows = entries.flatMap(({ item }) => item.question.values);
  for (const { item } of entries) item.isSent = true;
  const markers = markersOf(entries, place);
  const isSamePlace = contested?.sheetId === place.sheetId && contested.nextRow === place.nextRow;
  const made = await makeOnce(deps, lock, looker, {
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
  if (made.kind === 'contested' && !isSamePlace) return sendOnce(deps, lock, looker, entries, place);
  return conclude(deps, lock, looker, entries, place, made, key);
}

async function conclude(
  deps: AppendDeps,
  lock: TableLock,
  looker: Looker,
  entries: readonly Entry[],
  place: TablePlace,
  made: MadeChange,
  key: string,
): Sent {
  const { tenantId } = looker.caller;
  switch (made.kind) {
    case 'made': {
      const row = rowOf(made, entries, place);
      const rowCount = entries.reduce((sum, { item }) => sum + item.question.values.length, 0);
      await Promise.all([
        deps.states.note(tenantId, looker.spreadsheetId, key, afterAppend(place, row, rowCount, entries)),
        forgetBelow(deps, tenantId, looker.spreadsheetId, place.title, row),
      ]);
      await resolveAll(deps, looker, entries, { ...place, row }, made.provider, made.familyLimit);
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
      return halveOrReject(deps, lock, looker, entries, made);
    case 'not_made':
      for (const entry of entries) entry.reject(failedWhole(made.error));
      return null;
    case 'unknown':
      await deps.states.note(tenantId, looker.spreadsheetId, key, null);
      await forgetBelow(deps, tenantId, looker.spreadsheetId);
      setTimeout(() => {
        void forgetBelow(deps, tenantId, looker.spreadsheetId).catch(() => {});
      }, 60_000).unref();
      for (const entry of entries) entry.reject(unknownOutcome(appended, made.error));
      return null;
  }
}

/** Google's refusal does not say which rows are wrong, so the batch is halved until each wrong item stands alone. */
async function halveOrReject(
  deps: AppendDeps,
  lock: TableLock,
  looker: Looker,
  entries: readonly Entry[],
  refused: Extract<MadeChange, { kind: 'refused' }>,
): Sent {
  for (const { item } of entries) item.isSent = false;
  if (refused.status !== 400 || entries.length === 1) {
    for (const entry of entries) entry.reject(withoutRequest(refused.error));
    return null;
  }
  const middle = Math.ceil(entries.length / 2);
  const putBack = await sendOnce(deps, lock, looker, entries.slice(0, middle));
  if (putBack !== null) return { ...putBack, items: [...putBack.items, ...entries.slice(middle)] };
  return sendOnce(deps, lock, looker, entries.slice(middle));
}

/** `Invalid requests[1].updateCells: …` names a request that this service built, so that part is removed. */
function withoutRequest(error: ServiceError): ServiceError {
  const message = error.publicMessage.replace(/^Invalid requests\[\d+\]\.\w+: /, '');
  return withMessage(error, message);
}
