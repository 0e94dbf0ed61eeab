/**
 * Appends and upserts records: rows by column names, one row per key, written exactly once.
 *
 * Waiting changes to one sheet share a request, in the order in which they came. All run under the table's lock, so if
 * two callers send the same key, the second one finds the first one's row, on any replica.
 */
import { ServiceError } from '../../errors.ts';
import type { Caller } from '../../gateway/caller.ts';
import { printA1, printFound } from '../a1.ts';
import type { AppendDeps, TableItem } from '../append/append-item.ts';
import { createTableLanes } from '../append/table-lane.ts';
import { greatest, least } from '../area.ts';
import type { Changed } from '../changed.ts';
import type { LaneItem, PutBack } from '../limits/lane.ts';
import { forgetBelow } from '../scope.ts';
import { refuseGuilty } from '../split-batch.ts';
import type { SpreadsheetAccess } from '../table/inspect-spreadsheet.ts';
import { findMarkers, type MadeChange, makeOnce } from '../table/marked-change.ts';
import { type Marker, newMarker, type Progress, parseMarker, saveNotes } from '../table/progress.ts';
import { failedWhole, notMade, unknownOutcome } from '../table/table-errors.ts';
import type { TableLock } from '../table/table-lock.ts';
import { planRecords, type RecordsPlan } from './plan-records.ts';
import { markersOf, requestsOf } from './records-requests.ts';
import { areaOfTable, type RecordsQuestion, type SeenRecords, seeRecords } from './see-records.ts';

export interface ChangedRecords {
  readonly updated: number;
  readonly inserted: number;
  /** From 1; for each record, in order. */
  readonly rowNumbers: readonly number[];
  /** The range of the new rows; null if there are none. */
  readonly insertedRange: string | null;
}

export type ChangeRecords = (
  caller: Caller,
  question: RecordsQuestion,
  progress: Progress,
  signal: AbortSignal,
) => Promise<Changed<ChangedRecords>>;

type Item = TableItem<RecordsQuestion> & { readonly earlier: ChangedRecords | null };
type Entry = LaneItem<Item, Changed<ChangedRecords>>;

const changed = 'the records were changed';
const maxRecordsTogether = 2_000;

export function createChangeRecords(deps: AppendDeps): ChangeRecords {
  const add = createTableLanes<Item, ChangedRecords>(deps, {
    done: changed,
    countTogether,
    settleEarlier: (access, entry) => settleEarlier(deps, access, entry),
    sendOnce: (lock, access, batch) => sendOnce(deps, lock, access, batch, false),
  });
  return (caller, question, progress, signal) => {
    const earlier = parseMarker(progress.saved) as (Marker & { readonly outcome?: ChangedRecords }) | null;
    const marker = earlier ?? newMarker();
    const outcome = earlier?.outcome ?? null;
    return add(
      { question, caller, progress, marker, earlier: outcome, wasSent: earlier !== null, isSent: false },
      signal,
    );
  };
}

function groupOf({ sheet, headerRow, key }: RecordsQuestion): string {
  return JSON.stringify([sheet.title, sheet.gid, headerRow, key]);
}

function countTogether(items: readonly Item[]): number {
  const first = items[0] as Item;
  let records = 0;
  const differs = items.findIndex((item) => {
    records += item.question.records.length;
    return item.wasSent || groupOf(item.question) !== groupOf(first.question) || records > maxRecordsTogether;
  });
  return differs === -1 ? items.length : Math.max(1, differs);
}

type Sent = Promise<PutBack<Item, Changed<ChangedRecords>> | null>;

/** True if an earlier run's change was found, or its outcome stays unknown. */
async function settleEarlier(deps: AppendDeps, access: SpreadsheetAccess, entry: Entry): Promise<boolean> {
  const { marker, earlier } = entry.item;
  const told = await findMarkers(deps, access, [{ marker, sheetId: 0, row: null, isKeyed: true }]);
  if (told === null || (told.found.length > 0 && earlier === null)) {
    entry.reject(unknownOutcome(changed));
    return true;
  }
  if (told.found.length === 0 || earlier === null) return false;
  await forgetBelow(deps, access.caller.tenantId, access.spreadsheetId);
  entry.resolve({ result: earlier, provider: told.provider, familyLimit: null });
  return true;
}

