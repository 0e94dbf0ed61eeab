/** An event as it is stored and sent: a complete JSON body, as the contract defines it. */
import type { BrokerMessage } from '../broker/broker.ts';
import { newId, type TenantId } from '../ids.ts';
import type { OutboxRow } from '../storage/tables/outbox-events.ts';
import type { EventType, IntegrationEvent } from './events.ts';
import type { NumberBlock } from './fact-numbers.ts';

/** An event that is ready to be published. */
export interface OutboxMessage {
  readonly id: string;
  readonly type: EventType;
  readonly tenantId: TenantId;
  /** Order is kept per tenant and aggregate. */
  readonly aggregateId: string;
  /** RFC 3339 UTC. */
  readonly occurredAt: string;
  /** JSON text. */
  readonly body: string;
  /** The earliest time of publishing, RFC 3339 UTC; null: at once. */
  readonly notBefore: string | null;
  /** The event's number among the facts of its process; null: the event has its own row in `outbox_events`. */
  readonly factNumber: number | null;
}

/** The events of a finished commit, on their way to the relay. */
export interface Handover {
  readonly messages: readonly OutboxMessage[];
  /** The blocks of numbers that the facts of the commit use. */
  readonly blocks: readonly NumberBlock[];
}

export interface SealOptions {
  /** Default: a new id. */
  readonly id?: string;
  /** Unix milliseconds. */
  readonly notBeforeMs?: number | undefined;
  readonly factNumber?: number;
}

const maxAggregateLength = 100;

/**
 * Assigns an id and renders the body. The event's own fields stand beside the envelope's members; an envelope member
 * wins over a field of the same name, so that no field can forge a tenant.
 */
export function sealEnvelope(event: IntegrationEvent, options: SealOptions = {}): OutboxMessage {
  const { id = newId(), notBeforeMs, factNumber = null } = options;
  const occurredAt = new Date(event.occurredAtMs).toISOString();
  return {
    id,
    type: event.type,
    tenantId: event.tenantId,
    aggregateId: event.aggregateId.slice(0, maxAggregateLength),
    occurredAt,
    body: renderWithVerbatim(event.verbatim, {
      ...event.fields,
      event_id: id,
      event_type: event.type,
      timestamp: occurredAt,
      management_company_id: event.tenantId,
      service_name: event.serviceName,
      correlation_id: event.correlationId,
      metadata: event.metadata ?? {},
    }),
    notBefore: notBeforeMs === undefined ? null : new Date(notBeforeMs).toISOString(),
    factNumber,
  };
}

/**
 * Renders one JSON object from `members` and from `verbatim`, whose values are JSON text already; a member wins over a
 * verbatim one of the same name.
 */
export function renderWithVerbatim(
  verbatim: Readonly<Record<string, string>> | undefined,
  members: Readonly<Record<string, unknown>>,
): string {
  const json = JSON.stringify(members);
  const ready = Object.entries(verbatim ?? {}).filter(([name]) => !Object.hasOwn(members, name));
  if (ready.length === 0) return json;
  const texts = ready.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',');
  return json === '{}' ? `{${texts}}` : `${json.slice(0, -1)},${texts}}`;
}

/** Returns the event of a stored row, unchanged. `notBefore` is null if the event is due. */
export function messageOfRow(row: OutboxRow, notBefore: string | null): OutboxMessage {
  return {
    id: row.id,
    type: row.event_type as EventType,
    tenantId: row.management_company_id as TenantId,
    aggregateId: row.aggregate_id,
    occurredAt: row.occurred_at,
    body: row.body,
    notBefore,
    factNumber: null,
  };
}

/** The row of an event that is stored on its own. */
export function rowOfMessage(message: OutboxMessage): OutboxRow {
  return {
    id: message.id,
    management_company_id: message.tenantId,
    aggregate_id: message.aggregateId,
    event_type: message.type,
    occurred_at: message.occurredAt,
    body: message.body,
  };
}

/** Converts the event for the broker. */
export function brokerMessageOf(message: OutboxMessage): BrokerMessage {
  return {
    eventId: message.id,
    eventType: message.type,
    tenantId: message.tenantId,
    occurredAt: message.occurredAt,
    subject: message.aggregateId,
    body: Buffer.from(message.body, 'utf8'),
  };
}
