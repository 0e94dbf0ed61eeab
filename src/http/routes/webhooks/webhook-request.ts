/** The webhook that a request is about. */
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { isUuid, type TenantId } from '../../../ids.ts';
import { findWebhook } from '../../../storage/tables/webhooks/webhook-configs.ts';
import { type ManageWebhooksDeps, noSuchWebhook } from '../../../webhooks/managing/manage-webhooks.ts';
import type { idParamsSchema } from './schema-parts.ts';

/** Throws `NOT_FOUND`, also for an invalid id. */
export async function findOwn(deps: Pick<ManageWebhooksDeps, 'db'>, tenantId: TenantId, id: string) {
  const row = await deps.db.forTenant(tenantId, (tx) => findWebhook(tx, tenantId, id));
  if (row === null) throw noSuchWebhook();
  return row;
}

/** Throws `NOT_FOUND` for an invalid id. */
export function idOf(request: FastifyRequest): string {
  const { id } = request.params as Static<typeof idParamsSchema>;
  if (!isUuid(id)) throw noSuchWebhook();
  return id;
}
