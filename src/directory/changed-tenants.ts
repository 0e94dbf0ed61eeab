/** Whose configuration was changed since it was last asked: rounds look at these instead of at every tenant. */
import type { TenantId } from '../ids.ts';
import type { Database } from '../storage/postgres/database.ts';
import { configurationChannel, parseChange } from './configuration-change.ts';

export interface ChangedTenants {
  /** Those since the last take; null: any may have changed, as at first and after a gap in the notifications. */
  take(): Promise<readonly TenantId[] | null>;
  /** The next take answers null: what was taken was not looked at. */
  forget(): void;
  close(): Promise<void>;
}

/** More than these are as good as all. */
const maxChanged = 1_000;

/** Of these tables. Listens from now on. */
export function watchChangedTenants(db: Pick<Database, 'listen'>, tables: readonly string[]): ChangedTenants {
  let changed: Set<TenantId> | null = null;
  const listening = db.listen(configurationChannel, (payload) => {
    const change = payload === null ? null : parseChange(payload);
    if (change !== null && !tables.includes(change.table)) return;
    if (change === null || change.tenant === null || changed === null || changed.size >= maxChanged) changed = null;
    else changed.add(change.tenant as TenantId);
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
