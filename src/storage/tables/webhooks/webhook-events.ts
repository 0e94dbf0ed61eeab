/** Reads a tenant's `webhook_events` and the outcome of each. Only the intake writes the rows (commit-intake.ts). */
import type { TimePosition } from '../../../encodings/page-cursor.ts';
import type { TenantId } from '../../../ids.ts';
import { createFilterConditions, type FilterConditions } from '../../postgres/filter-conditions.ts';
import { findRows, type Queryable } from '../../postgres/queryable.ts';
import { rowOf, rowsOf } from '../../postgres/statement.ts';

export const webhookEventStatuses = ['accepted', 'deferred', 'refused', 'ignored'] as const;
export const targetStates = ['pending', 'delivered', 'dead', 'cancelled'] as const;

export interface WebhookEventFilter {
  readonly webhookId?: string | undefined;
  readonly source?: string | undefined;
  readonly status?: string | undefined;
  /** This type or any of its family: `issues` also finds `issues.opened`; `issue*` finds all types that begin so. */
  readonly eventType?: string | undefined;
  /** The sender's own id, in full. */
  readonly deliveryId?: string | undefined;
  /** The state of its delivery to `target_url`. */
  readonly deliveryStatus?: string | undefined;
  /** A text contained in the bytes of the payload, as UTF-8. Use it only within a time range: no index helps. */
  readonly payloadContains?: string | undefined;
  /** Unix milliseconds, inclusive. */
  readonly fromMs?: number | undefined;
  /** Unix milliseconds, exclusive. */
  readonly toMs?: number | undefined;
}

export interface WebhookEventRow {
  readonly id: string;
  readonly webhook_id: string;
  readonly webhook_name: string;
  readonly source_service: string;
  readonly event_type: string | null;
  readonly delivery_id: string | null;
  readonly status: string;
  readonly refusal_reason: string | null;
  readonly signature_verified: boolean;
  readonly matched_secret: string | null;
  readonly source_address: string | null;
  readonly content_type: string | null;
  readonly payload_size_bytes: number;
  /** null for an event received by an older version. */
  readonly request_id: string | null;
  readonly received_at: Date;
  /** null, like the next, for an event received by an older version. */
  readonly include_raw: boolean | null;
  readonly is_test: boolean | null;
  /** The event still waits to be published. */
  readonly is_waiting: boolean;
  /** null: the event has no target. */
  readonly target_state: string | null;
  readonly target_attempt_count: number | null;
  readonly target_next_attempt_at: Date | null;
  readonly target_last_error: string | null;
}

export interface WholeWebhookEventRow extends WebhookEventRow {
  readonly headers: Readonly<Record<string, string>> | null;
  readonly payload: Buffer | null;
}

export interface WebhookAttemptRow {
  readonly id: string;
  /** For the webhook's own `target_url`, the webhook's id. */
  readonly target_id: string;
  /** Without the query string; null for an attempt of an older version. */
  readonly target_url: string | null;
  /** Number of the attempt at this target. */
  readonly attempt: number;
  /** The attempt followed a redrive. */
  readonly is_by_hand: boolean;
  readonly started_at: Date;
  readonly duration_ms: number | null;
  readonly response_status_code: number | null;
  readonly response_headers: Readonly<Record<string, string>> | null;
  readonly response_body: string | null;
  readonly error_message: string | null;
}

const columns = `e.id, e.webhook_id, e.webhook_name, e.source_service, e.event_type, e.delivery_id, e.status,
  e.refusal_reason, e.signature_verified, e.matched_secret, e.source_address, e.content_type, e.payload_size_bytes,
  e.request_id, e.received_at, e.include_raw, e.is_test,
  (exists (select from outbox_events o where o.id = e.id)
   or exists (select from relay_marks m where m.origin = e.origin and m.published_up_to < e.origin_number
                                          and m.cleared_at is null)) as is_waiting,
  d.state as target_state, d.attempt_count as target_attempt_count, d.next_attempt_at as target_next_attempt_at,
  d.last_error as target_last_error`;
const withTarget = `left join lateral (
    select state, attempt_count, next_attempt_at, last_error from webhook_deliveries
     where webhook_event_id = e.id
     order by array_position(array['dead', 'pending', 'delivered', 'cancelled'], state::text), created_at desc limit 1) d on true`;

/** `order` is by arrival: `desc` is newest first. */
export async function pageWebhookEvents(
  tx: Queryable,
  tenantId: TenantId,
  filter: WebhookEventFilter,
  order: 'asc' | 'desc',
  after: TimePosition | null,
  limit: number,
): Promise<WebhookEventRow[]> {
  const conditions = conditionsOf(tenantId, filter);
  if (after !== null) conditions.addAfter(['e.received_at', 'e.id'], order, after.at, after.id);
  return findRows<WebhookEventRow>(tx, {
    text: `
      select ${columns} from webhook_events e ${withTarget}
       where ${conditions.text()}
       order by e.received_at ${order}, e.id ${order} limit ${conditions.parameter(limit)}`,
    values: conditions.values,
  });
}

