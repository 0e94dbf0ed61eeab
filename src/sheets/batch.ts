/**
 * Runs the operations of one request in order. Adjacent operations of one kind share a request: reads become one
 * `batchGet`, writes one `batchUpdate`, appends to one table one append. Each operation gets its own result or error.
 */
import { type ErrorCode, ServiceError } from '../errors.ts';
import type { CallResult } from '../gateway/call.ts';
import type { Caller } from '../gateway/caller.ts';
import type { AppendedRows, UpdatedRange } from '../providers/google_sheets/operations.ts';
import type { BatchOperation, BatchRequest } from './parse-request.ts';
import type { Sheets } from './sheets.ts';
import type { Progress } from './table/progress.ts';

export interface BatchResult {
  readonly results: readonly object[];
  readonly operations_count: number;
  readonly total_updated_cells: number;
}

export interface BatchOutcome {
  readonly result: BatchResult;
  /** The tenant's limit after the last charged operation; null if nothing was charged. */
  readonly familyLimit: CallResult['familyLimit'];
  /** False if a failed operation may succeed later: repeating the batch then runs only that operation. */
  readonly isSettled: boolean;
}

interface Done {
  readonly answer: Readonly<Record<string, unknown>>;
  readonly updatedCells: number;
}

/** Throws only errors of the whole request: the caller disconnected, or may not run any operation. */
export async function runBatch(
  sheets: Sheets,
  caller: Caller,
  request: BatchRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  let familyLimit: CallResult['familyLimit'] = null;
  const noteLimit = (limit: CallResult['familyLimit']): void => {
    familyLimit = limit ?? familyLimit;
  };
  const slots = createSlots(progress);
  const settled: PromiseSettledResult<Done>[] = [];
  for (const run of runsOf(request.operations)) {
    signal.throwIfAborted();
    const from = settled.length;
    const outcomes = run.map((operation, index) =>
      runNoting({ sheets, caller, signal, noteLimit }, operation, slots(from + index)),
    );
    settled.push(...(await Promise.allSettled(outcomes)));
  }
  const [first] = settled;
  if (first?.status === 'rejected' && settled.every(isForbidden)) throw first.reason;
  const results = request.operations.map(({ operation, range }, index) => ({
    operation,
    range,
    ...answerOf(settled[index] as PromiseSettledResult<Done>),
  }));
  const cells = settled.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.updatedCells : 0));
  const totalUpdatedCells = cells.reduce((sum, count) => sum + count, 0);
  return {
    result: { results, operations_count: results.length, total_updated_cells: totalUpdatedCells },
    familyLimit,
    isSettled: settled.every((outcome) => outcome.status === 'fulfilled' || !mayYetSucceed(outcome.reason)),
  };
}

/** No account may be used. A spreadsheet that an account may not see is a refusal by the provider instead. */
function isForbidden(outcome: PromiseSettledResult<Done>): boolean {
  if (outcome.status === 'fulfilled') return false;
  const { reason } = outcome;
  return reason instanceof ServiceError && reason.code === 'FORBIDDEN' && reason.provider === undefined;
}

/** Limits, outages and unknown outcomes may pass; an invalid operation is refused again. */
function mayYetSucceed(reason: unknown): boolean {
  return reason instanceof ServiceError && openCodes.has(reason.code);
}

const openCodes: ReadonlySet<ErrorCode> = new Set([
  'RATE_LIMIT_EXCEEDED',
  'BUDGET_EXCEEDED',
  'PROVIDER_ERROR',
  'SERVICE_UNAVAILABLE',
  'GATEWAY_TIMEOUT',
]);

function runsOf(operations: readonly BatchOperation[]): readonly (readonly BatchOperation[])[] {
  const runs: BatchOperation[][] = [];
  for (const operation of operations) {
    const last = runs.at(-1);
    if (last?.[0]?.operation === operation.operation) last.push(operation);
    else runs.push([operation]);
  }
  return runs;
}

