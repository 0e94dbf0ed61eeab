/**
 * Blocking budgets: the price of an attempt is taken before it is made, and what it did not cost is given back.
 *
 *   shared   the counter in Redis decides, for all who ask in one event-loop turn with one script call.
 *   alone    without Redis (in-process, or away) this replica spends by itself: what is left by the roll-up and by what
 *            Redis said last, divided by the replicas last seen. When Redis is back, what was spent alone is added to
 * it.
 *
 * In shared mode the limit is never passed, over any number of replicas. Three things are on the safe side, and put
 * right when the budget has been quiet for two minutes: a reservation whose process died, or whose reply was lost until
 * the store counted as away, stays taken; a counter is never below the roll-up. One thing is not: where replicas lose
 * Redis at different moments, or Redis loses its data, a replica that is alone spends its part of what was left while
 * the others go on spending all of it through Redis. The limit may then be passed by that part, and by the price of the
 * calls under way.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';
import type { BudgetRow, BudgetUse } from '../storage/tables/budgets.ts';
import { askAlone } from './ask-alone.ts';
import { askShared } from './ask-shared.ts';
import { budgetCounterKey, createBudgetAccounts, type Group, type Held } from './budget-accounts.ts';
import { createBudgetCounter } from './budget-counter.ts';
import type { BudgetDirectory } from './budget-directory.ts';
import { type Month, microUsd, monthOf } from './month.ts';

export interface BudgetReservation {
  /** What the attempt finally cost, in USD. Call it once; it never throws and is not awaited. */
  settle(costUsd: number): void;
}

/** `refused`: a budget does not have that much left before `untilMs` (Unix milliseconds). */
export type BudgetDecision =
  | { readonly kind: 'reserved'; readonly reservation: BudgetReservation }
  | { readonly kind: 'refused'; readonly untilMs: number };

export interface BudgetGuard {
  /** Raises the counts of this replica's budgets to what the roll-up says. */
  reconcile(use: readonly BudgetUse[]): Promise<void>;
  /**
   * A budget was set (`use`) or removed (null), and applies here from now on. All that was spent before, also while
   * nothing blocked, is counted first. Never throws: where a store is away, `reconcile` counts it later.
   */
  apply(tenantId: TenantId, use: BudgetUse | null): Promise<void>;
  /** Returns at once, without a promise, if no blocking budget applies to the service or the attempt costs nothing. */
  reserve(tenantId: TenantId, serviceName: string, costUsd: number): BudgetDecision | Promise<BudgetDecision>;
}

export interface BudgetGuardDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly store: Pick<SharedStore, 'kind' | 'isAvailable' | 'runScript' | 'replicasSeen'>;
  readonly directory: Pick<BudgetDirectory, 'blocking' | 'refresh'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const free: BudgetReservation = { settle: () => {} };
/** Longer than any call: a reservation older than this belongs to no call. */
const quietSeconds = 120;
/** Maximum amounts that one script call decides. */
const maxAmountsPerCall = 1_000;

export function createBudgetGuard(deps: BudgetGuardDeps): BudgetGuard {
  const { store, clock, logger } = deps;
  const counter = createBudgetCounter(store);
  const accounts = createBudgetAccounts();
  let groups = new Map<string, Group>();

  const decide = async (group: Group): Promise<void> => {
    for (let from = 0; from < group.asking.length; from += maxAmountsPerCall) {
      const asking = group.asking.slice(from, from + maxAmountsPerCall);
      try {
        if (!(await askShared(deps, counter, group, asking))) await askAlone(deps, group, asking);
      } catch (error) {
        for (const one of asking) one.reject(error);
      }
    }
  };

  const ask = (budgets: readonly BudgetRow[], month: Month, amount: number): Promise<readonly Held[] | null> => {
    const id = budgets.map((budget) => budgetCounterKey(budget, month)).join('\n');
    let group = groups.get(id);
    if (group === undefined) {
      if (groups.size === 0) {
        setImmediate(() => {
          const due = groups;
          groups = new Map();
          for (const one of due.values()) void decide(one);
        });
      }
      group = { accounts: budgets.map((budget) => accounts.of(budget, month)), asking: [] };
      groups.set(id, group);
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly Held[] | null>();
    group.asking.push({ microUsd: amount, resolve, reject });
    return promise;
  };

  const settle = async (held: Held, cost: number): Promise<void> => {
    const { account, birth } = held;
    account.held.delete(held);
    if (birth === null) {
      if (account.alone !== null) account.alone.microUsd += cost - held.microUsd;
      return;
    }
    if (cost === held.microUsd && account.known?.birth === birth) return;
    await counter.correct(account.key, birth, cost - held.microUsd, cost);
  };

  const countAtLeast = async (key: string, spent: number): Promise<void> => {
    const alone = accounts.find(key)?.alone ?? null;
    if (alone !== null) alone.baseMicroUsd = Math.max(alone.baseMicroUsd, spent - alone.microUsd);
    else if (store.kind === 'redis' && store.isAvailable()) await counter.reconcile(key, spent, quietSeconds);
  };

  return {
    async reconcile(use) {
      const month = monthOf(clock.now());
      for (const row of use) {
        const key = budgetCounterKey(row, month);
        if (accounts.find(key) !== null) await countAtLeast(key, microUsd(row.spent_usd));
      }
    },
    async apply(tenantId, use) {
      try {
        // Its counter may be left from before, and another replica's: no account here need know of it.
        if (use !== null) await countAtLeast(budgetCounterKey(use, monthOf(clock.now())), microUsd(use.spent_usd));
      } catch (error) {
        logger.warn({ err: error }, 'could not count what a budget has spent yet');
      }
      await deps.directory.refresh(tenantId);
    },
    reserve(tenantId, serviceName, costUsd) {
      if (costUsd <= 0) return { kind: 'reserved', reservation: free };
      const budgets = deps.directory.blocking(tenantId, serviceName);
      if (budgets.length === 0) return { kind: 'reserved', reservation: free };
      const month = monthOf(clock.now());
      return ask(budgets, month, microUsd(costUsd)).then((taken): BudgetDecision => {
        if (taken === null) return { kind: 'refused', untilMs: month.endsAtMs };
        return {
          kind: 'reserved',
          reservation: {
            settle(finalUsd) {
              for (const held of taken) {
                // An amount that cannot be returned now stays taken until the budget is reconciled.
                settle(held, microUsd(finalUsd)).catch((error: unknown) => {
                  if (!(error instanceof StoreAway)) logger.warn({ err: error }, 'could not correct a budget');
                });
              }
            },
          },
        };
      });
    },
  };
}
