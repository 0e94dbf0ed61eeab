/**
 * One batch of appends to one table, under the table's lock: remembered, sent, its place checked; after a doubtful
 * outcome looked for, and sent again only where it is known to have come to nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../../errors.ts';
import { familyLimitOf } from '../../gateway/execute-call.ts';
import type { AppendedRows } from '../../providers/google_sheets/operations.ts';
import { printA1 } from '../a1.ts';
import type { Changed } from '../changed.ts';
import { namingAsked } from '../refusal-words.ts';
import { failedWhole, notMade, unknownOutcome } from './append-errors.ts';
import { type AppendDeps, anchorKeyOf, cellOf, type Entry, forgetFrom, type Sent } from './append-item.ts';
import { areaOfPlace, type PlacedBatch, placeOfCaller, placeOfReply } from './places.ts';
import type { SentBatch } from './progress.ts';
import { type FoundTable, findBatch, lookAtTable, tableSearch } from './read-back.ts';
import { printRows } from './row-prints.ts';
import type { TableLock } from './table-lock.ts';

/** Google is taken to have ended its work on a request this long after its connection was closed. */
const afterworkMs = 3_000;
/** Between the two looks after an append that went unanswered. */
const secondLookMs = 1_500;
/** Requests for one batch, each after the one before is known to have come to nothing. */
const maxRequests = 3;

export async function sendOnce(deps: AppendDeps, lock: TableLock, batch: readonly Entry[]): Sent {
  const [first] = batch as [Entry];
  const { question, caller } = first.item;
  const deadlineAtMs = Math.max(...batch.map((entry) => entry.deadlineAtMs()));
  const table = await findTable(deps, batch, deadlineAtMs);
  if (table.kind === 'limited') return { items: batch, untilMs: table.untilMs, error: table.error };
  if (table.kind !== 'found') {
    const sent = tableSearch(question.range, widthOf(batch));
    for (const entry of batch) entry.reject(namingAsked(table.error, sent, entry.item.question.range));
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

    if (asked.isUnrecorded) return giveUp(deps, entries, table.found, false, asked.error);
    const whereabouts = await lookAfter(deps, entries, table.found, asked.settled, deadlineAtMs);
    if (whereabouts.kind === 'there') {
      const place = { title: whereabouts.title, startRow: whereabouts.row, column: anchor.column, table: null };
      await acknowledge(deps, entries, place, whereabouts.provider, null);
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
  const range = question.range;
  if (known.endRow !== null && range.kind !== 'name') {
    const area = range.kind === 'sheet' ? { startRow: 0, startColumn: 0 } : range.area;
    const anchor = { title: range.title, row: area.startRow, column: area.startColumn };
    return { kind: 'found' as const, found: { anchor, endRow: known.endRow } };
  }
  const readBack = { ...deps, clock: deps.calls.clock };
  return lookAtTable(readBack, caller, question.spreadsheetId, range, widthOf(batch), deadlineAtMs);
}

function widthOf(batch: readonly Entry[]): number {
  return Math.max(...batch.flatMap(({ item }) => item.question.values.map((row) => row.length)));
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
  const rows = areaOfPlace(
    place,
    0,
    entries.flatMap(({ item }) => item.question.values),
  );
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

/** Nobody knows, or Google failed it again and again. What may have changed is forgotten, also the table's end. */
async function giveUp(
  deps: AppendDeps,
  entries: readonly Entry[],
  table: FoundTable,
  knownAbsent: boolean,
  error: ServiceError,
): Sent {
  const { question, caller } = (entries[0] as Entry).item;
  await deps.states.noteEdit(caller.tenantId, question.spreadsheetId);
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
  await Promise.all([
    forgetFrom(deps, caller.tenantId, { ...question, insertDataOption: 'INSERT_ROWS' }, title, 0),
    deps.states.noteEdit(caller.tenantId, question.spreadsheetId),
  ]);
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
