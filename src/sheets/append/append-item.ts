/** An append on its way: what is asked, who asks, and what all of them are given. */
import type { Clock } from '../../clock.ts';
import type { Caller } from '../../gateway/caller.ts';
import type {
  AppendedRows,
  Cell,
  InsertDataOption,
  ValueInputOption,
} from '../../providers/google_sheets/operations.ts';
import { type A1Range, printA1 } from '../a1.ts';
import type { SheetsCapabilities } from '../capabilities.ts';
import type { Changed } from '../changed.ts';
import type { SheetsDeps } from '../deps.ts';
import type { LaneItem, PutBack } from '../limits/lane.ts';
import type { Pace } from '../limits/pace.ts';
import type { MarkedDeps } from '../table/marked-change.ts';
import type { Marker, Progress } from '../table/progress.ts';
import type { TableLocks } from '../table/table-lock.ts';

export interface AppendQuestion {
  readonly spreadsheetId: string;
  /** The table: its columns, or where it begins. */
  readonly range: A1Range;
  readonly values: readonly (readonly Cell[])[];
  readonly valueInputOption: ValueInputOption;
  /** Nothing stands below the last row of a table, so there is nothing to push down or to write over. */
  readonly insertDataOption: InsertDataOption;
}

export interface AppendDeps extends Pick<SheetsDeps, 'calls' | 'cache'>, MarkedDeps {
  readonly capabilities: SheetsCapabilities;
  readonly clock: Clock;
  readonly locks: TableLocks;
  readonly pace: Pace;
}

export interface AppendItem {
  readonly question: AppendQuestion;
  readonly caller: Caller;
  readonly progress: Progress;
  readonly marker: Marker;
  /** Whether a run before this one may have sent it; false once it is known to have come to nothing. */
  wasSent: boolean;
  /** Set while it is at Google. */
  isSent: boolean;
}

export type Entry = LaneItem<AppendItem, Changed<AppendedRows>>;
export type Sent = Promise<PutBack<AppendItem, Changed<AppendedRows>> | null>;

/** Equal for ranges that name the same columns from the same row on. */
export function tableKeyOf(range: A1Range): string {
  return range.kind === 'area'
    ? printA1({ ...range, area: { ...range.area, endRow: isOneCell(range) ? range.area.endRow : null } })
    : printA1(range);
}

function isOneCell({ area }: Extract<A1Range, { kind: 'area' }>): boolean {
  return area.endRow === area.startRow + 1 && area.endColumn === area.startColumn + 1;
}
