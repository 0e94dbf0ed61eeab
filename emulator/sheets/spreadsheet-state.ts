/** The stored state of a spreadsheet. */
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

/**
 * Invisible to people. On a row it moves with the row, and is deleted with it; `startIndex` null: on the sheet;
 * `sheetId` null: on the spreadsheet.
 */
export interface DeveloperMetadata {
  readonly metadataId: number;
  readonly metadataKey: string;
  readonly metadataValue: string;
  readonly visibility: string;
  readonly sheetId: number | null;
  readonly dimension: 'ROWS' | 'COLUMNS';
  readonly startIndex: number | null;
}

export interface SpreadsheetState {
  readonly id: string;
  title: string;
  locale: string;
  timeZone: string;
  grids: GridState[];
  namedRanges: NamedRange[];
  /** Missing in spreadsheets of an older emulator. */
  developerMetadata?: DeveloperMetadata[];
  /** E-mail addresses that it is shared with; null: everyone. */
  sharedWith: string[] | null;
}
