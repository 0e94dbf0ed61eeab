/** The spreadsheet operations, as every sheets adapter speaks them. One operation is one request, whatever it carries. */

export type Cell = string | number | boolean | null;

export type ValueRenderOption = 'FORMATTED_VALUE' | 'UNFORMATTED_VALUE' | 'FORMULA';
export type DateTimeRenderOption = 'SERIAL_NUMBER' | 'FORMATTED_STRING';
export type MajorDimension = 'ROWS' | 'COLUMNS';
export type ValueInputOption = 'RAW' | 'USER_ENTERED';
export type InsertDataOption = 'OVERWRITE' | 'INSERT_ROWS';

export interface ReadOptions {
  readonly valueRenderOption: ValueRenderOption;
  readonly dateTimeRenderOption: DateTimeRenderOption;
  readonly majorDimension: MajorDimension;
}

export interface SheetsReadInput extends ReadOptions {
  readonly spreadsheetId: string;
  /** A1 notation; at least one. Answered in the same order. */
  readonly ranges: readonly string[];
}

export interface ReadRange {
  /** As the vendor names it: bounded by the grid, corners in order. */
  readonly range: string;
  /** Rows (or columns) without the empty ends: they differ in length, and an empty range has none. */
  readonly values: readonly (readonly Cell[])[];
}

export interface SheetsWriteInput {
  readonly spreadsheetId: string;
  readonly valueInputOption: ValueInputOption;
  /** Written in order, all or none. */
  readonly data: readonly { readonly range: string; readonly values: readonly (readonly Cell[])[] }[];
}

export interface UpdatedRange {
  readonly updatedRange: string;
  readonly updatedRows: number;
  readonly updatedColumns: number;
  readonly updatedCells: number;
}

export interface SheetsAppendInput {
  readonly spreadsheetId: string;
  /** The cell where the table begins. */
  readonly range: string;
  readonly valueInputOption: ValueInputOption;
  readonly insertDataOption: InsertDataOption;
  readonly values: readonly (readonly Cell[])[];
}

export interface AppendedRows extends UpdatedRange {
  /** The table as it was before; null where none was found. */
  readonly tableRange: string | null;
}

export interface SheetsClearInput {
  readonly spreadsheetId: string;
  /** Cleared all or none. */
  readonly ranges: readonly string[];
}

export interface Worksheet {
  readonly id: number;
  readonly title: string;
  readonly index: number;
  readonly row_count: number;
  readonly column_count: number;
}

export interface SpreadsheetMetadata {
  readonly title: string;
  readonly locale: string;
  readonly time_zone: string;
  readonly worksheets: readonly Worksheet[];
}

declare module '../provider.ts' {
  interface OperationTypes {
    sheets_read: { input: SheetsReadInput; output: readonly ReadRange[] };
    sheets_write: { input: SheetsWriteInput; output: readonly UpdatedRange[] };
    sheets_append: { input: SheetsAppendInput; output: AppendedRows };
    sheets_clear: { input: SheetsClearInput; output: readonly string[] };
    sheets_metadata: { input: { readonly spreadsheetId: string }; output: SpreadsheetMetadata };
  }
}
