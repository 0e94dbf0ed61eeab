/** Creates missing sheets, deletes rows, and creates spreadsheets. */
import { randomInt } from 'node:crypto';
import { invalidInput, ServiceError } from '../../errors.ts';
import type { Caller } from '../../gateway/caller.ts';
import { withUnknownOutcome } from '../../gateway/no-answer.ts';
import type { FoundSheet, ShareRole, SheetsStructured } from '../../providers/google_sheets/operations.ts';
import type { AppendDeps } from '../append/append-item.ts';
import type { Changed } from '../changed.ts';
import { forgetBelow } from '../scope.ts';
import { writeRowsAt } from '../table/cells.ts';
import { InspectionFailed, type SpreadsheetAccess } from '../table/inspect-spreadsheet.ts';
import { findMarkers, makeOnce } from '../table/marked-change.ts';
import { newMarker, type Progress, parseMarker } from '../table/progress.ts';
import { failedWhole, notMade, unknownOutcome } from '../table/table-errors.ts';
import type { TableLock } from '../table/table-lock.ts';
import { findSheet, type SheetName, sheetAt, sheetsOf } from './sheet-at.ts';

export interface EnsureQuestion {
  readonly spreadsheetId: string;
  readonly title: string;
  readonly header: readonly string[] | null;
  readonly rowCount: number | null;
  readonly columnCount: number | null;
}

export interface EnsuredSheet {
  readonly id: number;
  readonly title: string;
  readonly created: boolean;
}

export interface DeleteRowsQuestion {
  readonly spreadsheetId: string;
  readonly sheet: SheetName;
  /** From 1. */
  readonly rowNumbers: readonly number[];
}

export interface CreateQuestion {
  readonly title: string;
  readonly worksheets: readonly { readonly title: string; readonly header: readonly string[] | null }[];
  readonly shareWith: readonly { readonly email: string; readonly role: ShareRole }[];
}

export type CreatedSpreadsheet = Extract<SheetsStructured, { kind: 'create' }>;

export function createStructureChanges(deps: AppendDeps) {
  return {
    ensure: (caller: Caller, question: EnsureQuestion, progress: Progress): Promise<Changed<EnsuredSheet>> =>
      locked(deps, caller, question.spreadsheetId, (access, lock) => ensure(deps, access, lock, question, progress)),
    deleteRows: (caller: Caller, question: DeleteRowsQuestion, progress: Progress): Promise<Changed<number>> =>
      locked(deps, caller, question.spreadsheetId, (access, lock) =>
        deleteRows(deps, access, lock, question, progress),
      ),
    create: (caller: Caller, question: CreateQuestion, progress: Progress) => create(deps, caller, question, progress),
  };
}

async function locked<Result>(
  deps: AppendDeps,
  caller: Caller,
  spreadsheetId: string,
  act: (access: SpreadsheetAccess, lock: TableLock) => Promise<Result>,
): Promise<Result> {
  const access = { caller, spreadsheetId, deadlineAtMs: caller.deadlineAtMs };
  const lock = await deps.locks.acquire(spreadsheetId, caller.deadlineAtMs);
  if (lock === null) throw notMade();
  try {
    return await act(access, lock);
  } catch (error) {
    throw error instanceof InspectionFailed ? error.error : error;
  } finally {
    await lock.release();
    await forgetBelow(deps, caller.tenantId, spreadsheetId);
  }
}

async function ensure(
  deps: AppendDeps,
  access: SpreadsheetAccess,
  lock: TableLock,
  question: EnsureQuestion,
  progress: Progress,
): Promise<Changed<EnsuredSheet>> {
  const there = findSheet(await sheetsOf(deps, access), { title: question.title, gid: null });
  const id = there?.id ?? randomInt(1, 2_147_483_647);
  const requests = there === null ? sheetRequests(question, id) : growRequests(question, there);
  // A sheet created by an earlier run of this request counts as created by this one.
  const earlier = parseMarker(progress.saved);
  const told = { id, title: there?.title ?? question.title, created: there === null || earlier !== null };
  if (requests.length === 0) return { result: told, provider: '', familyLimit: null };
  if (there === null) await progress.save(newMarker());
  const change = { requests, markers: [{ marker: newMarker(), sheetId: id, row: null, isKeyed: false }] };
  const made = await make(deps, access, lock, change, false, 'the sheet is there');
  return { ...made, result: told };
}

function sheetRequests({ title, header, rowCount, columnCount }: EnsureQuestion, sheetId: number): object[] {
  const gridProperties = { rowCount: rowCount ?? 1000, columnCount: columnsFor(header, columnCount) };
  const written = header === null ? [] : [writeRowsAt({ sheetId, row: 0, column: 0 }, [header], 'RAW')];
  return [{ addSheet: { properties: { sheetId, title, gridProperties } } }, ...written];
}

/** As many as Google gives a new sheet, or as the header needs. */
function columnsFor(header: readonly string[] | null, columnCount: number | null): number {
  return Math.max(columnCount ?? 26, header?.length ?? 0);
}

/** Existing content stays: a grid that is too small only grows. */
function growRequests({ rowCount, columnCount }: EnsureQuestion, sheet: FoundSheet): object[] {
  const rows = Math.max(sheet.rowCount, rowCount ?? 0);
  const columns = Math.max(sheet.columnCount, columnCount ?? 0);
  if (rows === sheet.rowCount && columns === sheet.columnCount) return [];
  const gridProperties = { rowCount: rows, columnCount: columns };
  const fields = 'gridProperties(rowCount,columnCount)';
  return [{ updateSheetProperties: { properties: { sheetId: sheet.id, gridProperties }, fields } }];
}

