/**
 * The spreadsheet operations as every sheets adapter implements them. Each operation is one request, whatever its size.
 */
import Type from 'typebox';
import { nullable, type Shown } from '../../schema-parts.ts';

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
  /** A1 notation; at least one. The answer has the same order. */
  readonly ranges: readonly string[];
}

export interface ReadRange {
  /** As the vendor prints it: limited to the grid, corners in order. */
  readonly range: string;
  /** Rows (or columns) without trailing empty cells: their lengths differ, and an empty range has no rows. */
  readonly values: readonly (readonly Cell[])[];
}

export interface SheetsWriteInput {
  readonly spreadsheetId: string;
  readonly valueInputOption: ValueInputOption;
  /** Written in order, all or nothing. */
  readonly data: readonly { readonly range: string; readonly values: readonly (readonly Cell[])[] }[];
}

export interface UpdatedRange {
  readonly updatedRange: string;
  readonly updatedRows: number;
  readonly updatedColumns: number;
  readonly updatedCells: number;
}

/** Requests of `spreadsheets.batchUpdate` in Google's format: applied in order, all or nothing. */
export interface SheetsChangeInput {
  readonly spreadsheetId: string;
  readonly requests: readonly object[];
}

export interface SheetsChanged {
  /** Google's reply to each request, in order. */
  readonly replies: readonly unknown[];
}

export interface AppendedRows extends UpdatedRange {
  /** The table before the append; null if none was found. */
  readonly tableRange: string | null;
}

export interface SheetsClearInput {
  readonly spreadsheetId: string;
  /** Cleared all or nothing. */
  readonly ranges: readonly string[];
}

/** A read before or after a change. `end`: where Google would append to the tables in the range. */
export type SheetsInspectInput =
  | { readonly kind: 'end'; readonly spreadsheetId: string; readonly range: string }
  | {
      readonly kind: 'sheets';
      readonly spreadsheetId: string;
      /** Ranges whose cells are reported as filled or empty; without ranges, only the sheets are reported. */
      readonly ranges: readonly string[];
      readonly maxReplyBytes: number;
    }
  | { readonly kind: 'markers'; readonly spreadsheetId: string; readonly ids: readonly number[] };

export interface TableEnd {
  readonly updatedRange: string;
  readonly tableRange: string | null;
}

/** Zero-based; an end of null is open. */
export interface NamedArea {
  readonly name: string;
  readonly sheetId: number;
  readonly startRow: number;
  readonly endRow: number | null;
  readonly startColumn: number;
  readonly endColumn: number | null;
}

export interface FoundSheet {
  readonly id: number;
  readonly title: string;
  readonly isHidden: boolean;
  readonly rowCount: number;
  readonly columnCount: number;
  /** One per requested range of this sheet, in order: which cells have content. */
  readonly windows: readonly {
    readonly startRow: number;
    readonly startColumn: number;
    readonly filled: readonly (readonly boolean[])[];
  }[];
}

export interface FoundSheets {
  readonly sheets: readonly FoundSheet[];
  readonly namedRanges: readonly NamedArea[];
}

/** A note that a change left on its first row; `row` null: on the sheet. */
export interface FoundMarker {
  readonly id: number;
  readonly value: string;
  readonly sheetId: number | null;
  readonly row: number | null;
}

export type SheetsInspected =
  | { readonly kind: 'end'; readonly end: TableEnd }
  | { readonly kind: 'sheets'; readonly found: FoundSheets }
  /** The reply would have exceeded the allowed size. */
  | { readonly kind: 'too_large' }
  | { readonly kind: 'markers'; readonly markers: readonly FoundMarker[] };

const worksheet = Type.Object({
  id: Type.Integer(),
  title: Type.String(),
  index: Type.Integer(),
  row_count: Type.Integer(),
  column_count: Type.Integer(),
  hidden: Type.Boolean(),
  frozen_row_count: Type.Integer(),
  frozen_column_count: Type.Integer(),
  protected_ranges: Type.Array(
    Type.Object({ range: Type.String(), description: nullable(Type.String()), warning_only: Type.Boolean() }),
  ),
});
export const spreadsheetMetadata = Type.Object({
  title: Type.String(),
  locale: Type.String(),
  time_zone: Type.String(),
  worksheets: Type.Array(worksheet),
  named_ranges: Type.Array(Type.Object({ name: Type.String(), range: Type.String() })),
});
export type Worksheet = Shown<typeof worksheet>;

export type SpreadsheetMetadata = Shown<typeof spreadsheetMetadata>;

/** Changes to whole spreadsheets. `change` must not run twice; the other two may safely be repeated. */
export type SheetsStructureInput =
  | ({ readonly kind: 'change' } & SheetsChangeInput)
  | { readonly kind: 'create'; readonly title: string; readonly sheets: readonly object[] }
  | { readonly kind: 'share'; readonly spreadsheetId: string; readonly email: string; readonly role: ShareRole };

export type ShareRole = 'reader' | 'commenter' | 'writer';

export type SheetsStructured =
  | ({ readonly kind: 'change' } & SheetsChanged)
  | {
      readonly kind: 'create';
      readonly spreadsheetId: string;
      readonly url: string;
      readonly worksheets: readonly { readonly id: number; readonly title: string }[];
    }
  | { readonly kind: 'share' };

declare module '../provider.ts' {
  interface OperationTypes {
    sheets_read: { input: SheetsReadInput; output: readonly ReadRange[] };
    sheets_write: { input: SheetsWriteInput; output: readonly UpdatedRange[] };
    sheets_append: { input: SheetsChangeInput; output: SheetsChanged };
    sheets_change: { input: SheetsStructureInput; output: SheetsStructured };
    sheets_look: { input: SheetsInspectInput; output: SheetsInspected };
    sheets_clear: { input: SheetsClearInput; output: readonly string[] };
    sheets_metadata: { input: { readonly spreadsheetId: string }; output: SpreadsheetMetadata };
  }
}
