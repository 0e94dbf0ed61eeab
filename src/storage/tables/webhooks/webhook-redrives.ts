/** SQL of `webhook_deliveries`: redrives of deliveries that were sent or are dead. */
import type { TenantId } from '../../../ids.ts';
import type { Queryable } from '../../postgres/database.ts';
import { countOf, effectOf, hasEffect } from '../../postgres/statement.ts';

/**
 * Serialises redrives of one event until the transaction ends: otherwise two at once would each create a delivery for a
 * target that has none yet.
 */
export const lockEventDeliveries = effectOf(
  'webhook_deliveries_lock_event',
  `select pg_advisory_xact_lock(hashtextextended('webhook_deliveries:' || $1::text, 0))`,
).by((eventId: string) => [eventId]);

/**
 * Makes the event's deliveries to these targets due at once, with all their tries left, and creates missing ones.
 * Enables a target that was disabled automatically.
 */
export async function redriveDelivery(
  tx: Queryable,
  tenantId: TenantId,
  event: { readonly id: string; readonly receivedAt: Date },
  queues: readonly { readonly id: string; readonly newDeliveryId: string }[],
): Promise<{ readonly deliveryIds: readonly string[] }> {
  if (queues.length === 0) return { deliveryIds: [] };
  const { rows } = await tx.query<{ id: string }>({
    name: 'webhook_deliveries_redrive',
    text: `
      with queues as materialized (select * from unnest($3::uuid[], $4::uuid[]) as q (queue_id, delivery_id)),
      switched_on as (
        update webhook_configs set target_off_at = null, target_off_reason = null, target_failing_since = null
         where management_company_id = $1 and id in (select queue_id from queues) and target_off_at is not null),
      further_on as (
        update webhook_targets set off_at = null, off_reason = null, failing_since = null
         where management_company_id = $1 and id in (select queue_id from queues) and off_at is not null),
      known as (
        update webhook_deliveries
           set state = 'pending', tries_since_redrive = 0, next_attempt_at = clock_timestamp(), updated_at = now(),
               sent_again_count = sent_again_count + 1
         where management_company_id = $1 and webhook_event_id = $2 and webhook_id in (select queue_id from queues)
        returning id),
      made as (
        insert into webhook_deliveries (id, management_company_id, webhook_id, webhook_event_id, event_received_at, state,
          next_attempt_at, sent_again_count)
        select q.delivery_id, $1, q.queue_id, $2, $5, 'pending', clock_timestamp(), 1 from queues q
         where not exists (
           select from webhook_deliveries d where d.webhook_event_id = $2 and d.webhook_id = q.queue_id)
        returning id)
      select id from known union all select id from made`,
    values: [
      tenantId,
      event.id,
      queues.map(({ id }) => id),
      queues.map(({ newDeliveryId }) => newDeliveryId),
      event.receivedAt.toISOString(),
    ],
  });
  return { deliveryIds: rows.map(({ id }) => id) };
}

/**
 * A sender repeated a delivery that its target did not accept: a dead delivery becomes due again. Returns false if it
 * was not dead.
 */
export const reviveDeadDelivery = hasEffect(
  'webhook_deliveries_revive',
  `with revived as (
     update webhook_deliveries
        set state = 'pending', tries_since_redrive = 0, next_attempt_at = clock_timestamp(), updated_at = now()
      where management_company_id = $1 and webhook_event_id = $2 and state = 'dead'
     returning webhook_id),
   switched_on as (
     update webhook_configs set target_off_at = null, target_off_reason = null, target_failing_since = null
      where id in (select webhook_id from revived) and target_off_at is not null),
   further_on as (
     update webhook_targets set off_at = null, off_reason = null, failing_since = null
      where id in (select webhook_id from revived) and off_at is not null)
   select webhook_id from revived`,
).by((tenantId: TenantId, eventId: string) => [tenantId, eventId]);

/** Makes a webhook's dead deliveries due again, oldest first. Returns how many there are. */
export const reviveDeadDeliveries = countOf(
  'webhook_deliveries_revive_all',
  `update webhook_deliveries
      set state = 'pending', tries_since_redrive = 0, next_attempt_at = event_received_at, updated_at = now()
    where management_company_id = $1 and webhook_id = $2 and state = 'dead'`,
).by((tenantId: TenantId, webhookId: string) => [tenantId, webhookId]);
