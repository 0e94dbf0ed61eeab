/** The audit log: every call to a provider, and every call that a limit refused. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import {
  countEntries,
  exportEntries,
  getEntry,
  type LogReaderDeps,
  listEntries,
  logStatuses,
} from '../../../audit/list-entries.ts';
import { ServiceError } from '../../../errors.ts';
import type { TenantId } from '../../../ids.ts';
import { nullable, oneOf, text, time } from '../../../schema-parts.ts';
import { endpointsOf } from '../../endpoints.ts';
import { cursorSchema, limitSchema, positionOf } from '../../request/query-values.ts';
import { callerOf, requireService } from '../../request/request-context.ts';
import { logFilterSchema, readLogFilter } from './logs-filter.ts';

const logSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    service_id: nullable(Type.String({ format: 'uuid' })),
    service_name: text,
    service_type: text,
    operation: text,
    endpoint: nullable(text),
    http_method: nullable(text),
    request_headers: Type.Unknown({ description: 'Masked. null in lists.' }),
    request_body: Type.Unknown({ description: 'Masked, and cut at 16 KiB. null in lists.' }),
    response_status_code: nullable(Type.Integer()),
    response_body: Type.Unknown({ description: 'Masked, and cut at 16 KiB. null in lists.' }),
    started_at: time,
    completed_at: nullable(time),
    duration_ms: nullable(Type.Integer()),
    status: oneOf(logStatuses),
    error_message: nullable(text),
    error_code: nullable(text),
    retry_count: Type.Integer(),
    attempt: Type.Integer({ description: 'Place of this provider in the call, from 1.' }),
    request_id: nullable(text),
    source_service: nullable(text),
    principal: nullable(
      Type.String({
        description: 'Whose credential asked: `token:NAME`, `jwt:SUB`; null in probes and in older entries.',
      }),
    ),
    estimated_cost: Type.Number({ description: 'USD' }),
    elements: nullable(Type.Integer({ description: 'Of a distance: the pairs that this request asked for.' })),
  },
  { title: 'IntegrationLog' },
);
const pageSchema = Type.Object({
  logs: Type.Array(logSchema),
  next_cursor: nullable(text),
  total: Type.Optional(Type.Integer({ description: 'With `with_total=true`; counted up to 10,000.' })),
  total_is_capped: Type.Optional(Type.Boolean()),
});
const querySchema = Type.Object({
  ...logFilterSchema,
  cursor: Type.Optional(cursorSchema),
  limit: Type.Optional(limitSchema(1_000, 100)),
  with_total: Type.Optional(Type.Boolean({ default: false })),
});
const paramsSchema = Type.Object({ id: Type.String() });
const exportQuery = Type.Object(logFilterSchema);

/** Each export reads a page of 1,000 entries ahead of its reader; further exports get a 503. */
const maxExportsAtOnce = 8;
/** A reader that takes nothing for this long is gone. */
const idleMs = 60_000;
/** Lines are written together up to this size: one write per entry would cost more than the entry. */
const chunkLength = 64 * 1024;

/** `GET /logs`, `GET /logs/{id}` and `GET /logs/export`. */
export function logsRoutes(app: FastifyInstance, deps: LogReaderDeps): void {
  const endpoints = endpointsOf(app, 'logs', { scope: 'logs:read', boundTokens: 'judged' });
  endpoints.get(
    '/logs',
    'What was called, newest first',
    { answer: pageSchema, querystring: querySchema },
    async (request) => {
      const { query } = request;
      const { tenantId } = callerOf(request);
      const filter = readLogFilter(request);
      const after = positionOf(query.cursor);
      const counted = query.with_total === true ? countEntries(deps, tenantId, filter) : null;
      const [page, total] = await Promise.all([
        listEntries(deps, tenantId, filter, after, query.limit ?? 100),
        counted,
      ]);
      return {
        logs: page.logs,
        next_cursor: page.nextCursor,
        ...(total === null ? {} : { total: total.total, total_is_capped: total.isCapped }),
      };
    },
  );

  endpoints.get(
    '/logs/:id',
    'One call, with its headers and bodies',
    { answer: logSchema, params: paramsSchema },
    async (request) => {
      const entry = await getEntry(deps, callerOf(request).tenantId, request.params.id);
      if (entry === null)
        throw new ServiceError('NOT_FOUND', 'There is no such log entry.', {
          publicMessageRu: 'Такой записи в журнале нет.',
        });
      requireService(request, entry.service_name);
      return entry;
    },
  );

  addExport(app, deps);
}

/**
 * `GET /logs/export`: all matching entries, newest first, one JSON object per line. The next page is read only after
 * the last one was taken, so a slow reader costs one page of memory. An export that fails halfway ends without the last
 * chunk of its encoding, and every HTTP client reports that.
 */
function addExport(app: FastifyInstance, deps: LogReaderDeps): void {
  let underWay = 0;
  endpointsOf(app, 'logs', { scope: 'logs:read', boundTokens: 'judged' }).get(
    '/logs/export',
    'All matching calls as lines of JSON',
    {
      exposeHeadRoute: false,
      answer: { content: { 'application/x-ndjson': { schema: logSchema } } },
      querystring: exportQuery,
    },
    async (request, reply) => {
      const filter = readLogFilter(request);
      if (underWay >= maxExportsAtOnce) {
        throw new ServiceError('SERVICE_UNAVAILABLE', 'Too many exports are running.', {
          retryAfterSeconds: 5,
          publicMessageRu: 'Идёт слишком много выгрузок.',
        });
      }
      underWay += 1;
      const lines = Readable.from(linesOf(deps, callerOf(request).tenantId, filter), { highWaterMark: 1 });
      lines.once('close', () => {
        underWay -= 1;
      });
      reply.raw.setTimeout(idleMs, () => reply.raw.destroy());
      return reply
        .header('content-type', 'application/x-ndjson; charset=utf-8')
        .header('content-disposition', 'attachment; filename="integration-logs.ndjson"')
        .send(lines);
    },
  );
}

async function* linesOf(
  deps: LogReaderDeps,
  tenantId: TenantId,
  filter: Parameters<typeof exportEntries>[2],
): AsyncGenerator<string, void, undefined> {
  let chunk = '';
  for await (const entry of exportEntries(deps, tenantId, filter)) {
    chunk += `${JSON.stringify(entry)}\n`;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
