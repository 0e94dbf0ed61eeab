import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ServiceDirectory } from '../../../directory/service.ts';
import { type ReportLimitsDeps, reportTenantLimits } from '../../../limits/report-limits.ts';
import { limitWindowSchema } from '../../../limits/schemas.ts';
import { endpointsOf } from '../../endpoints.ts';
import { callerOf, mayUse } from '../../request/request-context.ts';

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
