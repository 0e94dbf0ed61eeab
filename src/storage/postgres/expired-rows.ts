/** Deletes what has outlived its use from the tables that are not partitioned, some thousand rows a statement. */
import type { Database } from './database.ts';

interface ExpiringTable {
  readonly table: string;
  /** `$1`: the day before which the audit log is not kept any more. */
  readonly expired: string;
}

/** Statements with a constant in them are still held to the parameter: it stands in each. */
const expiringTables: readonly ExpiringTable[] = [
  { table: 'idempotency_keys', expired: 'expires_at < now()' },
  // A sender's delivery id, or a body, is known for at least 7 days.
  { table: 'webhook_deliveries_seen', expired: `seen_at < now() - interval '8 days'` },
  { table: 'webhook_bodies_seen', expired: `seen_at < now() - interval '8 days'` },
  { table: 'webhook_refused_bodies', expired: `refused_at < now() - interval '24 hours'` },
  // A spool may drain late; after this time it would have been looked at by a person.
  { table: 'intake_marks', expired: `seen_at < now() - interval '30 days'` },
  { table: 'api_rate_limits', expired: 'window_end < $1::date' },
  { table: 'webhook_deliveries', expired: `state <> 'pending' and updated_at < $1::date` },
  { table: 'webhook_redrives', expired: 'finished_at < $1::date' },
  // Its rows are older than the link, and went with their days.
  { table: 'audit_chain', expired: 'chained_at < $1::date' },
  {
    table: 'usage_series',
    expired: `(step = 'minute' and bucket_start < now() - interval '48 hours'
      or step = 'hour' and bucket_start < now() - interval '30 days' or step = 'day' and bucket_start < $1::date)`,
  },
  { table: 'leases', expired: `expires_at < now() - interval '1 day'` },
];

const rowsPerStatement = 5_000;
/** A run stops here and goes on at the next: it must not occupy the database for long. */
const maxStatementsPerTable = 100;

/** `keptFrom`: `2026-11-22`. Returns how many rows went, by table. */
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
