/** Renders an event as an AMQP message: CloudEvents 1.0, AMQP protocol binding, binary mode. */
import type { AsyncMessage, Envelope } from 'rabbitmq-client';
import type { BrokerMessage } from './broker.ts';

/** A URI reference that names this program as the origin of its events. */
const source = '/integration-service';
const prefix = 'cloudEvents:';

/** Renders the properties and headers of a message. */
export function envelopeOf(message: BrokerMessage, exchange: string): Envelope {
  const headers: Record<string, string> = {
    [`${prefix}specversion`]: '1.0',
    [`${prefix}id`]: message.eventId,
    [`${prefix}source`]: source,
    [`${prefix}type`]: message.eventType,
    [`${prefix}time`]: message.occurredAt,
    [`${prefix}managementcompanyid`]: message.tenantId,
  };
  if (message.subject !== null) headers[`${prefix}subject`] = message.subject;
  return {
    exchange,
    routingKey: message.eventType,
    durable: true,
    messageId: message.eventId,
    contentType: 'application/json',
    type: message.eventType,
    appId: 'integration-service',
    // AMQP timestamps have whole seconds only; the exact time is in the header.
    timestamp: Math.floor(Date.parse(message.occurredAt) / 1000),
    headers,
  };
}

/** The event of a message delivered from a queue; null if the message is not one of ours. */
export function messageOf(delivered: AsyncMessage): BrokerMessage | null {
  const header = (name: string): string | null => {
    const value: unknown = delivered.headers?.[prefix + name];
    return typeof value === 'string' ? value : null;
  };
  const eventId = header('id');
  const eventType = header('type');
  const tenantId = header('managementcompanyid');
  const occurredAt = header('time');
  if (eventId === null || eventType === null || tenantId === null || occurredAt === null) return null;
  // Bytes, unless the client parsed the body after all (raw-bodies.ts).
  const body = Buffer.isBuffer(delivered.body) ? delivered.body : Buffer.from(JSON.stringify(delivered.body));
  return { eventId, eventType, tenantId, occurredAt, subject: header('subject'), body };
}
