/** The sheets routes; those that change something are in `sheets-changes.ts`. */
import { readDescribed } from '../../../sheets/describe.ts';
import { readSheetsHealth } from '../../../sheets/health.ts';
import { parseReadRequest, spreadsheetIdOf } from '../../../sheets/parse-request.ts';
import { linesOf, readTail } from '../../../sheets/read-tail.ts';
import { withSheet } from '../../../sheets/records/name-place.ts';
import { metadataParamsSchema, metadataQuerySchema, readRequestSchema } from '../../../sheets/request-schemas.ts';
import { metadataResultSchema, readResultSchema, sheetsHealthSchema } from '../../../sheets/schemas.ts';
import type { Routes } from '../../app.ts';
import { endpointsOf } from '../../endpoints.ts';
import { sendCallResult, withRateLimitHeaders } from '../../reply/call-reply.ts';
import { abortWhenCallerLeaves } from '../../request/abort.ts';
import { callerOf } from '../../request/request-context.ts';
import { sheetsChangeRoutes } from './sheets-changes.ts';
import { sheetsRecordsRoutes } from './sheets-records.ts';
import { type SheetsRoutesDeps, sheetsCallerOf } from './sheets-route.ts';

/** `POST /sheets/read`, `GET /sheets/metadata/{spreadsheet_id}`, and `GET /sheets/health` for any credential of the tenant. */
export function sheetsRoutes(deps: SheetsRoutesDeps): Routes {
  return (app) => {
    const endpoints = endpointsOf(app, 'sheets', { scope: 'sheets:read', boundTokens: 'judged' });
    endpoints.post(
      '/sheets/read',
      'The values of a range',
      { answer: readResultSchema, headers: ['refresh', 'cache', 'provider', 'limits'], body: readRequestSchema },
      async (request, reply) => {
        const asked = parseReadRequest(request.body);
        const caller = sheetsCallerOf(request, deps, request.body);
        const signal = abortWhenCallerLeaves(reply);
        const tail = request.body.tail ?? null;
        const { read, metadata } = deps.sheets;
        const call = readDescribed(metadata, caller, signal, async (describe) => {
          const question = await withSheet(asked, request.body, describe);
          if (tail === null) return read(caller, question, signal);
          return readTail({ read, describe }, caller, question, tail, signal);
        });
        const result = await withRateLimitHeaders(reply, deps.limits, call);
        const wantsLines = request.headers.accept?.includes('application/x-ndjson') === true;
        if (!wantsLines) return sendCallResult(reply, caller.tenantId, result, deps.limits);
        const lines = { ...result, body: linesOf(result.body) };
        return sendCallResult(reply, caller.tenantId, lines, deps.limits, 'application/x-ndjson; charset=utf-8');
      },
    );

    endpoints.get(
      '/sheets/metadata/:spreadsheet_id',
      'The sheets of a spreadsheet',
      {
        answer: metadataResultSchema,
        headers: ['refresh', 'cache', 'provider', 'limits'],
        params: metadataParamsSchema,
        querystring: metadataQuerySchema,
      },
      async (request, reply) => {
        const spreadsheetId = spreadsheetIdOf(request.params.spreadsheet_id);
        const caller = sheetsCallerOf(request, deps, request.query);
        const call = deps.sheets.metadata(caller, spreadsheetId, abortWhenCallerLeaves(reply));
        const result = await withRateLimitHeaders(reply, deps.limits, call);
        return sendCallResult(reply, caller.tenantId, result, deps.limits);
      },
    );

    endpoints.get(
      '/sheets/health',
      'How the sheets service is',
      { access: { scope: 'any', boundTokens: 'judged' }, answer: sheetsHealthSchema },
      async (request) => {
        const { tenantId, principal } = callerOf(request);
        return readSheetsHealth(deps.health, tenantId, principal.services);
      },
    );

    sheetsChangeRoutes(app, deps);
    sheetsRecordsRoutes(app, deps);
  };
}
