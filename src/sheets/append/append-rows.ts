/**
 * Appends, made once.
 *
 * All appends to one spreadsheet go one after the other, over all replicas; those to one table that wait together go as
 * one ordered request, and each caller gets the place of its own rows.
 *
 *   lane ──▶ lock ──▶ where does the table end? ──▶ keyed callers remember what is sent ──▶ append ──▶ place checked
 *                                                                                             │
 *        answered 5xx: look ── there ▶ success     absent ▶ again (Google has ended its work) ◀─┤
 *        no answer:    look, and once more ── there ▶ success     absent ▶ 504, unknown, never repeated
 *
 * A keyed caller who comes again after "unknown" (or after our crash) brings what was remembered: the rows are looked for
 * where they would stand, and only when they are not there, and Google has had time to end its work, are they sent again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../../errors.ts';
import { familyLimitOf } from '../../gateway/execute-call.ts';
import type { TenantId } from '../../ids.ts';
import type {
  AppendedRows,
  Cell,
  InsertDataOption,
  ValueInputOption,
} from '../../providers/google_sheets/operations.ts';
import { type A1Range, printA1 } from '../a1.ts';
import type { Accounts } from '../ask-accounts.ts';
import type { Caller } from '../caller.ts';
import type { SheetsCapabilities } from '../capabilities.ts';
import { countWithin, sizeOfRow, withUnknownOutcome } from '../change-ranges.ts';
import type { Changed } from '../changed.ts';
import type { SheetsDeps } from '../deps.ts';
import { type LaneItem, Lanes, type PutBack } from '../lane.ts';
import type { Pace } from '../pace.ts';
import { forgetRanges } from '../scope.ts';
import { type PlacedBatch, placeOfCaller, placeOfReply } from './places.ts';
import { type Progress, parseSentBatch, type SentBatch } from './progress.ts';
import { type FoundTable, findBatch, lookAtTable } from './read-back.ts';
import { printRows } from './row-prints.ts';
import type { TableLock, TableLocks } from './table-lock.ts';
import type { TableStates } from './table-state.ts';

export interface AppendQuestion {
  readonly spreadsheetId: string;
  /** Where the table begins: its first cell counts. */
  readonly range: A1Range;
  readonly values: readonly (readonly Cell[])[];
  readonly valueInputOption: ValueInputOption;
  readonly insertDataOption: InsertDataOption;
}

export interface AppendDeps extends Pick<SheetsDeps, 'calls' | 'cache'> {
  readonly accounts: Accounts;
  readonly capabilities: SheetsCapabilities;
  readonly locks: TableLocks;
  readonly states: TableStates;
  readonly pace: Pace;
}

export type AppendRows = (
  caller: Caller,
  question: AppendQuestion,
  progress: Progress,
  signal: AbortSignal,
) => Promise<Changed<AppendedRows>>;

interface Item {
  readonly question: AppendQuestion;
  readonly caller: Caller;
  readonly progress: Progress;
  /** What a run before this one had sent; null where there was none, or once it is known to have come to nothing. */
  earlier: SentBatch | null;
  /** Set while it is at Google. */
  isSent: boolean;
}

type Entry = LaneItem<Item, Changed<AppendedRows>>;

/** Google is taken to have ended its work on a request this long after its connection was closed. */
const afterworkMs = 3_000;
/** Between the two looks after an append that went unanswered. */
const secondLookMs = 1_500;
/** Requests for one batch, each after the one before is known to have come to nothing. */
const maxRequests = 3;
const maxBatchRows = 5_000;

