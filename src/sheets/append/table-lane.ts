/**
 * Serialises changes to one spreadsheet's tables: collects them in a lane and makes them one by one under the
 * spreadsheet's lock.
 */
import { callerGroup } from '../../gateway/caller.ts';
import type { Changed } from '../changed.ts';
import { type LaneItem, Lanes, type PutBack } from '../limits/lane.ts';
import { InspectionFailed, type SpreadsheetAccess } from '../table/inspect-spreadsheet.ts';
import { notMade, unknownOutcome } from '../table/table-errors.ts';
import type { TableLock } from '../table/table-lock.ts';
import type { AppendDeps, TableItem } from './append-item.ts';

/** The fields that every table change has. */
export type TableChange = Pick<
  TableItem<{ readonly spreadsheetId: string }>,
  'question' | 'caller' | 'wasSent' | 'isSent'
>;

type Entry<Item, Result> = LaneItem<Item, Changed<Result>>;
type Sent<Item, Result> = Promise<PutBack<Item, Changed<Result>> | null>;

export interface TableLaneWork<Item, Result> {
  /** What a success means, as a clause for error texts: 'the rows were appended'. */
  readonly done: string;
  countTogether(items: readonly Item[]): number;
  /** True if the outcome of an earlier run settled the entry: found at Google, or unknown for good. */
  settleEarlier(access: SpreadsheetAccess, entry: Entry<Item, Result>): Promise<boolean>;
  sendOnce(lock: TableLock, access: SpreadsheetAccess, batch: readonly Entry<Item, Result>[]): Sent<Item, Result>;
}

/** Adds a change to its spreadsheet's lane and resolves with the result of that change. */
export function createTableLanes<Item extends TableChange, Result>(
  deps: AppendDeps,
  work: TableLaneWork<Item, Result>,
): (item: Item, signal: AbortSignal) => Promise<Changed<Result>> {
  const { calls } = deps;
  const lanes = new Lanes<Item, Changed<Result>>();
  return (item, signal) => {
    const { caller, question } = item;
    const patientUntilMs = calls.clock.now() + caller.maxWaitMs;
    const lane = lanes.of(`${caller.tenantId}\n${callerGroup(caller)}${question.spreadsheetId}`, () => ({
      clock: calls.clock,
      deadlines: calls.deadlines,
      gatherMs: 2,
      maxInFlight: 1,
      countTogether: work.countTogether,
      paceMs: (waiting) => deps.pace(caller.tenantId, 'write', waiting),
      timeoutOf: ({ isSent }) => (isSent ? unknownOutcome(work.done) : notMade()),
      send: (batch) => sendLocked(deps, work, batch),
    }));
    const waits = { signal, deadlineAtMs: () => caller.deadlineAtMs, patientUntilMs: () => patientUntilMs };
    return lane.add(item, waits).catch(async (error: unknown) => {
      await deps.accounts.noteTurnedAway(caller, deps.capabilities.append, error);
      throw error;
    });
  };
}

async function sendLocked<Item extends TableChange, Result>(
  deps: AppendDeps,
  work: TableLaneWork<Item, Result>,
  batch: readonly Entry<Item, Result>[],
): Sent<Item, Result> {
  const [first] = batch as [Entry<Item, Result>];
  const { spreadsheetId } = first.item.question;
  const deadlineAtMs = Math.max(...batch.map((entry) => entry.deadlineAtMs()));
  const lock = await deps.locks.acquire(spreadsheetId, deadlineAtMs);
  if (lock === null) {
    for (const entry of batch) entry.reject(notMade());
    return null;
  }
  const access = { caller: first.item.caller, spreadsheetId, deadlineAtMs };
  try {
    if (first.item.wasSent && (await work.settleEarlier(access, first))) return null;
    return await work.sendOnce(lock, access, batch);
  } catch (error) {
    if (!(error instanceof InspectionFailed)) throw error;
    if (error.untilMs !== null) return { items: batch, untilMs: error.untilMs, error: error.error };
    for (const entry of batch) entry.reject(error.error);
    return null;
  } finally {
    for (const { item } of batch) item.isSent = false;
    await lock.release();
  }
}
