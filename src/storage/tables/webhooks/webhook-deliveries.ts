/** SQL of `webhook_deliveries` and `webhook_attempts`: deliveries to targets, until done or dead. */
import type { TenantId } from '../../../ids.ts';
import type { Queryable } from '../../postgres/queryable.ts';
import { effectOf, onlyRowOf, rowOf } from '../../postgres/statement.ts';
import { type OutboxRow, outboxChannel, ownerlessOrigin } from '../outbox-events.ts';
import type { DueDelivery } from './claim-deliveries.ts';

/** What an attempt needs; null if the webhook or event no longer exists, or the target was removed. */
export interface DeliveryContent {
  /** The webhook's id, whichever of its targets this is. */
  readonly webhook_id: string;
  /** A target besides `target_url`: its secrets are sealed for `webhook_targets`. */
  readonly is_further: boolean;
  /** null: the default number. */
  readonly max_attempts: number | null;
  readonly webhook_name: string;
  readonly source_service: string;
  readonly target_url: string;
  /** Sealed. */
  readonly target_secret: string;
  /** Sealed; null when its overlap has ended. */
  readonly previous_target_secret: string | null;
  /** Sealed JSON. */
  readonly target_headers: string | null;
  /** null: as for all outbound calls. */
  readonly target_timeout_seconds: number | null;
  /** The target has accepted nothing for three days. */
  readonly is_worn_out: boolean;
  readonly event_type: string | null;
  readonly payload: Buffer;
  readonly content_type: string | null;
  readonly request_id: string | null;
  readonly signature_verified: boolean;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly include_raw: boolean | null;
  readonly is_test: boolean | null;
}

export const findDeliveryContent = rowOf<DeliveryContent>(
  'webhook_deliveries_content',
  `with target as (
     select target_url, target_secret, target_headers, previous_target_secret, previous_target_secret_until,
            (config->>'target_timeout_seconds')::int as timeout_seconds, null::int as max_attempts,
            target_failing_since as failing_since, false as is_further
       from webhook_configs where id = $1 and target_url is not null and target_secret is not null
     union all
     select url, secret, headers, previous_secret, previous_secret_until, timeout_seconds, max_attempts, failing_since, true
       from webhook_targets where id = $1)
   select e.webhook_id, e.webhook_name, e.source_service, t.target_url, t.target_secret, t.target_headers, t.is_further,
          case when t.previous_target_secret_until > now() then t.previous_target_secret end as previous_target_secret,
          t.timeout_seconds as target_timeout_seconds, t.max_attempts,
          coalesce(t.failing_since < now() - interval '3 days', false) as is_worn_out, e.event_type, e.payload,
          e.content_type, e.request_id, e.signature_verified, e.headers, e.include_raw, e.is_test
     from target t
     join webhook_events e on e.received_at = $3 and e.id = $2
    where e.payload is not null`,
).by((delivery: DueDelivery) => [
  delivery.webhook_id,
  delivery.webhook_event_id,
  delivery.event_received_at.toISOString(),
]);

export interface AttemptOutcome {
  readonly attemptId: string;
  /** Without the query string. */
  readonly targetUrl: string;
  /** With it; not stored. */
  readonly askedUrl: string;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly responseStatusCode: number | null;
  /** Masked. */
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  readonly responseBody: string | null;
  readonly errorMessage: string | null;
  readonly next: { readonly state: 'delivered' | 'dead' } | { readonly state: 'pending'; readonly afterMs: number };
  /** The target is disabled until a user enables it. */
  readonly switchesOff: 'gone' | 'failing' | null;
}

/** In `settleDelivery`; a version before this one resets the tries without counting. */
const isSentAgainMeanwhile = '(sent_again_count > $18::int or tries_since_redrive < $10::int)';

/**
 * Writes, in one statement, the attempt's row, the delivery's new state, the target's state, and the event of a dead
 * delivery. Returns the state. If the delivery was redriven while a try was running, a failure of that try does not
 * change it: it stays due at once with all its tries left. Nor does the answer of a former address change the target.
 */