export function createAppendRows(deps: AppendDeps): AppendRows {
  const { calls } = deps;
  const lanes = new Lanes<Item, Changed<AppendedRows>>();

  return async (caller, question, progress, signal) => {
    const patientUntilMs = calls.clock.now() + caller.maxWaitMs;
    const item: Item = { question, caller, progress, earlier: parseSentBatch(progress.saved), isSent: false };
    const lane = lanes.of(`${caller.tenantId}\n${question.spreadsheetId}`, () => ({
      clock: calls.clock,
      deadlines: calls.deadlines,
      gatherMs: 2,
      maxInFlight: 1,
      countTogether,
      paceMs: (isLone) => deps.pace(caller.tenantId, 'write', isLone),
      timeoutOf: ({ isSent }) => (isSent ? unknownOutcome() : notMade()),
      send: (batch) => sendLocked(deps, batch),
    }));
    return lane.add(item, { signal, deadlineAtMs: () => caller.deadlineAtMs, patientUntilMs: () => patientUntilMs });
  };
}

/** Those at the front that append to the same table in the same way. A retry goes alone: its rows are looked for first. */
function countTogether(items: readonly Item[]): number {
  const first = items[0] as Item;
  const differs = items.findIndex((item) => item.earlier !== null || tableKeyOf(item) !== tableKeyOf(first));
  const alike = items.slice(0, differs === -1 ? items.length : Math.max(1, differs));
  let rows = 0;
  const fitting = alike.findIndex(({ question }) => {
    rows += question.values.length;
    return rows > maxBatchRows;
  });
  const few = fitting === -1 ? alike : alike.slice(0, Math.max(1, fitting));
  return countWithin(few.map(({ question }) => question.values.reduce((sum, row) => sum + sizeOfRow(row), 0)));
}

function tableKeyOf({ question }: Item): string {
  const { valueInputOption, insertDataOption } = question;
  return `${anchorKeyOf(question.range)}\n${valueInputOption}\n${insertDataOption}`;
}

/** Equal for ranges that begin at the same cell. */
function anchorKeyOf(range: A1Range): string {
  if (range.kind === 'name') return range.name;
  const area = range.kind === 'sheet' ? { startRow: 0, startColumn: 0 } : range.area;
  return printA1({ kind: 'area', title: range.title, area: cellOf(area.startRow, area.startColumn) });
}

function cellOf(row: number, column: number) {
  return { startRow: row, endRow: row + 1, startColumn: column, endColumn: column + 1 };
}

type Sent = Promise<PutBack<Item, Changed<AppendedRows>> | null>;

async function sendLocked(deps: AppendDeps, batch: readonly Entry[]): Sent {
  const { spreadsheetId } = (batch[0] as Entry).item.question;
  const lock = await deps.locks.acquire(spreadsheetId, Math.max(...batch.map((entry) => entry.deadlineAtMs())));
  if (lock === null) {
    for (const entry of batch) entry.reject(notMade());
    return null;
  }
  try {
    const remaining = await settleEarlier(deps, batch);
    return remaining.length === 0 ? null : await sendOnce(deps, lock, remaining);
  } finally {
    for (const { item } of batch) item.isSent = false;
    await lock.release();
  }
}

/** A retry's rows are looked for where its first run would have put them; those that are not there go on as new ones. */
async function settleEarlier(deps: AppendDeps, batch: readonly Entry[]): Promise<readonly Entry[]> {
  const [entry] = batch as [Entry];
  const { earlier, caller, question } = entry.item;
  if (earlier === null) return batch;
  await sleep(Math.max(0, earlier.settledFromMs - deps.calls.clock.now()));
  const anchorKey = anchorKeyOf(question.range);
  const { acknowledged: others } = await deps.states.find(caller.tenantId, question.spreadsheetId, anchorKey);
  const readBack = { ...deps, clock: deps.calls.clock };
  const found = await findBatch(readBack, caller, question.spreadsheetId, earlier, others, entry.deadlineAtMs());
  if (found.kind === 'absent') {
    entry.item.earlier = null;
    return batch;
  }
  if (found.kind === 'unknown') {
    entry.reject(unknownOutcome());
    return [];
  }
  const place = { title: found.title, startRow: found.row, column: earlier.anchorColumn, table: null };
  await forgetFrom(deps, caller.tenantId, question, found.title, found.row);
  const mine: readonly [number, number] = [
    found.row + earlier.offset,
    found.row + earlier.offset + question.values.length,
  ];
  await deps.states.acknowledge(caller.tenantId, question.spreadsheetId, anchorKey, mine, false);
  entry.resolve({
    result: placeOfCaller(place, earlier.offset, question.values),
    provider: 'google_sheets',
    familyLimit: null,
  });
  return [];
}

