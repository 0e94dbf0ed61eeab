/** Collects the tenants with changed configuration, so that periodic rounds read only these instead of all tenants. */
import type { TenantId } from '../ids.ts';
import type { Database } from '../storage/postgres/database.ts';
import { listenForChanges } from './configuration-change.ts';

export interface ChangedTenants {
  /**
   * The tenants changed since the last take; null: any may have changed, as at the start and after a gap in the
   * notifications.
   */
  take(): Promise<readonly TenantId[] | null>;
  /** Makes the next take return null, because the tenants last taken were not processed. */
  forget(): void;
  close(): Promise<void>;
}

/** With more than this, all tenants are read. */
const maxChanged = 1_000;

/** Watches these tables. Listens from now on. */
export function watchChangedTenants(db: Pick<Database, 'listen'>, tables: readonly string[]): ChangedTenants {
  let changed: Set<TenantId> | null = null;
  const listening = listenForChanges(db, tables, (change) => {
    const tenant = change?.tenant ?? null;
    if (tenant === null || changed === null || changed.size >= maxChanged) changed = null;
    else changed.add(tenant);
  });
  return {
    async take() {
      await listening;
      const taken = changed;
      changed = new Set();
      return taken === null ? null : [...taken];
    },
    forget() {
      changed = null;
    },
    async close() {
      await (await listening)();
    },
  };
}
