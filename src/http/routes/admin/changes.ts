import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { nullable, oneOf } from '../../../schema-parts.ts';
import { listLatestChanges } from '../../../storage/tables/audit/configuration-audit.ts';
import { endpointsOf } from '../../endpoints.ts';
import { parseTime, timeSchema } from '../../request/query-values.ts';
import { callerOf } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';

const usualSpanMs = 30 * 86_400_000;
const defaultLimit = 50;

const changesSchema = Type.Object(
  {
    changes: Type.Array(
      Type.Object({
        id: Type.String(),
        entity: Type.String({ examples: ['service', 'webhook', 'token', 'budget'] }),
        entity_id: Type.String(),
        name: nullable(Type.String()),
        action: oneOf(['created', 'changed', 'deleted']),
        changed_by: nullable(Type.String()),
        changed_at: Type.String({ format: 'date-time' }),
      }),
    ),
  },
  { title: 'LatestChanges' },
);
const querySchema = Type.Object({
  from: Type.Optional(timeSchema('Default: 30 days ago.')),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: defaultLimit })),
});

/** `GET /changes`: changes of the tenant's configuration, newest first. */
export function changesRoute(app: FastifyInstance, { db, clock }: Pick<AdminRoutesDeps, 'db' | 'clock'>): void {
  const endpoints = endpointsOf(app, 'logs', { scope: 'admin' });
  endpoints.get(
    '/changes',
    'What was changed lately, by whom, and when',
    { answer: changesSchema, querystring: querySchema },
    async (request) => {
      const { tenantId } = callerOf(request);
      const { from, limit = defaultLimit } = request.query;
      const fromMs = from === undefined ? clock.now() - usualSpanMs : parseTime('from', from);
      const rows = await db.forTenant(tenantId, (tx) =>
        listLatestChanges(tx, tenantId, { from: new Date(fromMs), limit }),
      );
      return { changes: rows.map((row) => ({ ...row, changed_at: row.changed_at.toISOString() })) };
    },
  );
}
