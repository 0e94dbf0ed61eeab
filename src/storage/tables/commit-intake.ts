/**
 * The SQL of one intake commit: one statement, so one round trip and one flush for everything that gathered. Every
 * insert skips rows that already exist, and counters and follow-up rows derive only from the rows that this statement
 * wrote. So a commit may be repeated after its outcome was lost: nothing is doubled or counted twice. Rows that
 * replicas share (roll-ups, bodies, webhook counters, delivery keys) are locked in one order, to avoid deadlocks.
 */
import { getOrCreate } from '../../bounded-map.ts';
import type { Database, Rows } from '../postgres/database.ts';
import { renderJsonRows } from '../postgres/json-rows.ts';
import { rowDigest } from './audit/audit-chain.ts';
import type { IntakeRows } from './intake-rows.ts';
import { seriesParts } from './usage-series.ts';

type Part = keyof IntakeRows;

/** One parameter per part, in this order; the statement omits a part without rows. */
const parts = ['webhooks', 'logs', 'bodies', 'usage', 'events'] as const satisfies readonly Part[];

const recordsets: Readonly<Record<Part, string>> = {
  webhooks: `id uuid, delivery_key text, management_company_id text, webhook_id uuid, webhook_name text,
    source_service text, event_type text, delivery_id text, body_sha256 text, is_body_taken_once boolean,
    is_id_unsigned boolean, status text, refusal_reason text,
    signature_verified boolean, matched_secret text, source_address text, headers text, payload text, content_type text,
    payload_size_bytes integer, request_id text, received_at timestamptz, include_raw boolean, is_test boolean,
    target_delivery_id uuid, further_deliveries json, target_due_at timestamptz, origin_number bigint`,
  logs: `id uuid, gate uuid, management_company_id text, service_id uuid, service_name text, service_type text,
    operation text, endpoint text, http_method text, request_headers text, request_body text, response_status_code integer,
    response_body text, started_at timestamptz, completed_at timestamptz, duration_ms integer, status text,
    error_message text, error_code text, retry_count integer, attempt integer, request_id text, source_service text,
    principal text, estimated_cost float8, elements integer, trace text,
    response_size_bytes bigint, will_retry boolean, origin_number bigint`,
  bodies: 'gate uuid, day date, management_company_id text, body_hash text, body text',
  usage: `gate uuid, is_mark boolean, day date, management_company_id text, service_name text, operation text,
    request_count bigint, error_count bigint, cached_count bigint, total_cost float8, saved_by_cache float8, at timestamptz`,
  events: `gate uuid, id uuid, origin uuid, management_company_id text, aggregate_id text, event_type text,
    occurred_at timestamptz, body json, body_text text, not_before timestamptz`,
};

const seenById = `
  seen as (
    insert into webhook_deliveries_seen (webhook_id, delivery_key, management_company_id, webhook_event_id, seen_at)
    select webhook_id, delivery_key, management_company_id, id, received_at
      from given_webhooks where delivery_key is not null order by webhook_id, delivery_key, ordinality
    on conflict do nothing
    returning webhook_event_id)`;

/**
 * The id comes first: only the delivery that claimed the id may claim the body, so no body is claimed by a delivery
 * that is not stored. The unsigned id of a replay is only its sender's claim, and must not block the genuine delivery
 * of that id: if a body counts once, its repetition claims no id; if it may come again under another id that the
 * signature does not cover, it claims that id together with this body.
 */
const seenByIdOrBody = `
  known as (
    select g.id, g.webhook_id, g.management_company_id, g.received_at, g.ordinality, g.is_body_taken_once,
           b.webhook_event_id as event_of_body,
           case when g.is_id_unsigned and b.webhook_event_id is distinct from i.webhook_event_id
                     and b.webhook_event_id is not null
                then g.delivery_key || ' ' || g.body_sha256 else g.delivery_key end as claimed_key
      from given_webhooks g
      left join webhook_bodies_seen b
        on (g.is_body_taken_once or g.is_id_unsigned)
           and b.webhook_id = g.webhook_id and b.body_sha256 = decode(g.body_sha256, 'hex')
      left join webhook_deliveries_seen i
        on g.is_id_unsigned and i.webhook_id = g.webhook_id and i.delivery_key = g.delivery_key
     where g.delivery_key is not null),
  ids_seen as (
    insert into webhook_deliveries_seen (webhook_id, delivery_key, management_company_id, webhook_event_id, seen_at)
    select webhook_id, claimed_key, management_company_id, id, received_at
      from known
     where is_body_taken_once is not true or event_of_body is null or event_of_body = id
     order by webhook_id, claimed_key, ordinality
    on conflict do nothing
    returning webhook_event_id),
  bodies_seen as (
    insert into webhook_bodies_seen (webhook_id, body_sha256, management_company_id, webhook_event_id, seen_at)
    select webhook_id, decode(body_sha256, 'hex'), management_company_id, id, received_at
      from given_webhooks
     where (is_body_taken_once or is_id_unsigned) and id in (select webhook_event_id from ids_seen)
     order by webhook_id, body_sha256, ordinality
    on conflict do nothing
    returning webhook_event_id),
  seen as (
    select id as webhook_event_id from given_webhooks
     where id in (select webhook_event_id from ids_seen)
       and (is_body_taken_once is not true or id in (select webhook_event_id from bodies_seen)))`;