interface BatchRun {
  readonly sheets: Sheets;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  noteLimit(limit: CallResult['familyLimit']): void;
}
/** A failed operation may have been charged too. */
async function runNoting(run: BatchRun, one: BatchOperation, progress: Progress): Promise<Done> {
  try {
    return await runOne(run, one, progress);
  } catch (error) {
    if (error instanceof ServiceError) run.noteLimit(error.call?.familyLimit ?? null);
    throw error;
  }
}

async function runOne(run: BatchRun, one: BatchOperation, progress: Progress): Promise<Done> {
  const { sheets, caller, signal, noteLimit } = run;
  if (one.operation === 'read') {
    const { body, familyLimit } = await sheets.read(caller, one.question, signal);
    noteLimit(familyLimit);
    return { answer: JSON.parse(body.toString()) as Done['answer'], updatedCells: 0 };
  }
  const before = doneOf(progress.saved);
  if (before !== null) return before;
  /** Saves the result before the whole batch is answered, so that a repeat after a crash does not run it again. */
  const keep = async (
    { familyLimit }: Pick<CallResult, 'familyLimit'>,
    answer: Done['answer'],
    updatedCells: number,
  ) => {
    noteLimit(familyLimit);
    const done = { answer, updatedCells };
    await progress.save({ done });
    return done;
  };
  switch (one.operation) {
    case 'write': {
      const written = await sheets.write(caller, one.question, signal);
      return keep(written, updateAnswer(written.result), written.result.updatedCells);
    }
    case 'append': {
      const appended = await sheets.append(caller, one.question, progress, signal);
      return keep(appended, appendAnswer(appended.result), appended.result.updatedCells);
    }
    case 'clear': {
      const cleared = await sheets.clear(caller, one.question, signal);
      return keep(cleared, { cleared_range: cleared.result }, 0);
    }
  }
}

/** The result of a change, in the form of the API. */
export function updateAnswer(result: UpdatedRange) {
  return {
    updated_range: result.updatedRange,
    updated_rows: result.updatedRows,
    updated_columns: result.updatedColumns,
    updated_cells: result.updatedCells,
  };
}

export function appendAnswer({ tableRange, ...result }: AppendedRows) {
  const { updated_columns: _columns, ...updated } = updateAnswer(result);
  return { ...updated, table_range: tableRange };
}

function answerOf(outcome: PromiseSettledResult<Done>): object {
  if (outcome.status === 'fulfilled') return outcome.value.answer;
  const { reason } = outcome;
  // Anything but a `ServiceError` is a bug, and its text is not for callers.
  if (!(reason instanceof ServiceError)) throw reason;
  const { code, publicMessage, provider, retryAfterSeconds, extra } = reason;
  return {
    error: {
      code,
      detail: publicMessage,
      ...(provider !== undefined && { provider }),
      ...(retryAfterSeconds !== undefined && { retry_after_seconds: retryAfterSeconds }),
      ...extra,
    },
  };
}

/** One slot per operation in the saved progress of a keyed batch; saves run one after the other. */
function createSlots(progress: Progress): (index: number) => Progress {
  const kept = new Map<string, unknown>(Object.entries(operationsIn(progress.saved)));
  let saving: Promise<void> = Promise.resolve();
  return (index) => ({
    isKeyed: progress.isKeyed,
    saved: kept.get(String(index)) ?? null,
    save(value) {
      kept.set(String(index), value);
      saving = saving.catch(() => {}).then(() => progress.save({ operations: Object.fromEntries(kept) }));
      return saving;
    },
  });
}

function operationsIn(saved: unknown): object {
  if (typeof saved !== 'object' || saved === null || !('operations' in saved)) return {};
  return typeof saved.operations === 'object' && saved.operations !== null ? saved.operations : {};
}

function doneOf(saved: unknown): Done | null {
  return typeof saved === 'object' && saved !== null && 'done' in saved ? (saved.done as Done) : null;
}
