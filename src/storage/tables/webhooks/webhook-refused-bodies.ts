/** SQL of `webhook_refused_bodies`: refused deliveries in full, sealed, for 24 hours. */
import type { TenantId } from '../../../ids.ts';
import { effectOf, rowOf } from '../../postgres/statement.ts';

export interface RefusedBody {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly webhookId: string;
  readonly sealed: Buffer;
  readonly refusedAtMs: number;
}

/** Only the newest of a webhook are kept: strangers must not fill the disk. */
const mostPerWebhook = 200;

export const keepRefusedBody = effectOf(
  'webhook_refused_bodies_keep',
  `with pushed_out as (
     delete from webhook_refused_bodies where id in (
       select id from webhook_refused_bodies where webhook_id = $3 order by refused_at desc offset $6))
   insert into webhook_refused_bodies (id, management_company_id, webhook_id, sealed, refused_at)
   values ($1, $2, $3, $4, $5) on conflict do nothing`,
).by((refused: RefusedBody) => [
  refused.id,
  refused.tenantId,
  refused.webhookId,
  refused.sealed,
  new Date(refused.refusedAtMs).toISOString(),
  mostPerWebhook - 1,
]);

/** null if there is none or it has expired. */
export const findRefusedBody = rowOf<{ webhook_id: string; sealed: Buffer }>(
  'webhook_refused_bodies_find',
  `select webhook_id, sealed from webhook_refused_bodies
    where management_company_id = $1 and id = $2 and refused_at > now() - interval '24 hours'
      for update`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

export const deleteRefusedBody = effectOf(
  'webhook_refused_bodies_delete',
  'delete from webhook_refused_bodies where management_company_id = $1 and id = $2',
).by((tenantId: TenantId, id: string) => [tenantId, id]);

/** Deletes the trace of a refused delivery, so that an accepted one with the same id can be stored. */
export const deleteRefusedTrace = effectOf(
  'webhook_events_delete_refused',
  `with gone as (
     delete from webhook_events
      where management_company_id = $1 and id = $2 and received_at = $3 and status = 'refused'
     returning 1)
   update webhook_configs
      set total_received = greatest(0, total_received - 1), total_failed = greatest(0, total_failed - 1)
    where management_company_id = $1 and id = $4 and exists (select from gone)`,
).by(
  (tenantId: TenantId, trace: { readonly id: string; readonly webhookId: string; readonly receivedAtMs: number }) => [
    tenantId,
    trace.id,
    new Date(trace.receivedAtMs).toISOString(),
    trace.webhookId,
  ],
);
