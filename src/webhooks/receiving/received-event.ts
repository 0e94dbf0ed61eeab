/** `integration.webhook.received`: what the bus and the target are told of an accepted delivery. */
import { type OutboxMessage, sealEnvelope } from '../../outbox/envelope.ts';
import type { DurableEvent } from '../../outbox/events.ts';
import type { DeliveryFact } from '../../storage/tables/facts.ts';
import type { Webhook } from '../webhook.ts';
import { parsePayload } from './identify-delivery.ts';

/** A larger payload is fetched by its address instead of travelling through every queue. */
const maxPublishedPayloadBytes = 256 * 1024;
/** JSON nested deeper than this overflows the parsers of common consumers, and PostgreSQL's. */
const maxPublishedDepth = 200;

export interface ReceivedDelivery {
  readonly eventId: string;
  readonly eventType: string | null;
  readonly body: Buffer;
  readonly contentType: string | null;
  /** The JSON of the body, null where it is none; absent where it was not parsed yet. */
  readonly parsed?: unknown;
  readonly receivedAtMs: number;
  readonly signatureVerified: boolean;
}

/** `payloadUrl` is where the delivery can be read whole, and is named where its payload is above `maxPayloadBytes`. */
export function receivedEvent(
  webhook: Pick<Webhook, 'id' | 'tenantId' | 'name' | 'sourceService'>,
  delivery: ReceivedDelivery,
  payloadUrl: string,
  correlationId: string | null,
): Extract<DurableEvent, { type: 'integration.webhook.received' }> {
  const payload = publishedPayload(delivery, maxPublishedPayloadBytes);
  return {
    type: 'integration.webhook.received',
    tenantId: webhook.tenantId,
    serviceName: webhook.sourceService,
    correlationId,
    occurredAtMs: delivery.receivedAtMs,
    aggregateId: webhook.id,
    fields: {
      webhook_id: webhook.id,
      webhook_name: webhook.name,
      webhook_event_id: delivery.eventId,
      source_service: webhook.sourceService,
      webhook_event_type: delivery.eventType,
      payload: payload ?? null,
      ...(payload === undefined ? { payload_url: payloadUrl } : {}),
      payload_size_bytes: delivery.body.length,
      signature_verified: delivery.signatureVerified,
      received_at: new Date(delivery.receivedAtMs).toISOString(),
    },
  };
}

/** The event of a stored delivery, as it was rendered when it was received. */
export function receivedMessage(row: DeliveryFact, factNumber: number, publicBaseUrl: string): OutboxMessage {
  const body = Buffer.from(row.payload ?? '', 'base64');
  const event = receivedEvent(
    {
      id: row.webhook_id as Webhook['id'],
      tenantId: row.management_company_id as Webhook['tenantId'],
      name: row.webhook_name,
      sourceService: row.source_service,
    },
    {
      eventId: row.id,
      eventType: row.event_type,
      body,
      contentType: row.content_type,
      receivedAtMs: Date.parse(row.received_at),
      signatureVerified: row.signature_verified,
    },
    payloadUrlOf(publicBaseUrl, row.id),
    row.request_id ?? null,
  );
  return sealEnvelope(event, { id: row.id, factNumber });
}

/** `publicBaseUrl` without a trailing slash. */
export function payloadUrlOf(publicBaseUrl: string, eventId: string): string {
  return `${publicBaseUrl}/api/v1/webhooks/events/${eventId}`;
}

/** JSON as it is, other text as a string; undefined where it cannot travel: too large, too deep, or no text. */
export function publishedPayload(
  delivery: Pick<ReceivedDelivery, 'body' | 'contentType' | 'parsed'>,
  maxBytes: number,
): unknown {
  const { body, contentType } = delivery;
  if (body.length > maxBytes) return undefined;
  const parsed = delivery.parsed === undefined ? parsePayload(body, contentType) : delivery.parsed;
  if (parsed !== null) return isDeeperThan(parsed, maxPublishedDepth) ? undefined : parsed;
  if (body.equals(jsonNull)) return null;
  const text = body.toString('utf8');
  return text.includes('\uFFFD') && !Buffer.from(text, 'utf8').equals(body) ? undefined : text;
}

/** The same as JSON text, whatever its size. */
export function payloadText(body: Buffer, contentType: string | null): string | undefined {
  return JSON.stringify(publishedPayload({ body, contentType }, Number.POSITIVE_INFINITY));
}

/** Puts a payload that is JSON text already into a text whose `payload` is null, without reading either. */
export function withPayloadText(json: string, text: string): string {
  const member = '"payload":';
  // Within a string the quotes would be escaped: the first that fits is the member itself.
  const at = json.indexOf(`${member}null`) + member.length;
  return json.slice(0, at) + text + json.slice(at + 'null'.length);
}

const jsonNull = Buffer.from('null');

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(item, depth - 1));
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) if (isDeeperThan(members[name], depth - 1)) return true;
  return false;
}
