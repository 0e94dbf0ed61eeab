/**
 * Blocking budgets: the price of an attempt is taken before it is made, and what it did not cost is given back.
 *
 *   shared   the counter in Redis decides, for all who ask in one event-loop turn with one script call.
 *   alone    without Redis (in-process, or away) this replica spends by itself: what is left by the roll-up and by what
 *            Redis said last, divided by the replicas last seen. When Redis is back, what was spent alone is added to it.
 *
 * In shared mode the limit is never passed, over any number of replicas. Three things are on the safe side, and put right
 * when the budget has been quiet for two minutes: a reservation whose process died, or whose reply was lost until the
 * store counted as away, stays taken; a counter is never below the roll-up. One thing is not: where replicas lose Redis
 * at different moments, or Redis loses its data, a replica that is alone spends its part of what was left while the
 * others go on spending all of it through Redis. The limit may then be passed by that part, and by the price of the
 * calls under way.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { DatabaseAway } from '../storage/postgres/database-away.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';
import { type BudgetRow, type BudgetUse, sumSpentAcrossTenants } from '../storage/tables/budgets.ts';
import { type BudgetCounter, type CounterState, createBudgetCounter } from './budget-counter.ts';
import type { BudgetDirectory } from './budget-directory.ts';
import { type Month, microUsd, monthOf } from './month.ts';

export interface BudgetReservation {
  /** What it cost in the end, in USD. Once; never throws and is not waited for. */
  settle(costUsd: number): void;
}

/** `refused`: a budget has not that much left before `untilMs` (Unix milliseconds). */
export type BudgetDecision =
  | { readonly kind: 'reserved'; readonly reservation: BudgetReservation }
  | { readonly kind: 'refused'; readonly untilMs: number };

export interface BudgetGuard {
  /** Told what the roll-up says: no count of this replica's budgets stays below it. */
  reconcile(use: readonly BudgetUse[]): Promise<void>;
  /**
   * A budget was set (`use`) or taken away (null), and is heeded here from now on: all that was spent before, also while
   * nothing blocked, is counted first. Never throws: what a store that is away keeps from being counted, `reconcile` makes
   * up for.
   */
  heed(use: BudgetUse | null): Promise<void>;
  /** At once, without a promise, where no blocking budget concerns the service or it costs nothing. */
  reserve(tenantId: TenantId, serviceName: string, costUsd: number): BudgetDecision | Promise<BudgetDecision>;
}

export interface BudgetGuardDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly store: Pick<SharedStore, 'kind' | 'isAvailable' | 'runScript' | 'replicasSeen'>;
  readonly directory: Pick<BudgetDirectory, 'blocking' | 'refresh'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One budget in one month, as this replica knows it. */
interface Account {
  readonly key: string;
  /** Its limit may change. */
  budget: BudgetRow;
  readonly month: Month;
  known: CounterState | null;
  /** Spent and reserved without Redis, and what was left to all when that began. */
  alone: { microUsd: number; baseMicroUsd: number } | null;
  openingAlone: Promise<void> | null;
  readonly held: Set<Held>;
}

/** A part of an account that an attempt has taken. `birth` null: taken alone. */
interface Held {
  readonly account: Account;
  readonly microUsd: number;
  birth: string | null;
}

interface Asking {
  readonly microUsd: number;
  resolve(held: readonly Held[] | null): void;
  reject(error: unknown): void;
}

interface Group {
  readonly accounts: readonly Account[];
  readonly asking: Asking[];
}

const free: BudgetReservation = { settle: () => {} };
/** A reply that missed its deadline is asked for again while the store counts as here: alone is the worse judge. */
const sharedTries = 4;
/** A counter outlives its month by this, for calls that began in it. */
const counterGraceMs = 86_400_000;
/** Accounts known; at the bound the one used longest ago that nothing is held of is forgotten, and read anew. */
const maxAccounts = 20_000;
/** Each counter of a call may be missing once, and once more where it is lost meanwhile. */
const maxSeeds = 4;
/** Longer than any call: what is still reserved after it is nobody's. */
const quietSeconds = 120;
/** What one script call decides at most. */
const maxAmountsPerCall = 1_000;

