import type { Static } from 'typebox';
import { noSuchService } from '../../directory/manage-services.ts';
import type { ExternalService } from '../../directory/service.ts';
import { serviceOfRow } from '../../directory/service-row.ts';
import type { LimitState } from '../../gateway/limits.ts';
import { isUuid } from '../../ids.ts';
import type { Database } from '../../storage/database.ts';
import { findService } from '../../storage/external-services.ts';
import type { Routes } from '../app.ts';
import { callerOf } from '../request-context.ts';
import { idParamsSchema, windowsSchema } from './services-schemas.ts';

export interface ServicesRateLimitsDeps {
  readonly db: Pick<Database, 'forTenant'>;
  /** The state of every window that limits the service. */
  limitsOf(service: ExternalService): Promise<readonly LimitState[]>;
}

/** `GET /services/{id}/rate-limits`: how much of each window is spent, over all replicas. */
export function serviceRateLimitsRoute({ db, limitsOf }: ServicesRateLimitsDeps): Routes {
  return (app) => {
    app.get(
      '/services/:id/rate-limits',
      {
        config: { access: { scope: 'admin' }, answers: { 200: windowsSchema } },
        schema: { tags: ['services'], summary: 'The use of each of its limits', params: idParamsSchema },
      },
      async (request) => {
        const { tenantId } = callerOf(request);
        const { id } = request.params as Static<typeof idParamsSchema>;
        const row = isUuid(id) ? await db.forTenant(tenantId, (tx) => findService(tx, tenantId, id)) : null;
        if (row === null) throw noSuchService();
        return { windows: (await limitsOf(serviceOfRow(row))).map(presentWindow) };
      },
    );
  };
}

function presentWindow(state: LimitState) {
  const { windowType, windowStartMs, windowEndMs, usedRequests, maxRequests } = state;
  const remaining = Math.max(0, maxRequests - usedRequests);
  return {
    window_type: windowType,
    window_start: new Date(windowStartMs).toISOString(),
    window_end: new Date(windowEndMs).toISOString(),
    request_count: usedRequests,
    max_requests: maxRequests,
    remaining_requests: remaining,
    is_rate_limited: remaining === 0,
  };
}
