/** Holds all blocking budgets in memory, so that finding the budgets of a call needs no SQL. */
import { configurationChannel, parseChange } from '../directory/configuration-change.ts';
import { openHeldByTenant } from '../directory/held-by-tenant.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type BudgetRow, listBudgetsAcrossTenants } from '../storage/tables/budgets.ts';

export interface BudgetDirectory {
  /** The blocking budgets of a call to this service: the service's own, the tenant's (`*`), both or none. */
  blocking(tenantId: TenantId, serviceName: string): readonly BudgetRow[];
  /**
   * Reads the tenant's budgets again. When it resolves, earlier commits are known, unless the database is away. Never
   * throws.
   */
  refresh(tenantId: TenantId): Promise<void>;
  close(): Promise<void>;
}

export interface BudgetDirectoryDeps {
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly logger: Logger;
}

const none: readonly BudgetRow[] = [];

/** Reads all budgets. Throws if that fails, because a replica without budgets would not block any call. */
export async function openBudgetDirectory({ db, logger }: BudgetDirectoryDeps): Promise<BudgetDirectory> {
  const held = await openHeldByTenant<readonly BudgetRow[]>({
    db,
    channel: configurationChannel,
    tenantOf(payload) {
      const change = parseChange(payload);
      if (change === null) return null;
      return change.table === 'budgets' ? change.tenant : undefined;
    },
    async read(tenants) {
      const rows = await listBudgetsAcrossTenants(db, tenants);
      return Map.groupBy(
        rows.filter(({ action }) => action === 'block'),
        (row) => row.management_company_id,
      );
    },
    onFailure: (error) => logger.warn({ err: error }, 'could not read budgets: using the last known ones'),
  });
  return {
    blocking: (tenantId, serviceName) =>
      held.of(tenantId)?.filter(({ service_name }) => service_name === '*' || service_name === serviceName) ?? none,
    refresh: held.refresh,
    close: held.close,
  };
}
