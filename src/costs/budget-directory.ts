/**
 * All budgets, in memory: whether a call is under one costs a look-up and no SQL. A notification reads them again at
 * once, a timer twice a minute; while the database is away the last known ones hold.
 */
import { configurationChannel } from '../directory/configuration-change.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type BudgetRow, listBudgetsAcrossTenants } from '../storage/tables/budgets.ts';

export interface BudgetDirectory {
  /** The blocking budgets that a call to this service is under: its own, the tenant's (`*`), both or none. */
  blocking(tenantId: TenantId, serviceName: string): readonly BudgetRow[];
  /** What was committed before is known when it resolves, unless the database is away. Never throws. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface BudgetDirectoryDeps {
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly logger: Logger;
}

const none: readonly BudgetRow[] = [];

const reloadMs = 30_000;

/** Throws where the budgets cannot be read at the start: a replica that knows none would block nothing. */
export async function openBudgetDirectory({ db, logger }: BudgetDirectoryDeps): Promise<BudgetDirectory> {
  let byTenant = new Map<TenantId, readonly BudgetRow[]>();
  let loading: Promise<void> | null = null;
  let isStale = false;

  const load = async (): Promise<void> => {
    do {
      isStale = false;
      const grouped = new Map<TenantId, BudgetRow[]>();
      for (const row of await listBudgetsAcrossTenants(db)) {
        if (row.action !== 'block') continue;
        const own = grouped.get(row.management_company_id);
        if (own === undefined) grouped.set(row.management_company_id, [row]);
        else own.push(row);
      }
      byTenant = grouped;
      // A change that came while reading may not be in what was read.
    } while (isStale);
  };
  const reload = (): void => {
    isStale = true;
    loading ??= load()
      .catch((error: unknown) => logger.warn({ err: error }, 'could not read budgets: using the last known ones'))
      .finally(() => {
        loading = null;
      });
  };

  const stopListening = await db.listen(configurationChannel, (payload) => {
    if (payload === null || payload.includes('"budgets"')) reload();
  });
  await load();
  const timer = setInterval(reload, reloadMs).unref();

  return {
    blocking(tenantId, serviceName) {
      const budgets = byTenant.get(tenantId);
      if (budgets === undefined) return none;
      return budgets.filter(({ service_name }) => service_name === '*' || service_name === serviceName);
    },
    async refresh() {
      reload();
      await loading;
    },
    async close() {
      clearInterval(timer);
      await stopListening();
      await loading;
    },
  };
}