async function sendOnce(deps: AppendDeps, lock: TableLock, batch: readonly Entry[]): Sent {
  const [first] = batch as [Entry];
  const { question, caller } = first.item;
  const deadlineAtMs = Math.max(...batch.map((entry) => entry.deadlineAtMs()));
  const table = await findTable(deps, batch, deadlineAtMs);
  if (table.kind === 'limited') return { items: batch, untilMs: table.untilMs, error: table.error };
  if (table.kind !== 'found') {
    for (const entry of batch) entry.reject(table.error);
    return null;
  }
  const { anchor } = table.found;
  let entries = await remember(deps, batch, table.found);

  for (let request = 1; entries.length > 0; request++) {
    const rows = entries.flatMap(({ item }) => item.question.values);
    // Not confirmed: another replica may be at work on this table, and nothing may be sent.
    if (!(await lock.confirm())) return { items: entries, untilMs: deps.calls.clock.now() + 50, error: notMade() };
    for (const { item } of entries) item.isSent = true;
    const asked = await deps.accounts.ask({
      capability: deps.capabilities.append,
      input: {
        spreadsheetId: question.spreadsheetId,
        range: printA1({ kind: 'area', title: anchor.title, area: cellOf(anchor.row, anchor.column) }),
        valueInputOption: question.valueInputOption,
        insertDataOption: question.insertDataOption,
        values: rows,
      },
      spreadsheetId: question.spreadsheetId,
      caller,
      deadlineAtMs: deps.calls.clock.now() + deps.calls.requestTimeoutMs,
      signal: new AbortController().signal,
    });
    if (asked.kind === 'answered') {
      const { value, service } = asked.answer;
      const place = placeOfReply(value, anchor, rows);
      if (place === null) return rejectMisplaced(deps, entries, value, anchor.title);
      await acknowledge(
        deps,
        entries,
        place,
        service.serviceName,
        familyLimitOf(asked.familyState, deps.calls.clock.now()),
      );
      return null;
    }
    for (const { item } of entries) item.isSent = asked.kind === 'unknown';
    if (asked.kind !== 'unknown') {
      await Promise.allSettled(entries.map(({ item }) => item.progress.save(null)));
      if (asked.kind === 'limited') return { items: entries, untilMs: asked.untilMs, error: asked.error };
      return halveOrReject(deps, lock, entries, asked);
    }

    const whereabouts = await lookAfter(deps, entries, table.found, asked.settled, deadlineAtMs);
    if (whereabouts.kind === 'there') {
      const place = { title: whereabouts.title, startRow: whereabouts.row, column: anchor.column, table: null };
      await acknowledge(deps, entries, place, asked.error.provider ?? 'google_sheets', null);
      return null;
    }
    const knownAbsent = whereabouts.kind === 'absent' && asked.settled;
    if (!knownAbsent || request === maxRequests) return giveUp(deps, entries, table.found, knownAbsent, asked.error);
    entries = await remember(deps, entries, table.found);
  }
  return null;
}

type Refused = { readonly kind: 'bad_input' | 'failed'; readonly error: ServiceError; readonly status?: number };

/** Google names nothing that would tell whose rows it refuses: halves are tried until the culprit stands alone. */
async function halveOrReject(deps: AppendDeps, lock: TableLock, entries: readonly Entry[], refused: Refused): Sent {
  const namesRange = /parse range/i.test(refused.error.publicMessage);
  if (refused.kind !== 'bad_input' || refused.status !== 400 || namesRange || entries.length === 1) {
    for (const entry of entries) entry.reject(refused.error);
    return null;
  }
  const middle = Math.ceil(entries.length / 2);
  const putBack = await sendOnce(deps, lock, entries.slice(0, middle));
  if (putBack !== null) return { ...putBack, items: [...putBack.items, ...entries.slice(middle)] };
  return sendOnce(deps, lock, entries.slice(middle));
}

