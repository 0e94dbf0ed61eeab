/** An append in progress: the rows, the caller, and the dependencies that appends share. */
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
  /** The table, by its columns or its first cell. */
  readonly range: A1Range;
  readonly values: readonly (readonly Cell[])[];
  readonly valueInputOption: ValueInputOption;
  /** Nothing stands below a table's last row, so OVERWRITE and INSERT_ROWS do the same. */
  readonly insertDataOption: InsertDataOption;
}

export interface AppendDeps extends Pick<SheetsDeps, 'calls' | 'cache'>, MarkedDeps {
  readonly capabilities: SheetsCapabilities;
  readonly clock: Clock;
  readonly locks: TableLocks;
  readonly pace: Pace;
}

/** A change to a table in progress. */
export interface TableItem<Question> {
  readonly question: Question;
  readonly caller: Caller;
  readonly progress: Progress;
  readonly marker: Marker;
  /** Whether an earlier run may have sent it; set to false once it is certain that it wrote nothing. */
  wasSent: boolean;
  /** True while its request is in progress at Google. */
  isSent: boolean;
}
export type AppendItem = TableItem<AppendQuestion>;

export type Entry = LaneItem<AppendItem, Changed<AppendedRows>>;
export type Sent = Promise<PutBack<AppendItem, Changed<AppendedRows>> | null>;

/** Equal for ranges that name the same columns and first row. */
export function tableKeyOf(range: A1Range): string {
  return range.kind === 'area'
    ? printA1({ ...range, area: { ...range.area, endRow: isOneCell(range) ? range.area.endRow : null } })
    : printA1(range);
}

function isOneCell({ area }: Extract<A1Range, { kind: 'area' }>): boolean {
  return area.endRow === area.startRow + 1 && area.endColumn === area.startColumn + 1;
}
