/** Reads received events for a tenant: what came, whether it was accepted, and its deliveries. */

import { pageOf, renderPosition, type TimePosition } from '../../encodings/page-cursor.ts';
import { ServiceError } from '../../errors.ts';
import { isUuid, type TenantId, timeOfId } from '../../ids.ts';
import { renderWithVerbatim } from '../../outbox/envelope.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import {
  findWebhookEvent,
  listWebhookAttempts,
  pageWebhookEvents,
  type WebhookAttemptRow,
  type WebhookEventFilter,
  type WebhookEventRow,
  type WholeWebhookEventRow,
} from '../../storage/tables/webhooks/webhook-events.ts';
import { attemptMessageRu } from '../delivering/attempt-words.ts';
import { wholePayload } from '../receiving/large-payload.ts';
import { deliveryOf, type ReceivedDelivery } from '../receiving/received-event.ts';
import { planRetry, type RetryPlan } from './retry-plan.ts';

export interface ReadEventsDeps {
  readonly db: Pick<Database, 'readForTenant'>;
}

export function noSuchEvent(): ServiceError {
  return new ServiceError('NOT_FOUND', 'There is no such webhook event.', { publicMessageRu: 'Такой доставки нет.' });
}

/** An id is created when its delivery is received; the second window covers clocks that were moved. */
const idWindowsMs = [2_000, 86_400_000];

/** One page, newest first. `limit` from 1 to 1,000. */
export async function listEvents(
  { db }: ReadEventsDeps,
  tenantId: TenantId,
  filter: WebhookEventFilter,
  after: TimePosition | null,
  limit: number,
) {
  // One row more than requested shows whether there is another page.
  const rows = await db.readForTenant(tenantId, (tx) =>
    pageWebhookEvents(tx, tenantId, filter, 'desc', after, limit + 1),
  );
  const { shown, nextCursor } = pageOf(rows, limit, ({ received_at, id }) =>
    renderPosition({ at: received_at.toISOString(), id }),
  );
  return { events: shown.map(presentEvent), next_cursor: nextCursor };
}

/** As JSON, with the payload exactly as it was sent. Throws `NOT_FOUND`. */
export async function getEvent({ db }: ReadEventsDeps, tenantId: TenantId, id: string): Promise<Buffer> {
  const { event, attempts, plan } = await db.readForTenant(tenantId, async (tx) => {
    const found = await requireEvent(tx, tenantId, id);
    return {
      event: found,
      attempts: await listWebhookAttempts(tx, tenantId, id),
      plan: await planRetry(tx, tenantId, found),
    };
  });
  const { payload, payload_base64 } = await presentPayload(event);
  const members = {
    ...presentEvent(event),
    headers: event.headers ?? {},
    payload_base64,
    retry: presentRetry(plan),
    targets: plan.states.map((one) => {
      const target = targetIn(plan, one.target_id);
      return {
        ...one,
        target_url: target?.url ?? null,
        is_paused: target?.isPaused ?? false,
        next_attempt_at: one.next_attempt_at?.toISOString() ?? null,
      };
    }),
    attempts: attempts.map((attempt) => presentAttempt(attempt, plan)),
  };
  return Buffer.from(renderWithVerbatim({ payload }, members));
}

/** An accepted delivery, from which its event is rendered. */
export function receivedOfRow(tenantId: TenantId, row: WholeWebhookEventRow): ReceivedDelivery {
  return deliveryOf(row, {
    id: row.id,
    tenantId,
    body: row.payload ?? Buffer.alloc(0),
    headers: row.headers ?? {},
    receivedAtMs: row.received_at.getTime(),
  });
}

/** Throws `NOT_FOUND`, also if it is not an id. */
export async function requireEvent(tx: Queryable, tenantId: TenantId, id: string): Promise<WholeWebhookEventRow> {
  const madeAtMs = isUuid(id) ? timeOfId(id) : null;
  if (madeAtMs === null) throw noSuchEvent();
  for (const windowMs of idWindowsMs) {
    const row = await findWebhookEvent(tx, tenantId, id, madeAtMs - windowMs, madeAtMs + windowMs);
    if (row !== null) return row;
  }
  throw noSuchEvent();
}

function presentEvent(row: WebhookEventRow) {
  return {
    id: row.id,
    webhook_id: row.webhook_id,
    webhook_name: row.webhook_name,
    source_service: row.source_service,
    event_type: row.event_type,
    delivery_id: row.delivery_id,
    status: row.status,
    refusal_reason: row.refusal_reason,
    signature_verified: row.signature_verified,
    matched_secret: row.matched_secret,
    source_address: row.source_address,
    content_type: row.content_type,
    payload_size_bytes: row.payload_size_bytes,
    request_id: row.request_id,
    received_at: row.received_at.toISOString(),
    is_test: row.is_test === true,
    is_published: (row.status === 'accepted' || row.status === 'deferred') && !row.is_waiting,
    target:
      row.target_state === null
        ? null
        : {
            status: row.target_state,
            attempt_count: row.target_attempt_count ?? 0,
            next_attempt_at: row.target_next_attempt_at?.toISOString() ?? null,
            last_error: row.target_last_error,
          },
  };
}

async function presentPayload({ payload, content_type, headers }: WholeWebhookEventRow) {
  if (payload === null) return { payload: 'null', payload_base64: null };
  const { json, needsRaw } = await wholePayload(payload, content_type, headers?.['content-encoding']);
  return { payload: json, payload_base64: needsRaw ? payload.toString('base64') : null };
}

function presentRetry({ refusal, targets }: RetryPlan) {
  return {
    is_possible: refusal === null,
    ...(refusal === null ? { reason: null, message: null, message_ru: null } : refusal),
    targets: targets.map(({ id, url, isPaused, status }) => ({
      target_id: id,
      target_url: url,
      is_paused: isPaused,
      status,
    })),
  };
}

function targetIn({ current }: RetryPlan, targetId: string) {
  return current.find(({ id }) => id === targetId);
}

function presentAttempt({ started_at, target_url: askedUrl, ...attempt }: WebhookAttemptRow, plan: RetryPlan) {
  return {
    ...attempt,
    error_message_ru: attempt.error_message === null ? null : attemptMessageRu(attempt.error_message),
    target_url: askedUrl ?? targetIn(plan, attempt.target_id)?.url ?? null,
    started_at: started_at.toISOString(),
  };
}
