/** Parses `configuration_changed` notifications: which row of which table was written. */
import { parsedJson } from '../encodings/tolerant.ts';
import type { TenantId } from '../ids.ts';
import type { Database } from '../storage/postgres/database.ts';

export const configurationChannel = 'configuration_changed';

interface Change {
  readonly table: string;
  readonly id: string;
  readonly tenant: TenantId | null;
}

/** null if it cannot be parsed: any row may have changed. */
export function parseChange(payload: string): Change | null {
  const change = (parsedJson(payload) ?? {}) as { table?: unknown; id?: unknown; tenant?: unknown };
  const { table, id, tenant } = change;
  if (typeof table !== 'string' || typeof id !== 'string') return null;
  return { table, id, tenant: typeof tenant === 'string' ? (tenant as TenantId) : null };
}

/** Hears of changes in these tables from when it resolves on; null: any row may have changed. */
export function listenForChanges(
  db: Pick<Database, 'listen'>,
  tables: readonly string[],
  onChange: (change: Change | null) => void,
): Promise<() => Promise<void>> {
  return db.listen(configurationChannel, (payload) => {
    const change = payload === null ? null : parseChange(payload);
    if (change === null || tables.includes(change.table)) onChange(change);
  });
}
