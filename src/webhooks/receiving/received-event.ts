/**
 * `integration.webhook.received`: what the bus and the target are told of an accepted delivery. A pure function of what its
 * row in `webhook_events` holds, so that any process can render it at any time, the same.
 */
import type { TenantId } from '../../ids.ts';
import { type OutboxMessage, sealEnvelope } from '../../outbox/envelope.ts';
import type { DurableEvent } from '../../outbox/events.ts';
import type { DeliveryFact } from '../../storage/tables/facts.ts';
import { type ReadBody, readBody } from './read-body.ts';

/** A larger payload is fetched by its address instead of travelling through every queue. */
const maxPublishedPayloadBytes = 256 * 1024;
/** JSON nested deeper than this overflows the parsers of common consumers, and PostgreSQL's. */
const maxPublishedDepth = 200;

/** An accepted delivery as its row has it. */
export interface ReceivedDelivery {
  readonly id: string;
  readonly tenantId: TenantId;
  readonly webhookId: string;
  readonly webhookName: string;
  readonly sourceService: string;
  readonly eventType: string | null;
  readonly body: Buffer;
  readonly contentType: string | null;
  /** Masked, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signatureVerified: boolean;
  /** Its bytes travel too, whatever they say. */
  readonly includesRaw: boolean;
  /** Made by `POST /webhooks/{id}/test`. */
  readonly isTest: boolean;
  /** The request that brought it; null for one that was received by an older version. */
  readonly requestId: string | null;
  readonly receivedAtMs: number;
}

export interface RenderOptions {
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
  /** A payload above it is left out, and `payload_url` says where it is. Default: what may travel over the bus. */
  readonly maxPayloadBytes?: number;
  /** The delivery's body where it has been read already. */
  readonly read?: ReadBody;
}

export function receivedEvent(delivery: ReceivedDelivery, options: RenderOptions): DurableEvent {
  const { publicBaseUrl, maxPayloadBytes = maxPublishedPayloadBytes } = options;
  const { payload, rawBase64, isTooLarge } = publishedPayload(delivery, maxPayloadBytes, options.read);
  return {
    type: 'integration.webhook.received',
    tenantId: delivery.tenantId,
    serviceName: delivery.sourceService,
    correlationId: delivery.requestId,
    occurredAtMs: delivery.receivedAtMs,
    aggregateId: delivery.webhookId,
    fields: {
      webhook_id: delivery.webhookId,
      webhook_name: delivery.webhookName,
      webhook_event_id: delivery.id,
      source_service: delivery.sourceService,
      webhook_event_type: delivery.eventType,
      headers: delivery.headers,
      ...(rawBase64 === null ? {} : { payload_raw_base64: rawBase64 }),
      ...(isTooLarge ? { payload_url: `${publicBaseUrl}/api/v1/webhooks/events/${delivery.id}` } : {}),
      payload_size_bytes: delivery.body.length,
      signature_verified: delivery.signatureVerified,
      ...(delivery.isTest ? { test: true } : {}),
      received_at: new Date(delivery.receivedAtMs).toISOString(),
    },
    verbatim: { payload },
  };
}

/** The event of a stored delivery, as it was rendered when it was received. */
export function receivedMessage(row: DeliveryFact, factNumber: number, publicBaseUrl: string): OutboxMessage {
  const delivery: ReceivedDelivery = {
    id: row.id,
    tenantId: row.management_company_id as TenantId,
    webhookId: row.webhook_id,
    webhookName: row.webhook_name,
    sourceService: row.source_service,
    eventType: row.event_type,
    body: Buffer.from(row.payload ?? '', 'base64'),
    contentType: row.content_type,
    headers: JSON.parse(row.headers ?? '{}') as Readonly<Record<string, string>>,
    signatureVerified: row.signature_verified,
    includesRaw: row.include_raw === true,
    isTest: row.is_test === true,
    requestId: row.request_id ?? null,
    receivedAtMs: Date.parse(row.received_at),
  };
  return sealEnvelope(receivedEvent(delivery, { publicBaseUrl }), { id: row.id, factNumber });
}

export interface PublishedPayload {
  /** JSON text: the sender's own, to the last digit and blank, or a string for other text; `null` where it cannot travel. */
  readonly payload: string;
  /** Set where the payload alone does not give the bytes back, or they are asked for. */
  readonly rawBase64: string | null;
  readonly isTooLarge: boolean;
}

export function publishedPayload(
  delivery: Pick<ReceivedDelivery, 'body' | 'contentType' | 'headers' | 'includesRaw'>,
  maxBytes: number,
  alreadyRead?: ReadBody,
): PublishedPayload {
  const { body, contentType, headers } = delivery;
  if (body.length > maxBytes) return { payload: 'null', rawBase64: null, isTooLarge: true };
  const read = alreadyRead ?? readBody(body, contentType, headers['content-encoding']);
  const isTooDeep = read.json !== null && isDeeperThan(read.parsed, maxPublishedDepth);
  const shown = isTooDeep ? null : (read.json ?? read.text);
  const isTooLarge = shown !== null && shown.length > maxBytes;
  const isLeftOut = shown === null || isTooLarge;
  const needsRaw = delivery.includesRaw || isLeftOut || !read.isWhole;
  return {
    payload: isLeftOut ? 'null' : read.json === null ? JSON.stringify(shown) : shown,
    rawBase64: needsRaw ? body.toString('base64') : null,
    isTooLarge,
  };
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  for (const member of Object.values(value)) if (isDeeperThan(member, depth - 1)) return true;
  return false;
}
