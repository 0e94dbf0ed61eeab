/**
 * Writes and clears. Waiting changes to one spreadsheet share a request, in the order in which they came.
 *
 * Every cache drops what a change may have altered before the change is acknowledged, also when its outcome is unknown.
 */
import { ServiceError } from '../errors.ts';
import type { Capability } from '../gateway/call.ts';
import { familyLimitOf } from '../gateway/call-result.ts';
import { type Caller, callerGroup } from '../gateway/caller.ts';
import { withUnknownOutcome } from '../gateway/no-answer.ts';
import type { Cell, UpdatedRange, ValueInputOption } from '../providers/google_sheets/operations.ts';
import type { InputOf, OutputOf } from '../providers/provider.ts';
import { type A1Range, printA1 } from './a1.ts';
import { blockAt, wholeSheet } from './area.ts';
import type { Accounts } from './ask-accounts.ts';
import type { SheetsCapabilities } from './capabilities.ts';
import type { Changed } from './changed.ts';
import type { SheetsDeps } from './deps.ts';
import { type LaneItem, Lanes, type PutBack } from './limits/lane.ts';
import type { Pace } from './limits/pace.ts';
import { namingAsked, withoutPlace } from './refusal-words.ts';
import { forgetRanges } from './scope.ts';
import { sendParts, splitBatch } from './split-batch.ts';

export interface WriteQuestion {
  readonly spreadsheetId: string;
  readonly range: A1Range;
  readonly values: readonly (readonly Cell[])[];
  readonly valueInputOption: ValueInputOption;
}

export interface ClearQuestion {
  readonly spreadsheetId: string;
  readonly range: A1Range;
}

export interface ChangeDeps extends Pick<SheetsDeps, 'calls' | 'cache'> {
  readonly accounts: Accounts;
  readonly capabilities: SheetsCapabilities;
  readonly pace: Pace;
}

export interface Changes {
  write(caller: Caller, question: WriteQuestion, signal: AbortSignal): Promise<Changed<UpdatedRange>>;
  clear(caller: Caller, question: ClearQuestion, signal: AbortSignal): Promise<Changed<string>>;
}

/** Google recommends at most two megabytes per request. */
const maxBatchBytes = 2 * 1024 * 1024;
const maxBatchItems = 500;
/** A request without an answer may still be carried out this much later; the cache is then invalidated again. */
const lateChangeMs = 60_000;

export function createChanges(deps: ChangeDeps): Changes {
  const write = createChange(deps, {
    capability: deps.capabilities.write,
    inputOf: (spreadsheetId, batch: readonly WriteQuestion[]) => ({
      spreadsheetId,
      valueInputOption: (batch[0] as WriteQuestion).valueInputOption,
      data: batch.map(({ range, values }) => ({ range: printA1(range), values })),
    }),
    touches: touchedBy,
    sizeBytes: ({ values }) => values.length * 8 + values.reduce((sum, row) => sum + sizeOfRow(row), 0),
  });
  const clear = createChange(deps, {
    capability: deps.capabilities.clear,
    inputOf: (spreadsheetId, batch: readonly ClearQuestion[]) => ({
      spreadsheetId,
      ranges: batch.map(({ range }) => printA1(range)),
    }),
    touches: ({ range }) => range,
    sizeBytes: () => 100,
  });
  return {
    write: (caller, question, signal) =>
      write(`${question.spreadsheetId}\n${question.valueInputOption}`, caller, question, signal),
    clear: (caller, question, signal) => clear(question.spreadsheetId, caller, question, signal),
  };
}

/** A write starts at the range's first cell and covers as many cells as it has values. */
function touchedBy({ range, values }: WriteQuestion): A1Range {
  if (range.kind === 'name') return range;
  const width = values.reduce((widest, row) => Math.max(widest, row.length), 0);
  const area = range.kind === 'sheet' ? wholeSheet : range.area;
  return { kind: 'area', title: range.title, area: blockAt(area, values.length, width) };
}

export function sizeOfRow(row: readonly Cell[]): number {
  return row.reduce<number>((sum, cell) => sum + (typeof cell === 'string' ? cell.length * 2 : 8), 0);
}

interface Change<Op extends 'sheets_write' | 'sheets_clear', Question> {
  readonly capability: Capability<Op>;
  inputOf(spreadsheetId: string, batch: readonly Question[]): InputOf<Op>;
  touches(question: Question): A1Range;
  sizeBytes(question: Question): number;
}