/** From what the last append left, or from Google. */
async function findTable(deps: AppendDeps, batch: readonly Entry[], deadlineAtMs: number) {
  const [first] = batch as [Entry];
  const { question, caller } = first.item;
  const known = await deps.states.find(caller.tenantId, question.spreadsheetId, anchorKeyOf(question.range));
  const width = Math.max(...batch.flatMap(({ item }) => item.question.values.map((row) => row.length)));
  const range = question.range;
  if (known.endRow !== null && range.kind !== 'name') {
    const area = range.kind === 'sheet' ? { startRow: 0, startColumn: 0 } : range.area;
    const anchor = { title: range.title, row: area.startRow, column: area.startColumn };
    return { kind: 'found' as const, found: { anchor, endRow: known.endRow } };
  }
  const readBack = { ...deps, clock: deps.calls.clock };
  return lookAtTable(readBack, caller, question.spreadsheetId, range, width, deadlineAtMs);
}

/** Keyed callers keep what is sent for them before it is sent. One who cannot (another run took over) is left out. */
async function remember(deps: AppendDeps, entries: readonly Entry[], table: FoundTable): Promise<readonly Entry[]> {
  const saved = await Promise.allSettled(
    entries.map((entry, index) => {
      const offset = entries.slice(0, index).reduce((sum, { item }) => sum + item.question.values.length, 0);
      const settledFromMs = deps.calls.clock.now() + deps.calls.requestTimeoutMs + afterworkMs;
      return entry.item.progress.save({ ...sentBatchOf(entries, table), offset, settledFromMs });
    }),
  );
  const kept = entries.filter((entry, index) => {
    const outcome = saved[index] as PromiseSettledResult<void>;
    if (outcome.status === 'rejected') entry.reject(outcome.reason);
    return outcome.status === 'fulfilled';
  });
  // The others' rows stand elsewhere without those who were left out.
  return kept.length === entries.length ? kept : remember(deps, kept, table);
}

function sentBatchOf(entries: readonly Entry[], table: FoundTable): Omit<SentBatch, 'offset' | 'settledFromMs'> {
  const rows = entries.flatMap(({ item }) => item.question.values);
  const inputOption = (entries[0] as Entry).item.question.valueInputOption;
  return {
    version: 1,
    title: table.anchor.title,
    anchorRow: table.anchor.row,
    anchorColumn: table.anchor.column,
    baselineRow: table.endRow,
    width: Math.max(...rows.map((row) => row.length)),
    ...printRows(rows, inputOption),
  };
}

/** After a request that went unanswered a second look is taken a little later: it may still have been under way. */
async function lookAfter(
  deps: AppendDeps,
  entries: readonly Entry[],
  table: FoundTable,
  settled: boolean,
  deadlineAtMs: number,
) {
  const { question, caller } = (entries[0] as Entry).item;
  const known = await deps.states.find(caller.tenantId, question.spreadsheetId, anchorKeyOf(question.range));
  const sent = sentBatchOf(entries, table);
  const lookUntilMs = Math.max(deadlineAtMs, deps.calls.clock.now() + deps.calls.requestTimeoutMs);
  const readBack = { ...deps, clock: deps.calls.clock };
  const look = () => findBatch(readBack, caller, question.spreadsheetId, sent, known.acknowledged, lookUntilMs);
  const first = await look();
  if (first.kind !== 'absent' || settled) return first;
  await sleep(secondLookMs);
  return look();
}

async function acknowledge(
  deps: AppendDeps,
  entries: readonly Entry[],
  place: PlacedBatch,
  provider: string,
  familyLimit: Changed<unknown>['familyLimit'],
): Promise<void> {
  const { question, caller } = (entries[0] as Entry).item;
  const rowCount = entries.reduce((sum, { item }) => sum + item.question.values.length, 0);
  const rows = [place.startRow, place.startRow + rowCount] as const;
  await Promise.all([
    deps.states.acknowledge(caller.tenantId, question.spreadsheetId, anchorKeyOf(question.range), rows, true),
    forgetFrom(deps, caller.tenantId, question, place.title, place.startRow, rowCount),
  ]);
  let offset = 0;
  for (const entry of entries) {
    const { values } = entry.item.question;
    entry.resolve({ result: placeOfCaller(place, offset, values), provider, familyLimit });
    offset += values.length;
  }
}

