/**
 * Daily partitions (UTC) of the tables that grow with every call: `integration_logs_20261122`.
 *
 * Each table also has a default partition, so that no acknowledged row is ever without a place: rows of a spool that
 * drains days later, or of a machine whose clock is wrong, land there. Where a day's partition is made later, its rows
 * move into it. The default one is empty in normal life, and then costs a query nothing that can be measured.
 *
 * No tenant sees a row through a partition itself: the tenants' roles have no rights on it, and its row-level security
 * has no policy and is forced, so that the owner is held to it too. Rows are reached through the parent and its
 * policies only.
 */
import type { Database, Queryable } from './database.ts';

/** The partitioned tables, with the column that decides the day. */
export const partitionedTables = {
  integration_logs: 'started_at',
  log_bodies: 'day',
  webhook_events: 'received_at',
} as const;
export type PartitionedTable = keyof typeof partitionedTables;
const tables = Object.keys(partitionedTables) as PartitionedTable[];

const dayMs = 86_400_000;
/** A request that began before midnight writes its rows after it. */
const daysBehind = 1;
const maxDaysAhead = 60;
/** An arbitrary fixed number; prevents replicas from creating the same partition at once. */
const partitionLock = 7_246_002;

/**
 * Creates the partitions from yesterday to `daysAhead` (at most 60) days after `nowMs`. Safe to repeat, also from
 * several replicas at once; costs one query if nothing is missing. Returns the names of the created partitions.
 */
export async function ensurePartitions(db: Database, nowMs: number, daysAhead: number): Promise<readonly string[]> {
  const days: string[] = [];
  for (let offset = -daysBehind; offset <= Math.min(daysAhead, maxDaysAhead); offset++) {
    days.push(dayOf(nowMs + offset * dayMs));
  }
  const wanted = tables.flatMap((table) =>
    [null, ...days].map((day) => ({ table, day, name: partitionName(table, day) })),
  );
  const isComplete = await db.asOwner(async (tx) => (await existing(tx, wanted)).size === wanted.length);
  if (isComplete) return [];

  return db.asOwner(async (tx) => {
    await tx.query({ text: 'select pg_advisory_xact_lock($1)', values: [partitionLock] });
    const present = await existing(tx, wanted);
    const made: string[] = [];
    for (const { table, day, name } of wanted) {
      if (present.has(name)) continue;
      if (day === null) await createDefaultPartition(tx, table);
      else await createDayPartition(tx, table, day);
      made.push(name);
    }
    return made;
  });
}

/**
 * Drops the partitions of whole days before `day` (`2026-11-22`, UTC) and deletes older rows from the default
 * partition. Each partition is dropped in its own transaction, so a long report on one does not delay the others.
 * Returns the names of the dropped partitions.
 */
export async function dropPartitionsBefore(
  db: Database,
  table: PartitionedTable,
  day: string,
): Promise<readonly string[]> {
  const { rows } = await db.asOwner((tx) =>
    tx.query<{ name: string }>({
      text: `
        select child.relname as name
          from pg_inherits
          join pg_class child on child.oid = inhrelid
         where inhparent = to_regclass($1) and child.relname ~ ('^' || $1 || '_[0-9]{8}$') and child.relname < $2
         order by child.relname`,
      values: [table, partitionName(table, day)],
    }),
  );
  for (const { name } of rows) await db.asOwner((tx) => tx.query({ text: `drop table if exists ${name}` }));
  // Deletes through the parent: older rows that had no partition of their own are in the default partition.
  await db.acrossTenants('retention', (tx) =>
    tx.query({ text: `delete from ${table} where ${partitionedTables[table]} < ${dayLiteral(day)}` }),
  );
  return rows.map(({ name }) => name);
}

async function existing(tx: Queryable, wanted: readonly { name: string }[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ name: string }>({
    name: 'partitions_existing',
    text: `
      select child.relname as name
        from pg_inherits join pg_class child on child.oid = inhrelid
       where inhparent = any(select to_regclass(parent) from unnest($1::text[]) parent) and child.relname = any($2)`,
    values: [tables, wanted.map(({ name }) => name)],
  });
  return new Set(rows.map(({ name }) => name));
}

async function createDefaultPartition(tx: Queryable, table: PartitionedTable): Promise<void> {
  const name = partitionName(table, null);
  await createClosedTable(tx, table, name);
  await forceRowSecurity(tx, name);
  await tx.query({ text: `alter table ${table} attach partition ${name} default` });
}

/** Creates a table and attaches it: creating it as a partition would lock the parent against all writes. */
async function createDayPartition(tx: Queryable, table: PartitionedTable, day: string): Promise<void> {
  const name = partitionName(table, day);
  const from = dayLiteral(day);
  const to = dayLiteral(dayOf(Date.parse(day) + dayMs));
  const column = partitionedTables[table];
  const defaultName = partitionName(table, null);
  await createClosedTable(tx, table, name);
  // The owner moves the late rows. ATTACH locks the default partition anyway, so no other session sees it without
  // forced row-level security.
  await tx.query({ text: `alter table ${defaultName} no force row level security` });
  await tx.query({
    text: `
      with late as (delete from ${defaultName} where ${column} >= ${from} and ${column} < ${to} returning *)
      insert into ${name} select * from late`,
  });
  await forceRowSecurity(tx, defaultName);
  await forceRowSecurity(tx, name);
  await tx.query({ text: `alter table ${table} attach partition ${name} for values from (${from}) to (${to})` });
}

/** Row-level security without a policy and without grants. Until it is forced, only the owner sees rows in it. */
async function createClosedTable(tx: Queryable, table: PartitionedTable, name: string): Promise<void> {
  await tx.query({ text: `create table ${name} (like ${table} including all)` });
  await tx.query({ text: `alter table ${name} enable row level security` });
  await tx.query({ text: `revoke all on ${name} from public, integration_service_tenant, integration_service_system` });
}

async function forceRowSecurity(tx: Queryable, name: string): Promise<void> {
  await tx.query({ text: `alter table ${name} force row level security` });
}

function partitionName(table: PartitionedTable, day: string | null): string {
  return `${table}_${day === null ? 'default' : day.replaceAll('-', '')}`;
}

/**
 * DDL takes no parameters, so the day is checked before it becomes SQL. The literal names UTC, because the session's
 * time zone may differ.
 */
function dayLiteral(day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new RangeError(`not a day (YYYY-MM-DD): ${day}`);
  return `'${day} 00:00:00+00'`;
}

/** The UTC calendar day of an instant, `2026-11-22`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
