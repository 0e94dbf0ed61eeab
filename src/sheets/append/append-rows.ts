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
import type { AppendedRows } from '../../providers/google_sheets/operations.ts';
import type { Caller } from '../caller.ts';
import { countWithin, sizeOfRow } from '../change-ranges.ts';
import type { Changed } from '../changed.ts';
import { Lanes } from '../lane.ts';
import { notMade, unknownOutcome } from './append-errors.ts';
import {
  type AppendDeps,
  type AppendItem,
  type AppendQuestion,
  anchorKeyOf,
  type Entry,
  forgetFrom,
  type Sent,
} from './append-item.ts';
import { areaOfPlace, placeOfCaller } from './places.ts';
import { type Progress, parseSentBatch } from './progress.ts';
import { findBatch } from './read-back.ts';
import { sendOnce } from './send-append.ts';

export type AppendRows = (
  caller: Caller,
  question: AppendQuestion,
  progress: Progress,
  signal: AbortSignal,
) => Promise<Changed<AppendedRows>>;

const maxBatchRows = 5_000;

export function createAppendRows(deps: AppendDeps): AppendRows {
  const { calls } = deps;
  const lanes = new Lanes<AppendItem, Changed<AppendedRows>>();

  return async (caller, question, progress, signal) => {
    const patientUntilMs = calls.clock.now() + caller.maxWaitMs;
    const item: AppendItem = { question, caller, progress, earlier: parseSentBatch(progress.saved), isSent: false };
    const lane = lanes.of(`${caller.tenantId}\n${question.spreadsheetId}`, () => ({
      clock: calls.clock,
      deadlines: calls.deadlines,
      gatherMs: 2,
      maxInFlight: 1,
      countTogether,
      paceMs: (waiting) => deps.pace(caller.tenantId, 'write', waiting),
      timeoutOf: ({ isSent }) => (isSent ? unknownOutcome() : notMade()),
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

function tableKeyOf({ question }: AppendItem): string {
  const { valueInputOption, insertDataOption } = question;
  return `${anchorKeyOf(question.range)}\n${valueInputOption}\n${insertDataOption}`;
}

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
  const mine = areaOfPlace(place, earlier.offset, question.values);
  await deps.states.acknowledge(caller.tenantId, question.spreadsheetId, anchorKey, mine, false);
  entry.resolve({
    result: placeOfCaller(place, earlier.offset, question.values),
    provider: found.provider,
    familyLimit: null,
  });
  return [];
}
