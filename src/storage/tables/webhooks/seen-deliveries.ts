/** SQL of `webhook_deliveries_seen` and `webhook_bodies_seen`: which deliveries and bodies were accepted before. */
import type { Database } from '../../postgres/database.ts';
import type { Rows } from '../../postgres/queryable.ts';
import { answerOf, effectOf } from '../../postgres/statement.ts';
import type { WebhookRow } from '../intake-rows.ts';

/**
 * Deletes ids and bodies seen before their webhook's duplicate window, so that they count as new again. Runs before the
 * commit, because a statement does not see its own deletions.
 */
export async function forgetExpiredDeliveries(db: Database, webhooks: readonly WebhookRow[]): Promise<void> {
  const asked = webhooks.filter((row) => row.duplicate_window_seconds != null && row.delivery_key !== null);
  if (asked.length === 0) return;
  await db.querySystem({
    name: 'intake_forget_expired',
    text: `
      with given as materialized (
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as g (webhook_id, key, hash, before)),
      ids as (
        delete from webhook_deliveries_seen s using given g
         where s.webhook_id = g.webhook_id and s.delivery_key in (g.key, g.key || ' ' || g.hash) and s.seen_at < g.before)
      delete from webhook_bodies_seen b using given g
       where b.webhook_id = g.webhook_id and b.body_sha256 = decode(g.hash, 'hex') and b.seen_at < g.before`,
    values: [
      asked.map((row) => row.webhook_id),
      asked.map((row) => row.delivery_key),
      asked.map((row) => row.body_sha256),
      asked.map((row) =>
        new Date(Date.parse(row.received_at) - (row.duplicate_window_seconds ?? 0) * 1000).toISOString(),
      ),
    ],
  });
}

/** The first event of each delivery key, by `webhook id` and `delivery key` joined with a line break. */
export const findFirstDeliveries = answerOf(
  'intake_first_deliveries',
  `select s.webhook_id, s.delivery_key, s.webhook_event_id
     from webhook_deliveries_seen s
     join unnest($1::uuid[], $2::text[]) as asked (webhook_id, delivery_key)
       on s.webhook_id = asked.webhook_id and s.delivery_key = asked.delivery_key`,
  ({ rows }: Rows<DeliveryKey & { readonly webhook_event_id: string }>) =>
    new Map(rows.map((row) => [`${row.webhook_id}\n${row.delivery_key}`, row.webhook_event_id])),
).acrossTenants((keys: readonly DeliveryKey[]) => [
  keys.map((key) => key.webhook_id),
  keys.map((key) => key.delivery_key),
]);

/** The events whose bodies were claimed, by `webhook id` and `hash` (hexadecimal) joined with a line break. */
export const findFirstBodies = answerOf(
  'intake_first_bodies',
  `select s.webhook_id, encode(s.body_sha256, 'hex') as body_sha256, s.webhook_event_id
     from webhook_bodies_seen s
     join unnest($1::uuid[], $2::text[]) as asked (webhook_id, body_sha256)
       on s.webhook_id = asked.webhook_id and s.body_sha256 = decode(asked.body_sha256, 'hex')`,
  ({ rows }: Rows<BodyKey & { readonly webhook_event_id: string }>) =>
    new Map(rows.map((row) => [`${row.webhook_id}\n${row.body_sha256}`, row.webhook_event_id])),
).acrossTenants((bodies: readonly BodyKey[]) => [
  bodies.map((body) => body.webhook_id),
  bodies.map((body) => body.body_sha256),
]);

type DeliveryKey = { readonly webhook_id: string; readonly delivery_key: string };
type BodyKey = { readonly webhook_id: string; readonly body_sha256: string };

/**
 * Releases the ids of deliveries that were not stored, because another delivery claimed their body at the same moment.
 */
export const releaseClaimedIds = effectOf(
  'intake_release_claimed_ids',
  `delete from webhook_deliveries_seen
    where webhook_id = any($1::uuid[]) and webhook_event_id = any($2::uuid[])`,
).acrossTenants((webhookIds: readonly string[], eventIds: readonly string[]) => [webhookIds, eventIds]);
