/** Routes for rows by column names, and for sheets by title. Changes honour an `Idempotency-Key`. */
import type { FastifyInstance } from 'fastify';
import { readDescribed } from '../../../sheets/describe.ts';
import { nameOf, recordByNames } from '../../../sheets/records/header.ts';
import { recordsPlaceOf, recordsRangeOf } from '../../../sheets/records/name-place.ts';
import { readRecords } from '../../../sheets/records/read-records.ts';
import {
  type CreateBody,
  createdSchema,
  createSchema,
  type EnsureBody,
  ensuredSchema,
  ensureSchema,
  type RecordsAppendBody,
  type RecordsUpsertBody,
  type RowsDeleteBody,
  recordsAppendedSchema,
  recordsAppendSchema,
  recordsReadSchema,
  recordsResultSchema,
  recordsUpsertedSchema,
  recordsUpsertSchema,
  rowsDeletedSchema,
  rowsDeleteSchema,
} from '../../../sheets/records-schemas.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonAnswer, sendAnswer } from '../../reply/answer.ts';
import { withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { addChange, type SheetsRoutesDeps, sheetsCallerOf, unending } from './sheets-route.ts';

const bodyLimit = 12 * 1024 * 1024;

export function sheetsRecordsRoutes(app: FastifyInstance, deps: SheetsRoutesDeps): void {
  endpointsOf(app, 'sheets', { scope: 'sheets:read', boundTokens: 'judged' }).post(
    '/sheets/records/read',
    'Rows of a table by the names of its columns',
    { body: recordsReadSchema, answer: recordsResultSchema, headers: ['refresh', 'cache', 'provider', 'limits'] },
    async (request, reply) => {
      const { body } = request;
      const caller = sheetsCallerOf(request, deps, body);
      const signal = abortWhenCallerLeaves(reply);
      const { read, metadata } = deps.sheets;
      const asked = readDescribed(metadata, caller, signal, async (describe) => {
        const question = {
          ...(await recordsRangeOf(body, describe)),
          headerRow: body.header_row ?? 1,
          where: recordByNames(body.where ?? {}, 'where'),
          limit: body.limit ?? null,
          cursor: body.cursor ?? null,
        };
        return readRecords({ read, describe }, caller, question, signal);
      });
      const { body: found, call } = await withRateLimitHeaders(reply, deps.limits, asked);
      deps.limits.set(reply, caller.tenantId, call.familyLimit);
      const headers = { 'x-cache': call.cacheOutcome, age: String(call.ageSeconds) };
      return sendAnswer(reply, jsonAnswer(200, found, { ...headers, 'x-provider': encodeURIComponent(call.provider) }));
    },
  );
  addRecordsChanges(app, deps);
  addStructureChanges(app, deps);
}

/** `POST /sheets/records/append` and `/sheets/records/upsert` */
function addRecordsChanges(app: FastifyInstance, deps: SheetsRoutesDeps): void {
  const questionOf = (body: RecordsAppendBody, key: string | null) => ({
    ...recordsPlaceOf(body),
    key: key === null ? null : nameOf(key),
    records: body.records.map((record, index) => recordByNames(record, `records[${index}]`)),
    headerRow: body.header_row ?? 1,
    addColumns: body.add_columns ?? false,
  });
  const { changeRecords } = deps.sheets;
  addChange(app, deps, {
    url: '/sheets/records/append',
    summary: 'Append records, once',
    bodyLimit,
    body: recordsAppendSchema,
    answer: recordsAppendedSchema,
    questionOf: (body: RecordsAppendBody) => questionOf(body, null),
    make: (caller, question, progress) => changeRecords(caller, question, progress, unending()),
    render: (result) => ({
      updated_range: result.insertedRange,
      updated_rows: result.inserted,
      row_numbers: result.rowNumbers,
    }),
  });
  addChange(app, deps, {
    url: '/sheets/records/upsert',
    summary: 'Update the row of each key, or append it: one row a key',
    bodyLimit,
    body: recordsUpsertSchema,
    answer: recordsUpsertedSchema,
    questionOf: (body: RecordsUpsertBody) => questionOf(body, body.key),
    make: (caller, question, progress) => changeRecords(caller, question, progress, unending()),
    render: ({ updated, inserted, rowNumbers }) => ({ updated, inserted, row_numbers: rowNumbers }),
  });
}

/** `POST /sheets/worksheets/ensure`, `/sheets/create` and `/sheets/rows/delete` */
function addStructureChanges(app: FastifyInstance, deps: SheetsRoutesDeps): void {
  const { sheets } = deps;
  addChange(app, deps, {
    url: '/sheets/worksheets/ensure',
    summary: 'A sheet that is there afterwards',
    body: ensureSchema,
    answer: ensuredSchema,
    questionOf: (body: EnsureBody) => ({
      spreadsheetId: recordsPlaceOf(body).spreadsheetId,
      title: body.title,
      header: body.header ?? null,
      rowCount: body.row_count ?? null,
      columnCount: body.column_count ?? null,
    }),
    make: sheets.ensure,
    render: (result) => result,
  });
  addChange(app, deps, {
    url: '/sheets/create',
    summary: 'A new spreadsheet',
    body: createSchema,
    answer: createdSchema,
    questionOf: (body: CreateBody) => ({
      title: body.title,
      worksheets: (body.worksheets ?? []).map((sheet) => ({ title: sheet.title, header: sheet.header ?? null })),
      shareWith: body.share_with ?? [],
    }),
    make: sheets.create,
    render: ({ spreadsheetId, url, worksheets }) => ({ spreadsheet_id: spreadsheetId, url, worksheets }),
  });
  addChange(app, deps, {
    url: '/sheets/rows/delete',
    summary: 'Delete rows; those below move up',
    body: rowsDeleteSchema,
    answer: rowsDeletedSchema,
    questionOf: (body: RowsDeleteBody) => ({ ...recordsPlaceOf(body), rowNumbers: body.row_numbers }),
    make: sheets.deleteRows,
    render: (rows) => ({ deleted_rows: rows }),
  });
}
