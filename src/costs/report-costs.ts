/** Reports the cost of a tenant's calls and the savings of its cache, from the daily roll-up. */
import type { ExternalService, ServiceDirectory } from '../directory/service.ts';
import { parseTenantId, type TenantId } from '../ids.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  sumUsage,
  sumUsageOfEveryTenant,
  type UsageGroup,
  type UsageQuestion,
  type UsageRow,
} from '../storage/tables/usage-daily.ts';
import { findPrice } from './prices.ts';
import type { CostReport } from './schemas.ts';
import { roundUsd } from './usd.ts';

export interface CostReportDeps {
  readonly db: Pick<Database, 'readForTenant' | 'acrossTenants'>;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
}

export type CostQuestion = Omit<UsageQuestion, 'limit'>;

/** A report with more rows is refused (null): use a shorter time or a coarser grouping. */
export const maxCostRows = 50_000;

/** The report of one tenant; null if it has too many rows. */
export async function reportCosts(
  { db, directory }: CostReportDeps,
  tenantId: TenantId,
  question: CostQuestion,
): Promise<CostReport | null> {
  const [services, { rows, byOperation }] = await Promise.all([
    directory.ofTenant(tenantId),
    db.readForTenant(tenantId, async (tx) => ({
      rows: await sumUsage(tx, tenantId, { ...question, limit: maxCostRows + 1 }),
      byOperation: await sumUsage(tx, tenantId, { ...question, groups: byService, limit: maxCostRows }),
    })),
  ]);
  return rows.length > maxCostRows
    ? null
    : toReport(question, rows, unpricedOf(services, byOperation, endOf(question)));
}

/**
 * The operator's report over all tenants, in which each row names its tenant. Only for tokens that may see every
 * tenant.
 */
export async function reportCostsOfEveryTenant(
  { db, directory }: CostReportDeps,
  question: CostQuestion,
): Promise<CostReport | null> {
  const { rows, byOperation } = await db.acrossTenants('costs of every tenant', async (tx) => ({
    rows: await sumUsageOfEveryTenant(tx, { ...question, limit: maxCostRows + 1 }),
    byOperation: await sumUsageOfEveryTenant(tx, { ...question, groups: byService, limit: maxCostRows }),
  }));
  if (rows.length > maxCostRows) return null;
  const unpriced: CostReport['unpriced'][number][] = [];
  for (const [tenant, ofTenant] of Map.groupBy(byOperation, (row) => row.management_company_id as string)) {
    const services = await directory.ofTenant(parseTenantId(tenant));
    for (const row of unpricedOf(services, ofTenant, endOf(question))) {
      unpriced.push({ management_company_id: tenant, ...row });
    }
  }
  return toReport(question, rows, unpriced);
}

const byService: readonly UsageGroup[] = ['service', 'operation'];

function endOf({ toDay }: CostQuestion): number {
  return Date.parse(`${toDay}T23:59:59Z`);
}

function toReport(
  { fromDay, toDay }: CostQuestion,
  rows: readonly UsageRow[],
  unpriced: CostReport['unpriced'],
): CostReport {
  return {
    currency: 'USD',
    from_date: fromDay,
    to_date: toDay,
    total_cost: roundUsd(rows.reduce((sum, row) => sum + row.total_cost, 0)),
    saved_by_cache: roundUsd(rows.reduce((sum, row) => sum + row.saved_by_cache, 0)),
    rows: rows.map(({ error_count: _, ...row }) => ({
      ...(row.service_name === undefined ? {} : { service: row.service_name }),
      ...row,
      total_cost: roundUsd(row.total_cost),
      saved_by_cache: roundUsd(row.saved_by_cache),
    })),
    unpriced,
  };
}

function unpricedOf(
  services: readonly ExternalService[],
  rows: readonly UsageRow[],
  atMs: number,
): CostReport['unpriced'] {
  const byName = new Map(services.map((service) => [service.serviceName, service]));
  return rows.flatMap(({ service_name = '', operation = '', request_count, cached_count }) => {
    // A name without a service is a family whose limit refused the call: no provider was asked.
    const service = byName.get(service_name);
    const asked = request_count - cached_count;
    if (service === undefined || asked <= 0 || findPrice(service, operation, atMs) !== null) return [];
    return [{ service_name, operation, request_count: asked }];
  });
}
