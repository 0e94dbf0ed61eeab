/** Explains why a call was refused, and previews how other limits would have worked. */
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Clock } from '../../../clock.ts';
import type { ServiceDirectory } from '../../../directory/service.ts';
import { invalidInput, ServiceError } from '../../../errors.ts';
import { explainRefusals } from '../../../limits/explain-refusal.ts';
import { shareReasons } from '../../../limits/limits.ts';
import { previewLimits } from '../../../limits/preview-limits.ts';
import { nullable, oneOf } from '../../../schema-parts.ts';
import type { Database } from '../../../storage/postgres/database.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf, requireService } from '../../request/request-context.ts';

export interface RateLimitsWhyDeps {
  readonly db: Pick<Database, 'readForTenant'>;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly clock: Clock;
}

const text = Type.String();
const textOrNull = nullable(text);
const count = Type.Integer();
const time = Type.String({ format: 'date-time' });
const windowType = oneOf(['minute', 'hour', 'day', 'month']);

const refusalMembers = {
  limit: Type.Object({
    kind: oneOf(['limit', 'pause', 'budget', 'token'], {
      description:
        '`pause`: the provider asked for it. `budget`: the month’s money is spent. `token`: the token’s own limit.',
    }),
    service_name: Type.Optional(text),
    family: Type.Optional(Type.String({ description: 'A limit of the tenant’s family instead of a service.' })),
    token: Type.Optional(Type.String({ description: 'The token whose own limit it was.' })),
    window_type: windowType,
    max_requests: nullable(count),
    replica_share: Type.Optional(
      Type.Object(
        { max_requests: count, because: oneOf(shareReasons) },
        {
          description:
            'Only the share of one replica was spent, because Redis was away or had just come back: others may have ' +
            'had a part of the limit.',
        },
      ),
    ),
  }),
  refused_at: time,
  free_at: nullable(time, {
    description:
      'When something of the window was free again; null where only the provider knows, and for `replica_share`.',
  }),
  spent_by: Type.Array(Type.Object({ source_service: textOrNull, operation: text, requests: count }), {
    description: 'Who had spent the window, by the name that callers give in X-Service-Name.',
  }),
};
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
const previewSchema = Type.Object(
  {
    calls: count,
    refused: count,
    by_source: Type.Array(Type.Object({ source_service: textOrNull, calls: count, refused: count })),
    is_complete: Type.Boolean({ description: 'false: only the first two million calls were replayed.' }),
  },
  { title: 'LimitPreview' },
);
const hourMs = 3_600_000;

/** `GET /rate-limits/explain` and `POST /rate-limits/preview`. */
export function rateLimitsWhyRoutes(app: FastifyInstance, deps: RateLimitsWhyDeps): void {
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
      if (first === undefined) throw new ServiceError('NOT_FOUND', 'No limit refused a call with this request id.');
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
        throw invalidInput('service_name', 'is no service of this tenant');
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
