/**
 * The shapes of the sheets API, for OpenAPI. `parse-request.ts` is the judge of what comes in: it names every fault at
 * once and knows the rules that hold between members.
 */
import Type from 'typebox';
import { attempts, outcome } from '../gateway/error-members.ts';
import {
  batchOperations,
  dateTimeRenderOptions,
  defaultMaxWaitSeconds,
  insertDataOptions,
  longestMaxWaitSeconds,
  majorDimensions,
  maxBatchOperations,
  valueInputOptions,
  valueRenderOptions,
} from './parse-request.ts';
import { maxCellCharacters } from './request-reader.ts';

const nullable = (schema: Type.TSchema) => Type.Union([schema, Type.Null()]);
const oneOf = (choices: readonly [string, ...string[]], description?: string) =>
  Type.Union(
    choices.map((choice) => Type.Literal(choice)),
    { default: choices[0], ...(description !== undefined && { description }) },
  );

const spreadsheetId = Type.String({
  minLength: 1,
  maxLength: 2_000,
  description:
    'As in the address of the spreadsheet, or that whole address; its `gid` is the sheet of a range without one.',
  examples: ['1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms'],
});
const range = Type.String({
  minLength: 1,
  maxLength: 300,
  description: "A1 notation: `Sheet1!A1:D20`, `'Журнал'!A:D`, `Sheet1!2:5`, a sheet's title or a named range.",
  examples: ['Sheet1!A1:D20'],
});
const rangeName = Type.String({ description: 'Another name of `range`.' });
/** null is not given: clients with typed requests write every member. */
const optional = (schema: Type.TSchema) => Type.Optional(nullable(schema));
const cell = Type.Union([Type.String({ maxLength: maxCellCharacters }), Type.Number(), Type.Boolean(), Type.Null()]);
const values = Type.Array(Type.Array(cell), {
  minItems: 1,
  description:
    'Rows of cells; a short row is filled up with null. null leaves a cell as it is, an empty text empties it.',
  examples: [[['2026-11-22', 'Navoi 5', 3]]],
});
const answeredValues = Type.Array(Type.Array(cell), {
  description: 'Without the empty cells at the ends of rows and without the empty rows at the end.',
});
const maxWaitSeconds = Type.Number({
  minimum: 0,
  maximum: longestMaxWaitSeconds,
  default: defaultMaxWaitSeconds,
  description: 'How long the call may wait for its turn under a limit before it gets 429.',
});

const valueInputOption = oneOf(
  valueInputOptions,
  'RAW stores what is given; USER_ENTERED takes it as typed into the sheet.',
);
const readOptions = {
  value_render_option: optional(oneOf(valueRenderOptions)),
  date_time_render_option: optional(oneOf(dateTimeRenderOptions)),
  major_dimension: optional(oneOf(majorDimensions)),
};
const gid = Type.Integer({ minimum: 0, description: 'The id of the sheet, for a range that names none.' });
const place = { spreadsheet_id: spreadsheetId, range, range_name: Type.Optional(rangeName), gid: optional(gid) };
const common = { ...place, max_wait_seconds: optional(maxWaitSeconds) };

const operationName = Type.Union(batchOperations.map((name) => Type.Literal(name)));

const examplePlace = { spreadsheet_id: 'requests-journal', range: 'Sheet1!A1:D20' };
const exampleRows = { spreadsheet_id: 'requests-journal', range: 'Sheet1!A1', values: [['2026-11-22', 'Navoi 5', 3]] };

// Whole examples too: a page that makes one of the members' puts both names of a member into it.
export const readRequestSchema = Type.Object(
  {
    ...common,
    ...readOptions,
    tail: optional(Type.Integer({ minimum: 1, maximum: 50_000, description: 'The last so many rows of the range.' })),
  },
  { title: 'SheetsReadRequest', examples: [examplePlace] },
);
export const writeRequestSchema = Type.Object(
  { ...common, values, value_input_option: optional(valueInputOption) },
  { title: 'SheetsWriteRequest', examples: [exampleRows] },
);
export const appendRequestSchema = Type.Object(
  {
    ...common,
    values,
    value_input_option: optional(valueInputOption),
    insert_data_option: optional(oneOf(insertDataOptions)),
  },
  {
    title: 'SheetsAppendRequest',
    description: 'The first cell of `range` is where the table begins.',
    examples: [exampleRows],
  },
);
export const clearRequestSchema = Type.Object(common, { title: 'SheetsClearRequest', examples: [examplePlace] });
export const batchRequestSchema = Type.Object(
  {
    spreadsheet_id: spreadsheetId,
    operations: Type.Array(
      Type.Object({
        operation: operationName,
        range,
        range_name: Type.Optional(rangeName),
        values: Type.Optional(values),
        value_input_option: optional(valueInputOption),
        insert_data_option: optional(oneOf(insertDataOptions)),
        ...readOptions,
      }),
      { minItems: 1, maxItems: maxBatchOperations },
    ),
    value_input_option: optional(valueInputOption),
    max_wait_seconds: optional(maxWaitSeconds),
  },
  {
    title: 'SheetsBatchRequest',
    examples: [
      {
        spreadsheet_id: 'requests-journal',
        operations: [
          { operation: 'append', range: 'Sheet1!A1', values: exampleRows.values },
          { operation: 'read', range: 'Sheet1!A1:D20' },
        ],
      },
    ],
  },
);

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
        Type.Object({ operation: operationName, range: askedRange, error: operationError }),
      ]),
      { description: 'One for each operation, in the order asked.' },
    ),
    operations_count: Type.Integer(),
    total_updated_cells: Type.Integer(),
  },
  { title: 'SheetsBatchResult' },
);
export const metadataParamsSchema = Type.Object({ spreadsheet_id: Type.String() });
export const metadataQuerySchema = Type.Object({ max_wait_seconds: Type.Optional(maxWaitSeconds) });
export const metadataResultSchema = Type.Object(
  {
    spreadsheet_id: Type.String(),
    title: Type.String(),
    locale: Type.String(),
    time_zone: Type.String(),
    worksheets: Type.Array(
      Type.Object({
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
      }),
    ),
    named_ranges: Type.Array(Type.Object({ name: Type.String(), range: Type.String() })),
  },
  { title: 'SpreadsheetMetadata' },
);
export const sheetsHealthSchema = Type.Object(
  {
    status: Type.String(),
    service: nullable(Type.String()),
    rate_limit_remaining: nullable(Type.Integer()),
    rate_limit_reset_in_seconds: nullable(Type.Integer()),
    forecast: Type.Array(
      Type.Object({
        kind: Type.Union([Type.Literal('read'), Type.Literal('write')]),
        requests_per_minute: Type.Integer(),
        spent_in_seconds: nullable(Type.Integer()),
        most_from: nullable(Type.Object({ source_service: nullable(Type.String()), requests: Type.Integer() })),
      }),
      { description: 'When the account’s quota will be spent at the present rate (null: never), and who spends most.' },
    ),
  },
  { title: 'SheetsHealth' },
);
