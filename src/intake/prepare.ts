/** Converts the callers' records into rows: masks secrets, cuts texts to the columns' lengths, assigns ids. */

import { hash } from 'node:crypto';
import { type KeptBody, keepBody, keepHeaders, storableText } from '../audit/body.ts';
import { renderTrace } from '../audit/call-trace.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { Masker } from '../audit/mask.ts';
import { newId } from '../ids.ts';
import { type OutboxMessage, sealEnvelope } from '../outbox/envelope.ts';
import type { EventRow, LogBodyRow, LogRow, UsageRow, WebhookRow } from '../storage/tables/intake-rows.ts';
import type { IntakeRecord, OutboxRecord, UsageRecord, WebhookEventRecord } from './intake.ts';

/** One record, ready for a commit or for the spool: plain JSON without secrets. */
export interface PreparedRecord {
  readonly webhook: WebhookRow | null;
  readonly logs: readonly LogRow[];
  readonly bodies: readonly LogBodyRow[];
  readonly usage: readonly UsageRow[];
  readonly events: readonly EventRow[];
  /** The event of `webhook`. Not stored in the spool: it is rendered from the row again. */
  readonly received?: OutboxMessage;
}

export interface PrepareDeps {
  readonly masker: Masker;
  /** The origin of this process's relay. */
  readonly origin: string;
}

/** Converts one record. Its parts refer to one anchor, the row whose first insertion decides that the record counts. */
export function prepareRecord(deps: PrepareDeps, record: IntakeRecord): PreparedRecord {
  // A deferred delivery is due at its target no earlier than its event is published.
  const notBeforeMs = record.events?.[0]?.notBeforeMs;
  const { received } = record;
  const webhook =
    record.webhookEvent === undefined ? null : webhookRow(record.webhookEvent, notBeforeMs, received !== undefined);
  const usage = record.usage ?? [];
  const firstLog = record.logs?.[0]?.id;
  const ownMark = usage.length > 0 && webhook === null && firstLog === undefined ? newId() : null;
  const anchor = webhook?.id ?? firstLog ?? ownMark;

  const logs: LogRow[] = [];
  const bodies: LogBodyRow[] = [];
  for (const entry of record.logs ?? []) logs.push(logRow(deps.masker, entry, webhook?.id ?? null, bodies));
  return {
    webhook,
    logs,
    bodies,
    usage: anchor === null ? [] : usage.map((part) => usageRow(part, anchor, anchor === ownMark)),
    events: (record.events ?? []).map((event) => eventRow(event, anchor, deps.origin)),
    ...(webhook === null || received === undefined ? {} : { received: sealEnvelope(received, { id: webhook.id }) }),
  };
}

function logRow(masker: Masker, entry: AuditEntry, gate: string | null, bodies: LogBodyRow[]): LogRow {
  const { secrets } = entry;
  const startedAt = timestamp(entry.startedAtMs);
  const reference = (kept: KeptBody | null): string | null => {
    if (kept === null) return null;
    const day = startedAt.slice(0, 10);
    bodies.push({ gate, day, management_company_id: entry.tenantId, body_hash: kept.hash, body: kept.text });
    return kept.reference;
  };
  const durationMs = Math.max(0, Math.min(Math.round(entry.completedAtMs - entry.startedAtMs), 2_147_483_647));
  return {
    id: entry.id,
    gate,
    management_company_id: entry.tenantId,
    service_id: entry.serviceId,
    service_name: column(entry.serviceName, 100),
    service_type: column(entry.serviceType, 20),
    operation: column(entry.operation, 40),
    endpoint: entry.endpoint === null ? null : column(masker.url(entry.endpoint, secrets), 2048),
    http_method: entry.httpMethod === null ? null : column(entry.httpMethod, 10),
    request_headers: reference(keepHeaders(entry.requestHeaders, masker, secrets)),
    request_body: reference(keepBody(entry.requestBody, masker, secrets, entry.requestSizeBytes)),
    response_status_code: entry.responseStatusCode,
    response_body: reference(keepBody(entry.responseBody, masker, secrets, entry.responseSizeBytes)),
    started_at: startedAt,
    completed_at: timestamp(entry.completedAtMs),
    duration_ms: durationMs,
    status: entry.status,
    error_message: entry.errorMessage === null ? null : column(masker.text(entry.errorMessage, secrets), 4_000),
    error_code: entry.errorCode === null ? null : column(entry.errorCode, 60),
    retry_count: entry.retryCount,
    attempt: entry.attempt,
    request_id: column(entry.requestId, 128),
    source_service: entry.sourceService === null ? null : column(entry.sourceService, 100),
    principal: entry.principal === null ? null : column(entry.principal, 220),
    estimated_cost: entry.estimatedCostUsd,
    elements: entry.elements ?? null,
    trace: entry.trace === undefined ? null : storableText(renderTrace(entry.trace)),
    response_size_bytes: entry.announcement?.responseSizeBytes ?? null,
    will_retry: entry.announcement?.willRetry ?? null,
    is_announced: entry.announcement !== undefined,
    origin_number: null,
  };
}