/** Facts without an event have no origin, and so no entry in the index of facts with one. */
const originOf = (parameter: string): string => `case when origin_number is null then null else ${parameter}::uuid end`;

const webhookParts = (origin: string): string => `
  new_webhooks as (
    insert into webhook_events (id, management_company_id, webhook_id, webhook_name, source_service, event_type,
      delivery_id, body_sha256, status, refusal_reason, signature_verified, matched_secret, source_address, headers,
      payload, content_type, payload_size_bytes, request_id, received_at, include_raw, is_test, origin, origin_number)
    select id, management_company_id, webhook_id, webhook_name, source_service, event_type, delivery_id,
      decode(body_sha256, 'hex'), status, refusal_reason, signature_verified, matched_secret, source_address,
      headers::json, decode(payload, 'base64'), content_type, payload_size_bytes, request_id, received_at, include_raw,
      is_test, ${originOf(origin)}, origin_number
      from given_webhooks
     where delivery_key is null or id in (select webhook_event_id from seen)
    on conflict do nothing
    returning id, webhook_id, status, received_at, management_company_id, webhook_name),
  new_deliveries as (
    insert into webhook_deliveries (id, management_company_id, webhook_id, webhook_event_id, event_received_at, state,
      next_attempt_at)
    select target_delivery_id, management_company_id, webhook_id, id, received_at, 'pending',
      coalesce(target_due_at, now())
      from given_webhooks
     where target_delivery_id is not null and id in (select id from new_webhooks)
    union all
    select f.id, g.management_company_id, f.queue_id, g.id, g.received_at, 'pending', coalesce(g.target_due_at, now())
      from given_webhooks g
     cross join lateral json_to_recordset(coalesce(g.further_deliveries, '[]')) as f (id uuid, queue_id uuid)
     where g.id in (select id from new_webhooks)
    on conflict do nothing),
  webhook_counts as (
    select webhook_id, count(*) as received, count(*) filter (where status = 'refused') as failed,
           max(received_at) as last_received_at
      from new_webhooks group by webhook_id),
  counted_webhooks as materialized (
    select id from webhook_configs where id in (select webhook_id from webhook_counts) order by id for update),
  new_counts as (
    update webhook_configs c
       set total_received = c.total_received + n.received,
           total_failed = c.total_failed + n.failed,
           total_successful = c.total_successful + n.received - n.failed,
           last_received_at = greatest(c.last_received_at, n.last_received_at)
      from counted_webhooks join webhook_counts n on n.webhook_id = counted_webhooks.id
     where c.id = counted_webhooks.id)`;

const logColumns = `id, management_company_id, service_id, service_name, service_type, operation, endpoint, http_method`;
const logColumnsAfterBodies = `started_at, completed_at, duration_ms, status, error_message, error_code, retry_count, attempt,
      request_id, source_service, principal, estimated_cost, elements, response_size_bytes, will_retry, origin_number`;

const logParts = (passesGate: string, origin: string): string => `
  new_logs as (
    insert into integration_logs (${logColumns}, request_headers, request_body, response_status_code, response_body,
      ${logColumnsAfterBodies}, trace, origin)
    select ${logColumns}, to_json(request_headers), to_json(request_body), response_status_code, to_json(response_body),
      ${logColumnsAfterBodies}, trace::json, ${originOf(origin)}
      from given_logs where ${passesGate}
    on conflict do nothing
    returning id, management_company_id, service_name, operation, status, started_at, estimated_cost, duration_ms, attempt,
      ${rowDigest} as digest),
  new_batches as (
    insert into audit_batches (management_company_id, kind, entries)
    select management_company_id, 'rows', string_agg(uuid_send(id) || digest, ''::bytea)
      from new_logs group by management_company_id)`;

const bodyParts = (passesGate: string): string => `
  new_bodies as (
    insert into log_bodies (day, management_company_id, body_hash, body)
    select day, management_company_id, body_hash, body
      from given_bodies where ${passesGate} order by day, management_company_id, body_hash
    on conflict do nothing)`;

const markParts = `
  new_marks as (
    insert into intake_marks (id) select distinct gate from given_usage where is_mark
    on conflict do nothing
    returning id)`;

const eventParts = (passesGate: string): string => `
  new_events as (
    insert into outbox_events (id, origin, management_company_id, aggregate_id, event_type, occurred_at, body, not_before)
    select id, origin, management_company_id, aggregate_id, event_type, occurred_at, coalesce(body, body_text::json), not_before
      from given_events where ${passesGate} order by ordinality
    on conflict do nothing)`;