export async function settleDelivery(
  db: Queryable,
  delivery: DueDelivery,
  outcome: AttemptOutcome,
  givenUp: OutboxRow | null,
): Promise<string | null> {
  const { rows } = await db.query<{ state: string }>({
    name: 'webhook_deliveries_settle',
    text: `
      with settled as (
        update webhook_deliveries
           set state = case when $2::text <> 'delivered' and ${isSentAgainMeanwhile} then 'pending' else $2::text end,
               next_attempt_at = case when $2::text <> 'delivered' and ${isSentAgainMeanwhile} then next_attempt_at
                                      when $2::text = 'pending' then now() + $3::float8 * interval '1 millisecond' end,
               tries_since_redrive = case when ${isSentAgainMeanwhile} then 0 else tries_since_redrive + 1 end,
               attempt_count = attempt_count + 1,
               locked_until = null, last_error = $8::text, updated_at = now()
         where id = $1 and state = 'pending'
        returning id, management_company_id, webhook_id, webhook_event_id, attempt_count, state),
      noted as (
        update webhook_configs c
           set target_failing_since = case when $2::text = 'delivered' then null else coalesce(c.target_failing_since, now()) end,
               target_off_at = case when $12::text is null then c.target_off_at else coalesce(c.target_off_at, now()) end,
               target_off_reason = coalesce(c.target_off_reason, $12::text)
          from settled s
         where c.id = s.webhook_id and c.target_url = $20::text
           and ((c.target_failing_since is null) <> ($2::text = 'delivered') or $12::text is not null)),
      noted_further as (
        update webhook_targets t
           set failing_since = case when $2::text = 'delivered' then null else coalesce(t.failing_since, now()) end,
               off_at = case when $12::text is null then t.off_at else coalesce(t.off_at, now()) end,
               off_reason = coalesce(t.off_reason, $12::text)
          from settled s
         where t.id = s.webhook_id and t.url = $20::text
           and ((t.failing_since is null) <> ($2::text = 'delivered') or $12::text is not null)),
      told as (
        insert into outbox_events (id, origin, management_company_id, aggregate_id, event_type, occurred_at, body)
        select $13::uuid, '${ownerlessOrigin}', management_company_id, $14::text, $15::text, $16::timestamptz, $17::json
          from settled where state = 'dead' and $13::uuid is not null
        returning pg_notify('${outboxChannel}', '')),
      tried as (
      insert into webhook_attempts (id, management_company_id, webhook_delivery_id, webhook_event_id, attempt, started_at,
        duration_ms, response_status_code, response_body, error_message, response_headers, is_by_hand,
        target_url)
      select $4::uuid, management_company_id, id, webhook_event_id, attempt_count, $5::timestamptz, $6::integer, $7::integer,
        $9::text, $8::text, $11::json, $18::int > 0, $19::text from settled)
      select state from settled`,
    values: [
      delivery.id,
      outcome.next.state,
      outcome.next.state === 'pending' ? outcome.next.afterMs : 0,
      outcome.attemptId,
      new Date(outcome.startedAtMs).toISOString(),
      outcome.durationMs,
      outcome.responseStatusCode,
      outcome.errorMessage,
      outcome.responseBody,
      delivery.tries_since_redrive,
      outcome.responseHeaders === null ? null : JSON.stringify(outcome.responseHeaders),
      outcome.switchesOff,
      givenUp?.id ?? null,
      givenUp?.aggregate_id ?? null,
      givenUp?.event_type ?? null,
      givenUp?.occurred_at ?? null,
      givenUp?.body ?? null,
      delivery.sent_again_count,
      outcome.targetUrl,
      outcome.askedUrl,
    ],
  });
  return rows[0]?.state ?? null;
}

/**
 * Cancels a webhook's deliveries after its target was removed: waiting ones are not sent, and dead ones no longer
 * count. One statement per state, because each state has its own index.
 */
export const cancelDeliveries = effectOf(
  'webhook_deliveries_cancel',
  `update webhook_deliveries set state = 'cancelled', next_attempt_at = null, locked_until = null, updated_at = now()
    where state in ('pending', 'dead') and id in (
      select id from webhook_deliveries where management_company_id = $1 and webhook_id = $2 and state = 'pending'
      union all
      select id from webhook_deliveries where management_company_id = $1 and webhook_id = $2 and state = 'dead')`,
).by((tenantId: TenantId, webhookId: string) => [tenantId, webhookId]);

/** Cancels one delivery whose webhook, target or event no longer exists. */
export const cancelDelivery = effectOf(
  'webhook_deliveries_cancel_one',
  `update webhook_deliveries set state = 'cancelled', next_attempt_at = null, locked_until = null, updated_at = now()
    where id = $1 and state = 'pending'`,
).by((id: string) => [id]);

export interface TargetCounts {
  /** Counted up to 100,000. */
  readonly pending: number;
  readonly dead: number;
  readonly oldestPendingAgeSeconds: number;
}

export const countTargets = onlyRowOf<TargetCounts>(
  'webhook_deliveries_count',
  `select (select count(*) from (select from webhook_deliveries
            where management_company_id = $1 and state = 'pending' limit 100000) p)::int as pending,
          (select count(*) from (select from webhook_deliveries
            where management_company_id = $1 and state = 'dead' limit 100000) d)::int as dead,
          coalesce((select extract(epoch from now() - min(created_at)) from webhook_deliveries
            where management_company_id = $1 and state = 'pending'), 0)::int as "oldestPendingAgeSeconds"`,
).by((tenantId: TenantId) => [tenantId]);