export function budgetCounterKey(
  budget: Pick<BudgetRow, 'management_company_id' | 'service_name'>,
  month: Month,
): string {
  return `{${budget.management_company_id}}:budget:${month.name}:${budget.service_name}`;
}

/** In the slot of the group's counters, which are one tenant's. */
function budgetAskKey({ accounts }: Group, askId: string): string {
  return `{${accounts[0]?.budget.management_company_id}}:budget-ask:${askId}`;
}

export function createBudgetGuard(deps: BudgetGuardDeps): BudgetGuard {
  const { store, clock, logger } = deps;
  const counter = createBudgetCounter(store);
  const accounts = new Map<string, Account>();
  let groups = new Map<string, Group>();

  const accountOf = (budget: BudgetRow, month: Month): Account => {
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
    if (accounts.size > maxAccounts) forgetOne(accounts);
    return account;
  };

  /** `askId`: the same for each try, so that a reply that was lost is given once more. */
  const askShared = async (group: Group, asking: readonly Asking[], askId: string): Promise<void> => {
    const keys = group.accounts.map(({ key }) => key);
    const limits = group.accounts.map(({ budget }) => microUsd(budget.monthly_limit_usd));
    for (let seeded = 0; seeded <= maxSeeds; seeded += 1) {
      for (const account of group.accounts) await writeAlone(account);
      const reply = await counter.reserve(
        budgetAskKey(group, askId),
        keys,
        limits,
        asking.map((one) => one.microUsd),
      );
      if (typeof reply === 'number') {
        await seed(deps, counter, group.accounts[reply] as Account);
        continue;
      }
      for (const [index, account] of group.accounts.entries())
        await learn(counter, account, reply.states[index] as CounterState);
      for (const [index, one] of asking.entries())
        one.resolve(reply.granted[index] === true ? hold(group, one.microUsd, false) : null);
      return;
    }
    throw new StoreAway(new Error('the counters of a budget do not stay where they are put'));
  };

  const writeAlone = async (account: Account): Promise<void> => {
    const { alone } = account;
    if (alone === null) return;
    account.alone = null;
    const underWay = [...account.held].filter(({ birth }) => birth === null);
    const underWayMicroUsd = underWay.reduce((sum, held) => sum + held.microUsd, 0);
    // The counter that was known has none of it; one that was seeded since has what was settled, by the roll-up.
    const birth = account.known?.birth ?? '';
    for (const held of underWay) held.birth = birth;
    try {
      await counter.correct(account.key, birth, alone.microUsd, underWayMicroUsd);
    } catch (error) {
      for (const held of underWay) held.birth = null;
      account.alone = alone;
      throw error;
    }
  };

  const askAlone = async (group: Group, asking: readonly Asking[]): Promise<void> => {
    for (const account of group.accounts) await openAlone(account);
    const replicas = store.kind === 'redis' ? Math.max(1, store.replicasSeen()) : 1;
    for (const one of asking) {
      const fits = group.accounts.every(({ alone, budget }) => {
        if (alone === null) return false;
        const share = Math.floor((microUsd(budget.monthly_limit_usd) - alone.baseMicroUsd) / replicas);
        return alone.microUsd + one.microUsd <= share;
      });
      one.resolve(fits ? hold(group, one.microUsd, true) : null);
    }
  };

  /** Leaves `alone` null, so that nothing is granted, where neither store can say what is spent. */
  const openAlone = (account: Account): Promise<void> => {
    if (account.alone !== null) return Promise.resolve();
    account.openingAlone ??= (async () => {
      try {
        const underWay = [...account.held].reduce((sum, held) => sum + held.microUsd, 0);
        const spent = await spentByRollUp(deps, account).catch((error: unknown) => {
          if (error instanceof DatabaseAway && account.known !== null) return 0;
          throw error;
        });
        account.alone ??= { microUsd: 0, baseMicroUsd: Math.max(account.known?.spentMicroUsd ?? 0, spent + underWay) };
      } catch (error) {
        logger.warn(
          { err: error, tenant: account.budget.management_company_id },
          'a budget cannot be read, so it blocks',
        );
      } finally {
        account.openingAlone = null;
      }
    })();
    return account.openingAlone;
  };

  const hold = (group: Group, amount: number, alone: boolean): readonly Held[] =>
    group.accounts.map((account) => {
      const held: Held = { account, microUsd: amount, birth: alone ? null : (account.known?.birth ?? '') };
      account.held.add(held);
      if (alone && account.alone !== null) account.alone.microUsd += amount;
      return held;
    });

  const decide = async (group: Group): Promise<void> => {
    for (let from = 0; from < group.asking.length; from += maxAmountsPerCall) {
      const asking = group.asking.slice(from, from + maxAmountsPerCall);
      try {
        if (!(await tryShared(group, asking))) await askAlone(group, asking);
      } catch (error) {
        for (const one of asking) one.reject(error);
      }
    }
  };

  const tryShared = async (group: Group, asking: readonly Asking[]): Promise<boolean> => {
    if (store.kind !== 'redis') return false;
    const askId = randomUUID();
    for (let tried = 0; tried < sharedTries && store.isAvailable(); tried += 1) {
      try {
        await askShared(group, asking, askId);
        return true;
      } catch (error) {
        if (error instanceof DatabaseAway) return false; // A counter could not be seeded.
        if (!(error instanceof StoreAway)) throw error;
      }
    }
    return false;
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
      group = { accounts: budgets.map((budget) => accountOf(budget, month)), asking: [] };
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
    const alone = accounts.get(key)?.alone ?? null;
    if (alone !== null) alone.baseMicroUsd = Math.max(alone.baseMicroUsd, spent - alone.microUsd);
    else if (store.kind === 'redis' && store.isAvailable()) await counter.reconcile(key, spent, quietSeconds);
  };

  return {
    async reconcile(use) {
      const month = monthOf(clock.now());
      for (const row of use) {
        const key = budgetCounterKey(row, month);
        if (accounts.has(key)) await countAtLeast(key, microUsd(row.spent_usd));
      }
    },
    async heed(use) {
      try {
        // Its counter may be left from before, and another replica's: no account here need know of it.
        if (use !== null) await countAtLeast(budgetCounterKey(use, monthOf(clock.now())), microUsd(use.spent_usd));
      } catch (error) {
        logger.warn({ err: error }, 'what was spent of a budget is not counted yet');
      }
      await deps.directory.refresh();
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
                // What cannot be given back now stays taken until the budget is reconciled.
                settle(held, microUsd(finalUsd)).catch((error: unknown) => {
                  if (!(error instanceof StoreAway)) logger.warn({ err: error }, 'a budget could not be corrected');
                });
              }
            },
          },
        };
      });
    },
  };
}

async function seed(deps: BudgetGuardDeps, counter: BudgetCounter, account: Account): Promise<void> {
  const spent = await spentByRollUp(deps, account);
  const ttlMs = account.month.endsAtMs + counterGraceMs - deps.clock.now();
  await counter.seed(account.key, spent, randomUUID(), Math.max(counterGraceMs, ttlMs));
}

async function spentByRollUp(deps: BudgetGuardDeps, { budget, month }: Account): Promise<number> {
  return microUsd(await sumSpentAcrossTenants(deps.db, budget.management_company_id, budget.service_name, month));
}

/** A counter that was born anew does not have what is under way here. */
async function learn(counter: BudgetCounter, account: Account, state: CounterState): Promise<void> {
  account.known = state;
  const lost = [...account.held].filter(({ birth }) => birth !== null && birth !== state.birth);
  if (lost.length === 0) return;
  const amount = lost.reduce((sum, held) => sum + held.microUsd, 0);
  for (const held of lost) held.birth = state.birth;
  await counter.correct(account.key, state.birth, amount, 0);
}

function forgetOne(accounts: Map<string, Account>): void {
  for (const [key, account] of accounts) {
    if (account.held.size > 0 || account.alone !== null) continue;
    accounts.delete(key);
    return;
  }
}