const usageOfLogs = `
    select (started_at at time zone 'UTC')::date as day, management_company_id, service_name, operation,
           1::bigint as request_count, (status <> 'success')::int::bigint as error_count, 0::bigint as cached_count,
           estimated_cost as total_cost, 0::float8 as saved_by_cache
      from new_logs`;
const usageGiven = `
    select day, management_company_id, service_name, operation, request_count, error_count, cached_count, total_cost,
           saved_by_cache
      from given_usage where gate in (select id from fresh)`;

const usageParts = (sources: readonly string[]): string => `
  new_usage as (
    insert into usage_daily as u (day, management_company_id, service_name, operation, request_count, error_count,
      cached_count, total_cost, saved_by_cache)
    select day, management_company_id, service_name, operation, sum(request_count), sum(error_count), sum(cached_count),
           sum(total_cost), sum(saved_by_cache)
      from (${sources.join(' union all ')}) counted
     group by day, management_company_id, service_name, operation
     order by management_company_id, day, service_name, operation
    on conflict (management_company_id, day, service_name, operation) do update set
      request_count = u.request_count + excluded.request_count,
      error_count = u.error_count + excluded.error_count,
      cached_count = u.cached_count + excluded.cached_count,
      total_cost = u.total_cost + excluded.total_cost,
      saved_by_cache = u.saved_by_cache + excluded.saved_by_cache)`;

function composeStatement(present: ReadonlySet<Part>, looksAtBodies: boolean): { name: string; text: string } {
  const has = (part: Part): boolean => present.has(part);
  const given = parts.filter(has).map(
    (part, index) => `
  given_${part} as materialized (
    select * from rows from (json_to_recordset($${index + 1}::json) as (${recordsets[part]})) with ordinality)`,
  );
  const anchors = [
    has('webhooks') && 'select id from new_webhooks',
    has('logs') && 'select id from new_logs',
    has('usage') && 'select id from new_marks',
  ].filter((source) => source !== false);
  const passesGate = anchors.length === 0 ? 'gate is null' : '(gate is null or gate in (select id from fresh))';
  const passesWebhook = has('webhooks') ? '(gate is null or gate in (select id from new_webhooks))' : 'gate is null';
  const origin = `$${given.length + 1}`;
  const usageSources = [has('logs') && usageOfLogs, has('usage') && usageGiven].filter((source) => source !== false);
  const steps = [
    ...given,
    has('webhooks') && (looksAtBodies ? seenByIdOrBody : seenById),
    has('webhooks') && webhookParts(origin),
    has('logs') && logParts(passesWebhook, origin),
    has('usage') && markParts,
    anchors.length > 0 && `\n  fresh as materialized (${anchors.join(' union all ')})`,
    has('bodies') && bodyParts(passesWebhook),
    usageSources.length > 0 && usageParts(usageSources),
    anchors.length > 0 && seriesParts({ logs: has('logs'), usage: has('usage'), webhooks: has('webhooks') }),
    has('events') && eventParts(passesGate),
  ].filter((step) => step !== false);
  const answers = [
    has('webhooks') && 'select id, null::integer as logs from new_webhooks',
    has('logs') && 'select null::uuid as id, count(*)::integer as logs from new_logs',
  ].filter((source) => source !== false);
  const answer = answers.length === 0 ? 'select where false' : answers.join(' union all ');
  const name = `intake_${parts.filter(has).join('_')}${looksAtBodies ? '_by_body' : ''}`;
  return { name, text: `with ${steps.join(',')}\n${answer}` };
}

const statements = new Map<string, { name: string; text: string }>();

export interface WrittenRows {
  /**
   * Ids of the webhook events that this commit wrote. The others existed before, as duplicates or from an earlier try.
   */
  readonly webhooks: ReadonlySet<string>;
  /** How many log rows this commit wrote. */
  readonly logs: number;
}

/** Commits the rows. `origin`: the process that numbered them. Passes on the database's errors. */
export async function commitIntakeRows(db: Database, rows: IntakeRows, origin: string): Promise<WrittenRows> {
  const present = new Set(parts.filter((part) => rows[part].length > 0));
  if (present.size === 0) return { webhooks: new Set(), logs: 0 };
  const looksAtBodies = rows.webhooks.some((webhook) => webhook.is_body_taken_once || webhook.is_id_unsigned);
  const key = `${[...present].join()} ${looksAtBodies}`;
  const statement = getOrCreate(statements, key, () => composeStatement(present, looksAtBodies));
  const values = parts
    .filter((part) => present.has(part))
    .map((part) => (part === 'events' ? renderJsonRows(rows.events, 'body') : JSON.stringify(rows[part])));
  if (present.has('webhooks') || present.has('logs')) values.push(origin);
  const written: Rows<{ id: string | null; logs: number | null }> = await db.querySystem({ ...statement, values });
  const webhooks = new Set<string>();
  let logs = 0;
  for (const row of written.rows) {
    if (row.id !== null) webhooks.add(row.id);
    else logs = row.logs ?? 0;
  }
  return { webhooks, logs };
}
