import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ServiceDirectory } from '../../../directory/service.ts';
import { shareReasons } from '../../../limits/limits.ts';
import { type ReportLimitsDeps, reportTenantLimits } from '../../../limits/report-limits.ts';
import { oneOf } from '../../../schema-parts.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf, mayUse } from '../../request/request-context.ts';

const time = Type.String({ format: 'date-time' });

/** One window of a limit, as `/services/{id}/rate-limits` shows it too. */
export const limitWindowSchema = Type.Object(
  {
    window_type: oneOf(['minute', 'hour', 'day', 'month']),
    window_start: time,
    window_end: Type.String({
      format: 'date-time',
      description:
        'When the whole window is free again. Hours, days and months are the calendar’s. The minute rolls: each request ' +
        'counts for a minute, so this is a minute after the last, and something is free again before it.',
    }),
    request_count: Type.Integer(),
    max_requests: Type.Integer(),
    remaining_requests: Type.Integer(),
    is_rate_limited: Type.Boolean(),
    limit: Type.Optional(Type.String({ description: 'Where an account has several: `read`, `write`.' })),
    replica_share: Type.Optional(
      Type.Object(
        { max_requests: Type.Integer(), request_count: Type.Integer(), because: oneOf(shareReasons) },
        {
          description:
            'Set while Redis is away, or has just come back: the replica that answers may spend only its share. ' +
            '`request_count` of the window is what it knows of, and `remaining_requests` what is left of its share.',
        },
      ),
    ),
  },
  { title: 'RateLimitWindow' },
);
const windows = Type.Array(limitWindowSchema);
const answerSchema = Type.Object({
  families: Type.Array(Type.Object({ family: Type.String(), windows })),
  services: Type.Array(
    Type.Object({ service_id: Type.String({ format: 'uuid' }), service_name: Type.String(), windows }),
  ),
});

export interface RateLimitsRouteDeps extends ReportLimitsDeps {
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
}

/** `GET /rate-limits`, for any credential of the tenant: the use of each family and service, by window. */
export function rateLimitsRoute(app: FastifyInstance, deps: RateLimitsRouteDeps): void {
  const endpoints = endpointsOf(app, 'rate limits', { scope: 'any', boundTokens: 'judged' });
  endpoints.get('/rate-limits', 'What is used of each limit', { answer: answerSchema }, async (request) => {
    const { tenantId } = callerOf(request);
    const services = await deps.directory.ofTenant(tenantId);
    const shown = services.filter(({ serviceName }) => mayUse(request, serviceName));
    return reportTenantLimits(deps, tenantId, shown);
  });
}
