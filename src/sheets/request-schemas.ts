/**
 * Schemas of the bodies that the sheets routes accept: validated by the edge, shown in the API description, typed by
 * `Static`.
 */
import Type, { type Static, type TSchema } from 'typebox';
import { type InputFault, words } from '../errors.ts';
import { isGiven, oneOf, optional, withRule } from '../schema-parts.ts';
import { A1SyntaxError, parseA1 } from './a1.ts';
import { maxCellCharacters } from './read-values.ts';
import { isPublishedAddress, parseSpreadsheetRef } from './spreadsheet-ref.ts';

const batchOperations = ['read', 'write', 'append', 'clear'] as const;
const maxBatchOperations = 500;
const maxTailRows = 50_000;
const longestMaxWaitSeconds = 60;

export const spreadsheetId = withRule(
  Type.String({
    minLength: 1,
    maxLength: 2_000,
    description:
      'As in the address of the spreadsheet, or that whole address; its `gid` is the sheet of a range without one.',
    examples: ['1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms'],
    errorMessage: 'must be the id of a spreadsheet, 1 to 200 of A-Z, a-z, 0-9, _ and -, or its whole address',
    errorMessageRu: 'ожидается id таблицы, от 1 до 200 знаков A-Z, a-z, 0-9, _ и -, или её полный адрес',
  }),
  (text) => (parseSpreadsheetRef(text) === null ? { path: '', ...refusedRef(text) } : null),
);

function refusedRef(text: string): Pick<InputFault, 'message' | 'message_ru'> {
  if (isPublishedAddress(text)) {
    return words(
      'is the address of a published copy: take the address that the browser shows while the spreadsheet is open for editing',
      'это адрес опубликованной копии: нужен адрес из браузера, когда таблица открыта для правки',
    );
  }
  return words(
    'must be 1 to 200 of A-Z, a-z, 0-9, _ and -, as in the address of the spreadsheet, or that whole address',
    'ожидается от 1 до 200 знаков A-Z, a-z, 0-9, _ и -, как в адресе таблицы, или весь этот адрес',
  );
}

/** Why `text` at `path` is not a range in A1 notation; null if it is one. */
function rangeFault(path: string, text: unknown): InputFault | null {
  if (typeof text !== 'string') return null;
  try {
    parseA1(text);
    return null;
  } catch (error) {
    if (error instanceof A1SyntaxError) return { path, message: error.message };
    throw error;
  }
}

export const range = withRule(
  Type.String({
    minLength: 1,
    description: "A1 notation: `Sheet1!A1:D20`, `'Журнал'!A:D`, `Sheet1!2:5`, a sheet's title or a named range.",
    examples: ['Sheet1!A1:D20'],
    errorMessage: 'must be text in A1 notation, such as Sheet1!A1:D20',
    errorMessageRu: 'ожидается диапазон в записи A1, например Sheet1!A1:D20',
  }),
  (text) => rangeFault('', text),
);
const rangeName = Type.String({ description: 'Another name of `range`: one of the two is required.' });

interface RangeMembers {
  readonly range?: unknown;
  readonly range_name?: unknown;
}

/** `range_name` applies only if `range` is missing. */
function placeFault({ range: ownRange, range_name }: RangeMembers): InputFault | null {
  if (isGiven(ownRange)) return null;
  return isGiven(range_name)
    ? rangeFault('range_name', range_name)
    : { path: 'range', ...words('is required', 'обязательно') };
}

export const cell = Type.Union([
  Type.String({ maxLength: maxCellCharacters }),
  Type.Number(),
  Type.Boolean(),
  Type.Null(),
]);
const rowsOptions = {
  minItems: 1,
  description:
    'Rows of cells; a short row is filled up with null. null leaves a cell as it is, an empty text empties it.',
  errorMessage: 'must be a list of rows, at least one',
  errorMessageRu: 'ожидается список строк, хотя бы одна',
};
const shownRows = Type.Array(Type.Array(cell), { ...rowsOptions, examples: [[['2026-11-22', 'Navoi 5', 3]]] });
/** The edge checks only that rows are arrays; `ValuesReader` checks their cells, in slices. */
const checkedRows = Type.Array(Type.Unknown(), rowsOptions);

