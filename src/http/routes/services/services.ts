/**
 * `/services`: a tenant's external services. A change takes effect on this replica at once and on all others within a
 * second.
 */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { ResponseCache } from '../../../cache/response-cache.ts';
import type { Emulates } from '../../../config/emulation.ts';
import { answersMayDiffer } from '../../../directory/answer-source.ts';
import {
  changeService,
  createService,
  type ManageServicesDeps,
  noSuchService,
  removeService,
} from '../../../directory/manage-services.ts';
import { presentService } from '../../../directory/present-service.ts';
import type { ServiceDirectory } from '../../../directory/service.ts';
import { serviceOfRow } from '../../../directory/service-row.ts';
import { type ServicePauses, shownPause } from '../../../gateway/service-pauses.ts';
import { isUuid } from '../../../ids.ts';
import { type ExternalServiceRow, findService, pageServices } from '../../../storage/tables/external-services.ts';
import { apiPrefix, type Routes } from '../../app.ts';
import { endpointsOf } from '../../endpoints.ts';
import { jsonAnswer, sendAnswer } from '../../reply/answer.ts';
import type { Idempotency } from '../../request/idempotency.ts';
import { checkIfMatch, etagOf } from '../../request/if-match.ts';
import { callerOf, contextOf, requireService } from '../../request/request-context.ts';
import { type ServiceStateDeps, serviceStateRoutes } from './service-state.ts';
import { checkAddresses, draftOfBody, patchedDraft } from './services-input.ts';
import {
  idOf,
  idParamsSchema,
  listQuerySchema,
  type ServiceBody,
  type ServicePatch,
  serviceBodySchema,
  serviceListSchema,
  servicePatchSchema,
  serviceSchema,
} from './services-schemas.ts';

export interface ServicesRoutesDeps extends ManageServicesDeps, ServiceStateDeps {
  readonly directory: Pick<ServiceDirectory, 'refresh' | 'ofTenant'>;
  readonly cache: Pick<ResponseCache, 'invalidate'>;
  readonly pauses: ServicePauses;
  readonly idempotency: Idempotency;
  readonly emulates: Emulates;
  /** Why the outbound policy blocks this URL; null if it is allowed. */
  refusalOf(url: string): Promise<string | null>;
}

const defaultLimit = 100;

export function servicesRoutes(deps: ServicesRoutesDeps): Routes {
  return (app) => {
    const endpoints = endpointsOf(app, 'services', { scope: 'admin', boundTokens: 'judged' });
    endpoints.get(
      '/services',
      'The services of the tenant',
      { answer: serviceListSchema, querystring: listQuerySchema },
      async (request) => {
        const { tenantId, principal } = callerOf(request);
        const query = request.query as Static<typeof listQuerySchema>;
        const { rows, total } = await deps.db.forTenant(tenantId, (tx) =>
          pageServices(tx, tenantId, {
            serviceType: query.service_type ?? null,
            isActive: query.is_active ?? null,
            names: principal.services === null ? null : [...principal.services],
            limit: query.limit ?? defaultLimit,
            offset: query.offset ?? 0,
          }),
        );
        return { services: await Promise.all(rows.map((row) => present(deps, row))), total };
      },
    );

    endpoints.post(
      '/services',
      'Register a service',
      { answers: { 201: serviceSchema }, headers: ['location', 'etag'], body: serviceBodySchema },
      deps.idempotency.wrap(async (request) => {
        const { tenantId } = callerOf(request);
        const draft = draftOfBody(request.body as ServiceBody, null, deps.emulates);
        requireService(request, draft.service_name);
        await checkAddresses(draft, null, deps.refusalOf);
        const row = await createService(deps, tenantId, draft, contextOf(request));
        deps.directory.refresh(tenantId);
        return jsonAnswer(201, await present(deps, row), {
          location: `${apiPrefix}/services/${row.id}`,
          etag: stateOf(row),
        });
      }),
    );

    endpoints.get(
      '/services/:id',
      'One service',
      { answer: serviceSchema, headers: ['etag'], params: idParamsSchema },
      async (request, reply) => show(deps, reply, await findOwn(deps, request)),
    );

    for (const method of ['put', 'patch'] as const) {
      endpoints[method](
        '/services/:id',
        method === 'put' ? 'Replace a service; secrets that are not sent stay' : 'Change what is named',
        {
          params: idParamsSchema,
          body: method === 'put' ? serviceBodySchema : servicePatchSchema,
          answer: serviceSchema,
          headers: ['etag', 'match'],
        },
        async (request, reply) => show(deps, reply, await change(deps, request, method)),
      );
    }

    endpoints.delete(
      '/services/:id',
      'Delete a service; its logs, costs and history stay',
      { answers: { 204: null }, headers: ['match'], params: idParamsSchema },
      async (request, reply) => {
        const { tenantId } = callerOf(request);
        const removed = await removeService(deps, tenantId, idOf(request), contextOf(request), (current) => {
          requireService(request, current.service_name);
          checkIfMatch(request, stateOf(current));
        });
        deps.directory.refresh(tenantId);
        await deps.cache.invalidate(tenantId, { serviceName: removed.service_name });
        return sendAnswer(reply, { status: 204, headers: {}, body: Buffer.alloc(0) });
      },
    );

    serviceStateRoutes(app, deps);
  };
}

