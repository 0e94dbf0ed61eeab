/**
 * Appends, made once, in order, below the last filled row of their table.
 *
 * All changes of one spreadsheet's tables go one after the other, over all replicas; appends to one table that wait
 * together go as one request, and each caller gets the place of its own rows.
 *
 *   lane ──▶ lock ──▶ where does the table end? ──▶ rows and notes in one request (`makeOnce`) ──▶ typed texts written over
 *
 * A keyed caller who comes again after "unknown" (or after our crash) brings its note: where Google has it, the rows
 * stand where it is; where not, they are sent with the same note, so that they cannot come to stand twice.
 */

import { type ServiceError, withMessage } from '../../errors.ts';
import { callerGroup } from '../../gateway/caller-group.ts';
import type { AppendedRows } from '../../providers/google_sheets/operations.ts';
import { printA1, printFound } from '../a1.ts';
import { type Area, blockAt, greatest, least } from '../area.ts';
import type { Caller } from '../caller.ts';
import { countWithin, sizeOfRow } from '../change-ranges.ts';
import type { Changed } from '../changed.ts';
import { Lanes } from '../limits/lane.ts';
import { namingAsked } from '../refusal-words.ts';
import { forgetBelow } from '../scope.ts';
import { growGrid, needsTyping, writeRowsAt } from '../table/cells.ts';
import { locateEnd, type TablePlace } from '../table/locate-end.ts';
import { type Looker, LookRefused, look } from '../table/look.ts';
import { findMarkers, type MadeChange, makeOnce, type PlacedMarker } from '../table/marked-change.ts';
import { markerOfPlace, newMarker, type Progress, parseMarker } from '../table/progress.ts';
import { failedWhole, notMade, unknownOutcome } from '../table/table-errors.ts';
import type { TableLock } from '../table/table-lock.ts';
import type { KnownTable } from '../table/table-state.ts';
import {
  type AppendDeps,
  type AppendItem,
  type AppendQuestion,
  type Entry,
  type Sent,
  tableKeyOf,
} from './append-item.ts';

export type AppendRows = (
  caller: Caller,
  question: AppendQuestion,
  progress: Progress,
  signal: AbortSignal,
) => Promise<Changed<AppendedRows>>;

const maxBatchRows = 5_000;
const appended = 'the rows were appended';

export function createAppendRows(deps: AppendDeps): AppendRows {
  const { calls } = deps;
  const lanes = new Lanes<AppendItem, Changed<AppendedRows>>();
  return async (caller, question, progress, signal) => {
    const patientUntilMs = calls.clock.now() + caller.maxWaitMs;
    const earlier = parseMarker(progress.saved);
    const item: AppendItem = {
      question,
      caller,
      progress,
      marker: earlier ?? newMarker(),
      wasSent: earlier !== null,
      isSent: false,
    };
    const lane = lanes.of(`${caller.tenantId}\n${callerGroup(caller)}${question.spreadsheetId}`, () => ({
      clock: calls.clock,
      deadlines: calls.deadlines,
      gatherMs: 2,
      maxInFlight: 1,
      countTogether,
      paceMs: (waiting) => deps.pace(caller.tenantId, 'write', waiting),
      timeoutOf: ({ isSent }) => (isSent ? unknownOutcome(appended) : notMade()),
      send: (batch) => sendLocked(deps, batch),
    }));
    const waits = { signal, deadlineAtMs: () => caller.deadlineAtMs, patientUntilMs: () => patientUntilMs };
    return lane.add(item, waits).catch(async (error: unknown) => {
      await deps.accounts.noteTurnedAway(caller, deps.capabilities.append, error);
      throw error;
    });
  };
}

/** Those at the front that append to the same table in the same way. A retry goes alone: its rows are looked for first. */
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

async function sendLocked(deps: AppendDeps, batch: readonly Entry[]): Sent {
  const [first] = batch as [Entry];
  const { spreadsheetId } = first.item.question;
  const deadlineAtMs = Math.max(...batch.map((entry) => entry.deadlineAtMs()));
  const lock = await deps.locks.acquire(spreadsheetId, deadlineAtMs);
  if (lock === null) {
    for (const entry of batch) entry.reject(notMade());
    return null;
  }
  const looker = { caller: first.item.caller, spreadsheetId, deadlineAtMs };
  try {
    if (first.item.wasSent && (await settleEarlier(deps, looker, first))) return null;
    return await sendOnce(deps, lock, looker, batch);
  } catch (error) {
    if (!(error instanceof LookRefused)) throw error;
    if (error.untilMs !== null) return { items: batch, untilMs: error.untilMs, error: error.error };
    for (const entry of batch) entry.reject(error.error);
    return null;
  } finally {
    for (const { item } of batch) item.isSent = false;
    await lock.release();
  }
}