async function sendOnce(
  deps: AppendDeps,
  lock: TableLock,
  access: SpreadsheetAccess,
  batch: readonly Entry[],
  isContested: boolean,
): Sent {
  const [first] = batch as [Entry];
  const asked = batch.map(({ item }) => item.question);
  const seen = await seeRecords(deps, access, first.item.question, asked);
  const plan = planRecords(seen, asked);
  const results = plan.outcomes.map((outcome) => resultOf(outcome, seen, plan));
  const planned = batch.filter((entry, index) => {
    const outcome = plan.outcomes[index];
    if (outcome?.kind !== 'refused') return true;
    const [fault] = outcome.faults;
    entry.reject(new ServiceError('INVALID_REQUEST', `${fault?.path}: ${fault?.message}`, { errors: outcome.faults }));
    return false;
  });
  const resultFor = new Map(batch.map((entry, index) => [entry, results[index] as ChangedRecords]));
  const entries = await saveNotes(planned, (entry) => ({ ...entry.item.marker, outcome: resultFor.get(entry) }));
  // If entries were left out, the remaining rows move up.
  if (entries.length < planned.length) return sendOnce(deps, lock, access, entries, isContested);
  if (entries.length === 0) return null;

  for (const { item } of entries) item.isSent = true;
  const keyed = entries.filter(({ item }) => item.progress.isKeyed);
  const markers = markersOf(
    keyed.map(({ item }) => item.marker),
    seen,
    plan,
  );
  const made = await makeOnce(deps, lock, access, {
    capability: deps.capabilities.append,
    requests: requestsOf(seen, plan, first.item.question.headerRow - 1),
    markers,
    freed: isContested ? markers.filter(({ isOfPlace }) => isOfPlace).map(({ marker }) => marker.id) : [],
    wasSent: entries.some(({ item }) => item.wasSent),
  });
  if (made.kind === 'contested' && !isContested) return sendOnce(deps, lock, access, entries, true);
  if (made.kind === 'made') {
    const lastRow = seen.nextRow + plan.inserted.length - 1;
    const key = printA1({
      kind: 'area',
      title: seen.sheet.title,
      area: areaOfTable(seen, first.item.question.headerRow),
    });
    await deps.states.note(access.caller.tenantId, access.spreadsheetId, key, { ...seen.table, lastRow });
  }
  if (made.kind === 'refused') {
    for (const { item } of entries) item.isSent = false;
    return refuseGuilty(entries, made, (part) => sendOnce(deps, lock, access, part, false));
  }
  return conclude(deps, access, entries, resultFor, made);
}

async function conclude(
  deps: AppendDeps,
  access: SpreadsheetAccess,
  entries: readonly Entry[],
  resultFor: ReadonlyMap<Entry, ChangedRecords>,
  made: Exclude<MadeChange, { kind: 'refused' }>,
): Sent {
  if (made.kind === 'made' || made.kind === 'unknown') {
    await forgetBelow(deps, access.caller.tenantId, access.spreadsheetId);
  }
  switch (made.kind) {
    case 'made':
      for (const entry of entries) {
        const result = resultFor.get(entry) as ChangedRecords;
        entry.resolve({ result, provider: made.provider, familyLimit: made.familyLimit });
      }
      return null;
    case 'limited':
      return { items: entries, untilMs: made.untilMs, error: made.error };
    case 'contested':
    case 'unlocked':
      return { items: entries, untilMs: deps.clock.now() + 50, error: notMade() };
    default:
      for (const entry of entries) {
        entry.reject(made.kind === 'unknown' ? unknownOutcome(changed, made.error) : failedWhole(made.error));
      }
      return null;
  }
}

function resultOf(outcome: RecordsPlan['outcomes'][number], seen: SeenRecords, plan: RecordsPlan): ChangedRecords {
  const { sheet, nextRow, firstColumn: startColumn } = seen;
  if (outcome.kind === 'refused') return { updated: 0, inserted: 0, rowNumbers: [], insertedRange: null };
  const fresh = outcome.rows.filter((row) => row >= nextRow);
  const rows = {
    startRow: least(fresh),
    endRow: greatest(fresh) + 1,
    startColumn,
    endColumn: plan.newColumns.length === 0 ? seen.namedColumns : seen.nextColumn + plan.newColumns.length,
  };
  return {
    updated: outcome.updated,
    inserted: outcome.inserted,
    rowNumbers: outcome.rows.map((row) => row + 1),
    insertedRange: fresh.length === 0 ? null : printFound(sheet.title, rows),
  };
}
