/**
 * SQL of the facts that are their own outbox (`integration_logs`, `webhook_events`), by the process that wrote them and its
 * running number, and of `relay_marks`, which says up to which number the broker has confirmed them.
 */
import type { Database } from '../postgres/database.ts';
import { effectOf, rowsOf } from '../postgres/statement.ts';
import type { LogRow, WebhookRow } from './intake-rows.ts';

/** What the events of a call are rendered from. Times are RFC 3339 UTC. */
export type CallFact = Pick<
  LogRow,
  | 'id'
  | 'management_company_id'
  | 'service_id'
  | 'service_name'
  | 'operation'
  | 'endpoint'
  | 'http_method'
  | 'request_id'
  | 'source_service'
  | 'started_at'
  | 'completed_at'
  | 'duration_ms'
  | 'response_status_code'
  | 'response_size_bytes'
  | 'estimated_cost'
  | 'error_message'
  | 'error_code'
  | 'retry_count'
  | 'will_retry'
>;

/** What the event of a delivery is rendered from: the row as the intake writes it, its payload in Base64. */
export type DeliveryFact = WebhookRow;

export type NumberedFact =
  | { readonly kind: 'call'; readonly number: number; readonly row: CallFact }
  | { readonly kind: 'delivery'; readonly number: number; readonly row: DeliveryFact };

export interface FactRange {
  /** RFC 3339 UTC: no fact of the process is older, so older partitions are not read. */
  readonly since: string;
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upTo: number;
  readonly limit: number;
}

const isoTime = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const callColumns = `id, management_company_id, service_id, service_name, operation, endpoint, http_method, request_id,
         source_service, ${isoTime('started_at')} as started_at, ${isoTime('completed_at')} as completed_at, duration_ms,
         response_status_code, response_size_bytes::float8 as response_size_bytes, estimated_cost, error_message,
         error_code, retry_count, will_retry, origin_number`;
const deliveryColumns = `id, null::text as delivery_key, management_company_id, webhook_id, webhook_name, source_service,
         event_type, delivery_id, encode(body_sha256, 'hex') as body_sha256, status, refusal_reason, signature_verified,
         matched_secret, source_address, headers::text as headers, encode(payload, 'base64') as payload, content_type,
         payload_size_bytes, request_id, ${isoTime('received_at')} as received_at, include_raw, is_test,
         null::uuid as target_delivery_id, origin_number`;

/** This process's own facts in order: those that did not fit into its memory. */
export function findOwnFacts(db: Database, origin: string, range: FactRange): Promise<NumberedFact[]> {
  return findFacts(db, 'own', 'true', origin, range);
}

/**
 * Facts of a process that no longer holds its `relay:` lease, in order. The same statement checks the lease: a fact
 * that the process commits after it renewed its lease is never visible here without the lease.
 */
export function findFactsOfDead(db: Database, origin: string, range: FactRange): Promise<NumberedFact[]> {
  const isDead = `not exists (select from leases where name = 'relay:' || $1::text and expires_at > now())`;
  return findFacts(db, 'of_dead', isDead, origin, range);
}

async function findFacts(
  db: Database,
  name: string,
  condition: string,
  origin: string,
  { since, after, upTo, limit }: FactRange,
): Promise<NumberedFact[]> {
  const select = (table: string, columns: string, time: string): string => `
      select ${columns}
        from ${table}
       where origin = $1::uuid and origin_number > $2 and origin_number <= $3 and ${time} >= $5 and ${condition}
       order by origin_number
       limit $4`;
  const values = [origin, after, upTo, limit, since];
  const calls = await db.querySystem<CallFact & { origin_number: number }>({
    name: `facts_calls_${name}`,
    text: select('integration_logs', callColumns, 'started_at'),
    values,
  });
  const deliveries = await db.querySystem<DeliveryFact & { origin_number: number }>({
    name: `facts_deliveries_${name}`,
    text: select('webhook_events', deliveryColumns, 'received_at'),
    values,
  });
  // If one of the two results was cut off, take nothing of the other beyond its end, to keep the order.
  const endOf = (rows: readonly { origin_number: number }[]): number =>
    rows.length < limit ? Number.POSITIVE_INFINITY : Number(rows.at(-1)?.origin_number);
  const end = Math.min(endOf(calls.rows), endOf(deliveries.rows));
  const facts: NumberedFact[] = [
    ...calls.rows.map((row) => ({ kind: 'call' as const, number: Number(row.origin_number), row })),
    ...deliveries.rows.map((row) => ({ kind: 'delivery' as const, number: Number(row.origin_number), row })),
  ];
  return facts.filter(({ number }) => number <= end).toSorted((a, b) => a.number - b.number);
}