/**
 * Addresses are resolved before the transaction: a slow name server must not keep the tenant's services locked. Cached
 * answers from the old address or account are dropped before the change is answered.
 */
async function change(deps: ServicesRoutesDeps, request: FastifyRequest, method: 'put' | 'patch') {
  const { tenantId } = callerOf(request);
  const draftOf = (current: ExternalServiceRow) => {
    checkIfMatch(request, stateOf(current));
    return method === 'put'
      ? draftOfBody(request.body as ServiceBody, current, deps.emulates)
      : patchedDraft(request.body as ServicePatch, current, deps.emulates);
  };
  const before = await findOwn(deps, request);
  await checkAddresses(draftOf(before), before, deps.refusalOf);
  const row = await changeService(deps, tenantId, before.id, draftOf, contextOf(request));
  deps.directory.refresh(tenantId);
  await deps.pauses.end(serviceOfRow(row));
  if (answersMayDiffer(before, row)) await deps.cache.invalidate(tenantId, { serviceName: before.service_name });
  return row;
}

/** The state that an admin changes, without what probes and calls change. */
function stateOf(row: ExternalServiceRow): string {
  const { health_status: _health, last_health_check: _check, updated_at: _at, ...state } = row;
  return etagOf(state);
}

function show(deps: Pick<ServicesRoutesDeps, 'emulates' | 'pauses'>, reply: FastifyReply, row: ExternalServiceRow) {
  reply.header('etag', stateOf(row));
  return present(deps, row);
}

/** Adds the reason if the service is paused. */
async function present({ pauses, emulates }: Pick<ServicesRoutesDeps, 'pauses' | 'emulates'>, row: ExternalServiceRow) {
  const shown = presentService(row);
  const { emulated: _mark, ...ownConfig } = shown.config;
  // A mark of an earlier, emulating start has no meaning if this one does not emulate.
  const config = emulates === 'none' ? ownConfig : shown.config;
  return { ...shown, config, ...shownPause(await pauses.pauseOf(serviceOfRow(row))) };
}

/** The service of the path. Throws `NOT_FOUND`, also for an invalid id, and `FORBIDDEN`. */
async function findOwn(deps: Pick<ManageServicesDeps, 'db'>, request: FastifyRequest) {
  const { tenantId } = callerOf(request);
  const id = idOf(request);
  const row = isUuid(id) ? await deps.db.forTenant(tenantId, (tx) => findService(tx, tenantId, id)) : null;
  if (row === null) throw noSuchService();
  requireService(request, row.service_name);
  return row;
}
