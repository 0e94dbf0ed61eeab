/** The tenant's response cache: statistics, entries, and invalidation. */
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { CacheSelector } from '../../../cache/selector.ts';
import { pageOf, readCursor, renderCursor } from '../../../encodings/page-cursor.ts';
import { invalidInput } from '../../../errors.ts';
import { nullable, oneOf, time } from '../../../schema-parts.ts';
import { spreadsheetIdOf } from '../../../sheets/parse-request.ts';
import { spreadsheetId } from '../../../sheets/request-schemas.ts';
import { scopeOf } from '../../../sheets/scope.ts';
import { listCacheRows } from '../../../storage/tables/response-cache.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonAnswer } from '../../reply/answer.ts';
import { cursorSchema, limitSchema } from '../../request/query-values.ts';
import { callerOf } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';
import { cacheStatsSchema, reportCacheStats } from './cache-stats.ts';

const nameFilters = {
  service_name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  operation: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
};

const entriesQuery = Type.Object({
  ...nameFilters,
  cursor: Type.Optional(cursorSchema),
  limit: Type.Optional(limitSchema(1_000, 100)),
});
const entriesSchema = Type.Object({
  entries: Type.Array(
    Type.Object({
      cache_key: Type.String(),
      service_name: Type.String(),
      operation: Type.String(),
      status: oneOf(['active', 'negative', 'stale'], {
        description:
          '`negative`: nothing was found. `stale`: past its time, and kept for its provider to confirm, or for when every provider fails.',
      }),
      size_bytes: Type.Integer(),
      ttl_seconds: Type.Integer(),
      fetched_at: time,
      expires_at: time,
      stale_until: Type.String({ format: 'date-time', description: 'Until when it is kept.' }),
    }),
  ),
  next_cursor: nullable(Type.String()),
});

const invalidateBody = Type.Object(
  {
    pattern: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        description: 'With `*` for any characters, over `<service name or type>:<operation>:<hash>`.',
        examples: ['google_maps:geocode:*'],
      }),
    ),
    ...nameFilters,
    spreadsheet_id: Type.Optional(spreadsheetId),
    all: Type.Optional(
      Type.Boolean({ description: 'True: everything of the tenant; beside it nothing else is named.' }),
    ),
    reason: Type.Optional(Type.String({ maxLength: 500, description: 'Kept in the service’s log.' })),
  },
  {
    title: 'CacheInvalidation',
    examples: [{ operation: 'geocode', reason: 'streets were renamed' }],
    additionalProperties: false,
    description: 'What is named must all hold. Everything of the tenant is let go of by `all` alone.',
  },
);
const invalidatedSchema = Type.Object({ invalidated_count: Type.Integer() });

/** `GET /cache/stats`, `GET /cache/entries` and `POST /cache/invalidate`. */
export function cacheRoutes(app: FastifyInstance, deps: AdminRoutesDeps): void {
  const endpoints = endpointsOf(app, 'cache', { scope: 'admin' });
  endpoints.get(
    '/cache/stats',
    'Hits, misses and size, by layer, service and operation',
    { answer: cacheStatsSchema },
    async (request) => reportCacheStats(deps, callerOf(request).tenantId),
  );

  endpoints.get(
    '/cache/entries',
    'What is stored, newest first',
    { answer: entriesSchema, querystring: entriesQuery },
    async (request) => {
      const { tenantId } = callerOf(request);
      const { service_name = null, operation = null, cursor, limit = 100 } = request.query;
      const page = {
        serviceName: service_name,
        operation,
        before: cursor === undefined ? null : parseEntryCursor(cursor),
        limit: limit + 1,
      };
      await deps.cache.writeNoted();
      const rows = await deps.db.forTenant(tenantId, (tx) => listCacheRows(tx, tenantId, page, deps.clock.now()));
      const { shown, nextCursor } = pageOf(rows, limit, (last) =>
        renderCursor(last.fetched_at.getTime(), last.cache_key),
      );
      return {
        entries: shown.map((row) => ({
          cache_key: row.cache_key,
          service_name: row.service_name,
          operation: row.operation,
          status: row.cache_status,
          size_bytes: row.size_bytes,
          ttl_seconds: row.ttl_seconds,
          fetched_at: row.fetched_at.toISOString(),
          expires_at: row.expires_at.toISOString(),
          stale_until: row.stale_until.toISOString(),
        })),
        next_cursor: nextCursor,
      };
    },
  );

  endpoints.post(
    '/cache/invalidate',
    'Let go of stored answers, on every replica',
    { answer: invalidatedSchema, body: invalidateBody },
    deps.idempotency.wrap(async (request) => {
      const { tenantId, principal } = callerOf(request);
      const { reason, ...asked } = request.body as Type.Static<typeof invalidateBody>;
      checkIsNamed(asked);
      const { invalidatedCount } = await deps.cache.invalidate(tenantId, selectorOf(asked));
      deps.logger.info(
        { tenant: tenantId, by: principal.name, req_id: request.id, reason, invalidatedCount },
        'cached answers were invalidated',
      );
      return jsonAnswer(200, { invalidated_count: invalidatedCount });
    }),
  );
}

/** A body without a selection is more likely a mistake, and would drop every answer of the tenant. */
function checkIsNamed({ all = false, ...named }: Omit<Type.Static<typeof invalidateBody>, 'reason'>): void {
  const isNamed = Object.values(named).some((value) => value !== undefined);
  if (all && isNamed)
    throw invalidInput('all', 'must not stand beside what narrows it', 'не бывает вместе с тем, что его сужает');
  if (!all && !isNamed)
    throw invalidInput(
      'body',
      'must select what to drop, or be {"all": true}',
      'укажите, что сбросить, или {"all": true}',
    );
}

function selectorOf(asked: Omit<Type.Static<typeof invalidateBody>, 'reason'>): CacheSelector {
  return {
    ...(asked.pattern === undefined ? {} : { pattern: asked.pattern }),
    ...(asked.service_name === undefined ? {} : { serviceName: asked.service_name }),
    ...(asked.operation === undefined ? {} : { operation: asked.operation }),
    ...(asked.spreadsheet_id === undefined ? {} : { scope: scopeOf(spreadsheetIdOf(asked.spreadsheet_id)) }),
  };
}

/** Throws `INVALID_REQUEST` for an invalid cursor. */
function parseEntryCursor(cursor: string): { readonly fetchedAt: Date; readonly cacheKey: string } {
  const [fetchedAtMs = '', cacheKey = ''] = readCursor(cursor);
  const isOurs = /^\d{1,14}$/.test(fetchedAtMs) && /^[a-z_]+:[a-z_]+:[0-9a-f]{64}$/.test(cacheKey);
  if (!isOurs) throw invalidInput('cursor', 'is not one of this list', 'не от этого списка');
  return { fetchedAt: new Date(Number(fetchedAtMs)), cacheKey };
}
