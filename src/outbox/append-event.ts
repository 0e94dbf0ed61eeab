/** Events of changes that other rooms make to their own rows: the event commits with the change, or not at all. */
import type { Queryable } from '../storage/postgres/database.ts';
import { insertOwnerlessOutboxRow } from '../storage/tables/outbox-events.ts';
import { rowOfMessage, sealEnvelope } from './envelope.ts';
import type { DurableEvent } from './events.ts';

/**
 * Appends the event in the caller's transaction and returns its id. The commit notifies the replica that holds the
 * pick-up lease, which publishes the event at once.
 */
export async function appendEvent(tx: Queryable, event: DurableEvent): Promise<string> {
  const message = sealEnvelope(event);
  await insertOwnerlessOutboxRow(tx, rowOfMessage(message));
  return message.id;
}
