/** Looks at a table: where it ends, and whether a batch that went to Google is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import type { ReadRange } from '../../providers/google_sheets/operations.ts';
import { type A1Range, A1SyntaxError, mayOverlap, parseA1, printA1 } from '../a1.ts';
import { blockAt } from '../area.ts';
import type { Accounts, Asked } from '../ask-accounts.ts';
import type { Caller } from '../caller.ts';
import type { SheetsCapabilities } from '../capabilities.ts';
import { readBackOptions, type SentBatch, searchArea } from './progress.ts';
import { findRows } from './row-prints.ts';
import type { AppendedArea } from './table-state.ts';

export interface ReadBackDeps {
  readonly accounts: Accounts;
  readonly capabilities: Pick<SheetsCapabilities, 'read'>;
  readonly clock: Clock;
}

export interface TableAnchor {
  /** null: the first sheet. */
  readonly title: string | null;
  readonly row: number;
  readonly column: number;
}

export interface FoundTable {
  readonly anchor: TableAnchor;
  /** Zero-based row after the last one that holds anything; the anchor's own where nothing stands. */
  readonly endRow: number;
}

export type Looked<Found> =
  | { readonly kind: 'found'; readonly found: Found }
  | Exclude<Asked<never>, { kind: 'answered' }>;

/** The table that begins at `range`, over `width` columns. A name is looked up, and begins where its range does. */
export async function lookAtTable(
  deps: ReadBackDeps,
  caller: Caller,
  spreadsheetId: string,
  range: A1Range,
  width: number,
  deadlineAtMs: number,
): Promise<Looked<FoundTable>> {
  const anchor = anchorOf(range);
  const asked = await read(deps, caller, spreadsheetId, tableSearch(range, width), deadlineAtMs);
  if (asked.kind !== 'answered') return asked;
  const found = asked.answer.value[0] as ReadRange;
  const begins = anchor ?? anchorOf(parseFound(found.range)) ?? { title: null, row: 0, column: 0 };
  const endRow = begins.row + found.values.findLastIndex((row) => row.some((cell) => cell !== '' && cell !== null)) + 1;
  return { kind: 'found', found: { anchor: begins, endRow } };
}

/** What is read to find the table that begins at `range`. */
export function tableSearch(range: A1Range, width: number): A1Range {
  const anchor = anchorOf(range);
  return anchor === null ? range : searchRange(anchor, width, anchor.row);
}

/** null for a name: only Google knows where it is. */
export function anchorOf(range: A1Range): TableAnchor | null {
  if (range.kind === 'name') return null;
  if (range.kind === 'sheet') return { title: range.title, row: 0, column: 0 };
  return { title: range.title, row: range.area.startRow, column: range.area.startColumn };
}

function searchRange(anchor: TableAnchor, width: number, fromRow: number): A1Range {
  return { kind: 'area', title: anchor.title, area: searchArea({ anchorColumn: anchor.column, width }, fromRow) };
}

function parseFound(text: string): A1Range {
  try {
    return parseA1(text);
  } catch (error) {
    if (error instanceof A1SyntaxError) return { kind: 'name', name: text };
    throw error;
  }
}

/** Rows above the baseline that are looked at too, to see whether somebody shortened the table meanwhile. */
const rowsAbove = 1_000;

/** `unknown`: it cannot be told (nothing certain in the rows, or the table was shortened by somebody). */
export type Whereabouts =
  | { readonly kind: 'there'; readonly row: number; readonly title: string | null; readonly provider: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' };

/**
 * Where the batch stands below its baseline, apart from rows that are known to belong to others. A limit is waited for
 * as long as the deadline allows.
 */
export async function findBatch(
  deps: ReadBackDeps,
  caller: Caller,
  spreadsheetId: string,
  batch: Omit<SentBatch, 'offset' | 'settledFromMs' | 'version'>,
  others: readonly AppendedArea[],
  deadlineAtMs: number,
): Promise<Whereabouts> {
  if (!batch.canRecognise) return { kind: 'unknown' };
  const anchor = { title: batch.title, row: batch.anchorRow, column: batch.anchorColumn };
  const fromRow = Math.max(batch.anchorRow, batch.baselineRow - rowsAbove);
  const range = searchRange(anchor, batch.width, fromRow);
  let asked = await read(deps, caller, spreadsheetId, range, deadlineAtMs);
  while (asked.kind === 'limited' && asked.untilMs < deadlineAtMs) {
    await sleep(Math.max(20, asked.untilMs - deps.clock.now()));
    asked = await read(deps, caller, spreadsheetId, range, deadlineAtMs);
  }
  if (asked.kind !== 'answered') return { kind: 'unknown' };

  const found = asked.answer.value[0] as ReadRange;
  const title = titleOf(found.range) ?? batch.title;
  const isOthers = (row: number): boolean => {
    const corner = { startRow: row, endRow: null, startColumn: batch.anchorColumn, endColumn: null };
    const area = blockAt(corner, batch.prints.length, batch.width);
    return others.some((other) => mayOverlap(other, { kind: 'area', title, area }));
  };
  const places = findRows(found.values, batch.width, batch).map((place) => fromRow + place);
  const place = places.find((row) => row >= batch.baselineRow && !isOthers(row));
  const provider = asked.answer.service.serviceName;
  if (place !== undefined) return { kind: 'there', row: place, title, provider };
  const endRow = fromRow + found.values.length;
  // Shorter than before: what stands above may be this batch, on rows that became free.
  const isShortened = endRow < batch.baselineRow && (places.length > 0 || fromRow > batch.anchorRow);
  return isShortened ? { kind: 'unknown' } : { kind: 'absent' };
}

function titleOf(text: string): string | null {
  const range = parseFound(text);
  return range.kind === 'name' ? null : range.title;
}

async function read(
  deps: ReadBackDeps,
  caller: Caller,
  spreadsheetId: string,
  range: A1Range,
  deadlineAtMs: number,
): Promise<Asked<readonly ReadRange[]>> {
  return deps.accounts.ask({
    capability: deps.capabilities.read,
    input: { spreadsheetId, ranges: [printA1(range)], ...readBackOptions },
    spreadsheetId,
    caller,
    deadlineAtMs,
    signal: new AbortController().signal,
  });
}
