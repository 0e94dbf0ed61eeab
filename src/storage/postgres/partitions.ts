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

/** The tables, and the column that decides the day. */
export const partitionedTables = {
  integration_logs: 'started_at',
  log_bodies: 'day',
  webhook_events: 'received_at',
} as const;
export type PartitionedTable = keyof typeof partitionedTables;
const tables = Object.keys(partitionedTables) as PartitionedTable[];

const dayMs = 86_400_000;
/** Rows of a request that began before midnight are written after it. */
const daysBehind = 1;
const maxDaysAhead = 60;
/** Any fixed number; keeps replicas from making the same partition at once. */
const partitionLock = 7_246_002;

/**
 * Makes the partitions from yesterday to `daysAhead` (at most 60) days after `nowMs`. Safe to repeat, and from several
 * replicas at once; where nothing is missing it costs one query. Returns the names of those it made.
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
 * Drops the partitions of whole days before `day` (`2026-11-22`, UTC) and removes such rows from the default partition.
 * Each goes in its own transaction: a long report on one holds up no other. Returns the names of those dropped.
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
  // Through the parent: what is older and was not dropped with its day stands in the default partition.
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

/** Attached rather than made as a partition: that would lock the parent against all writes. */
async function createDayPartition(tx: Queryable, table: PartitionedTable, day: string): Promise<void> {
  const name = partitionName(table, day);
  const from = dayLiteral(day);
  const to = dayLiteral(dayOf(Date.parse(day) + dayMs));
  const column = partitionedTables[table];
  const defaultName = partitionName(table, null);
  await createClosedTable(tx, table, name);
  // The owner moves the late rows. The default partition is locked for the attaching anyway, and no other session sees
  // it so.
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

/**
 * Row-level security without a policy, and no grants: until it is forced nothing is seen through it but by the owner.
 */
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
 * DDL takes no parameters, so the day is checked before it becomes SQL. With its zone: the session's may be another.
 */
function dayLiteral(day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new RangeError(`no day: ${day}`);
  return `'${day} 00:00:00+00'`;
}

/** The UTC calendar day, `2026-11-22`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