function usageRow(usage: UsageRecord, gate: string, isMark: boolean): UsageRow {
  return {
    gate,
    is_mark: isMark,
    day: timestamp(usage.atMs).slice(0, 10),
    management_company_id: usage.tenantId,
    service_name: column(usage.serviceName, 100),
    operation: column(usage.operation, 40),
    request_count: usage.requests,
    error_count: usage.errors,
    cached_count: usage.cached,
    total_cost: usage.costUsd,
    saved_by_cache: usage.savedByCacheUsd,
    at: timestamp(usage.atMs),
  };
}

function eventRow({ event, id, notBeforeMs }: OutboxRecord, gate: string | null, origin: string): EventRow {
  const message = sealEnvelope(event, { ...(id === undefined ? {} : { id }), notBeforeMs });
  return {
    gate,
    id: message.id,
    origin,
    management_company_id: message.tenantId,
    aggregate_id: storableText(message.aggregateId),
    event_type: message.type,
    occurred_at: message.occurredAt,
    body: message.body,
    not_before: message.notBefore,
  };
}

function webhookRow(event: WebhookEventRecord, notBeforeMs: number | undefined, isAnnounced: boolean): WebhookRow {
  return {
    id: event.id,
    delivery_key: event.deliveryId === null || event.isNeverDuplicate === true ? null : deliveryKey(event.deliveryId),
    management_company_id: event.tenantId,
    webhook_id: event.webhookId,
    webhook_name: column(event.webhookName, 200),
    source_service: column(event.sourceService, 100),
    event_type: event.eventType === null ? null : column(event.eventType, 200),
    delivery_id: event.deliveryId === null ? null : column(event.deliveryId, 255),
    body_sha256: event.bodySha256?.toString('hex') ?? null,
    is_body_taken_once: event.isBodyTakenOnce === true,
    is_id_unsigned: event.isIdUnsigned === true,
    status: event.status,
    refusal_reason: event.refusalReason === null ? null : column(event.refusalReason, 60),
    signature_verified: event.signatureVerified,
    matched_secret: event.matchedSecret,
    source_address: event.sourceAddress === null ? null : column(event.sourceAddress, 64),
    headers: JSON.stringify(event.headers),
    payload: event.payload?.toString('base64') ?? null,
    content_type: event.contentType === null ? null : column(event.contentType, 200),
    payload_size_bytes: event.payloadSizeBytes,
    request_id: column(event.requestId, 128),
    received_at: timestamp(event.receivedAtMs),
    duplicate_window_seconds: event.duplicateWindowSeconds ?? null,
    include_raw: event.includesRaw === true,
    is_test: event.isTest === true,
    target_delivery_id: event.deliverToTarget ? newId() : null,
    ...(event.deliverToFurther === undefined || event.deliverToFurther.length === 0
      ? {}
      : { further_deliveries: event.deliverToFurther.map((queueId) => ({ id: newId(), queue_id: queueId })) }),
    target_due_at: notBeforeMs === undefined ? null : timestamp(notBeforeMs),
    is_announced: isAnnounced,
    origin_number: null,
  };
}

const maxPlainKeyLength = 200;

/**
 * The key by which the sender's ids are compared. A long id is compared by its hash, so that two ids with the same
 * beginning stay different.
 */
function deliveryKey(deliveryId: string): string {
  if (deliveryId.length <= maxPlainKeyLength && storableText(deliveryId) === deliveryId) return deliveryId;
  return `sha256:${hash('sha256', deliveryId, 'hex')}`;
}

/** Cuts a text to the column's length and removes what PostgreSQL cannot store. */
function column(text: string, maxChars: number): string {
  const storable = storableText(text);
  return storable.length <= maxChars ? storable : storableText(storable.slice(0, maxChars));
}

function timestamp(atMs: number): string {
  return new Date(atMs).toISOString();
}
