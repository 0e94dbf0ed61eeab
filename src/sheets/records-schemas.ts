/** Schemas of the calls that address rows by key and sheets by title instead of cells. */
import Type, { type Static } from 'typebox';
import { nullable, oneOf, optional } from '../schema-parts.ts';
import { maxCellCharacters } from './read-values.ts';
import { cell, maxWaitSeconds, range, spreadsheetId } from './request-schemas.ts';

const title = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'The title of the sheet.',
  examples: ['Sheet1'],
});
const gid = Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: 'The sheet’s id, instead of its title.' });
const headerRow = Type.Integer({
  minimum: 1,
  maximum: 10_000,
  default: 1,
  description: 'The row that names the columns, from 1.',
});
const record = Type.Record(Type.String(), cell, {
  description: 'Cells by the names of their columns.',
  examples: [{ no: '260326-001', state: 'new' }],
});
const records = Type.Array(record, { minItems: 1, maxItems: 2_000 });
const where = { spreadsheet_id: spreadsheetId, sheet: optional(title), gid: optional(gid) };
const common = { ...where, max_wait_seconds: optional(maxWaitSeconds) };
const size = Type.Integer({ minimum: 1, maximum: 10_000_000 });
const header = Type.Array(Type.String({ minLength: 1, maxLength: maxCellCharacters }), {
  minItems: 1,
  maxItems: 1_000,
});

const exampleRecords = {
  spreadsheet_id: 'requests-journal',
  sheet: 'Sheet1',
  records: [{ no: '260326-001', state: 'new' }],
};

export const recordsReadSchema = Type.Object(
  {
    ...common,
    range: optional(range),
    header_row: optional(headerRow),
    where: optional(Type.Record(Type.String(), cell, { description: 'Only records whose columns hold these values.' })),
    limit: optional(Type.Integer({ minimum: 1, maximum: 50_000 })),
    cursor: optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  { title: 'RecordsReadRequest', examples: [{ spreadsheet_id: 'requests-journal', sheet: 'Sheet1', limit: 100 }] },
);
const changing = { ...common, records, header_row: optional(headerRow), add_columns: optional(Type.Boolean()) };
export const recordsAppendSchema = Type.Object(changing, {
  title: 'RecordsAppendRequest',
  examples: [{ ...exampleRecords, add_columns: true }],
});
export const recordsUpsertSchema = Type.Object(
  {
    ...changing,
    key: Type.String({ minLength: 1, maxLength: maxCellCharacters, description: 'The column that names a record.' }),
  },
  { title: 'RecordsUpsertRequest', examples: [{ ...exampleRecords, key: 'no', add_columns: true }] },
);
export const ensureSchema = Type.Object(
  {
    spreadsheet_id: spreadsheetId,
    title,
    header: optional(header),
    row_count: optional(size),
    column_count: optional(Type.Integer({ minimum: 1, maximum: 18_278 })),
    max_wait_seconds: optional(maxWaitSeconds),
  },
  {
    title: 'WorksheetEnsureRequest',
    examples: [{ spreadsheet_id: 'requests-journal', title: 'Requests', header: ['no', 'state'] }],
  },
);
export const createSchema = Type.Object(
  {
    title: Type.String({ minLength: 1, maxLength: 400 }),
    worksheets: optional(Type.Array(Type.Object({ title, header: optional(header) }), { maxItems: 100 })),
    share_with: optional(
      Type.Array(
        Type.Object({
          email: Type.String({ pattern: '^[^\\s@]+@[^\\s@]+$', maxLength: 320 }),
          role: oneOf(['reader', 'commenter', 'writer']),
        }),
        { maxItems: 50 },
      ),
    ),
    max_wait_seconds: optional(maxWaitSeconds),
  },
  {
    title: 'SpreadsheetCreateRequest',
    examples: [{ title: 'Requests', worksheets: [{ title: 'Requests', header: ['no', 'state'] }] }],
  },
);
export const rowsDeleteSchema = Type.Object(
  { ...common, row_numbers: Type.Array(size, { minItems: 1, maxItems: 1_000, description: 'From 1.' }) },
  {
    title: 'RowsDeleteRequest',
    examples: [{ spreadsheet_id: 'requests-journal', sheet: 'Sheet1', row_numbers: [900] }],
  },
);

export type RecordsAppendBody = Static<typeof recordsAppendSchema>;
export type RecordsUpsertBody = Static<typeof recordsUpsertSchema>;
export type EnsureBody = Static<typeof ensureSchema>;
export type CreateBody = Static<typeof createSchema>;
export type RowsDeleteBody = Static<typeof rowsDeleteSchema>;

const rowNumbers = Type.Array(Type.Integer(), { description: 'From 1, for each record in its order.' });
export const recordsResultSchema = Type.Object(
  {
    columns: Type.Array(Type.String()),
    records: Type.Array(Type.Record(Type.String(), cell)),
    row_numbers: rowNumbers,
    next_cursor: nullable(Type.String()),
  },
  { title: 'RecordsReadResult' },
);
export const recordsAppendedSchema = Type.Object(
  { updated_range: nullable(Type.String()), updated_rows: Type.Integer(), row_numbers: rowNumbers },
  { title: 'RecordsAppendResult' },
);
export const recordsUpsertedSchema = Type.Object(
  { updated: Type.Integer(), inserted: Type.Integer(), row_numbers: rowNumbers },
  { title: 'RecordsUpsertResult' },
);
const worksheet = { id: Type.Integer(), title: Type.String() };
export const ensuredSchema = Type.Object({ ...worksheet, created: Type.Boolean() }, { title: 'WorksheetEnsureResult' });
export const createdSchema = Type.Object(
  { spreadsheet_id: Type.String(), url: Type.String(), worksheets: Type.Array(Type.Object(worksheet)) },
  { title: 'SpreadsheetCreateResult' },
);
export const rowsDeletedSchema = Type.Object({ deleted_rows: Type.Integer() }, { title: 'RowsDeleteResult' });
