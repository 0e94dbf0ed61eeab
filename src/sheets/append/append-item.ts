/** An append on its way: what is asked, who asks, and what all of them are given. */
import type { TenantId } from '../../ids.ts';
import type {
  AppendedRows,
  Cell,
  InsertDataOption,
  ValueInputOption,
} from '../../providers/google_sheets/operations.ts';
import { type A1Range, printA1 } from '../a1.ts';
import type { Area } from '../area.ts';
import type { Accounts } from '../ask-accounts.ts';
import type { Caller } from '../caller.ts';
import type { SheetsCapabilities } from '../capabilities.ts';
import type { Changed } from '../changed.ts';
import type { SheetsDeps } from '../deps.ts';
import type { LaneItem, PutBack } from '../lane.ts';
import type { Pace } from '../pace.ts';
import { forgetRanges } from '../scope.ts';
import type { Progress, SentBatch } from './progress.ts';
import type { TableLocks } from './table-lock.ts';
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

export interface AppendItem {
  readonly question: AppendQuestion;
  readonly caller: Caller;
  readonly progress: Progress;
  /** What a run before this one had sent; null where there was none, or once it is known to have come to nothing. */
  earlier: SentBatch | null;
  /** Set while it is at Google. */
  isSent: boolean;
}

export type Entry = LaneItem<AppendItem, Changed<AppendedRows>>;

export type Sent = Promise<PutBack<AppendItem, Changed<AppendedRows>> | null>;

/** Equal for ranges that begin at the same cell. */
export function anchorKeyOf(range: A1Range): string {
  if (range.kind === 'name') return range.name;
  const area = range.kind === 'sheet' ? { startRow: 0, startColumn: 0 } : range.area;
  return printA1({ kind: 'area', title: range.title, area: cellOf(area.startRow, area.startColumn) });
}

export function cellOf(row: number, column: number): Area {
  return { startRow: row, endRow: row + 1, startColumn: column, endColumn: column + 1 };
}

/** Inserted rows push everything below them down, in all columns; overwritten ones change their own rows. */
export function forgetFrom(
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