export const maxWaitSeconds = Type.Number({
  minimum: 0,
  maximum: longestMaxWaitSeconds,
  default: 5,
  description: 'How long the call may wait for its turn under a limit before it gets 429.',
});
const valueInputOption = optional(
  oneOf(['RAW', 'USER_ENTERED'], {
    default: 'RAW',
    description: 'RAW stores what is given; USER_ENTERED takes it as typed into the sheet.',
  }),
);
const insertDataOption = optional(oneOf(['INSERT_ROWS', 'OVERWRITE'], { default: 'INSERT_ROWS' }));
const readOptions = {
  value_render_option: optional(
    oneOf(['UNFORMATTED_VALUE', 'FORMATTED_VALUE', 'FORMULA'], { default: 'UNFORMATTED_VALUE' }),
  ),
  date_time_render_option: optional(oneOf(['FORMATTED_STRING', 'SERIAL_NUMBER'], { default: 'FORMATTED_STRING' })),
  major_dimension: optional(oneOf(['ROWS', 'COLUMNS'], { default: 'ROWS' })),
};
const place = { range: optional(range), range_name: optional(rangeName) };
const common = {
  spreadsheet_id: spreadsheetId,
  ...place,
  gid: optional(Type.Integer({ minimum: 0, description: 'The id of the sheet, for a range that names none.' })),
  max_wait_seconds: optional(maxWaitSeconds),
};

const examplePlace = { spreadsheet_id: 'requests-journal', range: 'Sheet1!A1:D20' };
const exampleRows = { spreadsheet_id: 'requests-journal', range: 'Sheet1!A1', values: [['2026-11-22', 'Navoi 5', 3]] };

// Whole examples too: a page that makes one of the members' puts both names of a member into it.
export const readRequestSchema = withRule(
  Type.Object(
    {
      ...common,
      ...readOptions,
      tail: optional(
        Type.Integer({ minimum: 1, maximum: maxTailRows, description: 'The last so many rows of the range.' }),
      ),
    },
    { title: 'SheetsReadRequest', examples: [examplePlace] },
  ),
  placeFault,
);

export const clearRequestSchema = withRule(
  Type.Object(common, { title: 'SheetsClearRequest', examples: [examplePlace] }),
  placeFault,
);

/** The schema of a body with rows: one for validation, one for the API description. */
const writeBody = <Values extends TSchema>(values: Values) =>
  withRule(
    Type.Object(
      { ...common, values, value_input_option: valueInputOption },
      { title: 'SheetsWriteRequest', examples: [exampleRows] },
    ),
    placeFault,
  );
const appendBody = <Values extends TSchema>(values: Values) =>
  withRule(
    Type.Object(
      { ...common, values, value_input_option: valueInputOption, insert_data_option: insertDataOption },
      {
        title: 'SheetsAppendRequest',
        description: 'The first cell of `range` is where the table begins.',
        examples: [exampleRows],
      },
    ),
    placeFault,
  );
const operationBody = <Values extends TSchema>(values: Values) =>
  withRule(
    Type.Object({
      operation: oneOf(batchOperations),
      ...place,
      values: optional(values),
      value_input_option: valueInputOption,
      insert_data_option: insertDataOption,
      ...readOptions,
    }),
    placeFault,
    ({ operation, values: rows }) =>
      (operation === 'write' || operation === 'append') && !isGiven(rows)
        ? { path: 'values', ...words('is required', 'обязательно') }
        : null,
  );
const batchBody = <Values extends TSchema>(values: Values) =>
  Type.Object(
    {
      spreadsheet_id: spreadsheetId,
      operations: Type.Array(operationBody(values), {
        minItems: 1,
        maxItems: maxBatchOperations,
        errorMessage: `must be a list of 1 to ${maxBatchOperations} operations`,
      }),
      value_input_option: valueInputOption,
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

export const writeRequest = { checked: writeBody(checkedRows), shown: writeBody(shownRows) };
export const appendRequest = { checked: appendBody(checkedRows), shown: appendBody(shownRows) };
export const batchRequest = { checked: batchBody(checkedRows), shown: batchBody(shownRows) };

export const metadataParamsSchema = Type.Object({ spreadsheet_id: spreadsheetId });
export const metadataQuerySchema = Type.Object({ max_wait_seconds: Type.Optional(maxWaitSeconds) });

export type ReadBody = Static<typeof readRequestSchema>;
export type WriteBody = Static<typeof writeRequest.checked>;
export type AppendBody = Static<typeof appendRequest.checked>;
export type ClearBody = Static<typeof clearRequestSchema>;
export type BatchBody = Static<typeof batchRequest.checked>;
export type BatchOperationBody = BatchBody['operations'][number];
export type PlaceBody = Pick<ReadBody, 'range' | 'range_name'>;
export type ReadOptionsBody = Pick<ReadBody, keyof typeof readOptions>;
