/** Deletes expired rows from the tables that are not partitioned, some thousand rows per statement. */
import type { Database } from './database.ts';

interface ExpiringTable {
  readonly table: string;
  /** SQL condition. `$1` is the first day that the audit log still keeps. */
  readonly expired: string;
}

/** A condition need not use `$1`: the statement itself mentions it, so the parameter is always accepted. */
const expiringTables: readonly ExpiringTable[] = [
  { table: 'idempotency_keys', expired: 'expires_at < now()' },
  // A sender's delivery id or body is remembered for at least 7 days.
  { table: 'webhook_deliveries_seen', expired: `seen_at < now() - interval '8 days'` },
  { table: 'webhook_bodies_seen', expired: `seen_at < now() - interval '8 days'` },
  { table: 'webhook_refused_bodies', expired: `refused_at < now() - interval '24 hours'` },
  // A spool may drain late. After 30 days an operator will have handled it.
  { table: 'intake_marks', expired: `seen_at < now() - interval '30 days'` },
  { table: 'api_rate_limits', expired: 'window_end < $1::date' },
  { table: 'webhook_deliveries', expired: `state <> 'pending' and updated_at < $1::date` },
  { table: 'webhook_redrives', expired: 'finished_at < $1::date' },
  // The rows of a link are older than the link and were dropped with their day's partition.
  { table: 'audit_chain', expired: 'chained_at < $1::date' },
  {
    table: 'usage_series',
    expired: `(step = 'minute' and bucket_start < now() - interval '48 hours'
      or step = 'hour' and bucket_start < now() - interval '30 days' or step = 'day' and bucket_start < $1::date)`,
  },
  { table: 'leases', expired: `expires_at < now() - interval '1 day'` },
];

const rowsPerStatement = 5_000;
/** A run stops here and the next run continues: one run must not occupy the database for long. */
const maxStatementsPerTable = 100;

/** `keptFrom` is the first day to keep, `2026-11-22`. Returns the number of deleted rows by table. */
export async function deleteExpiredRows(db: Database, keptFrom: string): Promise<Readonly<Record<string, number>>> {
  const deleted: Record<string, number> = {};
  for (const { table, expired } of expiringTables) {
    for (let statements = 0; statements < maxStatementsPerTable; statements++) {
      const { rowCount } = await db.querySystem({
        name: `expired_${table}`,
        text: `
          delete from ${table}
           where ctid = any(array(select ctid from ${table} where $1::date is not null and ${expired} limit ${rowsPerStatement}))`,
        values: [keptFrom],
      });
      deleted[table] = (deleted[table] ?? 0) + rowCount;
      if (rowCount < rowsPerStatement) break;
    }
  }
  return deleted;
}
