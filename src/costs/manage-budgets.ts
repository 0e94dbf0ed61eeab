/** Reads and sets a tenant's budgets for its admin; each change is recorded in the configuration's history. */
import type { Clock } from '../clock.ts';
import type { ServiceDirectory } from '../directory/service.ts';
import { ServiceError } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import type { Database, Queryable } from '../storage/postgres/database.ts';
import { type ChangeContext, insertConfigurationChange } from '../storage/tables/audit/configuration-audit.ts';
import {
  type BudgetRow,
  type BudgetUse,
  deleteBudget,
  listBudgetUse,
  upsertBudget,
} from '../storage/tables/budgets.ts';
import type { BudgetGuard } from './budget-guard.ts';
import { monthOf } from './month.ts';
import type { Budget } from './schemas.ts';
import { roundUsd } from './usd.ts';

export interface ManageBudgetsDeps {
  readonly db: Pick<Database, 'forTenant'>;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly clock: Clock;
  readonly budgetGuard: Pick<BudgetGuard, 'apply'>;
}

/** The members of a budget that can be set. */
export type BudgetState = Pick<BudgetRow, 'service_name' | 'monthly_limit_usd' | 'action'>;

/** The name of a budget over all services. */
export const everyService = '*';

/** Lists the tenant's budgets with their use. */
export async function listBudgets(deps: ManageBudgetsDeps, tenantId: TenantId): Promise<readonly Budget[]> {
  return (await listUse(deps, tenantId)).map((use) => present(deps, use));
}

/** Returns one budget. Throws `NOT_FOUND`. */
export async function getBudget(deps: ManageBudgetsDeps, tenantId: TenantId, serviceName: string): Promise<Budget> {
  return present(deps, await findUse(deps, tenantId, serviceName));
}

function listUse({ db, clock }: ManageBudgetsDeps, tenantId: TenantId): Promise<readonly BudgetUse[]> {
  return db.forTenant(tenantId, (tx) => listBudgetUse(tx, tenantId, monthOf(clock.now())));
}

async function findUse(deps: ManageBudgetsDeps, tenantId: TenantId, serviceName: string): Promise<BudgetUse> {
  const use = (await listUse(deps, tenantId)).find((one) => one.service_name === serviceName);
  if (use === undefined) throw noSuchBudget();
  return use;
}

/**
 * Creates or replaces the budget; does nothing if `check` throws. Throws `NOT_FOUND` if the tenant has no service of
 * this name, because a typo would protect nothing.
 */
export async function putBudget(
  deps: ManageBudgetsDeps,
  tenantId: TenantId,
  budget: BudgetState,
  context: ChangeContext,
  check: (before: BudgetState | null) => void = () => {},
): Promise<Budget> {
  const services = await deps.directory.ofTenant(tenantId);
  const isKnown = services.some(({ serviceName }) => serviceName === budget.service_name);
  if (budget.service_name !== everyService && !isKnown) {
    throw new ServiceError('NOT_FOUND', 'There is no service of this name; * stands for all of them.', {
      publicMessageRu: 'Сервиса с таким именем нет; * означает все.',
    });
  }
  const row: BudgetRow = { management_company_id: tenantId, ...budget };
  await deps.db.forTenant(tenantId, async (tx) => {
    const before = await upsertBudget(tx, row);
    check(before);
    await recordChange(deps, tx, before, row, context);
  });
  const use = await findUse(deps, tenantId, budget.service_name);
  await deps.budgetGuard.apply(tenantId, use);
  return present(deps, use);
}

/** Deletes a budget; does nothing if `check` throws. Throws `NOT_FOUND`. */
export async function removeBudget(
  deps: ManageBudgetsDeps,
  tenantId: TenantId,
  serviceName: string,
  context: ChangeContext,
  check: (before: BudgetState) => void = () => {},
): Promise<void> {
  await deps.db.forTenant(tenantId, async (tx) => {
    const before = await deleteBudget(tx, tenantId, serviceName);
    if (before === null) throw noSuchBudget();
    check(before);
    await recordChange(deps, tx, before, null, context);
  });
  await deps.budgetGuard.apply(tenantId, null);
}

function recordChange(
  { clock }: ManageBudgetsDeps,
  tx: Queryable,
  before: BudgetRow | null,
  after: BudgetRow | null,
  context: ChangeContext,
): Promise<void> {
  const { management_company_id, service_name } = (after ?? before) as BudgetRow;
  const shown = (row: BudgetRow | null) =>
    row === null ? null : { monthly_limit_usd: row.monthly_limit_usd, action: row.action };
  return insertConfigurationChange(tx, management_company_id, {
    entity: 'budget',
    entityId: service_name,
    ...context,
    before: shown(before),
    after: shown(after),
    changedAtMs: clock.now(),
  });
}

function present({ clock }: ManageBudgetsDeps, use: BudgetUse): Budget {
  const { service_name, monthly_limit_usd, action, spent_usd } = use;
  return {
    service_name,
    monthly_limit_usd,
    action,
    spent_usd: roundUsd(spent_usd),
    resets_at: new Date(monthOf(clock.now()).endsAtMs).toISOString(),
  };
}

function noSuchBudget(): ServiceError {
  return new ServiceError('NOT_FOUND', 'There is no budget of this name.', { publicMessageRu: 'Такого бюджета нет.' });
}
