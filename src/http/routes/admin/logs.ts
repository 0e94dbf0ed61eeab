/** The audit log: every call to a provider, and every call that a limit refused. */
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { countEntries, getEntry, type LogReaderDeps, listEntries, logStatuses } from '../../../audit/list-entries.ts';
import { ServiceError } from '../../../errors.ts';
import { nullable, oneOf } from '../../../schema-parts.ts';
import { endpointsOf } from '../../endpoints.ts';
import { cursorSchema, limitSchema, positionOf } from '../../request/query-values.ts';
import { callerOf, requireService } from '../../request/request-context.ts';
import { logFilterSchema, readLogFilter } from './logs-filter.ts';

const text = Type.String();
const time = Type.String({ format: 'date-time' });

export const logSchema = Type.Object(
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

/** `GET /logs` and `GET /logs/{id}`. */
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
      if (entry === null) throw new ServiceError('NOT_FOUND', 'There is no such log entry.');
      requireService(request, entry.service_name);
      return entry;
    },
  );
}
