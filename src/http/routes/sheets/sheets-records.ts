/** Routes for rows by column names, and for sheets by title. Changes honour an `Idempotency-Key`. */
import type { TSchema } from 'typebox';
import type { Caller } from '../../../gateway/caller.ts';
import type { Changed } from '../../../sheets/changed.ts';
import { recordsPlaceOf, recordsRangeOf } from '../../../sheets/records/name-place.ts';
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

const recordsLimitBytes = 12 * 1024 * 1024;

export function sheetsRecordsRoutes(deps: SheetsRoutesDeps): Routes {
  return async (app) => {
    for (const routes of [readRoute(deps), ...recordsChangeRoutes(deps), ...structureRoutes(deps)]) await routes(app);
  };
}

/** `POST /sheets/records/read` */
function readRoute(deps: SheetsRoutesDeps): Routes {
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
          ...(await recordsRangeOf(body, (id) => deps.sheets.worksheets(caller, id, signal))),
          headerRow: body.header_row ?? 1,
          where: body.where ?? {},
          limit: body.limit ?? null,
          cursor: body.cursor ?? null,
        };
        const asked = deps.sheets.readRecords(caller, question, signal);
        const { body: found, call } = await withRateLimitHeaders(reply, deps.limits, asked);
        deps.limits.set(reply, caller.tenantId, call.familyLimit);
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
  };
}

/** `POST /sheets/records/append` and `/sheets/records/upsert` */
function recordsChangeRoutes(deps: SheetsRoutesDeps): Routes[] {
  const change = (caller: Caller, body: RecordsAppendBody, progress: Progress, key: string | null) => {
    const question = {
      ...recordsPlaceOf(body),
      key,
      records: body.records,
      headerRow: body.header_row ?? 1,
      addColumns: body.add_columns ?? false,
    };
    return deps.sheets.changeRecords(caller, question, progress, unending());
  };
  return [
    changeRoute(deps, {
      url: '/sheets/records/append',
      summary: 'Append records, once',
      bodyLimit: recordsLimitBytes,
      body: recordsAppendSchema,
      answer: recordsAppendedSchema,
      change: (caller, body: RecordsAppendBody, progress) => change(caller, body, progress, null),
      render: (result) => ({
        updated_range: result.insertedRange,
        updated_rows: result.inserted,
        row_numbers: result.rowNumbers,
      }),
    }),
    changeRoute(deps, {
      url: '/sheets/records/upsert',
      summary: 'Update the row of each key, or append it: one row a key',
      bodyLimit: recordsLimitBytes,
      body: recordsUpsertSchema,
      answer: recordsUpsertedSchema,
      change: (caller, body: RecordsUpsertBody, progress) => change(caller, body, progress, body.key),
      render: ({ updated, inserted, rowNumbers }) => ({ updated, inserted, row_numbers: rowNumbers }),
    }),
  ];
}

/** `POST /sheets/worksheets/ensure`, `/sheets/create` and `/sheets/rows/delete` */
function structureRoutes(deps: SheetsRoutesDeps): Routes[] {
  const { sheets } = deps;
  return [
    changeRoute(deps, {
      url: '/sheets/worksheets/ensure',
      summary: 'A sheet that is there afterwards',
      body: ensureSchema,
      answer: ensuredSchema,
      change(caller, body: EnsureBody, progress) {
        const question = {
          spreadsheetId: recordsPlaceOf(body).spreadsheetId,
          title: body.title,
          header: body.header ?? null,
          rowCount: body.row_count ?? null,
          columnCount: body.column_count ?? null,
        };
        return sheets.ensure(caller, question, progress);
      },
      render: (result) => result,
    }),
    changeRoute(deps, {
      url: '/sheets/create',
      summary: 'A new spreadsheet',
      body: createSchema,
      answer: createdSchema,
      change(caller, body: CreateBody) {
        const question = {
          title: body.title,
          worksheets: (body.worksheets ?? []).map((sheet) => ({ title: sheet.title, header: sheet.header ?? null })),
          shareWith: body.share_with ?? [],
        };
        return sheets.create(caller, question);
      },
      render: ({ spreadsheetId, url, worksheets }) => ({ spreadsheet_id: spreadsheetId, url, worksheets }),
    }),
    changeRoute(deps, {
      url: '/sheets/rows/delete',
      summary: 'Delete rows; those below move up',
      body: rowsDeleteSchema,
      answer: rowsDeletedSchema,
      change: (caller, body: RowsDeleteBody, progress) =>
        sheets.deleteRows(caller, { ...recordsPlaceOf(body), rowNumbers: body.row_numbers }, progress),
      render: (rows) => ({ deleted_rows: rows }),
    }),
  ];
}

interface Change<Body, Result> {
  readonly url: string;
  readonly summary: string;
  /** Where a body may be larger than is usual. */
  readonly bodyLimit?: number;
  readonly body: TSchema;
  readonly answer: TSchema;
  change(caller: Caller, body: Body, progress: Progress): Promise<Changed<Result>>;
  render(result: Result): object;
}

function changeRoute<Body extends { readonly max_wait_seconds?: number | null }, Result>(
  deps: SheetsRoutesDeps,
  { url, summary, body: schema, answer, bodyLimit, change, render }: Change<Body, Result>,
): Routes {
  return (app) => {
    app.post(
      url,
      {
        ...(bodyLimit === undefined ? {} : { bodyLimit }),
        config: {
          access: { scope: 'sheets:write', boundTokens: 'judged' },
          answers: { 200: answer },
          headers: ['provider', 'limits'],
        },
        schema: { tags: ['sheets'], summary, body: schema },
      },
      deps.idempotency.wrap((request, progress, reply) => {
        const body = request.body as Body;
        const call = change(sheetsCallerOf(request, deps, body), body, progress);
        return answerChange(deps, request, reply, call, render);
      }),
    );
  };
}
