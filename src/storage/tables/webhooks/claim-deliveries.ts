/** SQL that claims due `webhook_deliveries` for a process and extends or releases the claim. */
import type { TenantId } from '../../../ids.ts';
import type { Rows } from '../../postgres/queryable.ts';
import { answerOf, effectOf } from '../../postgres/statement.ts';

export interface DueDelivery {
  readonly id: string;
  readonly management_company_id: TenantId;
  readonly webhook_id: string;
  readonly webhook_event_id: string;
  readonly event_received_at: Date;
  readonly attempt_count: number;
  readonly tries_since_redrive: number;
  /** How often the delivery had been redriven when it was claimed. */
  readonly sent_again_count: number;
}

/**
 * Bounds of a claim: at most `perWebhook` per webhook, less the number already running in `busy`; at most `most` in
 * all.
 */
export interface ClaimBounds {
  readonly busy: ReadonlyMap<string, number>;
  /** Running tries by tenant: the tenant with the fewest comes first. */
  readonly busyTenants: ReadonlyMap<string, number>;
  /** Webhooks whose target failed or was slow lately: one delivery at a time. */
  readonly slow: ReadonlySet<string>;
  readonly perWebhook: number;
  readonly most: number;
  readonly lockMs: number;
}

/**
 * Claims due deliveries for this process for `lockMs`. Webhooks are read one by one along their own index, so the
 * backlog of one target is never scanned for another. Of an ordered webhook only the oldest waiting delivery is
 * claimed, and only if no process has it. Tenants take turns: otherwise a tenant with many hanging targets would take
 * every free slot, because its deliveries are the longest due.
 */
export const claimDueDeliveries = answerOf(
  'webhook_deliveries_claim',
  `with recursive waiting as (
     (select webhook_id from webhook_deliveries where state = 'pending' order by webhook_id limit 1)
     union all
     select (select d.webhook_id from webhook_deliveries d
              where d.state = 'pending' and d.webhook_id > w.webhook_id order by d.webhook_id limit 1)
       from waiting w where w.webhook_id is not null),
   capacity as (
     select w.webhook_id,
            coalesce(t.ordered, (c.config->>'ordered')::boolean, false) as ordered,
            case when w.webhook_id = any($3::uuid[]) then 1 else $4::int end - coalesce(b.taken, 0) as free
       from waiting w
       left join webhook_configs c on c.id = w.webhook_id
       left join webhook_targets t on t.id = w.webhook_id
       left join unnest($1::uuid[], $2::int[]) as b (webhook_id, taken) on b.webhook_id = w.webhook_id
      where w.webhook_id is not null and c.target_off_at is null and t.off_at is null
        and not coalesce(t.paused, (c.config->>'target_paused')::boolean, false)),
   due as (
     select d.id, d.management_company_id, d.next_attempt_at
       from capacity k
       cross join lateral (
         select id, management_company_id, next_attempt_at from webhook_deliveries
          where state = 'pending' and webhook_id = k.webhook_id and not k.ordered
            and next_attempt_at <= now() and (locked_until is null or locked_until <= now())
          order by next_attempt_at limit greatest(0, k.free)
            for update skip locked) d),
   due_in_order as (
     select d.id, d.management_company_id, d.next_attempt_at
       from capacity k
       cross join lateral (
         select id, management_company_id, next_attempt_at from webhook_deliveries
          where id = (select eldest.id from webhook_deliveries eldest
                       where eldest.state = 'pending' and eldest.webhook_id = k.webhook_id
                       order by eldest.event_received_at, eldest.webhook_event_id limit 1)
            and state = 'pending' and next_attempt_at <= now() and (locked_until is null or locked_until <= now())
            for update skip locked) d
      where k.ordered),
   in_turn as (
     select d.id, d.next_attempt_at,
            coalesce(b.taken, 0) + row_number() over (partition by d.management_company_id order by d.next_attempt_at) as turn
       from (select * from due union all select * from due_in_order) d
       left join unnest($7::text[], $8::int[]) as b (tenant, taken) on b.tenant = d.management_company_id)
   update webhook_deliveries w
      set locked_until = now() + $6 * interval '1 millisecond'
    where w.id in (select id from in_turn order by turn, next_attempt_at limit $5)
   returning w.id, w.management_company_id, w.webhook_id, w.webhook_event_id, w.event_received_at, w.attempt_count,
             w.tries_since_redrive, w.sent_again_count`,
  // `returning` keeps no order; the oldest event is tried first.
  ({ rows }: Rows<DueDelivery>) =>
    rows.toSorted((one, other) => one.event_received_at.getTime() - other.event_received_at.getTime()),
).by((bounds: ClaimBounds) => [
  [...bounds.busy.keys()],
  [...bounds.busy.values()],
  [...bounds.slow],
  bounds.perWebhook,
  bounds.most,
  bounds.lockMs,
  [...bounds.busyTenants.keys()],
  [...bounds.busyTenants.values()],
]);

/** Extends the claim: no other process takes the delivery for `lockMs`. */
export const extendLock = effectOf(
  'webhook_deliveries_extend_lock',
  `update webhook_deliveries set locked_until = now() + $2 * interval '1 millisecond' where id = $1`,
).by((id: string, lockMs: number) => [id, lockMs]);

/** Releases deliveries that were not tried, so that others may take them at once. */
export const releaseDeliveries = effectOf(
  'webhook_deliveries_release',
  `update webhook_deliveries set locked_until = null where id = any($1::uuid[]) and state = 'pending'`,
).by((ids: readonly string[]) => [ids]);
