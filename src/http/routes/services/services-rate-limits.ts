import Type from 'typebox';
import { noSuchService } from '../../../directory/manage-services.ts';
import type { ServiceDirectory } from '../../../directory/service.ts';
import { type ServicePauses, shownPause } from '../../../gateway/service-pauses.ts';
import { type LimitWindowUse, type ReportLimitsDeps, reportTenantLimits } from '../../../limits/report-limits.ts';
import type { Routes } from '../../app.ts';
import { callerOf, requireService } from '../../request/request-context.ts';
import { limitWindowSchema } from '../admin/rate-limits.ts';
import { idOf, idParamsSchema, pauseMembers } from './services-schemas.ts';

export interface ServicesRateLimitsDeps {
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly limits: ReportLimitsDeps;
  readonly pauses: Pick<ServicePauses, 'pauseOf'>;
}

const windowsSchema = Type.Object({ windows: Type.Array(limitWindowSchema), ...pauseMembers });

/**
 * The provider asked for a pause, so no window has a remainder. A service without windows shows one window of zero
 * requests.
 */
function paused(windows: readonly LimitWindowUse[], untilMs: number): readonly LimitWindowUse[] {
  if (windows.length > 0) {
    return windows.map((window) => ({ ...window, remaining_requests: 0, is_rate_limited: true }));
  }
  return [
    {
      window_type: 'minute',
      window_start: new Date(untilMs - 60_000).toISOString(),
      window_end: new Date(untilMs).toISOString(),
      request_count: 0,
      max_requests: 0,
      remaining_requests: 0,
      is_rate_limited: true,
    },
  ];
}

/** `GET /services/{id}/rate-limits`: the use of each window, over all replicas. */
export function serviceRateLimitsRoute({ directory, limits, pauses }: ServicesRateLimitsDeps): Routes {
  return (app) => {
    app.get(
      '/services/:id/rate-limits',
      {
        config: { access: { scope: 'admin', boundTokens: 'judged' }, answers: { 200: windowsSchema } },
        schema: { tags: ['services'], summary: 'The use of each of its limits', params: idParamsSchema },
      },
      async (request) => {
        const { tenantId } = callerOf(request);
        const id = idOf(request);
        const service = (await directory.ofTenant(tenantId)).find((candidate) => candidate.id === id);
        if (service === undefined) throw noSuchService();
        requireService(request, service.serviceName);
        const { services } = await reportTenantLimits(limits, tenantId, [service]);
        const pause = await pauses.pauseOf(service);
        const windows = services[0]?.windows ?? [];
        return {
          windows: pause?.because === 'retry_after' ? paused(windows, pause.untilMs) : windows,
          ...shownPause(pause),
        };
      },
    );
  };
}
