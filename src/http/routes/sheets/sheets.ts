/** The sheets routes; those that change something are in `sheets-changes.ts`. */
import { readSheetsHealth } from '../../../sheets/health.ts';
import { parseReadRequest, spreadsheetIdOf } from '../../../sheets/parse-request.ts';
import { linesOf, readTail } from '../../../sheets/read-tail.ts';
import {
  metadataParamsSchema,
  metadataQuerySchema,
  type ReadBody,
  readRequestSchema,
} from '../../../sheets/request-schemas.ts';
import { metadataResultSchema, readResultSchema, sheetsHealthSchema } from '../../../sheets/schemas.ts';
import type { Routes } from '../../app.ts';
import { sendCallResult, withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import { sheetsChangeRoutes } from './sheets-changes.ts';
import { sheetsRecordsRoutes } from './sheets-records.ts';
import { onSheet, type SheetsRoutesDeps, sheetsCallerOf } from './sheets-route.ts';

export function sheetsRoutes(deps: SheetsRoutesDeps): Routes {
  return async (app) => {
    for (const routes of [
      readRoute(deps),
      metadataRoute(deps),
      healthRoute(deps),
      sheetsChangeRoutes(deps),
      sheetsRecordsRoutes(deps),
    ]) {
      await routes(app);
    }
  };
}

/** `POST /sheets/read` */
function readRoute(deps: SheetsRoutesDeps): Routes {
  return (app) => {
    app.post<{ Body: ReadBody }>(
      '/sheets/read',
      {
        config: {
          access: { scope: 'sheets:read', boundTokens: 'judged' },
          answers: { 200: readResultSchema },
          headers: ['refresh', 'cache', 'provider', 'limits'],
        },
        schema: { tags: ['sheets'], summary: 'The values of a range', body: readRequestSchema },
      },
      async (request, reply) => {
        const asked = parseReadRequest(request.body);
        const caller = sheetsCallerOf(request, deps, request.body);
        const question = await onSheet(deps, caller, asked, request.body);
        const signal = abortWhenCallerLeaves(reply);
        const tail = request.body.tail ?? null;
        const call =
          tail === null
            ? deps.sheets.read(caller, question, signal)
            : readTail(deps.sheets, caller, question, tail, signal);
        const result = await withRateLimitHeaders(reply, deps.limits, call);
        const wantsLines = request.headers.accept?.includes('application/x-ndjson') === true;
        if (!wantsLines) return sendCallResult(reply, caller.tenantId, result, deps.limits);
        const lines = { ...result, body: linesOf(result.body) };
        return sendCallResult(reply, caller.tenantId, lines, deps.limits, 'application/x-ndjson; charset=utf-8');
      },
    );
  };
}

/** `GET /sheets/metadata/{spreadsheet_id}` */
function metadataRoute(deps: SheetsRoutesDeps): Routes {
  return (app) => {
    app.get<{ Params: { spreadsheet_id: string }; Querystring: { max_wait_seconds?: number } }>(
      '/sheets/metadata/:spreadsheet_id',
      {
        config: {
          access: { scope: 'sheets:read', boundTokens: 'judged' },
          answers: { 200: metadataResultSchema },
          headers: ['refresh', 'cache', 'provider', 'limits'],
        },
        schema: {
          tags: ['sheets'],
          summary: 'The sheets of a spreadsheet',
          params: metadataParamsSchema,
          querystring: metadataQuerySchema,
        },
      },
      async (request, reply) => {
        const spreadsheetId = spreadsheetIdOf(request.params.spreadsheet_id);
        const caller = sheetsCallerOf(request, deps, request.query);
        const call = deps.sheets.metadata(caller, spreadsheetId, abortWhenCallerLeaves(reply));
        return sendCallResult(
          reply,
          caller.tenantId,
          await withRateLimitHeaders(reply, deps.limits, call),
          deps.limits,
        );
      },
    );
  };
}

/** `GET /sheets/health`, for any credential of the tenant. */
function healthRoute({ health }: SheetsRoutesDeps): Routes {
  return (app) => {
    app.get(
      '/sheets/health',
      {
        config: { access: { scope: 'any', boundTokens: 'judged' }, answers: { 200: sheetsHealthSchema } },
        schema: { tags: ['sheets'], summary: 'How the sheets service is' },
      },
      async (request) => {
        const { tenantId, principal } = callerOf(request);
        return readSheetsHealth(health, tenantId, principal.services);
      },
    );
  };
}
