/**
 * Sending again all events that match a filter, in the background: counted first, watched, stopped. Its range of time is
 * fixed when it begins, so that what it sends is what was counted.
 *
 * | state      | what happens                                                         |
 * | ---------- | -------------------------------------------------------------------- |
 * | `sending`  | page after page becomes due, the oldest first, as targets take it    |
 * | `settling` | all is sent; some waits at its target: for its next try, or a resume |
 * | `done`     | every delivery came to an end                                        |
 * | `stopped`  | nothing further is sent; what is at a target goes on there           |
 */
import { ServiceError } from '../../errors.ts';
import { isUuid, newId, type TenantId } from '../../ids.ts';
import type { Database } from '../../storage/postgres/database.ts';
import {
  findRedrive,
  insertRedrive,
  listRedrives,
  type RedriveRow,
  setRedriveState,
} from '../../storage/tables/webhooks/bulk-redrives.ts';
import { findWebhook } from '../../storage/tables/webhooks/webhook-configs.ts';
import { countMatchingEvents, type WebhookEventFilter } from '../../storage/tables/webhooks/webhook-events.ts';
import { withoutQuery } from '../delivering/delivery-failed.ts';
import type { RetryTo } from './retry-plan.ts';

export interface BulkRedrivesDeps {
  readonly db: Pick<Database, 'forTenant' | 'readForTenant'>;
  readonly clock: { now(): number };
  /** Called when a redrive has begun. */
  onRedrive(): void;
}

/** Counting stops here, and the answer says so; sending does not stop. */
const mostCounted = 100_000;
/** Unfinished redrives per tenant. */
const mostAtOnce = 10;
const mostListed = 50;

/** Counts what would be sent; changes nothing. */
export async function countRedrive(
  { db, clock }: Pick<BulkRedrivesDeps, 'db' | 'clock'>,
  tenantId: TenantId,
  asked: WebhookEventFilter,
  to: RetryTo,
) {
  const filter = fixedRange(asked, clock.now());
  return db.readForTenant(tenantId, async (tx) => {
    const matched = await countMatchingEvents(tx, tenantId, filter, to === 'failed', mostCounted);
    const webhooks = [];
    for (const one of matched) {
      const webhook = await findWebhook(tx, tenantId, one.webhook_id);
      const urls = [webhook?.target_url, ...(webhook?.further_targets ?? []).map(({ url }) => url)];
      webhooks.push({
        webhook_id: one.webhook_id,
        webhook_name: one.webhook_name,
        sendable_count: one.sendable,
        target_urls: urls.filter((url) => typeof url === 'string').map(withoutQuery),
      });
    }
    const total = (of: (one: (typeof matched)[number]) => number) => matched.reduce((sum, one) => sum + of(one), 0);
    const times = matched.flatMap(({ oldest, newest }) => [oldest.getTime(), newest.getTime()]);
    return {
      matched_count: total(({ events }) => events),
      /** There may be more than were counted. */
      is_exact: total(({ events }) => events) < mostCounted,
      sendable_count: total(({ sendable }) => sendable),
      oldest_received_at: times.length === 0 ? null : new Date(Math.min(...times)).toISOString(),
      newest_received_at: times.length === 0 ? null : new Date(Math.max(...times)).toISOString(),
      ...rangeOf(filter),
      to,
      webhooks,
    };
  });
}

/** Throws `CONFLICT` if ten are running. */
export async function beginRedrive(
  deps: BulkRedrivesDeps,
  tenantId: TenantId,
  asked: WebhookEventFilter,
  options: { readonly to: RetryTo; readonly requestId: string; readonly createdBy: string },
) {
  const filter = fixedRange(asked, deps.clock.now());
  const id = newId(deps.clock.now());
  const row = await deps.db.forTenant(tenantId, async (tx) => {
    const matched = await countMatchingEvents(tx, tenantId, filter, false, mostCounted);
    const redrive = {
      id,
      filter,
      sendTo: options.to,
      matchedCount: matched.reduce((sum, { events }) => sum + events, 0),
      requestId: options.requestId,
      createdBy: options.createdBy,
    };
    if (!(await insertRedrive(tx, tenantId, redrive, mostAtOnce))) {
      throw new ServiceError(
        'CONFLICT',
        `${mostAtOnce} redrives are under way: wait until one has ended, or stop it.`,
        {
          publicMessageRu: `Уже идёт ${mostAtOnce} массовых отправок: дождитесь конца одной или остановите её.`,
          extra: { reason: 'too_many_redrives' },
        },
      );
    }
    return requireRedrive(await findRedrive(tx, tenantId, id));
  });
  deps.onRedrive();
  return presentRedrive(row);
}

/** Throws `NOT_FOUND`. */
export async function getRedrive({ db }: Pick<BulkRedrivesDeps, 'db'>, tenantId: TenantId, id: string) {
  if (!isUuid(id)) throw noSuchRedrive();
  return presentRedrive(requireRedrive(await db.readForTenant(tenantId, (tx) => findRedrive(tx, tenantId, id))));
}

/** The newest 50. */
export async function getRedrives({ db }: Pick<BulkRedrivesDeps, 'db'>, tenantId: TenantId) {
  const rows = await db.readForTenant(tenantId, (tx) => listRedrives(tx, tenantId, mostListed));
  return { redrives: rows.map(presentRedrive) };
}

/** Stops sending; a finished redrive stays as it is. Throws `NOT_FOUND`. */
export async function stopRedrive({ db }: Pick<BulkRedrivesDeps, 'db'>, tenantId: TenantId, id: string) {
  if (!isUuid(id)) throw noSuchRedrive();
  const row = await db.forTenant(tenantId, async (tx) => {
    await setRedriveState(tx, tenantId, id, 'stopped');
    return requireRedrive(await findRedrive(tx, tenantId, id));
  });
  return presentRedrive(row);
}

function requireRedrive(row: RedriveRow | null): RedriveRow {
  if (row === null) throw noSuchRedrive();
  return row;
}

function noSuchRedrive(): ServiceError {
  return new ServiceError('NOT_FOUND', 'There is no such redrive.', {
    publicMessageRu: 'Такой массовой отправки нет.',
  });
}

/** Excludes events that arrive from now on. */
function fixedRange(filter: WebhookEventFilter, nowMs: number): WebhookEventFilter {
  return { ...filter, toMs: Math.min(filter.toMs ?? nowMs, nowMs) };
}

function rangeOf({ fromMs, toMs }: WebhookEventFilter) {
  return {
    from_date: fromMs === undefined ? null : new Date(fromMs).toISOString(),
    to_date: toMs === undefined ? null : new Date(toMs).toISOString(),
  };
}

function presentRedrive(row: RedriveRow) {
  const { webhookId, source, status, eventType, deliveryId, deliveryStatus, payloadContains } = row.filter;
  const filter = {
    webhook_id: webhookId,
    source,
    status,
    event_type: eventType,
    delivery_id: deliveryId,
    delivery_status: deliveryStatus,
    payload_contains: payloadContains,
  };
  return {
    id: row.id,
    state: row.state,
    to: row.send_to,
    filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >,
    ...rangeOf(row.filter),
    matched_count: row.matched_count,
    sent_count: row.sent_count,
    skipped_count: row.skipped_count,
    deliveries: {
      delivered: row.delivered_count,
      failed: row.failed_count,
      cancelled: row.cancelled_count,
      waiting: row.waiting_count,
    },
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