type ResultOf<Op extends 'sheets_write' | 'sheets_clear'> = OutputOf<Op>[number];

function createChange<
  Op extends 'sheets_write' | 'sheets_clear',
  Question extends { readonly spreadsheetId: string; readonly range: A1Range },
>(deps: ChangeDeps, change: Change<Op, Question>) {
  const { calls } = deps;
  type Item = { readonly question: Question; readonly caller: Caller };
  type Entry = LaneItem<Item, Changed<ResultOf<Op>>>;
  const lanes = new Lanes<Item, Changed<ResultOf<Op>>>();

  const forget = async (batch: readonly Entry[]): Promise<void> => {
    const [first] = batch as [Entry];
    const { tenantId } = first.item.caller;
    const { spreadsheetId } = first.item.question;
    const ranges = batch.map(({ item }) => change.touches(item.question));
    await forgetRanges(deps, tenantId, spreadsheetId, ranges);
  };

  const send = async (batch: readonly Entry[]): Promise<PutBack<Item, Changed<ResultOf<Op>>> | null> => {
    const [first] = batch as [Entry];
    const { question, caller } = first.item;
    const asked = await deps.accounts.ask({
      capability: change.capability,
      input: change.inputOf(
        question.spreadsheetId,
        batch.map(({ item }) => item.question),
      ),
      spreadsheetId: question.spreadsheetId,
      caller,
      deadlineAtMs: Math.max(...batch.map((entry) => entry.deadlineAtMs())),
      // Once sent, a change is finished even if its caller disconnects, so that its outcome is known.
      signal: new AbortController().signal,
    });
    switch (asked.kind) {
      case 'answered': {
        await forget(batch);
        const { service, value } = asked.answer;
        const about = {
          provider: service.serviceName,
          familyLimit: familyLimitOf(asked.familyState, deps.calls.clock.now()),
        };
        for (const [index, entry] of batch.entries()) {
          entry.resolve({ ...about, result: (value as readonly ResultOf<Op>[])[index] as ResultOf<Op> });
        }
        return null;
      }
      case 'limited':
        return { items: batch, untilMs: asked.untilMs, error: asked.error };
      case 'bad_input': {
        if (!asked.mayBeOne) break;
        const { guilty, parts } = splitBatch(
          batch,
          ({ item }) => printA1(item.question.range),
          asked.error.publicMessage,
        );
        for (const entry of guilty) entry.reject(namingAsked(withoutPlace(asked.error), entry.item.question.range));
        return sendParts(parts, send);
      }
      case 'unknown':
      case 'failed':
        if (asked.kind === 'unknown' || asked.mayHaveArrived) {
          await forget(batch);
          setTimeout(() => void forget(batch).catch(() => {}), lateChangeMs).unref();
          for (const entry of batch) entry.reject(withUnknownOutcome(asked.error));
          return null;
        }
    }
    for (const entry of batch) entry.reject(asked.error);
    return null;
  };

  return async (laneKey: string, caller: Caller, question: Question, signal: AbortSignal) => {
    const patientUntilMs = calls.clock.now() + caller.maxWaitMs;
    const changed = lanes
      .of(`${caller.tenantId}\n${callerGroup(caller)}${laneKey}`, () => ({
        clock: calls.clock,
        deadlines: calls.deadlines,
        gatherMs: 2,
        // Changes that arrive while one is in progress share the next request.
        maxInFlight: 1,
        countTogether: (items) => countWithin(items.map((item) => change.sizeBytes(item.question))),
        paceMs: (waiting) => deps.pace(caller.tenantId, 'write', waiting),
        timeoutOf: () =>
          withUnknownOutcome(new ServiceError('GATEWAY_TIMEOUT', 'Google Sheets did not answer in time.')),
        send,
      }))
      .add(
        { question, caller },
        {
          signal,
          deadlineAtMs: () => caller.deadlineAtMs,
          patientUntilMs: () => patientUntilMs,
        },
      );
    return changed.catch(async (error: unknown) => {
      await deps.accounts.noteTurnedAway(caller, change.capability, error);
      throw error;
    });
  };
}

export function countWithin(sizes: readonly number[]): number {
  let bytes = 0;
  let count = 0;
  for (const size of sizes) {
    bytes += size;
    if (count > 0 && (bytes > maxBatchBytes || count === maxBatchItems)) break;
    count += 1;
  }
  return count;
}