/**
 * Call it before the first fact of a process, and before a fact older than `since` (Unix milliseconds): other processes
 * find its facts by this row after a crash.
 */
export const registerRelayMark = effectOf(
  'relay_mark_register',
  `insert into relay_marks as m (origin, published_up_to, facts_since) values ($1, $2, $3)
   on conflict (origin) do update
      set cleared_at = null, facts_since = least(m.facts_since, excluded.facts_since)
    where m.cleared_at is not null or m.facts_since > excluded.facts_since`,
).acrossTenants((origin: string, publishedUpTo: number, sinceMs: number) => [
  origin,
  publishedUpTo,
  new Date(sinceMs).toISOString(),
]);

/**
 * Raises the mark. The commit does not wait for the disk: after a crash of PostgreSQL some events are published again,
 * which consumers must tolerate anyway.
 */
export const raiseRelayMark = effectOf(
  'relay_mark_raise',
  `update relay_marks set published_up_to = $2
    where origin = $1 and published_up_to < $2
      and (select set_config('synchronous_commit', 'off', true)) is not null`,
).acrossTenants((origin: string, publishedUpTo: number) => [origin, publishedUpTo]);

/** A fact and its new number. `at`: when the call started, or the delivery was received. */
interface RenumberedFact {
  readonly id: string;
  readonly at: string;
  readonly number: number;
}

/**
 * For facts that were stored under other numbers: an earlier try of their commit succeeded although its answer was lost.
 */
const reclaiming = (name: string, table: string, timeColumn: string) =>
  effectOf(
    name,
    `update ${table} f set origin = $1, origin_number = given.number
       from unnest($2::uuid[], $3::timestamptz[], $4::bigint[]) as given (id, at, number)
      where f.id = given.id and f.${timeColumn} = given.at
        and (f.origin, f.origin_number) is distinct from ($1::uuid, given.number)`,
  ).acrossTenants((origin: string, facts: readonly RenumberedFact[]) => [
    origin,
    facts.map(({ id }) => id),
    facts.map(({ at }) => at),
    facts.map(({ number }) => number),
  ]);
export const reclaimCalls = reclaiming('facts_reclaim_calls', 'integration_logs', 'started_at');
export const reclaimDeliveries = reclaiming('facts_reclaim_deliveries', 'webhook_events', 'received_at');

export interface DeadMark {
  readonly origin: string;
  readonly publishedUpTo: number;
  /** RFC 3339 UTC. */
  readonly since: string;
}

/**
 * Processes without a live lease whose facts may not all be published. A process found clear is checked again once a
 * minute.
 */
export const findDeadMarks = rowsOf<DeadMark>(
  'relay_marks_find_dead',
  `select m.origin, m.published_up_to::float8 as "publishedUpTo", ${isoTime('m.facts_since')} as since
     from relay_marks m
    where m.origin <> $1
      and (m.cleared_at is null or m.checked_at < now() - interval '1 minute')
      and not exists (select from leases l where l.name = 'relay:' || m.origin and l.expires_at > now())
    order by m.origin
    limit 100`,
).acrossTenants((ownOrigin: string) => [ownOrigin]);

/** Marks a process as fully published. A day later its row is deleted. */
export const clearDeadMark = effectOf(
  'relay_marks_clear',
  `with gone as (delete from relay_marks where cleared_at < now() - interval '1 day' returning origin)
   update relay_marks set cleared_at = coalesce(cleared_at, now()), checked_at = now()
    where origin = $1 and origin not in (select origin from gone)`,
).acrossTenants((origin: string) => [origin]);

/** For a clean stop: everything is published, and no other process needs to check. */
export const removeRelayMark = effectOf('relay_mark_remove', 'delete from relay_marks where origin = $1').acrossTenants(
  (origin: string) => [origin],
);