/** Inserted rows push everything below them down, in all columns; overwritten ones change their own rows. */
function forgetFrom(
  deps: AppendDeps,
  tenantId: TenantId,
  { spreadsheetId, insertDataOption }: AppendQuestion,
  title: string | null,
  startRow: number,
  rowCount: number | null = null,
): Promise<void> {
  const endRow = insertDataOption === 'INSERT_ROWS' || rowCount === null ? null : startRow + rowCount;
  const area = { startRow, endRow, startColumn: 0, endColumn: null };
  return forgetRanges(deps.cache, tenantId, spreadsheetId, [{ kind: 'area', title, area }]);
}

/** Nobody knows, or Google failed it again and again. What may have changed is forgotten, also the table's end. */
async function giveUp(
  deps: AppendDeps,
  entries: readonly Entry[],
  table: FoundTable,
  knownAbsent: boolean,
  error: ServiceError,
): Sent {
  const { question, caller } = (entries[0] as Entry).item;
  await deps.states.forgetEnd(caller.tenantId, question.spreadsheetId, anchorKeyOf(question.range));
  const settledFromMs = deps.calls.clock.now() + (knownAbsent ? 0 : afterworkMs);
  let offset = 0;
  for (const { item } of entries) {
    const progress = knownAbsent ? null : { ...sentBatchOf(entries, table), offset, settledFromMs };
    await item.progress.save(progress).catch(() => {}); // What was remembered before it was sent still holds.
    offset += item.question.values.length;
  }
  const forget = () => forgetFrom(deps, caller.tenantId, question, table.anchor.title, table.anchor.row);
  await forget();
  setTimeout(() => void forget().catch(() => {}), 60_000).unref();
  for (const entry of entries) entry.reject(knownAbsent ? failedWhole(error) : unknownOutcome(error));
  return null;
}

/** Google put the rows into a table that begins elsewhere: said, with the place, so that they can be moved by hand. */
async function rejectMisplaced(
  deps: AppendDeps,
  entries: readonly Entry[],
  reply: AppendedRows,
  title: string | null,
): Sent {
  const { question, caller } = (entries[0] as Entry).item;
  await forgetFrom(deps, caller.tenantId, { ...question, insertDataOption: 'INSERT_ROWS' }, title, 0);
  deps.calls.logger.error(
    { anchor: printA1(question.range), placed: reply.updatedRange },
    'an append went to another place',
  );
  const message = `The rows were appended at ${reply.updatedRange}, which is not below ${printA1(question.range)}: the table there begins at another column.`;
  for (const entry of entries) {
    entry.reject(
      new ServiceError('INVALID_REQUEST', message, {
        errors: [{ path: 'range', message: 'must begin at the first cell of the table' }],
        extra: { outcome: 'misplaced', updated_range: reply.updatedRange, table_range: reply.tableRange },
      }),
    );
  }
  return null;
}

function unknownOutcome(cause?: ServiceError): ServiceError {
  return withUnknownOutcome(
    new ServiceError('GATEWAY_TIMEOUT', 'It is not known whether the rows were appended.', {
      ...(cause?.provider !== undefined && { provider: cause.provider }),
      ...(cause?.extra !== undefined && { extra: cause.extra }),
    }),
  );
}

function failedWhole(cause: ServiceError): ServiceError {
  return new ServiceError('PROVIDER_ERROR', 'Google Sheets failed, and no row was appended.', {
    ...(cause.provider !== undefined && { provider: cause.provider }),
    extra: { outcome: 'not_made' },
    cause,
  });
}

function notMade(): ServiceError {
  return new ServiceError('GATEWAY_TIMEOUT', 'The turn of this append did not come in time; no row was appended.', {
    extra: { outcome: 'not_made' },
  });
}
