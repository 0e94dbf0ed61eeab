/** What a service does: its check now, the use of its limits, and who changed it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { noSuchService } from '../../../directory/manage-services.ts';
import type { ExternalService, ServiceDirectory } from '../../../directory/service.ts';
import { invalidInput } from '../../../errors.ts';
import { type ServicePauses, shownPause } from '../../../gateway/service-pauses.ts';
import type { ProbeReport } from '../../../health/probes.ts';
import { isUuid } from '../../../ids.ts';
import { type ReportLimitsDeps, reportTenantLimits } from '../../../limits/report-limits.ts';
import { type LimitWindowUse, limitWindowSchema } from '../../../limits/schemas.ts';
import type { Database } from '../../../storage/postgres/database.ts';
import { listConfigurationChanges } from '../../../storage/tables/audit/configuration-audit.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { callerOf, requireService } from '../../request/request-context.ts';
import {
  healthSchema,
  historyQuerySchema,
  historySchema,
  idOf,
  idParamsSchema,
  pauseMembers,
} from './services-schemas.ts';

export interface ServiceStateDeps {
  readonly db: Pick<Database, 'forTenant'>;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly idempotency: Idempotency;
  readonly limits: ReportLimitsDeps;
  readonly pauses: Pick<ServicePauses, 'pauseOf'>;
  /** Probes the provider now; never throws for a failure of the provider. */
  probe(service: ExternalService, requestId: string): Promise<ProbeReport>;
}

const windowsSchema = Type.Object({ windows: Type.Array(limitWindowSchema), ...pauseMembers });
const defaultLimit = 100;

/**
 * `POST /services/{id}/check`: probes now. The probe counts like any other attempt, so one success alone may not make
 * the service healthy. It changes the service's health; with an `Idempotency-Key` only once.
 *
 * `GET /services/{id}/rate-limits`: the use of each window, over all replicas.
 *
 * `GET /services/{id}/history`: who changed what, newest first; also for a deleted service.
 */
export function serviceStateRoutes(app: FastifyInstance, deps: ServiceStateDeps): void {
  const endpoints = endpointsOf(app, 'services', { scope: 'admin', boundTokens: 'judged' });
  endpoints.post(
    '/services/:id/check',
    'Probe the service now',
    { answer: healthSchema, params: idParamsSchema },
    deps.idempotency.wrap(async (request) => {
      const service = await knownService(deps, request);
      const report = await deps.probe(service, request.id);
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

  endpoints.get(
    '/services/:id/rate-limits',
    'The use of each of its limits',
    { answer: windowsSchema, params: idParamsSchema },
    async (request) => {
      const service = await knownService(deps, request);
      const { services } = await reportTenantLimits(deps.limits, callerOf(request).tenantId, [service]);
      const pause = await deps.pauses.pauseOf(service);
      const windows = services[0]?.windows ?? [];
      return {
        windows: pause?.because === 'retry_after' ? paused(windows, pause.untilMs) : windows,
        ...shownPause(pause),
      };
    },
  );

  endpoints.get(
    '/services/:id/history',
    'Who changed what of a service, and when',
    { access: { scope: 'admin' }, answer: historySchema, params: idParamsSchema, querystring: historyQuerySchema },
    async (request) => {
      const { tenantId } = callerOf(request);
      const id = idOf(request);
      const { cursor = null, limit = defaultLimit } = request.query;
      if (!isUuid(id)) throw noSuchService();
      if (cursor !== null && !isUuid(cursor)) throw invalidInput('cursor', 'is not a cursor of this service');
      const rows = await deps.db.forTenant(tenantId, (tx) =>
        listConfigurationChanges(tx, tenantId, { entity: 'service', entityId: id }, { beforeId: cursor, limit }),
      );
      if (rows.length === 0 && cursor === null) throw noSuchService();
      return {
        changes: rows.map(({ changed_at, ...row }) => ({ ...row, changed_at: changed_at.toISOString() })),
        next_cursor: rows.length === limit ? (rows.at(-1)?.id ?? null) : null,
      };
    },
  );
}

/** The service of the path, as the directory knows it. Throws `NOT_FOUND` and `FORBIDDEN`. */
async function knownService({ directory }: ServiceStateDeps, request: FastifyRequest): Promise<ExternalService> {
  const id = idOf(request);
  const service = (await directory.ofTenant(callerOf(request).tenantId)).find((candidate) => candidate.id === id);
  if (service === undefined) throw noSuchService();
  requireService(request, service.serviceName);
  return service;
}

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
