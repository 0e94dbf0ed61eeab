import { noSuchService } from '../../../directory/manage-services.ts';
import type { ExternalService, ServiceDirectory } from '../../../directory/service.ts';
import type { ProbeReport } from '../../../health/probes.ts';
import type { Routes } from '../../app.ts';
import { jsonAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { callerOf, requireService } from '../../request/request-context.ts';
import { healthSchema, idOf, idParamsSchema } from './services-schemas.ts';

export interface ServicesCheckDeps {
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly idempotency: Idempotency;
  /** Probes the provider now; never throws for a failure of the provider. */
  probe(service: ExternalService, requestId: string): Promise<ProbeReport>;
}

/**
 * `POST /services/{id}/check`: probes now. The probe counts like any other attempt, so one success alone may not make
 * the service healthy. It changes the service's health; with an `Idempotency-Key` only once.
 */
export function serviceCheckRoute({ directory, idempotency, probe }: ServicesCheckDeps): Routes {
  return (app) => {
    app.post(
      '/services/:id/check',
      {
        config: { access: { scope: 'admin', boundTokens: 'judged' }, answers: { 200: healthSchema } },
        schema: { tags: ['services'], summary: 'Probe the service now', params: idParamsSchema },
      },
      idempotency.wrap(async (request) => {
        const id = idOf(request);
        const services = await directory.ofTenant(callerOf(request).tenantId);
        const service = services.find((candidate) => candidate.id === id);
        if (service === undefined) throw noSuchService();
        requireService(request, service.serviceName);
        const report = await probe(service, request.id);
        return jsonAnswer(200, {
          service_id: service.id,
          service_name: service.serviceName,
          health_status: report.status,
          status: report.status,
          last_health_check: new Date(report.checkedAtMs).toISOString(),
          ok: report.ok,
          response_time_ms: Math.round(report.durationMs),
          last_error: report.fault,
        });
      }),
    );
  };
}