/** Whether the rows of an earlier run are dealt with: found, or not to be learnt of. */
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

/** `contested` is the place that another change had taken when this one was last sent. */
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
  const entries = await remember(batch);
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
    // Still free: its rows were emptied by other hands, or its note came from elsewhere with the rows it stood on.
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

/** Where the first row is now, by any of the notes that were found; by the place that was sent where Google answered. */
function rowOf({ found }: Extract<MadeChange, { kind: 'made' }>, entries: readonly Entry[], place: TablePlace): number {
  const [note] = found;
  if (note === undefined || note.row === null) return place.nextRow;
  const sent = markersOf(entries, place).find(({ marker }) => marker.id === note.id);
  return note.row - ((sent?.row ?? place.nextRow) - place.nextRow);
}

/** Google names nothing that would tell whose rows it refuses: halves are tried until the culprit stands alone. */
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

/** `Invalid requests[1].updateCells: …` names a request that was put together here. */
function withoutRequest(error: ServiceError): ServiceError {
  const message = error.publicMessage.replace(/^Invalid requests\[\d+\]\.\w+: /, '');
  return withMessage(error, message);
}

function widthOf({ question }: AppendItem): number {
  return greatest(question.values.map((row) => row.length));
}

function leadingBlanksOf(batch: readonly Entry[]): number {
  const rows = batch.flatMap(({ item }) => item.question.values);
  return least(rows.map((row) => row.findIndex((cell) => cell !== null && cell !== '')));
}

/** Keyed callers keep their note before it is sent. One who cannot (another run took over) is left out. */
async function remember(entries: readonly Entry[]): Promise<readonly Entry[]> {
  const saved = await Promise.allSettled(entries.map(({ item }) => item.progress.save(item.marker)));
  return entries.filter((entry, index) => {
    const outcome = saved[index] as PromiseSettledResult<void>;
    if (outcome.status === 'rejected') entry.reject(outcome.reason);
    return outcome.status === 'fulfilled';
  });
}

/** One of the place itself, and one for each keyed caller, on its own first row. */
function markersOf(entries: readonly Entry[], { sheetId, nextRow, column }: TablePlace): readonly PlacedMarker[] {
  let row = nextRow;
  const marker = markerOfPlace(sheetId, nextRow, column);
  const ofPlace = { marker, sheetId, row, isKeyed: false, isOfPlace: true };
  const keyed = entries.flatMap(({ item }) => {
    const placed = { marker: item.marker, sheetId, row, isKeyed: true };
    row += item.question.values.length;
    return item.progress.isKeyed ? [placed] : [];
  });
  return [ofPlace, ...keyed];
}

function afterAppend(
  { sheetId: _sheet, rowCount: _rows, columnCount: _columns, nextRow: _next, ...known }: TablePlace,
  row: number,
  rowCount: number,
  entries: readonly Entry[],
): KnownTable {
  const width = Math.max(...entries.map(({ item }) => widthOf(item)));
  const written: Area = blockAt({ startRow: row, endRow: null, startColumn: known.column, endColumn: null }, 1, width);
  const table = known.table ?? written;
  const endColumn = Math.max(table.endColumn ?? 0, known.column + width);
  return {
    ...known,
    endColumn: known.endColumn === null ? null : Math.max(known.endColumn, known.column + width),
    lastRow: row + rowCount - 1,
    table: { ...table, endRow: row + rowCount, endColumn },
  };
}

interface PlacedRows {
  readonly title: string;
  readonly row: number;
  readonly column: number;
  /** As it was before. */
  readonly table: Area | null;
}

/** Each caller is told of its own rows, as if it had come alone in its turn. */
async function resolveAll(
  deps: AppendDeps,
  looker: Looker,
  entries: readonly Entry[],
  place: PlacedRows,
  provider: string,
  familyLimit: Changed<unknown>['familyLimit'],
): Promise<void> {
  const typed = await typeOver(deps, looker, entries, place);
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
 * `USER_ENTERED` texts that only Google can read stand there as texts now, and are typed over in their own cells: that may
 * be repeated. Returns the error of all where it fails.
 */
async function typeOver(
  deps: AppendDeps,
  { caller, spreadsheetId, deadlineAtMs }: Looker,
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
