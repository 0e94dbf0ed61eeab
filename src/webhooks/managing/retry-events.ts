/** "Send it again": the event goes to the bus as a new one, and to the target once more. */
import { ServiceError } from '../../errors.ts';
import { newId, type TenantId } from '../../ids.ts';
import type { DurableEvent } from '../../outbox/events.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import { redriveDelivery } from '../../storage/tables/webhook-deliveries.ts';
import {
  pageWebhookEvents,
  type WebhookEventFilter,
  type WebhookEventPosition,
  type WholeWebhookEventRow,
} from '../../storage/tables/webhook-events.ts';
import { receivedEvent } from '../receiving/received-event.ts';
import { receivedOfRow, requireEvent } from './read-events.ts';

export interface RetryEventsDeps {
  readonly db: Pick<Database, 'forTenant'>;
  readonly appendEvent: (tx: Queryable, event: DurableEvent) => Promise<string>;
  readonly clock: { now(): number };
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
  /** Deliveries have just become due. */
  onTargetDelivery(): void;
}

/** How many one bulk call sends again; the answer says whether there were more. */
const mostAtOnce = 1_000;
/** Events of one transaction: their payloads are in memory together. */
const perTransaction = 20;

/** Throws `NOT_FOUND`, and `CONFLICT` for a delivery that was never accepted: there is nothing to send. */
export async function retryEvent(deps: RetryEventsDeps, tenantId: TenantId, id: string, requestId: string) {
  const answer = await deps.db.forTenant(tenantId, async (tx) => {
    const row = await requireEvent(tx, tenantId, id);
    if (row.payload === null) {
      throw new ServiceError('CONFLICT', `This delivery was ${row.status}: its body was not kept.`);
    }
    return sendAgain(deps, tx, tenantId, row, requestId);
  });
  if (answer.is_delivered_again) deps.onTargetDelivery();
  return answer;
}

/**
 * Sends all that match again, the newest first, at most 1,000 in one call. What was refused or ignored is passed over.
 * Where it fails in the middle, what was sent before stays sent.
 */
export async function retryEvents(
  deps: RetryEventsDeps,
  tenantId: TenantId,
  filter: WebhookEventFilter,
  requestId: string,
): Promise<{ readonly retried_count: number; readonly is_complete: boolean }> {
  let after: WebhookEventPosition | null = null;
  let retried = 0;
  // What comes in while this runs is newer, and not meant; the bound ends it in any case.
  const before = { ...filter, toMs: Math.min(filter.toMs ?? Number.POSITIVE_INFINITY, deps.clock.now()) };
  while (retried < mostAtOnce) {
    const position: WebhookEventPosition | null = after;
    const { seen, sent, last } = await deps.db.forTenant(tenantId, async (tx) => {
      const page = await pageWebhookEvents(tx, tenantId, before, position, perTransaction);
      let count = 0;
      for (const { id, status } of page) {
        if (status !== 'accepted' && status !== 'deferred') continue;
        await sendAgain(deps, tx, tenantId, await requireEvent(tx, tenantId, id), requestId);
        count += 1;
      }
      return { seen: page.length, sent: count, last: page.at(-1) };
    });
    retried += sent;
    if (sent > 0) deps.onTargetDelivery();
    if (last === undefined || seen < perTransaction) return { retried_count: retried, is_complete: true };
    after = { receivedAt: last.received_at.toISOString(), id: last.id };
  }
  return { retried_count: retried, is_complete: false };
}

async function sendAgain(
  deps: RetryEventsDeps,
  tx: Queryable,
  tenantId: TenantId,
  row: WholeWebhookEventRow,
  requestId: string,
) {
  const event = receivedEvent(receivedOfRow(tenantId, row), { publicBaseUrl: deps.publicBaseUrl });
  const publishedEventId = await deps.appendEvent(tx, {
    ...event,
    occurredAtMs: deps.clock.now(),
    correlationId: requestId,
    metadata: { is_retry: true },
  });
  const isDeliveredAgain = await redriveDelivery(
    tx,
    tenantId,
    { id: row.id, webhookId: row.webhook_id, receivedAt: row.received_at },
    newId(deps.clock.now()),
  );
  return { event_id: row.id, published_event_id: publishedEventId, is_delivered_again: isDeliveredAgain };
}
