/**
 * SQL of `webhook_redrives` and `webhook_redrive_deliveries`: bulk redrives of all matching events, and their progress.
 */
import type { TimePosition } from '../../../encodings/page-cursor.ts';
import type { TenantId } from '../../../ids.ts';
import { effectOf, hasEffect, onlyRowOf, rowOf, rowsOf } from '../../postgres/statement.ts';
import type { WebhookEventFilter } from './webhook-events.ts';

export const redriveStates = ['sending', 'settling', 'done', 'stopped'] as const;

export interface RedriveRow {
  readonly id: string;
  readonly management_company_id: TenantId;
  readonly filter: WebhookEventFilter;
  readonly send_to: 'all' | 'target' | 'failed';
  readonly state: (typeof redriveStates)[number];
  /** Counted when it began, up to a bound. */
  readonly matched_count: number;
  /** Number of events. */
  readonly sent_count: number;
  readonly skipped_count: number;
  /** Number of deliveries; an event has one per target. */
  readonly delivered_count: number;
  readonly failed_count: number;
  readonly cancelled_count: number;
  readonly waiting_count: number;
  readonly after_received_at: Date | null;
  readonly after_event_id: string | null;
  readonly request_id: string;
  readonly created_by: string;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

const columns = `r.id, r.management_company_id, r.filter, r.send_to, r.state, r.matched_count, r.sent_count, r.skipped_count,
  r.delivered_count, r.failed_count, r.cancelled_count, r.after_received_at, r.after_event_id, r.request_id, r.created_by,
  r.created_at, r.finished_at,
  (select count(*) from webhook_redrive_deliveries i where i.redrive_id = r.id)::int as waiting_count`;

export interface NewRedrive {
  readonly id: string;
  readonly filter: WebhookEventFilter;
  readonly sendTo: RedriveRow['send_to'];
  readonly matchedCount: number;
  readonly requestId: string;
  readonly createdBy: string;
}

/** Returns false if the tenant already has `most` of them running. */
export const insertRedrive = hasEffect(
  'webhook_redrives_insert',
  `insert into webhook_redrives (id, management_company_id, filter, send_to, state, matched_count, request_id, created_by)
   select $2::uuid, $1::varchar, $3::json, $4::varchar, 'sending', $5::integer, $6::varchar, $7::varchar
    where (select count(*) from webhook_redrives
            where management_company_id = $1 and state in ('sending', 'settling')) < $8::integer`,
).by((tenantId: TenantId, redrive: NewRedrive, most: number) => [
  tenantId,
  redrive.id,
  JSON.stringify(redrive.filter),
  redrive.sendTo,
  redrive.matchedCount,
  redrive.requestId,
  redrive.createdBy,
  most,
]);

export const findRedrive = rowOf<RedriveRow>(
  'webhook_redrives_find',
  `select ${columns} from webhook_redrives r where r.management_company_id = $1 and r.id = $2`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

/** Newest first. */
export const listRedrives = rowsOf<RedriveRow>(
  'webhook_redrives_list',
  `select ${columns} from webhook_redrives r where r.management_company_id = $1
    order by r.created_at desc, r.id desc limit $2`,
).by((tenantId: TenantId, limit: number) => [tenantId, limit]);

/** Of all tenants: redrives to continue, and stopped ones with deliveries still waiting at their target. */
export const listUnfinishedRedrivesAcrossTenants = rowsOf<Pick<RedriveRow, 'id' | 'management_company_id'>>(
  'webhook_redrives_unfinished',
  `select r.id, r.management_company_id from webhook_redrives r
    where r.state in ('sending', 'settling')
   union
   select r.id, r.management_company_id from webhook_redrives r
     join webhook_redrive_deliveries i on i.redrive_id = r.id where r.state = 'stopped'
    order by id limit $1`,
).by((limit: number) => [limit]);

/** Locks the redrive for this transaction; null if another replica holds it or it no longer exists. */
export const claimRedrive = rowOf<RedriveRow>(
  'webhook_redrives_claim',
  `select ${columns} from webhook_redrives r
    where r.management_company_id = $1 and r.id = $2
      for update of r skip locked`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

/** Counts the finished deliveries. Those that retention deleted meanwhile count as cancelled. */
export const countEndedDeliveries = effectOf(
  'webhook_redrives_count_ended',
  `with ended as (
     delete from webhook_redrive_deliveries i
      where i.management_company_id = $1 and i.redrive_id = $2
        and not exists (
          select from webhook_deliveries d where d.id = i.webhook_delivery_id and d.state = 'pending')
     returning i.webhook_delivery_id),
   counted as (
     select count(*) filter (where d.state = 'delivered') as delivered, count(*) filter (where d.state = 'dead') as failed,
            count(*) filter (where d.state is null or d.state not in ('delivered', 'dead')) as cancelled
       from ended left join webhook_deliveries d on d.id = ended.webhook_delivery_id)
   update webhook_redrives r
      set delivered_count = r.delivered_count + c.delivered, failed_count = r.failed_count + c.failed,
          cancelled_count = r.cancelled_count + c.cancelled
     from counted c
    where r.id = $2 and c.delivered + c.failed + c.cancelled > 0`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

export interface WaitingDeliveries {
  readonly waiting: number;
  /** Of those, not tried yet and not held back by a pause: their target is working on them. */
  readonly untried: number;
}

export const countWaitingDeliveries = onlyRowOf<WaitingDeliveries>(
  'webhook_redrives_count_waiting',
  `select count(*)::int as waiting,
          count(*) filter (where d.tries_since_redrive = 0 and c.target_off_at is null and t.off_at is null
            and not coalesce(t.paused, (c.config->>'target_paused')::boolean, false))::int as untried
     from webhook_redrive_deliveries i
     join webhook_deliveries d on d.id = i.webhook_delivery_id and d.state = 'pending'
     left join webhook_configs c on c.id = d.webhook_id
     left join webhook_targets t on t.id = d.webhook_id
    where i.management_company_id = $1 and i.redrive_id = $2`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

export interface RedriveStep {
  readonly sent: number;
  readonly skipped: number;
  readonly deliveryIds: readonly string[];
  /** The position of the last event processed. */
  readonly after: TimePosition;
}

/** Runs in the transaction that made the deliveries due: after a crash the next step continues right behind them. */
export const noteRedriveStep = effectOf(
  'webhook_redrives_step',
  `with watched as (
     insert into webhook_redrive_deliveries (redrive_id, webhook_delivery_id, management_company_id)
     select $2::uuid, delivery_id, $1::varchar from unnest($5::uuid[]) as delivery_id
     on conflict do nothing)
   update webhook_redrives
      set sent_count = sent_count + $3, skipped_count = skipped_count + $4, after_received_at = $6::timestamptz,
          after_event_id = $7::uuid
    where management_company_id = $1 and id = $2`,
).by((tenantId: TenantId, id: string, step: RedriveStep) => [
  tenantId,
  id,
  step.sent,
  step.skipped,
  step.deliveryIds,
  step.after.at,
  step.after.id,
]);

/** A stopped redrive stays stopped. */
export const setRedriveState = effectOf(
  'webhook_redrives_set_state',
  `update webhook_redrives
      set state = $3::text, finished_at = case when $3::text in ('done', 'stopped') then now() end
    where management_company_id = $1 and id = $2 and state in ('sending', 'settling')`,
).by((tenantId: TenantId, id: string, state: RedriveRow['state']) => [tenantId, id, state]);