/** How many events of one webhook match a filter. */
export interface MatchedWebhook {
  readonly webhook_id: string;
  readonly webhook_name: string;
  readonly events: number;
  /** How many of them can be redriven. */
  readonly sendable: number;
  readonly oldest: Date;
  readonly newest: Date;
}

/**
 * Counts among the oldest `most` that match. `onlyFailed`: an event can be redriven only if a target has a dead or
 * cancelled delivery of it.
 */
export function countMatchingEvents(
  tx: Queryable,
  tenantId: TenantId,
  filter: WebhookEventFilter,
  onlyFailed: boolean,
  most: number,
) {
  const conditions = conditionsOf(tenantId, filter);
  const sendable = `status in ('accepted', 'deferred')${onlyFailed ? ' and has_failed' : ''}`;
  const hasFailed = `exists (select from webhook_deliveries f
     where f.webhook_event_id = e.id and f.state in ('dead', 'cancelled'))`;
  return findRows<MatchedWebhook>(tx, {
    text: `
      select webhook_id, max(webhook_name) as webhook_name, count(*)::int as events,
             count(*) filter (where ${sendable})::int as sendable, min(received_at) as oldest, max(received_at) as newest
        from (select e.webhook_id, e.webhook_name, e.status, e.received_at, ${onlyFailed ? hasFailed : 'false'} as has_failed
                from webhook_events e ${filter.deliveryStatus === undefined ? '' : withTarget}
               where ${conditions.text()}
               order by e.received_at, e.id limit ${conditions.parameter(most)}) matched
       group by webhook_id order by min(received_at), webhook_id`,
    values: conditions.values,
  });
}

/** One event in full, among those received between two times (Unix milliseconds). */
export const findWebhookEvent = rowOf<WholeWebhookEventRow>(
  'webhook_events_find',
  `select ${columns}, e.headers, e.payload from webhook_events e ${withTarget}
    where e.management_company_id = $1 and e.id = $2 and e.received_at >= $3 and e.received_at <= $4`,
).by((tenantId: TenantId, id: string, fromMs: number, toMs: number) => [
  tenantId,
  id,
  new Date(fromMs).toISOString(),
  new Date(toMs).toISOString(),
]);

/** The state of one event at one target. */
export interface TargetStateRow {
  /** The webhook's own id for its `target_url`. */
  readonly target_id: string;
  readonly status: string;
  readonly attempt_count: number;
  readonly sent_again_count: number;
  readonly next_attempt_at: Date | null;
  readonly last_error: string | null;
}

export const listTargetStates = rowsOf<TargetStateRow>(
  'webhook_deliveries_of_event',
  `select webhook_id as target_id, state as status, attempt_count, sent_again_count, next_attempt_at, last_error
     from webhook_deliveries where management_company_id = $1 and webhook_event_id = $2
    order by created_at, webhook_id limit 20`,
).by((tenantId: TenantId, eventId: string) => [tenantId, eventId]);

/** Newest last; at most 100. */
export const listWebhookAttempts = rowsOf<WebhookAttemptRow>(
  'webhook_attempts_of_event',
  `select latest.id, d.webhook_id as target_id, latest.target_url, latest.attempt, coalesce(latest.is_by_hand, false) as is_by_hand,
          latest.started_at, latest.duration_ms, latest.response_status_code, latest.response_headers,
          latest.response_body, latest.error_message
     from (select * from webhook_attempts where management_company_id = $1 and webhook_event_id = $2
            order by started_at desc, id desc limit 100) latest
     join webhook_deliveries d on d.id = latest.webhook_delivery_id
    order by latest.started_at, latest.id`,
).by((tenantId: TenantId, eventId: string) => [tenantId, eventId]);

function conditionsOf(tenantId: TenantId, filter: WebhookEventFilter): FilterConditions {
  const conditions = createFilterConditions('e.management_company_id', tenantId);
  conditions.add((parameter) => `e.webhook_id = ${parameter}`, filter.webhookId);
  conditions.add((parameter) => `e.source_service = ${parameter}`, filter.source);
  conditions.add((parameter) => `e.status = ${parameter}`, filter.status);
  const beginning = filter.eventType?.endsWith('*') ? filter.eventType.slice(0, -1) : undefined;
  // `*` alone means every event, also one without a type.
  conditions.add((parameter) => `starts_with(e.event_type, ${parameter})`, beginning || undefined);
  conditions.add(
    (parameter) => `(e.event_type = ${parameter} or starts_with(e.event_type, ${parameter} || '.'))`,
    beginning === undefined ? filter.eventType : undefined,
  );
  conditions.add((parameter) => `e.delivery_id = ${parameter}`, filter.deliveryId);
  conditions.add((parameter) => `d.state = ${parameter}`, filter.deliveryStatus);
  conditions.add((parameter) => `position(convert_to(${parameter}, 'UTF8') in e.payload) > 0`, filter.payloadContains);
  conditions.addTimes('e.received_at', filter.fromMs, filter.toMs);
  return conditions;
}
