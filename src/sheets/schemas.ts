/** Schemas of the sheets replies, for the API description. */
import Type from 'typebox';
import { attempts, outcome } from '../gateway/error-members.ts';
import { spreadsheetMetadata } from '../providers/google_sheets/operations.ts';
import { nullable, oneOf } from '../schema-parts.ts';
import { cell } from './request-schemas.ts';

const answeredValues = Type.Array(Type.Array(cell), {
  description: 'Without the empty cells at the ends of rows and without the empty rows at the end.',
});

const updated = { updated_range: Type.String(), updated_rows: Type.Integer() };
const readResult = {
  values: answeredValues,
  range: Type.String(),
  row_count: Type.Integer(),
  column_count: Type.Integer(),
  cached: Type.Boolean(),
};
const writeResult = { ...updated, updated_columns: Type.Integer(), updated_cells: Type.Integer() };
const appendResult = { ...updated, updated_cells: Type.Integer(), table_range: nullable(Type.String()) };
const clearResult = { cleared_range: Type.String() };
export const readResultSchema = Type.Object(readResult, { title: 'SheetsReadResult' });
export const writeResultSchema = Type.Object(writeResult, { title: 'SheetsWriteResult' });
export const appendResultSchema = Type.Object(appendResult, { title: 'SheetsAppendResult' });
export const clearResultSchema = Type.Object(clearResult, { title: 'SheetsClearResult' });
const askedRange = Type.String({ description: 'As it was asked for.' });
const operationError = Type.Object({
  code: Type.String(),
  detail: Type.String(),
  provider: Type.Optional(Type.String({ description: 'The account whose refusal this is.' })),
  retry_after_seconds: Type.Optional(Type.Number()),
  attempts,
  outcome,
});
export const batchResultSchema = Type.Object(
  {
    results: Type.Array(
      Type.Union([
        Type.Object({ operation: Type.Literal('read'), ...readResult }),
        Type.Object({ operation: Type.Literal('write'), range: askedRange, ...writeResult }),
        Type.Object({ operation: Type.Literal('append'), range: askedRange, ...appendResult }),
        Type.Object({ operation: Type.Literal('clear'), range: askedRange, ...clearResult }),
        Type.Object({
          operation: oneOf(['read', 'write', 'append', 'clear']),
          range: askedRange,
          error: operationError,
        }),
      ]),
      { description: 'One for each operation, in the order asked.' },
    ),
    operations_count: Type.Integer(),
    total_updated_cells: Type.Integer(),
  },
  { title: 'SheetsBatchResult' },
);
export const metadataResultSchema = Type.Object(
  { spreadsheet_id: Type.String(), ...spreadsheetMetadata.properties },
  { title: 'SpreadsheetMetadata' },
);
export const sheetsHealthSchema = Type.Object(
  {
    // `unavailable` if the tenant has no sheets service.
    status: Type.String(),
    service: nullable(Type.String()),
    // Of the tightest limit, the tenant's or the account's; with several accounts, that of the best one.
    rate_limit_remaining: nullable(Type.Integer()),
    rate_limit_reset_in_seconds: nullable(Type.Integer()),
    forecast: Type.Array(
      Type.Object({
        kind: oneOf(['read', 'write']),
        requests_per_minute: Type.Integer(),
        spent_in_seconds: nullable(Type.Integer()),
        most_from: nullable(Type.Object({ source_service: nullable(Type.String()), requests: Type.Integer() })),
      }),
      { description: 'When the account’s quota will be spent at the present rate (null: never), and who spends most.' },
    ),
  },
  { title: 'SheetsHealth' },
);
