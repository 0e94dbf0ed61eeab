/** Decides on budgets by the counters in Redis, which all replicas share. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database } from '../storage/postgres/database.ts';
import { DatabaseAway } from '../storage/postgres/database-away.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';
import { type Account, type Asking, type Group, hold, spentByRollUp } from './budget-accounts.ts';
import type { BudgetCounter, CounterState } from './budget-counter.ts';
import { nanoUsd } from './usd.ts';

export interface AskSharedDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly store: Pick<SharedStore, 'kind' | 'isAvailable'>;
  readonly clock: Clock;
}

/**
 * A reply that missed its deadline is requested again while Redis counts as available, because deciding alone is less
 * accurate.
 */
const sharedTries = 4;
/** A counter outlives its month by this much, for calls that began in the month. */
const counterGraceMs = 86_400_000;
/** Each counter of a call may be missing once, and once more if it is lost in the meantime. */
const maxSeeds = 4;

/**
 * Decides each of `asking` by the shared counters. Returns false, without deciding, if Redis or the database is away.
 */
export async function askShared(
  deps: AskSharedDeps,
  counter: BudgetCounter,
  group: Group,
  asking: readonly Asking[],
): Promise<boolean> {
  if (deps.store.kind !== 'redis') return false;
  const askId = randomUUID();
  for (let tried = 0; tried < sharedTries && deps.store.isAvailable(); tried += 1) {
    try {
      await askOnce(deps, counter, group, asking, askId);
      return true;
    } catch (error) {
      if (error instanceof DatabaseAway) return false; // A counter could not be seeded.
      if (!(error instanceof StoreAway)) throw error;
    }
  }
  return false;
}

/** `askId` is the same for each try, so that a lost reply is returned again. */
async function askOnce(
  deps: AskSharedDeps,
  counter: BudgetCounter,
  group: Group,
  asking: readonly Asking[],
  askId: string,
): Promise<void> {
  const keys = group.accounts.map(({ key }) => key);
  const limits = group.accounts.map(({ budget }) => nanoUsd(budget.monthly_limit_usd));
  for (let seeded = 0; seeded <= maxSeeds; seeded += 1) {
    for (const account of group.accounts) await writeAlone(counter, account);
    const reply = await counter.reserve(
      budgetAskKey(group, askId),
      keys,
      limits,
      asking.map((one) => one.nanoUsd),
    );
    if (typeof reply === 'number') {
      await seed(deps, counter, group.accounts[reply] as Account);
      continue;
    }
    for (const [index, account] of group.accounts.entries())
      await learn(counter, account, reply.states[index] as CounterState);
    for (const [index, one] of asking.entries())
      one.resolve(reply.granted[index] === true ? hold(group, one.nanoUsd, false) : 'spent');
    return;
  }
  throw new StoreAway(new Error('the counters of a budget disappear after they are seeded'));
}

/** A key in the Redis slot of the group's counters, which all belong to one tenant. */
function budgetAskKey({ accounts }: Group, askId: string): string {
  return `{${accounts[0]?.budget.management_company_id}}:budget-ask:${askId}`;
}

/** Adds to the counter what this replica spent while Redis was away. */
async function writeAlone(counter: BudgetCounter, account: Account): Promise<void> {
  const { alone } = account;
  if (alone === null) return;
  account.alone = null;
  const underWay = [...account.held].filter(({ birth }) => birth === null);
  const underWayNanoUsd = underWay.reduce((sum, held) => sum + held.nanoUsd, 0);
  // The counter with the known birth mark does not contain these units. A newer one was seeded from the roll-up, which
  // contains the settled ones.
  const birth = account.known?.birth ?? '';
  for (const held of underWay) held.birth = birth;
  try {
    await counter.correct(account.key, birth, alone.nanoUsd, underWayNanoUsd);
  } catch (error) {
    for (const held of underWay) held.birth = null;
    account.alone = alone;
    throw error;
  }
}

async function seed(deps: AskSharedDeps, counter: BudgetCounter, account: Account): Promise<void> {
  const spent = await spentByRollUp(deps.db, account);
  const ttlMs = account.month.endsAtMs + counterGraceMs - deps.clock.now();
  await counter.seed(account.key, spent, randomUUID(), Math.max(counterGraceMs, ttlMs));
}

/**
 * Stores the counter's state. A recreated counter does not contain this replica's reservations in progress, so they are
 * added.
 */
async function learn(counter: BudgetCounter, account: Account, state: CounterState): Promise<void> {
  account.known = state;
  const lost = [...account.held].filter(({ birth }) => birth !== null && birth !== state.birth);
  if (lost.length === 0) return;
  const amount = lost.reduce((sum, held) => sum + held.nanoUsd, 0);
  for (const held of lost) held.birth = state.birth;
  await counter.correct(account.key, state.birth, amount, 0);
}
