/** Decides on budgets without Redis: this replica spends its share of the remainder of each budget. */
import type { BudgetRefusalReason } from '../limits/refusal-text.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { DatabaseAway } from '../storage/postgres/database-away.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import { type Account, type Asking, type Group, hold, spentByRollUp } from './budget-accounts.ts';
import { nanoUsd } from './usd.ts';

export interface AskAloneDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly store: Pick<SharedStore, 'kind' | 'replicasSeen'>;
  readonly logger: Logger;
}

/** Decides each of `asking` by this replica's share. */
export async function askAlone(deps: AskAloneDeps, group: Group, asking: readonly Asking[]): Promise<void> {
  const { store } = deps;
  for (const account of group.accounts) await openAlone(deps, account);
  const replicas = store.kind === 'redis' ? Math.max(1, store.replicasSeen()) : 1;
  for (const one of asking) {
    const reasons = group.accounts.map((account) => refusalOf(account, one.nanoUsd, replicas));
    const reason = reasonOrder.find((candidate) => reasons.includes(candidate));
    one.resolve(reason ?? hold(group, one.nanoUsd, true));
  }
}

/** If several budgets refuse, the first of these is reported: nothing else helps before it does. */
const reasonOrder = ['spent', 'unknown', 'share_spent'] as const satisfies readonly BudgetRefusalReason[];

/** Why this replica cannot spend the amount from the account alone; null if it can. */
function refusalOf({ alone, budget }: Account, amount: number, replicas: number): BudgetRefusalReason | null {
  if (alone === null) return 'unknown';
  const left = nanoUsd(budget.monthly_limit_usd) - alone.baseNanoUsd;
  if (alone.nanoUsd + amount <= Math.floor(left / replicas)) return null;
  return alone.nanoUsd + amount <= left ? 'share_spent' : 'spent';
}

/**
 * Opens the account's alone mode. If neither store can tell what is spent, `alone` stays null, so that nothing is
 * granted.
 */
function openAlone(deps: AskAloneDeps, account: Account): Promise<void> {
  if (account.alone !== null) return Promise.resolve();
  account.openingAlone ??= (async () => {
    try {
      const underWay = [...account.held].reduce((sum, held) => sum + held.nanoUsd, 0);
      const spent = await spentByRollUp(deps.db, account).catch((error: unknown) => {
        if (error instanceof DatabaseAway && account.known !== null) return 0;
        throw error;
      });
      account.alone ??= { nanoUsd: 0, baseNanoUsd: Math.max(account.known?.spentNanoUsd ?? 0, spent + underWay) };
    } catch (error) {
      deps.logger.warn(
        { err: error, tenant: account.budget.management_company_id },
        'could not read the use of a budget: its calls are refused',
      );
    } finally {
      account.openingAlone = null;
    }
  })();
  return account.openingAlone;
}
