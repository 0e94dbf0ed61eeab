/** Sends an event again: to the bus as a new one, and to its targets. */
import { renderPosition, type TimePosition } from '../../encodings/page-cursor.ts';
import { ServiceError } from '../../errors.ts';
import { newId, type TenantId } from '../../ids.ts';
import type { DurableEvent } from '../../outbox/events.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import {
  pageWebhookEvents,
  type WebhookEventFilter,
  type WholeWebhookEventRow,
} from '../../storage/tables/webhooks/webhook-events.ts';
import { lockEventDeliveries, redriveDelivery } from '../../storage/tables/webhooks/webhook-redrives.ts';
import { receivedEvent } from '../receiving/received-event.ts';
import { receivedOfRow, requireEvent } from './read-events.ts';
import { chooseTargets, planRetry, type RetryPlan, type RetryTarget, type RetryTo } from './retry-plan.ts';

export interface RetryEventsDeps {
  readonly db: Pick<Database, 'forTenant'>;
  readonly appendEvent: (tx: Queryable, event: DurableEvent) => Promise<string>;
  readonly clock: { now(): number };
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
  /** Called when deliveries have become due. */
  onTargetDelivery(): void;
}

/** Maximum number of events per bulk call; the answer says where the next call starts. */
const mostAtOnce = 1_000;
/** Events of one transaction: their payloads are in memory together. */
export const perTransaction = 20;

/** Throws `NOT_FOUND`, and `CONFLICT` with a `reason` where nothing can be sent. */
export async function retryEvent(
  deps: RetryEventsDeps,
  tenantId: TenantId,
  id: string,
  options: { readonly to: RetryTo; readonly targetId?: string | undefined; readonly requestId: string },
) {
  const answer = await deps.db.forTenant(tenantId, async (tx) => {
    const row = await requireEvent(tx, tenantId, id);
    await lockEventDeliveries(tx, row.id);
    const plan = await planRetry(tx, tenantId, row);
    const targets = chooseTargets(plan, options.to, options.targetId);
    return (await sendAgain(deps, tx, tenantId, row, targets, options)).answer;
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
 * Sends all that match again, the oldest first, at most 1,000 in one call. Refused and ignored events are skipped.
 * If it fails in the middle, the events before stay sent.
 */
export async function retryEvents(
  deps: RetryEventsDeps,
  tenantId: TenantId,
  filter: WebhookEventFilter,
  options: { readonly to: RetryTo; readonly after: TimePosition | null; readonly requestId: string },
): Promise<RetriedEvents> {
  let { after } = options;
  let retried = 0;
  // Excludes events that arrive meanwhile; the bound ends the call in any case.
  const before = { ...filter, toMs: Math.min(filter.toMs ?? Number.POSITIVE_INFINITY, deps.clock.now()) };
  while (retried < mostAtOnce) {
    const position: TimePosition | null = after;
    const { seen, sent, last } = await deps.db.forTenant(tenantId, (tx) =>
      sendPageAgain(deps, tx, tenantId, before, position, options),
    );
    retried += sent;
    if (sent > 0) deps.onTargetDelivery();
    if (last === null || seen < perTransaction) {
      return { retried_count: retried, is_complete: true };
    }
    after = last;
  }
  return {
    retried_count: retried,
    is_complete: false,
    ...(after === null ? {} : { next_cursor: renderPosition(after) }),
  };
}

export interface SentPage {
  /** Events that were looked at. */
  readonly seen: number;
  readonly sent: number;
  readonly deliveryIds: readonly string[];
  /** Where the next page begins; null where there was nothing. */
  readonly last: TimePosition | null;
}

/** The next page of matching events, oldest first. Skips events that cannot be sent again, or have no target. */
export async function sendPageAgain(
  deps: Omit<RetryEventsDeps, 'db'>,
  tx: Queryable,
  tenantId: TenantId,
  filter: WebhookEventFilter,
  after: TimePosition | null,
  options: { readonly to: RetryTo; readonly requestId: string },
): Promise<SentPage> {
  const page = await pageWebhookEvents(tx, tenantId, filter, 'asc', after, perTransaction);
  const made: string[] = [];
  let sent = 0;
  for (const event of page) {
    if (!isAccepted(event)) continue;
    const row = await requireEvent(tx, tenantId, event.id);
    await lockEventDeliveries(tx, row.id);
    const targets = targetsOfBulk(await planRetry(tx, tenantId, row), options.to);
    if (targets === null) continue;
    made.push(...(await sendAgain(deps, tx, tenantId, row, targets, options)).deliveryIds);
    sent += 1;
  }
  const last = page.at(-1);
  return {
    seen: page.length,
    sent,
    deliveryIds: made,
    last: last === undefined ? null : { at: last.received_at.toISOString(), id: last.id },
  };
}

function isAccepted({ status }: Pick<WholeWebhookEventRow, 'status'>): boolean {
  return status === 'accepted' || status === 'deferred';
}

/** null: skipped, because there is nothing to send, or no target takes it. */
function targetsOfBulk(plan: RetryPlan, to: RetryTo): readonly RetryTarget[] | null {
  try {
    return chooseTargets(plan, to, undefined);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'CONFLICT') return null;
    throw error;
  }
}

async function sendAgain(
  deps: Omit<RetryEventsDeps, 'db'>,
  tx: Queryable,
  tenantId: TenantId,
  row: WholeWebhookEventRow,
  targets: readonly RetryTarget[],
  options: { readonly to: RetryTo; readonly targetId?: string | undefined; readonly requestId: string },
) {
  const isPublished = options.to === 'all' && options.targetId === undefined;
  const publishedEventId = isPublished ? await publishAgain(deps, tx, tenantId, row, options.requestId) : null;
  const { deliveryIds } = await redriveDelivery(
    tx,
    tenantId,
    { id: row.id, receivedAt: row.received_at },
    targets.map(({ id }) => ({ id, newDeliveryId: newId(deps.clock.now()) })),
  );
  const answer = {
    event_id: row.id,
    published_event_id: publishedEventId,
    is_delivered_again: deliveryIds.length > 0,
    targets: targets.map(({ id, url, isPaused }) => ({ target_id: id, target_url: url, is_paused: isPaused })),
  };
  return { answer, deliveryIds };
}

function publishAgain(
  deps: Omit<RetryEventsDeps, 'db'>,
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
