/**
 * SQL of `budgets`: the most that a tenant allows a service, or all services (`*`), to cost in a calendar month (UTC).
 */
import type { TenantId } from '../../ids.ts';
import type { Database } from '../postgres/database.ts';
import type { Queryable, Rows } from '../postgres/queryable.ts';
import { answerOf, hasEffect, rowOf, rowsOf } from '../postgres/statement.ts';

export const budgetActions = ['alert', 'block'] as const;
export type BudgetAction = (typeof budgetActions)[number];

export interface BudgetRow {
  readonly management_company_id: TenantId;
  /** `*`: all services together. */
  readonly service_name: string;
  readonly monthly_limit_usd: number;
  readonly action: BudgetAction;
}

export interface BudgetUse extends BudgetRow {
  readonly spent_usd: number;
  /** The highest threshold announced this month; 0: none. */
  readonly alerted_percent: number;
}

/** Days of a month, `2026-11-01` to `2026-11-30`. */
export interface MonthDays {
  readonly firstDay: string;
  readonly lastDay: string;
}

const columns = `b.management_company_id, b.service_name, b.monthly_limit_usd::float8 as monthly_limit_usd, b.action`;

/** Budgets beyond this number are not held in memory and so not enforced. Far above what any installation has. */
export const maxBudgets = 100_000;

/** Budgets of these tenants, or of every tenant if null. They are held in memory, so that a call needs no database. */
export async function listBudgetsAcrossTenants(
  db: Pick<Database, 'querySystem'>,
  tenants: readonly TenantId[] | null,
): Promise<BudgetRow[]> {
  const { rows } = await db.querySystem<BudgetRow>(
    tenants === null
      ? { name: 'budgets_list_all', text: `select ${columns} from budgets b order by 1, 2 limit ${maxBudgets}` }
      : {
          name: 'budgets_list_of_tenants',
          text: `select ${columns} from budgets b where b.management_company_id = any($1::text[]) order by 1, 2`,
          values: [tenants],
        },
  );
  return rows;
}

const useSql = `
  select ${columns},
         coalesce(u.spent, 0) as spent_usd,
         case when b.alerted_month = $1::date then b.alerted_percent else 0 end as alerted_percent
    from budgets b
    left join lateral (
      select sum(total_cost) as spent
        from usage_daily d
       where d.management_company_id = b.management_company_id and d.day between $1::date and $2::date
         and (b.service_name = '*' or d.service_name = b.service_name)) u on true`;

/** What is spent of each budget, by the roll-up. */
export const listBudgetUse = rowsOf<BudgetUse>(
  'budgets_use',
  `${useSql} where b.management_company_id = $3 order by b.service_name`,
).by((tenantId: TenantId, month: MonthDays) => [month.firstDay, month.lastDay, tenantId]);

/** The same for these tenants, or for every tenant if null. */
export async function listBudgetUseAcrossTenants(
  db: Pick<Database, 'querySystem'>,
  month: MonthDays,
  tenants: readonly TenantId[] | null,
): Promise<BudgetUse[]> {
  const days = [month.firstDay, month.lastDay];
  const { rows } = await db.querySystem<BudgetUse>(
    tenants === null
      ? { name: 'budgets_use_all', text: `${useSql} limit ${maxBudgets}`, values: days }
      : {
          name: 'budgets_use_of_tenants',
          text: `${useSql} where b.management_company_id = any($3::text[]) limit ${maxBudgets}`,
          values: [...days, tenants],
        },
  );
  return rows;
}

/** USD spent in the month on a service, or on all services (`*`), with or without a budget. */
export const sumSpentAcrossTenants = answerOf(
  'budgets_spent',
  `select coalesce(sum(total_cost), 0) as spent
     from usage_daily
    where management_company_id = $1 and day between $2::date and $3::date and ($4 = '*' or service_name = $4)`,
  ({ rows: [row] }: Rows<{ readonly spent: number }>) => row?.spent ?? 0,
).acrossTenants((tenantId: TenantId, serviceName: string, month: MonthDays) => [
  tenantId,
  month.firstDay,
  month.lastDay,
  serviceName,
]);

/** Creates or replaces the budget. A new limit alerts again. Returns the previous row, or null. */
export async function upsertBudget(tx: Queryable, budget: BudgetRow): Promise<BudgetRow | null> {
  const before = await lockBudget(tx, budget.management_company_id, budget.service_name);
  await tx.query({
    name: 'budgets_upsert',
    text: `
      insert into budgets as b (management_company_id, service_name, monthly_limit_usd, action)
      values ($1, $2, $3, $4)
      on conflict (management_company_id, service_name) do update set
        monthly_limit_usd = excluded.monthly_limit_usd,
        action = excluded.action,
        alerted_percent = case when b.monthly_limit_usd = excluded.monthly_limit_usd then b.alerted_percent else 0 end,
        updated_at = now()`,
    values: [budget.management_company_id, budget.service_name, budget.monthly_limit_usd, budget.action],
  });
  return before;
}

/** Returns the deleted row, or null. */
export async function deleteBudget(tx: Queryable, tenantId: TenantId, serviceName: string): Promise<BudgetRow | null> {
  const before = await lockBudget(tx, tenantId, serviceName);
  await tx.query({
    name: 'budgets_delete',
    text: 'delete from budgets where management_company_id = $1 and service_name = $2',
    values: [tenantId, serviceName],
  });
  return before;
}

const lockBudget = rowOf<BudgetRow>(
  'budgets_lock',
  `select ${columns} from budgets b where b.management_company_id = $1 and b.service_name = $2 for update`,
).by((tenantId: TenantId, serviceName: string) => [tenantId, serviceName]);

/** Returns true to the one caller that raised the threshold, so one replica announces it, once a month. */
export const markAlerted = hasEffect(
  'budgets_mark_alerted',
  `update budgets set alerted_percent = $3, alerted_month = $4::date
    where management_company_id = $1 and service_name = $2
      and (alerted_month is distinct from $4::date or alerted_percent < $3)`,
).by((budget: Pick<BudgetRow, 'management_company_id' | 'service_name'>, percent: number, month: MonthDays) => [
  budget.management_company_id,
  budget.service_name,
  percent,
  month.firstDay,
]);
