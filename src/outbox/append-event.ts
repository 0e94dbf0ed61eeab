/** For rooms that change their own rows: the event commits with the change, or not at all. */
import type { Queryable } from '../storage/postgres/database.ts';
import { insertOwnerlessOutboxRow } from '../storage/tables/outbox-events.ts';
import { sealEnvelope } from './envelope.ts';
import type { DurableEvent } from './events.ts';

/**
 * Appends the event within the caller's transaction and returns its id. It is published right after the commit by
 * whichever replica holds the pick-up lease: a notification that travels with the commit wakes it.
 */
export async function appendEvent(tx: Queryable, event: DurableEvent): Promise<string> {
  const message = sealEnvelope(event);
  await insertOwnerlessOutboxRow(tx, {
    id: message.id,
    management_company_id: message.tenantId,
    aggregate_id: message.aggregateId,
    event_type: message.type,
    occurred_at: message.occurredAt,
    body: message.body,
  });
  return message.id;
}
