/**
 * `integration.webhook.received`, the event that bus and target get of an accepted delivery. A pure function of its row
 * in `webhook_events`, so that any process can render it at any time with the same result.
 */
import type { TenantId } from '../../ids.ts';
import type { WebhookEventRecord } from '../../intake/intake.ts';
import { type OutboxMessage, sealEnvelope } from '../../outbox/envelope.ts';
import type { DurableEvent } from '../../outbox/events.ts';
import type { DeliveryFact } from '../../storage/tables/facts.ts';
import { type RenderedPayload, renderPayload } from './payload.ts';
import { type ReadBody, readBody } from './read-body.ts';

/** A larger payload is fetched by its URL instead of passing through every queue. */
const maxPublishedPayloadBytes = 256 * 1024;

/** An accepted delivery, as stored in its row. Its bytes are included if `includesRaw`. */
export interface ReceivedDelivery
  extends Pick<
    WebhookEventRecord,
    'id' | 'tenantId' | 'webhookId' | 'webhookName' | 'sourceService' | 'eventType' | 'contentType' | 'headers'
  > {
  readonly body: Buffer;
  readonly signatureVerified: boolean;
  readonly includesRaw: boolean;
  /** Made by `POST /webhooks/{id}/test`. */
  readonly isTest: boolean;
  /** The id of the request that brought it; null for deliveries received by an older version. */
  readonly requestId: string | null;
  readonly receivedAtMs: number;
}

export interface RenderOptions {
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
  /** The parsed body, if it was parsed already. */
  readonly read?: ReadBody | undefined;
  /** The full payload, if it is wanted whatever its size. Default: what fits on the bus. */
  readonly payload?: RenderedPayload;
}

export function receivedEvent(delivery: ReceivedDelivery, options: RenderOptions): DurableEvent {
  const { publicBaseUrl } = options;
  const payload = options.payload ?? publishedPayload(delivery, options.read);
  const bearsRaw = payload.needsRaw || (delivery.includesRaw && !payload.isTooLarge);
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
      ...(bearsRaw ? { payload_raw_base64: delivery.body.toString('base64') } : {}),
      ...(payload.isTooLarge ? { payload_url: `${publicBaseUrl}/api/v1/webhooks/events/${delivery.id}` } : {}),
      payload_size_bytes: delivery.body.length,
      signature_verified: delivery.signatureVerified,
      ...(delivery.isTest ? { test: true } : {}),
      received_at: new Date(delivery.receivedAtMs).toISOString(),
    },
    verbatim: { payload: payload.json },
  };
}

/** The columns that every query of a stored delivery has alike. */
type StoredDelivery = Pick<
  DeliveryFact,
  'webhook_id' | 'webhook_name' | 'source_service' | 'event_type' | 'content_type' | 'signature_verified'
> & {
  readonly include_raw?: boolean | null;
  readonly is_test?: boolean | null;
  readonly request_id?: string | null;
};

type DeliveryRest = Pick<ReceivedDelivery, 'id' | 'tenantId' | 'body' | 'headers' | 'receivedAtMs'>;

export function deliveryOf(row: StoredDelivery, rest: DeliveryRest): ReceivedDelivery {
  return {
    ...rest,
    webhookId: row.webhook_id,
    webhookName: row.webhook_name,
    sourceService: row.source_service,
    eventType: row.event_type,
    contentType: row.content_type,
    signatureVerified: row.signature_verified,
    includesRaw: row.include_raw === true,
    isTest: row.is_test === true,
    requestId: row.request_id ?? null,
  };
}

/** The event of a stored delivery, as it was rendered when it was received. */
export function receivedMessage(row: DeliveryFact, factNumber: number, publicBaseUrl: string): OutboxMessage {
  const delivery = deliveryOf(row, {
    id: row.id,
    tenantId: row.management_company_id as TenantId,
    body: Buffer.from(row.payload ?? '', 'base64'),
    headers: JSON.parse(row.headers ?? '{}') as Readonly<Record<string, string>>,
    receivedAtMs: Date.parse(row.received_at),
  });
  return sealEnvelope(receivedEvent(delivery, { publicBaseUrl }), { id: row.id, factNumber });
}

/** A payload that is too large for the bus is not read, and its bytes are not sent there either. */
function publishedPayload({ body, contentType, headers }: ReceivedDelivery, alreadyRead?: ReadBody): RenderedPayload {
  if (body.length > maxPublishedPayloadBytes) return { json: 'null', needsRaw: false, isTooLarge: true };
  const read = alreadyRead ?? readBody(body, contentType, headers['content-encoding'], maxPublishedPayloadBytes);
  return renderPayload(read, maxPublishedPayloadBytes);
}
