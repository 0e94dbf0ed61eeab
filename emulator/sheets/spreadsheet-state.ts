/** A spreadsheet as it is kept. */
import type { GridState } from './grid.ts';

export interface NamedRange {
  readonly namedRangeId: string;
  readonly name: string;
  readonly sheetId: number;
  readonly startRow: number;
  readonly endRow: number | null;
  readonly startColumn: number;
  readonly endColumn: number | null;
}

export interface SpreadsheetState {
  readonly id: string;
  title: string;
  locale: string;
  timeZone: string;
  grids: GridState[];
  namedRanges: NamedRange[];
  /** E-mails it is shared with; null: everyone. */
  sharedWith: string[] | null;
}
