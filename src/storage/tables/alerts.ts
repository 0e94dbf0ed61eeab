/** SQL of `alerts` (reported problems) and `alert_messages` (messages waiting to be sent). */
import { findRows, type Queryable } from '../postgres/queryable.ts';
import { columnOf, effectOf, rowsOf } from '../postgres/statement.ts';

export interface AlertMark<Problem> {
  readonly key: string;
  /** Empty: a problem of the gateway itself. */
  readonly tenant: string;
  readonly problem: Problem;
  readonly begunAt: Date;
  /** null: the problem was present at the last check. */
  readonly missingSince: Date | null;
  readonly toldAt: Date | null;
}

export interface AlertMessage {
  readonly id: string;
  readonly channel: string;
  readonly body: string;
  /** Including this try. */
  readonly attemptCount: number;
}

/** Tenants with an active service, a webhook or an alert mark, in order, after `after`. */
export const listTenantsToWatch = columnOf<string>(
  'alerts_tenants',
  `select tenant from (
     select management_company_id as tenant from external_services where is_active
     union select management_company_id from webhook_configs
     union select tenant from alerts where tenant <> '') t
    where tenant > $1 order by tenant limit $2`,
).acrossTenants((after: string, limit: number) => [after, limit]);

/**
 * Tenants with a mark, traffic since `sinceMs`, an unhealthy service, or waiting or dead deliveries, and the tenants
 * passed in, in order, after `after`. Each part reads an index, so tenants without any of these cost nothing.
 */
export const listTenantsOfInterest = columnOf<string>(
  'alerts_tenants_of_interest',
  `with recursive dead as (
     (select management_company_id as tenant from webhook_deliveries where state = 'dead'
       order by management_company_id limit 1)
     union all
     select (select d.management_company_id from webhook_deliveries d
              where d.state = 'dead' and d.management_company_id > dead.tenant
              order by d.management_company_id limit 1)
       from dead where dead.tenant is not null),
   pending as (
     (select webhook_id, management_company_id as tenant from webhook_deliveries where state = 'pending'
       order by webhook_id limit 1)
     union all
     select d.webhook_id, d.management_company_id
       from pending
       cross join lateral (
         select webhook_id, management_company_id from webhook_deliveries
          where state = 'pending' and webhook_id > pending.webhook_id order by webhook_id limit 1) d)
   select tenant from (
     select tenant from alerts where tenant <> ''
     union select management_company_id from usage_series
            where step = 'minute' and bucket_start >= date_trunc('minute', $1::timestamptz)
     union select management_company_id from service_health where unhealthy_since is not null
     union select tenant from dead where tenant is not null
     union select tenant from pending
     union select unnest($2::text[])) t
    where tenant > $3 order by tenant limit $4`,
).acrossTenants(
  (asked: {
    readonly sinceMs: number;
    readonly changed: readonly string[];
    readonly after: string;
    readonly limit: number;
  }) => [new Date(asked.sinceMs), asked.changed, asked.after, asked.limit],
);

/** Locks the tenant's marks: no other replica reads or changes them until the transaction ends. */
export async function lockAlertMarks<Problem>(
  tx: Queryable,
  tenants: readonly string[],
): Promise<readonly AlertMark<Problem>[]> {
  await tx.query({ text: `select pg_advisory_xact_lock(hashtext('alerts'))`, values: [] });
  return findRows<AlertMark<Problem>>(tx, {
    name: 'alerts_marks',
    text: `
      select problem_key as key, tenant, problem, begun_at as "begunAt", missing_since as "missingSince",
             told_at as "toldAt"
        from alerts where tenant = any($1)`,
    values: [tenants],
  });
}

export async function storeAlertMarks<Problem>(
  tx: Queryable,
  kept: readonly AlertMark<Problem>[],
  removedKeys: readonly string[],
): Promise<void> {
  await tx.query({
    name: 'alerts_store',
    text: `
      insert into alerts (problem_key, tenant, problem, begun_at, missing_since, told_at)
      select key, tenant, problem, "begunAt", "missingSince", "toldAt"
        from jsonb_to_recordset($1::jsonb) as r(key text, tenant text, problem jsonb, "begunAt" timestamptz,
                                                "missingSince" timestamptz, "toldAt" timestamptz)
      on conflict (problem_key) do update
        set problem = excluded.problem, missing_since = excluded.missing_since, told_at = excluded.told_at`,
    values: [JSON.stringify(kept)],
  });
  await tx.query({
    name: 'alerts_remove',
    text: 'delete from alerts where problem_key = any($1)',
    values: [removedKeys],
  });
}

export const insertAlertMessage = effectOf(
  'alert_messages_insert',
  'insert into alert_messages (id, channel, body) values ($1, $2, $3)',
).by((id: string, channel: string, body: string) => [id, channel, body]);

/** Claims due messages; no other replica takes them for `claimMs`. */
export const claimAlertMessages = rowsOf<AlertMessage>(
  'alert_messages_claim',
  `update alert_messages set attempt_count = attempt_count + 1,
                             next_attempt_at = now() + $1 * interval '1 millisecond'
    where id = any(array(select id from alert_messages where next_attempt_at <= now()
                          order by next_attempt_at limit 20 for update skip locked))
   returning id, channel, body, attempt_count as "attemptCount"`,
).acrossTenants((claimMs: number) => [claimMs]);

export const delayAlertMessage = effectOf(
  'alert_messages_delay',
  `update alert_messages set next_attempt_at = now() + $2 * interval '1 millisecond' where id = $1`,
).acrossTenants((id: string, waitMs: number) => [id, waitMs]);

export const deleteAlertMessage = effectOf(
  'alert_messages_delete',
  'delete from alert_messages where id = $1',
).acrossTenants((id: string) => [id]);
