/** SQL of `outbox_events`: durable events waiting for the broker. */
import type { TenantId } from '../../ids.ts';
import type { Database } from '../postgres/database.ts';
import { effectOf, hasEffect, rowsOf } from '../postgres/statement.ts';

/** Rows of this origin belong to no living process: the holder of the pick-up lease takes them at once. */
export const ownerlessOrigin = '00000000-0000-0000-0000-000000000000';
/**
 * Channel notified by a transaction that appends an ownerless row, so that the row is picked up right after the commit.
 */
export const outboxChannel = 'outbox_appended';

export interface OutboxRow {
  readonly id: string;
  readonly management_company_id: string;
  readonly aggregate_id: string;
  readonly event_type: string;
  /** RFC 3339 UTC. */
  readonly occurred_at: string;
  /** JSON text, as written. */
  readonly body: string;
}

const maxCounted = 100_000;

export interface OutboxBacklog {
  /** Counted up to 100,000. */
  readonly count: number;
  readonly oldestAgeSeconds: number;
}

const rowColumns = `id, management_company_id, aggregate_id, event_type, body::text as body,
         to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as occurred_at`;

export const insertOwnerlessOutboxRow = effectOf(
  'outbox_insert_ownerless',
  `with appended as (
     insert into outbox_events (id, origin, management_company_id, aggregate_id, event_type, occurred_at, body)
     values ($1, '${ownerlessOrigin}', $2, $3, $4, $5, $6::json))
   select pg_notify('${outboxChannel}', '')`,
).by((row: OutboxRow) => [
  row.id,
  row.management_company_id,
  row.aggregate_id,
  row.event_type,
  row.occurred_at,
  row.body,
]);

/** For every tenant with deferred rows: when the first and the last become due. */
export const findDeferredSpans = rowsOf<{ management_company_id: TenantId; first_due_at: Date; last_due_at: Date }>(
  'outbox_find_deferred_spans',
  `select management_company_id, min(not_before) as first_due_at, max(not_before) as last_due_at
     from outbox_events where not_before is not null
    group by management_company_id`,
).acrossTenants(() => []);

/** This process's own due rows, oldest first: those that did not fit into its memory. */
export const findOwnOutboxRows = rowsOf<OutboxRow>(
  'outbox_find_own',
  `select ${rowColumns}
     from outbox_events
    where origin = $1 and (not_before is null or not_before <= now())
    order by sequence
    limit $2`,
).acrossTenants((origin: string, limit: number) => [origin, limit]);

export interface LeftOverRow extends OutboxRow {
  readonly sequence: number;
}

/**
 * Leftovers, oldest first, after `afterSequence`: rows of processes that no longer hold their `relay:` lease, ownerless
 * rows, and deferred rows that are due. They are not marked as taken: only the holder of the pick-up lease reads them.
 * If it loses the lease meanwhile, events are delivered twice, but none is lost.
 */
export const findLeftOverRows = rowsOf<LeftOverRow>(
  'outbox_find_left_over',
  `select ${rowColumns}, sequence
     from outbox_events o
    where sequence > $2
      and (not_before <= now()
           or (not_before is null
               and origin <> $1
               and not exists (select from leases l where l.name = 'relay:' || o.origin and l.expires_at > now())))
    order by sequence
    limit $3`,
).acrossTenants((origin: string, afterSequence: number, limit: number) => [origin, afterSequence, limit]);

/**
 * Deletes the rows that the broker confirmed. The commit does not wait for the disk: rows that reappear after a crash
 * of PostgreSQL are published again, which consumers must tolerate anyway.
 */
export const deleteOutboxRows = effectOf(
  'outbox_delete',
  `delete from outbox_events
    where id = any($1::uuid[])
      and (select set_config('synchronous_commit', 'off', true)) is not null`,
).acrossTenants((ids: readonly string[]) => [ids]);

/** Counts the rows of every process, and the facts of dead processes; each live process counts its own facts. */
export async function countOutboxBacklog(db: Database): Promise<OutboxBacklog> {
  const factsOfDead = (table: string, time: string): string => `
         select f.${time} as since
           from dead cross join lateral (
             select ${time} from ${table}
              where origin = dead.origin and origin_number > dead.published_up_to and ${time} >= dead.facts_since
              order by origin_number limit ${maxCounted}) f`;
  const { rows } = await db.querySystem<{ count: number; oldest_age_seconds: number }>({
    name: 'outbox_count_backlog',
    text: `
      with dead as materialized (
         select m.* from relay_marks m
          where m.cleared_at is null
            and not exists (select from leases l where l.name = 'relay:' || m.origin and l.expires_at > now())),
       waiting as (
         (select created_at as since from outbox_events order by sequence limit ${maxCounted})
         union all ${factsOfDead('integration_logs', 'started_at')}
         union all ${factsOfDead('webhook_events', 'received_at')})
      select least(count(*), ${maxCounted})::int as count,
             coalesce(greatest(0, extract(epoch from now() - min(since))), 0)::float8 as oldest_age_seconds
        from waiting`,
  });
  const row = rows[0];
  return { count: row?.count ?? 0, oldestAgeSeconds: row?.oldest_age_seconds ?? 0 };
}

/** Records that the process with this origin is alive for `ttlMs` and publishes its own rows. */
export const renewRelayLease = effectOf(
  'outbox_renew_relay_lease',
  `insert into leases (name, holder, expires_at)
   values ('relay:' || $1::text, $1::uuid, now() + $2 * interval '1 millisecond')
   on conflict (name) do update set expires_at = excluded.expires_at`,
).acrossTenants((origin: string, ttlMs: number) => [origin, ttlMs]);

/** Returns true if this origin may pick up leftovers for the next `ttlMs`: one process at a time, to keep the order. */
export const holdPickupLease = hasEffect(
  'outbox_hold_pickup_lease',
  `insert into leases (name, holder, expires_at)
   values ('outbox-pickup', $1, now() + $2 * interval '1 millisecond')
   on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
    where leases.holder = excluded.holder or leases.expires_at < now()
   returning name`,
).acrossTenants((origin: string, ttlMs: number) => [origin, ttlMs]);

/**
 * For a clean stop: other replicas may take the remaining events at once. Also removes old leases of crashed processes.
 */
export const releaseRelayLeases = effectOf(
  'outbox_release_leases',
  `delete from leases
    where (holder = $1 and (name = 'outbox-pickup' or name = 'relay:' || $1::text))
       or (name like 'relay:%' and expires_at < now() - interval '1 day')`,
).acrossTenants((origin: string) => [origin]);
