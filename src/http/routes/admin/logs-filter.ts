/** The filter of the audit log, shared by the list and the export. */
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { type LogFilter, logStatuses } from '../../../audit/list-entries.ts';
import { oneOf } from '../../../schema-parts.ts';
import {
  namesSchema,
  parseEndTime,
  parseNames,
  parseTime,
  requireOrder,
  timeSchema,
} from '../../request/query-values.ts';
import { callerOf, requireService } from '../../request/request-context.ts';

const maxDurationMs = 2_147_483_647;

export const logFilterSchema = {
  service_name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  operation: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
  exclude_operation: Type.Optional(
    Type.String({ minLength: 1, maxLength: 40, description: 'All but these: `health_check` leaves probes out.' }),
  ),
  status: Type.Optional(namesSchema(logStatuses)),
  from_date: Type.Optional(timeSchema('From this time on.')),
  to_date: Type.Optional(timeSchema('Before this time; a day alone is taken in whole.')),
  min_duration_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: maxDurationMs })),
  min_cost_usd: Type.Optional(Type.Number({ minimum: 0, description: '`estimated_cost` of this or more.' })),
  response_status_code: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
  source_service: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: 'What the caller said of itself in `X-Service-Name`.' }),
  ),
  request_id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  cache: Type.Optional(
    oneOf(['miss'], {
      description:
        '`miss`: the lookups and reads that asked their first provider, as `cache_misses` of `/stats/series` counts them. ' +
        'An answer from the cache has no entry.',
    }),
  ),
  principal: Type.Optional(Type.String({ minLength: 1, maxLength: 220, description: '`token:NAME` or `jwt:SUB`.' })),
};

const filterSchema = Type.Object(logFilterSchema);

/** Throws `INVALID_REQUEST` for an invalid time or an unknown status, and `FORBIDDEN` for a service that the credential may not use. */
export function readLogFilter(request: FastifyRequest<{ Querystring: Type.Static<typeof filterSchema> }>): LogFilter {
  const { query } = request;
  if (query.service_name !== undefined) requireService(request, query.service_name);
  const { services } = callerOf(request).principal;
  const filter: LogFilter = {
    serviceName: query.service_name,
    serviceNames: services === null ? undefined : [...services],
    operation: query.operation,
    excludedOperation: query.exclude_operation,
    statuses: query.status === undefined ? undefined : parseNames('status', query.status, logStatuses),
    fromMs: query.from_date === undefined ? undefined : parseTime('from_date', query.from_date),
    toMs: query.to_date === undefined ? undefined : parseEndTime('to_date', query.to_date),
    minDurationMs: query.min_duration_ms,
    minCostUsd: query.min_cost_usd,
    responseStatusCode: query.response_status_code,
    sourceService: query.source_service,
    requestId: query.request_id,
    principal: query.principal,
    onlyCacheMisses: query.cache === 'miss',
  };
  requireOrder(filter.fromMs, filter.toMs);
  return filter;
}
