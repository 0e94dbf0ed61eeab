/** The accounts of blocking budgets: one budget in one month, as this replica knows it. */
import type { BudgetRefusalReason } from '../limits/refusal-text.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type BudgetRow, sumSpentAcrossTenants } from '../storage/tables/budgets.ts';
import type { CounterState } from './budget-counter.ts';
import type { Month } from './month.ts';
import { nanoUsd } from './usd.ts';

/** One budget in one month, as this replica knows it. */
export interface Account {
  readonly key: string;
  /** The budget's current row. */
  budget: BudgetRow;
  readonly month: Month;
  known: CounterState | null;
  /** Spent and reserved without Redis, and the total that was spent when Redis went away. */
  alone: { nanoUsd: number; baseNanoUsd: number } | null;
  openingAlone: Promise<void> | null;
  readonly held: Set<Held>;
}

/** A reservation on an account by one attempt. `birth` null: reserved without Redis. */
export interface Held {
  readonly account: Account;
  readonly nanoUsd: number;
  birth: string | null;
}

/** The reservation on every budget of the group, or why there is none. */
export type Taken = readonly Held[] | BudgetRefusalReason;

/** One attempt that waits for its reservation on the group's budgets. */
export interface Asking {
  readonly nanoUsd: number;
  resolve(taken: Taken): void;
  reject(error: unknown): void;
}

/** The attempts of one event-loop turn that spend from the same budgets. */
export interface Group {
  readonly accounts: readonly Account[];
  readonly asking: Asking[];
}

/**
 * Maximum accounts in memory. Above it the least recently used account without reservations is dropped, and read again
 * when needed.
 */
const maxAccounts = 20_000;

/**
 * The Redis key of a budget's counter in one month. Earlier versions count millionths under `budget`: while old and new
 * replicas run side by side, each version counts apart what it has reserved.
 */
export function budgetCounterKey(
  budget: Pick<BudgetRow, 'management_company_id' | 'service_name'>,
  month: Month,
): string {
  return `{${budget.management_company_id}}:budget-nano:${month.name}:${budget.service_name}`;
}

export interface BudgetAccounts {
  /** The account of a budget, created at the first use. */
  of(budget: BudgetRow, month: Month): Account;
  /** null: this replica spent nothing from it. */
  find(key: string): Account | null;
}

/** Creates an empty set of accounts. */
export function createBudgetAccounts(): BudgetAccounts {
  const accounts = new Map<string, Account>();
  return {
    of(budget, month) {
      const key = budgetCounterKey(budget, month);
      const account = accounts.get(key) ?? {
        key,
        budget,
        month,
        known: null,
        alone: null,
        openingAlone: null,
        held: new Set(),
      };
      account.budget = budget;
      accounts.delete(key);
      accounts.set(key, account);
      if (accounts.size > maxAccounts) dropOne(accounts);
      return account;
    },
    find: (key) => accounts.get(key) ?? null,
  };
}

function dropOne(accounts: Map<string, Account>): void {
  for (const [key, account] of accounts) {
    if (account.held.size > 0 || account.alone !== null) continue;
    accounts.delete(key);
    return;
  }
}

/** Reserves the amount on every account of the group. */
export function hold(group: Group, amount: number, alone: boolean): readonly Held[] {
  return group.accounts.map((account) => {
    const held: Held = { account, nanoUsd: amount, birth: alone ? null : (account.known?.birth ?? '') };
    account.held.add(held);
    if (alone && account.alone !== null) account.alone.nanoUsd += amount;
    return held;
  });
}

/** What the roll-up has as spent, in billionths of a dollar. */
export async function spentByRollUp(db: Pick<Database, 'querySystem'>, { budget, month }: Account): Promise<number> {
  return nanoUsd(await sumSpentAcrossTenants(db, budget.management_company_id, budget.service_name, month));
}
