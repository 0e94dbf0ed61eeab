import Type from 'typebox';
import { noSuchService } from '../../../directory/manage-services.ts';
import type { ServiceDirectory } from '../../../directory/service.ts';
import { type ReportLimitsDeps, reportTenantLimits } from '../../../limits/report-limits.ts';
import type { Routes } from '../../app.ts';
import { callerOf } from '../../request/request-context.ts';
import { limitWindowSchema } from '../admin/rate-limits.ts';
import { idOf, idParamsSchema } from './services-schemas.ts';

export interface ServicesRateLimitsDeps {
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly limits: ReportLimitsDeps;
}

const windowsSchema = Type.Object({ windows: Type.Array(limitWindowSchema) });

/** `GET /services/{id}/rate-limits`: how much of each window is spent, over all replicas. */
export function serviceRateLimitsRoute({ directory, limits }: ServicesRateLimitsDeps): Routes {
  return (app) => {
    app.get(
      '/services/:id/rate-limits',
      {
        config: { access: { scope: 'admin' }, answers: { 200: windowsSchema } },
        schema: { tags: ['services'], summary: 'The use of each of its limits', params: idParamsSchema },
      },
      async (request) => {
        const { tenantId } = callerOf(request);
        const id = idOf(request);
        const service = (await directory.ofTenant(tenantId)).find((candidate) => candidate.id === id);
        if (service === undefined) throw noSuchService();
        const { services } = await reportTenantLimits(limits, tenantId, [service]);
        return { windows: services[0]?.windows ?? [] };
      },
    );
  };
}
