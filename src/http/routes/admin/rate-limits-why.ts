/** Explains why a call was refused, and previews how other limits would have worked. */
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { invalidInput, ServiceError } from '../../../errors.ts';
import { explainRefusals } from '../../../limits/explain-refusal.ts';
import { previewLimits } from '../../../limits/preview-limits.ts';
import { previewSchema, refusalMembers } from '../../../limits/schemas.ts';
import { nullable } from '../../../schema-parts.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf, requireService } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';

const refusalSchema = Type.Object(
  {
    ...refusalMembers,
    refusals: Type.Array(Type.Object(refusalMembers), { description: 'All of the call, this one first.' }),
  },
  { title: 'ExplainedRefusal' },
);
const explainQuery = Type.Object({ request_id: Type.String({ minLength: 1, maxLength: 128 }) });

const limit = Type.Optional(nullable(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })));
const previewBody = Type.Object(
  {
    service_name: Type.String({ minLength: 1, maxLength: 100 }),
    limits: Type.Object(
      { per_minute: limit, per_hour: limit, per_day: limit, per_month: limit },
      { additionalProperties: false, minProperties: 1, description: '0, null or absent: none.' },
    ),
    hours: Type.Integer({
      minimum: 1,
      maximum: 744,
      default: 24,
      description: 'How far back the traffic is replayed.',
    }),
  },
  { additionalProperties: false, examples: [{ service_name: 'google_maps', limits: { per_minute: 30 }, hours: 24 }] },
);
const hourMs = 3_600_000;

/** `GET /rate-limits/explain` and `POST /rate-limits/preview`. */
export function rateLimitsWhyRoutes(
  app: FastifyInstance,
  deps: Pick<AdminRoutesDeps, 'db' | 'directory' | 'clock'>,
): void {
  const endpoints = endpointsOf(app, 'rate limits', { scope: 'logs:read', boundTokens: 'judged' });
  endpoints.get(
    '/rate-limits/explain',
    'Why a call was refused',
    { answer: refusalSchema, querystring: explainQuery },
    async (request) => {
      const { tenantId } = callerOf(request);
      const refusals = await deps.db.readForTenant(tenantId, (tx) =>
        explainRefusals(tx, tenantId, request.query.request_id),
      );
      const [first] = refusals;
      for (const { limit } of refusals)
        if (limit.service_name !== undefined) requireService(request, limit.service_name);
      if (first === undefined)
        throw new ServiceError('NOT_FOUND', 'No limit refused a call with this request id.', {
          publicMessageRu: 'Вызову с этим идентификатором лимит не отказывал.',
        });
      return { ...first, refusals };
    },
  );

  endpoints.post(
    '/rate-limits/preview',
    'What other limits would have refused',
    { answer: previewSchema, body: previewBody },
    async (request) => {
      const { tenantId } = callerOf(request);
      const { service_name: serviceName, limits, hours } = request.body;
      requireService(request, serviceName);
      const services = await deps.directory.ofTenant(tenantId);
      if (!services.some((service) => service.serviceName === serviceName)) {
        throw invalidInput('service_name', 'is no service of this tenant', 'у арендатора нет такого сервиса');
      }
      const proposed = {
        ...(limits.per_minute ? { minute: limits.per_minute } : {}),
        ...(limits.per_hour ? { hour: limits.per_hour } : {}),
        ...(limits.per_day ? { day: limits.per_day } : {}),
        ...(limits.per_month ? { month: limits.per_month } : {}),
      };
      const fromMs = deps.clock.now() - hours * hourMs;
      return deps.db.readForTenant(tenantId, (tx) => previewLimits(tx, tenantId, serviceName, proposed, fromMs));
    },
  );
}
