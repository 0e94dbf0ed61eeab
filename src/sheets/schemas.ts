/**
 * The shapes of the sheets API, for OpenAPI. `parse-request.ts` is the judge of what comes in: it names every fault at
 * once and knows the rules that hold between members.
 */
import Type from 'typebox';
import {
  batchOperations,
  dateTimeRenderOptions,
  defaultMaxWaitSeconds,
  insertDataOptions,
  longestMaxWaitSeconds,
  majorDimensions,
  maxBatchOperations,
  maxCellCharacters,
  valueInputOptions,
  valueRenderOptions,
} from './parse-request.ts';

const nullable = (schema: Type.TSchema) => Type.Union([schema, Type.Null()]);
const oneOf = (choices: readonly [string, ...string[]], description?: string) =>
  Type.Union(
    choices.map((choice) => Type.Literal(choice)),
    { default: choices[0], ...(description !== undefined && { description }) },
  );

const spreadsheetId = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[A-Za-z0-9_-]+$',
  description: 'As in the address of the spreadsheet.',
  examples: ['1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms'],
});
const range = Type.String({
  minLength: 1,
  maxLength: 300,
  description: "A1 notation: `Sheet1!A1:D20`, `'Журнал'!A:D`, `Sheet1!2:5`, a sheet's title or a named range.",
  examples: ['Sheet1!A1:D20'],
});
const rangeName = Type.String({ description: 'Another name of `range`.' });
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
  value_render_option: Type.Optional(oneOf(valueRenderOptions)),
  date_time_render_option: Type.Optional(oneOf(dateTimeRenderOptions)),
  major_dimension: Type.Optional(oneOf(majorDimensions)),
};
const place = { spreadsheet_id: spreadsheetId, range, range_name: Type.Optional(rangeName) };
const common = { ...place, max_wait_seconds: Type.Optional(maxWaitSeconds) };

const examplePlace = { spreadsheet_id: 'requests-journal', range: 'Sheet1!A1:D20' };
const exampleRows = { spreadsheet_id: 'requests-journal', range: 'Sheet1!A1', values: [['2026-11-22', 'Navoi 5', 3]] };

// Whole examples too: a page that makes one of the members' puts both names of a member into it.
export const readRequestSchema = Type.Object(
  { ...common, ...readOptions },
  { title: 'SheetsReadRequest', examples: [examplePlace] },
);
export const writeRequestSchema = Type.Object(
  { ...common, values, value_input_option: Type.Optional(valueInputOption) },
  { title: 'SheetsWriteRequest', examples: [exampleRows] },
);
export const appendRequestSchema = Type.Object(
  {
    ...common,
    values,
    value_input_option: Type.Optional(valueInputOption),
    insert_data_option: Type.Optional(oneOf(insertDataOptions)),
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
        operation: Type.Union(batchOperations.map((name) => Type.Literal(name))),
        range,
        values: Type.Optional(values),
        value_input_option: Type.Optional(valueInputOption),
        insert_data_option: Type.Optional(oneOf(insertDataOptions)),
        ...readOptions,
      }),
      { minItems: 1, maxItems: maxBatchOperations },
    ),
    value_input_option: Type.Optional(valueInputOption),
    max_wait_seconds: Type.Optional(maxWaitSeconds),
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
export const readResultSchema = Type.Object(
  {
    values: answeredValues,
    range: Type.String(),
    row_count: Type.Integer(),
    column_count: Type.Integer(),
    cached: Type.Boolean(),
  },
  { title: 'SheetsReadResult' },
);
export const writeResultSchema = Type.Object(
  { ...updated, updated_columns: Type.Integer(), updated_cells: Type.Integer() },
  { title: 'SheetsWriteResult' },
);
export const appendResultSchema = Type.Object(
  { ...updated, updated_cells: Type.Integer(), table_range: nullable(Type.String()) },
  { title: 'SheetsAppendResult' },
);
export const clearResultSchema = Type.Object({ cleared_range: Type.String() }, { title: 'SheetsClearResult' });
export const batchResultSchema = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        operation: Type.String(),
        range: Type.String(),
        error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String() })),
      }),
    ),
    operations_count: Type.Integer(),
    total_updated_cells: Type.Integer(),
  },
  { title: 'SheetsBatchResult' },
);
export const metadataParamsSchema = Type.Object({ spreadsheet_id: Type.String() });
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
      }),
    ),
  },
  { title: 'SpreadsheetMetadata' },
);
export const sheetsHealthSchema = Type.Object(
  {
    status: Type.String(),
    service: nullable(Type.String()),
    rate_limit_remaining: nullable(Type.Integer()),
    rate_limit_reset_in_seconds: nullable(Type.Integer()),
  },
  { title: 'SheetsHealth' },
);
