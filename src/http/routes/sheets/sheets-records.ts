/** Routes for rows by column names, and for sheets by title. Changes honour an `Idempotency-Key`. */
import type { FastifyRequest } from 'fastify';
import { type RecordsPlace, recordsPlaceOf, recordsRangeOf } from '../../../sheets/records/name-place.ts';
import {
  type CreateBody,
  createdSchema,
  createSchema,
  type EnsureBody,
  ensuredSchema,
  ensureSchema,
  type RecordsAppendBody,
  type RecordsReadBody,
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
import type { Routes } from '../../app.ts';
import { jsonAnswer, sendAnswer } from '../../reply/answer.ts';
import { withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import type { Progress } from '../../request/idempotency.ts';
import { answerChange, type SheetsRoutesDeps, sheetsCallerOf, unending } from './sheets-route.ts';

const bodyLimit = 12 * 1024 * 1024;
const access = { scope: 'sheets:write', boundTokens: 'judged' } as const;

export function sheetsRecordsRoutes(deps: SheetsRoutesDeps): Routes {
  const { sheets, limits } = deps;
  const changeRecords = (request: FastifyRequest, progress: Progress, key: string | null) => {
    const body = request.body as RecordsAppendBody;
    const { spreadsheetId, sheet }: RecordsPlace = recordsPlaceOf(body);
    const question = {
      spreadsheetId,
      sheet,
      key,
      records: body.records,
      headerRow: body.header_row ?? 1,
      addColumns: body.add_columns ?? false,
    };
    return sheets.changeRecords(sheetsCallerOf(request, deps, body), question, progress, unending());
  };

  return (app) => {
    app.post<{ Body: RecordsReadBody }>(
      '/sheets/records/read',
      {
        config: {
          access: { scope: 'sheets:read', boundTokens: 'judged' },
          answers: { 200: recordsResultSchema },
          headers: ['refresh', 'cache', 'provider', 'limits'],
        },
        schema: { tags: ['sheets'], summary: 'Rows of a table by the names of its columns', body: recordsReadSchema },
      },
      async (request, reply) => {
        const { body } = request;
        const caller = sheetsCallerOf(request, deps, body);
        const signal = abortWhenCallerLeaves(reply);
        const question = {
          ...(await recordsRangeOf(body, (id) => sheets.worksheets(caller, id, signal))),
          headerRow: body.header_row ?? 1,
          where: body.where ?? {},
          limit: body.limit ?? null,
          cursor: body.cursor ?? null,
        };
        const asked = sheets.readRecords(caller, question, signal);
        const { body: found, call } = await withRateLimitHeaders(reply, limits, asked);
        limits.set(reply, caller.tenantId, call.familyLimit);
        return sendAnswer(
          reply,
          jsonAnswer(200, found, {
            'x-cache': call.cacheOutcome,
            age: String(call.ageSeconds),
            'x-provider': encodeURIComponent(call.provider),
          }),
        );
      },
    );

    app.post(
      '/sheets/records/append',
      {
        bodyLimit,
        config: { access, answers: { 200: recordsAppendedSchema }, headers: ['provider', 'limits'] },
        schema: { tags: ['sheets'], summary: 'Append records, once', body: recordsAppendSchema },
      },
      deps.idempotency.wrap((request, progress, reply) =>
        answerChange(deps, request, reply, changeRecords(request, progress, null), (result) => ({
          updated_range: result.insertedRange,
          updated_rows: result.inserted,
          row_numbers: result.rowNumbers,
        })),
      ),
    );

    app.post(
      '/sheets/records/upsert',
      {
        bodyLimit,
        config: { access, answers: { 200: recordsUpsertedSchema }, headers: ['provider', 'limits'] },
        schema: {
          tags: ['sheets'],
          summary: 'Update the row of each key, or append it: one row a key',
          body: recordsUpsertSchema,
        },
      },
      deps.idempotency.wrap((request, progress, reply) => {
        const { key } = request.body as RecordsUpsertBody;
        return answerChange(deps, request, reply, changeRecords(request, progress, key), (result) => ({
          updated: result.updated,
          inserted: result.inserted,
          row_numbers: result.rowNumbers,
        }));
      }),
    );

    app.post(
      '/sheets/worksheets/ensure',
      {
        config: { access, answers: { 200: ensuredSchema }, headers: ['provider', 'limits'] },
        schema: { tags: ['sheets'], summary: 'A sheet that is there afterwards', body: ensureSchema },
      },
      deps.idempotency.wrap((request, progress, reply) => {
        const body = request.body as EnsureBody;
        const question = {
          spreadsheetId: recordsPlaceOf(body).spreadsheetId,
          title: body.title,
          header: body.header ?? null,
          rowCount: body.row_count ?? null,
          columnCount: body.column_count ?? null,
        };
        const ensured = sheets.ensure(sheetsCallerOf(request, deps, body), question, progress);
        return answerChange(deps, request, reply, ensured, (result) => result);
      }),
    );

    app.post(
      '/sheets/create',
      {
        config: { access, answers: { 200: createdSchema }, headers: ['provider', 'limits'] },
        schema: { tags: ['sheets'], summary: 'A new spreadsheet', body: createSchema },
      },
      deps.idempotency.wrap((request, _progress, reply) => {
        const body = request.body as CreateBody;
        const question = {
          title: body.title,
          worksheets: (body.worksheets ?? []).map((sheet) => ({ title: sheet.title, header: sheet.header ?? null })),
          shareWith: body.share_with ?? [],
        };
        const created = sheets.create(sheetsCallerOf(request, deps, body), question);
        return answerChange(deps, request, reply, created, ({ spreadsheetId, url, worksheets }) => ({
          spreadsheet_id: spreadsheetId,
          url,
          worksheets,
        }));
      }),
    );

    app.post(
      '/sheets/rows/delete',
      {
        config: { access, answers: { 200: rowsDeletedSchema }, headers: ['provider', 'limits'] },
        schema: { tags: ['sheets'], summary: 'Delete rows; those below move up', body: rowsDeleteSchema },
      },
      deps.idempotency.wrap((request, progress, reply) => {
        const body = request.body as RowsDeleteBody;
        const question = { ...recordsPlaceOf(body), rowNumbers: body.row_numbers };
        const deleted = sheets.deleteRows(sheetsCallerOf(request, deps, body), question, progress);
        return answerChange(deps, request, reply, deleted, (rows) => ({ deleted_rows: rows }));
      }),
    );
  };
}