async function deleteRows(
  deps: AppendDeps,
  access: SpreadsheetAccess,
  lock: TableLock,
  question: DeleteRowsQuestion,
  progress: Progress,
): Promise<Changed<number>> {
  const rows = [...new Set(question.rowNumbers)].sort((a, b) => a - b);
  const earlier = parseMarker(progress.saved);
  if (earlier !== null) {
    const told = await findMarkers(deps, access, [{ marker: earlier, sheetId: 0, row: null, isKeyed: true }]);
    if (told === null) throw unknownOutcome('the rows were deleted');
    if (told.found.length > 0) return { result: rows.length, provider: told.provider, familyLimit: null };
  }
  const sheet = await sheetAt(deps, access, question.sheet);
  const beyond = rows.findIndex((row) => row > sheet.rowCount);
  if (beyond !== -1) throw invalidInput('row_numbers', `the sheet ends at row ${sheet.rowCount}`);
  const marker = earlier ?? newMarker();
  await progress.save(marker);
  const requests = [...runsOf(rows)].reverse().map(([start, end]) => ({
    deleteDimension: { range: { sheetId: sheet.id, dimension: 'ROWS', startIndex: start - 1, endIndex: end } },
  }));
  const change = { requests, markers: [{ marker, sheetId: sheet.id, row: null, isKeyed: progress.isKeyed }] };
  return {
    ...(await make(deps, access, lock, change, earlier !== null, 'the rows were deleted')),
    result: rows.length,
  };
}

/** The first and last row of each run of adjacent rows. */
function runsOf(rows: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last?.[1] === row - 1) last[1] = row;
    else runs.push([row, row]);
  }
  return runs;
}

async function make(
  deps: AppendDeps,
  access: SpreadsheetAccess,
  lock: TableLock,
  change: Pick<Parameters<typeof makeOnce>[3], 'requests' | 'markers'>,
  wasSent: boolean,
  what: string,
): Promise<Omit<Changed<unknown>, 'result'>> {
  const made = await makeOnce(deps, lock, access, { capability: deps.capabilities.change, wasSent, ...change });
  if (made.kind === 'made') return { provider: made.provider, familyLimit: made.familyLimit };
  if (made.kind === 'unknown') throw unknownOutcome(what, made.error);
  if (made.kind === 'not_made') throw failedWhole(made.error);
  throw made.kind === 'limited' || made.kind === 'refused' ? made.error : notMade();
}

/** What a keyed creation saves: before it is sent, and when Google has made the spreadsheet. */
interface Creation {
  readonly created: { readonly spreadsheet: CreatedSpreadsheet; readonly provider: string } | null;
}

/** A spreadsheet has no note by which a lost creation could be found, so it is never sent again under its key. */
async function create(
  deps: AppendDeps,
  caller: Caller,
  question: CreateQuestion,
  progress: Progress,
): Promise<Changed<CreatedSpreadsheet>> {
  const earlier = progress.saved as Creation | null;
  if (earlier?.created === null) throw unknownOutcome('the spreadsheet was created');
  const { spreadsheet, provider } = earlier?.created ?? (await createOnce(deps, caller, question, progress));
  await share(deps, caller, spreadsheet, question.shareWith);
  return { result: spreadsheet, provider, familyLimit: null };
}

const aboutNew = (caller: Caller) => ({
  caller,
  deadlineAtMs: caller.deadlineAtMs,
  signal: new AbortController().signal,
});

async function createOnce(
  deps: AppendDeps,
  caller: Caller,
  { title, worksheets }: CreateQuestion,
  progress: Progress,
): Promise<NonNullable<Creation['created']>> {
  const sheets = worksheets.map((sheet) => ({
    properties: { title: sheet.title, gridProperties: { rowCount: 1000, columnCount: columnsFor(sheet.header, null) } },
    ...(sheet.header !== null && {
      data: [{ rowData: [{ values: sheet.header.map((name) => ({ userEnteredValue: { stringValue: name } })) }] }],
    }),
  }));
  await progress.save({ created: null } satisfies Creation);
  const asked = await deps.accounts.ask({
    ...aboutNew(caller),
    spreadsheetId: 'new',
    capability: deps.capabilities.change,
    input: { kind: 'create', title, sheets },
  });
  if (asked.kind === 'unknown') throw withUnknownOutcome(asked.error);
  if (asked.kind !== 'answered') {
    await progress.save(null);
    throw asked.error;
  }
  const { value, service } = asked.answer;
  if (value.kind !== 'create') throw new Error('a spreadsheet was created and something else answered');
  const created = { spreadsheet: value, provider: service.serviceName };
  await progress.save({ created } satisfies Creation);
  return created;
}

async function share(
  deps: AppendDeps,
  caller: Caller,
  { spreadsheetId, url }: CreatedSpreadsheet,
  shareWith: CreateQuestion['shareWith'],
): Promise<void> {
  for (const { email, role } of shareWith) {
    const shared = await deps.accounts.ask({
      ...aboutNew(caller),
      spreadsheetId,
      capability: deps.capabilities.share,
      input: { kind: 'share', spreadsheetId, email, role },
      isOwn: true,
    });
    if (shared.kind === 'answered') continue;
    const message = `The spreadsheet was created, and could not be shared with ${email}: ${shared.error.publicMessage}`;
    throw new ServiceError(shared.error.code, message, {
      extra: { spreadsheet_id: spreadsheetId, url },
      cause: shared.error,
    });
  }
}
