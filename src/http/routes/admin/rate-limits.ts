import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { reportTenantLimits } from '../../../limits/report-limits.ts';
import { limitWindowSchema } from '../../../limits/schemas.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf, mayUse } from '../../request/request-context.ts';
import type { AdminRoutesDeps } from './admin-route-deps.ts';

const windows = Type.Array(limitWindowSchema);
const answerSchema = Type.Object({
  families: Type.Array(Type.Object({ family: Type.String(), windows })),
  services: Type.Array(
    Type.Object({ service_id: Type.String({ format: 'uuid' }), service_name: Type.String(), windows }),
  ),
});

/** `GET /rate-limits`, for any credential of the tenant: the use of each family and service, by window. */
export function rateLimitsRoute(app: FastifyInstance, deps: AdminRoutesDeps): void {
  const endpoints = endpointsOf(app, 'rate limits', { scope: 'any', boundTokens: 'judged' });
  endpoints.get('/rate-limits', 'What is used of each limit', { answer: answerSchema }, async (request) => {
    const { tenantId } = callerOf(request);
    const services = await deps.directory.ofTenant(tenantId);
    const shown = services.filter(({ serviceName }) => mayUse(request, serviceName));
    return reportTenantLimits(deps, tenantId, shown);
  });
}
