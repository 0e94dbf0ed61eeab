/** Gauges of services. If several tenants have services of one name, the worst account is shown. */
import type { Registry } from 'prom-client';
import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import { exposeGauges } from './exposition.ts';

export type ServiceHealth = 'healthy' | 'degraded' | 'down' | 'unknown';
export type BreakerKind = 'closed' | 'half-open' | 'open';

/** From best to worst. */
const healthOrder: readonly ServiceHealth[] = ['unknown', 'healthy', 'degraded', 'down'];
const breakerOrder: readonly BreakerKind[] = ['closed', 'half-open', 'open'];

/** A used share, and until when it is valid. */
export interface Share {
  /** From 0 to 1. */
  readonly ratio: number;
  /** Unix milliseconds until which the ratio is valid. */
  readonly untilMs: number;
}

interface Account {
  readonly service: string;
  health: ServiceHealth | null;
  breaker: BreakerKind | null;
  /** All windows of each limit; the fullest is shown. */
  readonly utilization: Map<string, readonly Share[]>;
  budget: Share | null;
}

/** At the bound the account created first is dropped until its next report. */
const maxAccounts = 10_000;

/** Registers the gauges of services. */
export function createServiceGauges(registry: Registry, clock: Clock) {
  const accounts = new Map<string, Account>();
  const accountOf = (service: string, accountId: string): Account => {
    let account = accounts.get(accountId);
    if (account === undefined || account.service !== service) {
      account = { service, health: null, breaker: null, utilization: new Map(), budget: null };
      setBounded(accounts, accountId, account, maxAccounts);
    }
    return account;
  };
  /** The highest rank among the accounts of each service name; null ranks are ignored. */
  const worstByService = (rankOf: (account: Account) => number | null): Map<string, number> => {
    const worst = new Map<string, number>();
    for (const account of accounts.values()) {
      const rank = rankOf(account);
      if (rank !== null) worst.set(account.service, Math.max(rank, worst.get(account.service) ?? 0));
    }
    return worst;
  };

  exposeGauges(
    registry,
    { name: 'integration_service_health', help: '1 for the current status of a service, else 0.' },
    () =>
      Array.from(worstByService(({ health }) => (health === null ? null : healthOrder.indexOf(health)))).flatMap(
        ([service, rank]) =>
          healthOrder.map((status, index) => ({ value: index === rank ? 1 : 0, labels: { service, status } })),
      ),
  );
  exposeGauges(
    registry,
    { name: 'integration_circuit_breaker_state', help: '1 for the current state of a service’s breaker, else 0.' },
    () =>
      Array.from(worstByService(({ breaker }) => (breaker === null ? null : breakerOrder.indexOf(breaker)))).flatMap(
        ([service, rank]) =>
          breakerOrder.map((state, index) => ({ value: index === rank ? 1 : 0, labels: { service, state } })),
      ),
  );
  exposeGauges(
    registry,
    { name: 'integration_rate_limit_utilization', help: 'Spent share of a limit, 0 to 1.' },
    () => {
      const nowMs = clock.now();
      return Array.from(
        worstByService(({ utilization }) => {
          const windows = [...utilization.values()].flat();
          if (windows.length === 0) return null;
          return Math.max(...windows.map(({ ratio, untilMs }) => (untilMs > nowMs ? ratio : 0)));
        }),
        ([service, value]) => ({ value, labels: { service } }),
      );
    },
  );

  exposeGauges(
    registry,
    {
      name: 'integration_budget_utilization',
      help: 'Spent share of a month’s budget; may exceed 1 if the budget only alerts.',
    },
    () => {
      const nowMs = clock.now();
      return Array.from(
        worstByService(({ budget }) => (budget === null || budget.untilMs <= nowMs ? null : budget.ratio)),
        ([service, value]) => ({ value, labels: { service } }),
      );
    },
  );

  return {
    setBudget(service: string, accountId: string, ratio: number, untilMs: number): void {
      accountOf(service, accountId).budget = { ratio, untilMs };
    },
    setHealth(service: string, accountId: string, status: ServiceHealth): void {
      accountOf(service, accountId).health = status;
    },
    setBreaker(service: string, accountId: string, state: BreakerKind): void {
      accountOf(service, accountId).breaker = state;
    },
    setUtilization(service: string, accountId: string, limit: string, windows: readonly Share[]): void {
      accountOf(service, accountId).utilization.set(limit, windows);
    },
    forget(accountId: string): void {
      accounts.delete(accountId);
    },
  };
}
