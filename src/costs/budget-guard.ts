/**
 * Enforces blocking budgets, so that a tenant's month does not cost more than its limit: reserves the price of each
 * attempt before it is made, and returns the part that the attempt did not cost. Two modes:
 * - shared: the counter in Redis decides, with one script call for all attempts of an event-loop turn.
 * - alone: without Redis (in-process, or away) this replica decides. It may spend its share of the remainder, which is
 *   the limit minus the higher of the roll-up and Redis's last count, divided by the replicas last seen. When Redis is
 *   back, its spending is added to the counter.
 *
 * In shared mode the limit is never exceeded, over any number of replicas. Reservations stay counted if their process
 * died or their reply was lost, and a counter is never below the roll-up; both are corrected when the budget has been
 * quiet for two minutes.
 *
 * The limit can be exceeded only if replicas lose Redis at different times or Redis loses its data: a replica alone
 * then spends its share while the others spend the whole remainder through Redis. The excess is at most that share plus
 * the price of calls in progress.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { BudgetRefusalReason } from '../limits/refusal-text.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';
import type { BudgetRow, BudgetUse } from '../storage/tables/budgets.ts';
import { askAlone } from './ask-alone.ts';
import { askShared } from './ask-shared.ts';
import { budgetCounterKey, createBudgetAccounts, type Group, type Held, type Taken } from './budget-accounts.ts';
import { createBudgetCounter } from './budget-counter.ts';
import type { BudgetDirectory } from './budget-directory.ts';
import { type Month, monthOf } from './month.ts';
import { nanoUsd } from './usd.ts';

export interface BudgetReservation {
  /** Sets the final cost of the attempt, in USD. Call it once; it never throws and is not awaited. */
  settle(costUsd: number): void;
}

/** `refused`: asking again makes no sense before `untilMs` (Unix milliseconds). */
export type BudgetDecision =
  | { readonly kind: 'reserved'; readonly reservation: BudgetReservation }
  | { readonly kind: 'refused'; readonly because: BudgetRefusalReason; readonly untilMs: number };

export interface BudgetGuard {
  /** Raises the counts of this replica's budgets to at least the roll-up's. */
  reconcile(use: readonly BudgetUse[]): Promise<void>;
  /**
   * Applies a budget that was set (`use`) or removed (null). Its earlier spending is counted first, also from a time
   * when it did not block. Never throws: if a store is away, `reconcile` counts it later.
   */
  apply(tenantId: TenantId, use: BudgetUse | null): Promise<void>;
  /**
   * Reserves the price of an attempt. Returns at once, without a promise, if no blocking budget applies or the attempt
   * is free.
   */
  reserve(tenantId: TenantId, serviceName: string, costUsd: number): BudgetDecision | Promise<BudgetDecision>;
}

export interface BudgetGuardDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly store: Pick<SharedStore, 'kind' | 'isAvailable' | 'runScript' | 'replicasSeen'>;
  readonly directory: Pick<BudgetDirectory, 'blocking' | 'refresh'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const freeReservation: BudgetReservation = { settle: () => {} };
/** Longer than any call: an older reservation belongs to no running call. */
const quietSeconds = 120;
/** Maximum amounts that one script call decides. */
const maxAmountsPerCall = 1_000;
/** What only this replica cannot spend is refused until Redis is back, which may be at any time. */
const askAgainAfterMs = 5_000;

/** Creates the guard. */
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

  const ask = (budgets: readonly BudgetRow[], month: Month, amount: number): Promise<Taken> => {
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
    const { promise, resolve, reject } = Promise.withResolvers<Taken>();
    group.asking.push({ nanoUsd: amount, resolve, reject });
    return promise;
  };

  const settle = async (held: Held, cost: number): Promise<void> => {
    const { account, birth } = held;
    account.held.delete(held);
    if (birth === null) {
      if (account.alone !== null) account.alone.nanoUsd += cost - held.nanoUsd;
      return;
    }
    if (cost === held.nanoUsd && account.known?.birth === birth) return;
    await counter.correct(account.key, birth, cost - held.nanoUsd, cost);
  };

  const countAtLeast = async (key: string, spent: number): Promise<void> => {
    const alone = accounts.find(key)?.alone ?? null;
    if (alone !== null) alone.baseNanoUsd = Math.max(alone.baseNanoUsd, spent - alone.nanoUsd);
    else if (store.kind === 'redis' && store.isAvailable()) await counter.reconcile(key, spent, quietSeconds);
  };

  return {
    async reconcile(use) {
      const month = monthOf(clock.now());
      for (const row of use) {
        const key = budgetCounterKey(row, month);
        if (accounts.find(key) !== null) await countAtLeast(key, nanoUsd(row.spent_usd));
      }
    },
    async apply(tenantId, use) {
      try {
        // The counter may exist already, from earlier or from another replica, even if this replica has no account.
        if (use !== null) await countAtLeast(budgetCounterKey(use, monthOf(clock.now())), nanoUsd(use.spent_usd));
      } catch (error) {
        logger.warn({ err: error }, 'could not count the use of a budget; will retry');
      }
      await deps.directory.refresh(tenantId);
    },
    reserve(tenantId, serviceName, costUsd) {
      if (costUsd <= 0) return { kind: 'reserved', reservation: freeReservation };
      const budgets = deps.directory.blocking(tenantId, serviceName);
      if (budgets.length === 0) return { kind: 'reserved', reservation: freeReservation };
      const month = monthOf(clock.now());
      return ask(budgets, month, nanoUsd(costUsd)).then((taken): BudgetDecision => {
        if (typeof taken === 'string') {
          const untilMs = taken === 'spent' ? month.endsAtMs : clock.now() + askAgainAfterMs;
          return { kind: 'refused', because: taken, untilMs };
        }
        return {
          kind: 'reserved',
          reservation: {
            settle(finalUsd) {
              for (const held of taken) {
                // If this fails, the amount stays reserved until the budget is reconciled.
                settle(held, nanoUsd(finalUsd)).catch((error: unknown) => {
                  if (!(error instanceof StoreAway))
                    logger.warn({ err: error }, 'could not settle a budget reservation');
                });
              }
            },
          },
        };
      });
    },
  };
}
