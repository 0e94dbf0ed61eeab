/**
 * SQL that counts the problems of a tenant's services and deliveries: each statement reads an index and stops at a
 * bound.
 */
import type { TenantId } from '../../ids.ts';
import type { Rows } from '../postgres/queryable.ts';
import { answerOf, rowsOf } from '../postgres/statement.ts';

/** Since when each unhealthy service is unhealthy, by its id. */
export const listUnhealthySince = answerOf(
  'problems_unhealthy_since',
  `select service_id, unhealthy_since from service_health
    where management_company_id = $1 and unhealthy_since is not null limit 10000`,
  ({ rows }: Rows<{ readonly service_id: string; readonly unhealthy_since: Date }>) =>
    new Map(rows.map((row) => [row.service_id, row.unhealthy_since])),
).by((tenantId: TenantId) => [tenantId]);

export interface TargetTrouble {
  readonly kind: 'dead' | 'waiting' | 'off';
  readonly webhook_id: string;
  readonly webhook_name: string;
  readonly url: string;
  readonly count: number;
  readonly since: Date;
}

/** Counting stops at this number. */
export const maxCountedDeliveries = 10_000;

/** Dead and failing deliveries by target, and targets that were disabled automatically. */
export const listTargetTroubles = rowsOf<TargetTrouble>(
  'problems_of_targets',
  `with targets as (
     select id as queue_id, id as webhook_id, webhook_name, target_url as url, target_off_at as off_at
       from webhook_configs where management_company_id = $1 and target_url is not null
     union all
     select t.id, c.id, c.webhook_name, t.url, t.off_at
       from webhook_configs c join webhook_targets t on t.webhook_id = c.id
      where c.management_company_id = $1),
   dead as (
     select webhook_id as queue_id, count(*)::int as count, min(updated_at) as since
       from (select webhook_id, updated_at from webhook_deliveries
              where management_company_id = $1 and state = 'dead' limit ${maxCountedDeliveries}) d
      group by webhook_id)
   select 'dead' as kind, t.webhook_id, t.webhook_name, t.url, d.count, d.since
     from dead d join targets t using (queue_id)
   union all
   select 'waiting', t.webhook_id, t.webhook_name, t.url, w.count, w.since
     from targets t
     cross join lateral (
       select count(*) filter (where attempt_count > 0)::int as count,
              min(created_at) filter (where attempt_count > 0) as since
         from (select attempt_count, created_at from webhook_deliveries
                where webhook_id = t.queue_id and state = 'pending' order by next_attempt_at limit 1000) p) w
    where w.count > 0 and t.off_at is null
   union all
   select 'off', webhook_id, webhook_name, url, 1, off_at from targets where off_at is not null
   order by kind, since limit 100`,
).by((tenantId: TenantId) => [tenantId]);

export interface FailoverCount {
  readonly service_name: string;
  /** `maxCountedCalls` means that many or more. */
  readonly count: number;
}

/** Counting stops at this number for each service. */
export const maxCountedCalls = 10_000;

/**
 * How many calls of these operations each of `serviceNames` answered from `since` on; most first, without those that
 * answered none.
 */
export const countAnsweredSince = rowsOf<FailoverCount>(
  'problems_answered_since',
  `select service_name, count
     from unnest($2::text[]) as asked (service_name)
     cross join lateral (
       select count(*)::int as count
         from (select 1 from integration_logs l
                where l.management_company_id = $1 and l.service_name = asked.service_name and l.status = 'success'
                  and l.started_at >= $4 and l.operation = any($3)
                limit ${maxCountedCalls}) answered) counted
    where count > 0
    order by count desc, service_name`,
).by(
  (
    tenantId: TenantId,
    asked: { readonly serviceNames: readonly string[]; readonly operations: readonly string[]; readonly since: Date },
  ) => [tenantId, asked.serviceNames, asked.operations, asked.since],
);
