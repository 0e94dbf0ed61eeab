/** "Send it again": the event goes to the bus as a new one, and to the target once more. */
import { ServiceError } from '../../errors.ts';
import { newId, type TenantId } from '../../ids.ts';
import type { DurableEvent } from '../../outbox/events.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import { findWebhook } from '../../storage/tables/webhooks/webhook-configs.ts';
import {
  pageWebhookEvents,
  type WebhookEventFilter,
  type WebhookEventPosition,
  type WholeWebhookEventRow,
} from '../../storage/tables/webhooks/webhook-events.ts';
import { redriveDelivery } from '../../storage/tables/webhooks/webhook-redrives.ts';
import { contentOf, wantingTargets } from '../receiving/identify-delivery.ts';
import { readBody } from '../receiving/read-body.ts';
import { receivedEvent } from '../receiving/received-event.ts';
import { targetsOf } from '../webhook.ts';
import { receivedOfRow, renderEventCursor, requireEvent } from './read-events.ts';

export interface RetryEventsDeps {
  readonly db: Pick<Database, 'forTenant'>;
  readonly appendEvent: (tx: Queryable, event: DurableEvent) => Promise<string>;
  readonly clock: { now(): number };
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
  /** Deliveries have just become due. */
  onTargetDelivery(): void;
}

/** How many one bulk call sends again; the answer says where the next begins. */
const mostAtOnce = 1_000;
/** Events of one transaction: their payloads are in memory together. */
const perTransaction = 20;

/** `target`: to its target alone. */
export type RetryTo = 'all' | 'target';

/** Throws `NOT_FOUND`, and `CONFLICT` for a delivery that was never accepted: there is nothing to send. */
export async function retryEvent(
  deps: RetryEventsDeps,
  tenantId: TenantId,
  id: string,
  to: RetryTo,
  requestId: string,
) {
  const answer = await deps.db.forTenant(tenantId, async (tx) => {
    const row = await requireEvent(tx, tenantId, id);
    if (!isAccepted(row))
      throw new ServiceError('CONFLICT', `This delivery was ${row.status}: there is nothing to send.`);
    const sent = await sendAgain(deps, tx, tenantId, row, to, requestId);
    if (to === 'target' && !sent.is_delivered_again) {
      throw new ServiceError('CONFLICT', 'The webhook of this event has no target.');
    }
    return sent;
  });
  if (answer.is_delivered_again) deps.onTargetDelivery();
  return answer;
}

export interface RetriedEvents {
  readonly retried_count: number;
  readonly is_complete: boolean;
  /** Where the next call goes on, if there is more. */
  readonly next_cursor?: string;
}

/**
 * Sends all that match again, the oldest first, at most 1,000 in one call. What was refused or ignored is passed over.
 * Where it fails in the middle, what was sent before stays sent.
 */
export async function retryEvents(
  deps: RetryEventsDeps,
  tenantId: TenantId,
  filter: WebhookEventFilter,
  options: { readonly to: RetryTo; readonly after: WebhookEventPosition | null; readonly requestId: string },
): Promise<RetriedEvents> {
  let { after } = options;
  let retried = 0;
  // What comes in while this runs is not meant; the bound ends it in any case.
  const before = { ...filter, toMs: Math.min(filter.toMs ?? Number.POSITIVE_INFINITY, deps.clock.now()) };
  while (retried < mostAtOnce) {
    const position: WebhookEventPosition | null = after;
    const { seen, sent, last } = await deps.db.forTenant(tenantId, async (tx) => {
      const page = await pageWebhookEvents(tx, tenantId, before, 'asc', position, perTransaction);
      let count = 0;
      for (const event of page) {
        if (!isAccepted(event)) continue;
        const row = await requireEvent(tx, tenantId, event.id);
        await sendAgain(deps, tx, tenantId, row, options.to, options.requestId);
        count += 1;
      }
      return { seen: page.length, sent: count, last: page.at(-1) };
    });
    retried += sent;
    if (sent > 0) deps.onTargetDelivery();
    if (last === undefined || seen < perTransaction) {
      return { retried_count: retried, is_complete: true };
    }
    after = { receivedAt: last.received_at.toISOString(), id: last.id };
  }
  return {
    retried_count: retried,
    is_complete: false,
    ...(after === null ? {} : { next_cursor: renderEventCursor(after) }),
  };
}

function isAccepted({ status }: Pick<WholeWebhookEventRow, 'status'>): boolean {
  return status === 'accepted' || status === 'deferred';
}

async function sendAgain(
  deps: RetryEventsDeps,
  tx: Queryable,
  tenantId: TenantId,
  row: WholeWebhookEventRow,
  to: RetryTo,
  requestId: string,
) {
  const publishedEventId = to === 'target' ? null : await publishAgain(deps, tx, tenantId, row, requestId);
  const isDeliveredAgain = await redriveDelivery(
    tx,
    tenantId,
    { id: row.id, receivedAt: row.received_at },
    (await queuesOf(tx, tenantId, row)).map((id) => ({ id, newDeliveryId: newId(deps.clock.now()) })),
  );
  return { event_id: row.id, published_event_id: publishedEventId, is_delivered_again: isDeliveredAgain };
}

/** The targets that the webhook has now and that want this event. */
async function queuesOf(tx: Queryable, tenantId: TenantId, row: WholeWebhookEventRow): Promise<readonly string[]> {
  const webhook = await findWebhook(tx, tenantId, row.webhook_id);
  const targets = webhook === null ? [] : targetsOf(webhook);
  const isPlain = targets.every(({ conditions, eventTypes }) => conditions.length === 0 && eventTypes.includes('*'));
  if (isPlain) return targets.map(({ id }) => id);
  const body = row.payload ?? Buffer.alloc(0);
  const headers = row.headers ?? {};
  const content = contentOf(headers, body, readBody(body, row.content_type, headers['content-encoding']));
  return wantingTargets(targets, row.event_type === null ? [] : [row.event_type], content);
}

function publishAgain(
  deps: RetryEventsDeps,
  tx: Queryable,
  tenantId: TenantId,
  row: WholeWebhookEventRow,
  requestId: string,
): Promise<string> {
  return deps.appendEvent(tx, {
    ...receivedEvent(receivedOfRow(tenantId, row), { publicBaseUrl: deps.publicBaseUrl }),
    occurredAtMs: deps.clock.now(),
    correlationId: requestId,
    metadata: { is_retry: true },
  });
}
