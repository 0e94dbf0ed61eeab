/**
 * Announces budgets that reach 50, 80 and 100 per cent, once per month and threshold over all replicas, and updates
 * their gauges. A round checks the budgets of tenants with traffic or changes since the last one. It checks all budgets
 * at the start, in a new month, after a gap in the notifications, and every ten minutes, for calls that were recorded
 * late.
 *
 * There is no event type for money. A budget is a monthly limit, so a threshold is announced as
 * `integration.rate_limit.exceeded`: `utilization_percent` is the spent share, `metadata.kind` is `budget`, amounts are
 * in US cents, and `blocked_operations` is `["*"]` only if calls are refused. Subscribers of limit events also get
 * these.
 */
import type { Clock } from '../clock.ts';
import { watchChangedTenants } from '../directory/changed-tenants.ts';
import type { ServiceDirectory } from '../directory/service.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { DurableEvent } from '../outbox/events.ts';
import { type Rounds, startRounds } from '../rounds.ts';
import type { Database, Queryable } from '../storage/postgres/database.ts';
import { type BudgetUse, listBudgetUseAcrossTenants, markAlerted } from '../storage/tables/budgets.ts';
import { listTenantsWithTraffic } from '../storage/tables/usage-series.ts';
import type { BudgetGuard } from './budget-guard.ts';
import { type Month, monthOf } from './month.ts';
import { roundUsd } from './usd.ts';

export interface WatchBudgetsDeps {
  readonly db: Pick<Database, 'querySystem' | 'acrossTenants' | 'listen'>;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly guard: Pick<BudgetGuard, 'reconcile'>;
  readonly metrics: Pick<Metrics, 'budgetUtilization' | 'forgetAccount'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly appendEvent: (tx: Queryable, event: DurableEvent) => Promise<unknown>;
}

const everyMs = 10_000;

const thresholds = [100, 80, 50] as const;
const wholeEveryMs = 600_000;
/** A call is counted in the minute in which it began, and a budget is corrected after two quiet minutes. */
const overlapMs = 180_000;

/** Starts the rounds. */
export function startBudgetWatch(deps: WatchBudgetsDeps): Rounds {
  const watch = createBudgetWatch(deps);
  return startRounds({
    everyMs,
    beginsAtOnce: true,
    round: watch.runRound,
    onFailure: (error) => deps.logger.warn({ err: error }, 'could not check budgets; will retry'),
    afterLast: watch.close,
  });
}

/** Creates the watch; `runRound` is one round. */
export function createBudgetWatch(deps: WatchBudgetsDeps) {
  const { db, clock } = deps;
  const changes = watchChangedTenants(db, ['budgets']);
  /** The gauges shown for each tenant. */
  const shown = new Map<TenantId, Set<string>>();
  let lastRound: { readonly month: string; readonly atMs: number } | null = null;
  let wholeAtMs = Number.NEGATIVE_INFINITY;

  /** The tenants to check in this round; null: all. */
  const tenantsToCheck = async (month: Month): Promise<readonly TenantId[] | null> => {
    const changed = await changes.take();
    const isDue = clock.now() - wholeAtMs >= wholeEveryMs;
    if (changed === null || lastRound === null || lastRound.month !== month.name || isDue) return null;
    const busy = await listTenantsWithTraffic(db, lastRound.atMs - overlapMs);
    return [...new Set([...changed, ...busy])];
  };

  /** Runs one round. Throws the database's errors. */
  const runRound = async (): Promise<void> => {
    const nowMs = clock.now();
    const month = monthOf(nowMs);
    try {
      const tenants = await tenantsToCheck(month);
      if (tenants?.length !== 0) await checkBudgets(tenants, month);
      if (tenants === null) wholeAtMs = nowMs;
      lastRound = { month: month.name, atMs: nowMs };
    } catch (error) {
      changes.forget();
      throw error;
    }
  };

  const checkBudgets = async (tenants: readonly TenantId[] | null, month: Month): Promise<void> => {
    const use = await listBudgetUseAcrossTenants(db, month, tenants);
    await deps.guard.reconcile(use);
    removeOldGauges(tenants ?? [...shown.keys()], use);
    for (const budget of use) {
      const percent = percentOf(budget);
      deps.metrics.budgetUtilization(budget.service_name, gaugeOf(budget), percent / 100, month.endsAtMs);
      const reached = thresholds.find((threshold) => percent >= threshold) ?? 0;
      if (reached > budget.alerted_percent) await announce(deps, budget, reached, percent, month);
    }
  };

  const removeOldGauges = (tenants: readonly TenantId[], use: readonly BudgetUse[]): void => {
    const present = Map.groupBy(use, (budget) => budget.management_company_id);
    for (const tenant of tenants) {
      const gauges = new Set((present.get(tenant) ?? []).map(gaugeOf));
      for (const gauge of shown.get(tenant) ?? []) if (!gauges.has(gauge)) deps.metrics.forgetAccount(gauge);
      shown.delete(tenant);
    }
    for (const [tenant, budgets] of present) shown.set(tenant, new Set(budgets.map(gaugeOf)));
  };

  return { runRound, close: () => changes.close() };
}

function gaugeOf({ management_company_id, service_name }: BudgetUse): string {
  return `budget ${management_company_id} ${service_name}`;
}

async function announce(
  deps: WatchBudgetsDeps,
  budget: BudgetUse,
  threshold: number,
  percent: number,
  month: Month,
): Promise<void> {
  const services = await deps.directory.ofTenant(budget.management_company_id);
  const serviceId = services.find(({ serviceName }) => serviceName === budget.service_name)?.id ?? null;
  const event = thresholdReached(budget, serviceId, threshold, percent, month, deps.clock.now());
  const isOurs = await deps.db.acrossTenants('budget alerts', async (tx) => {
    if (!(await markAlerted(tx, budget, threshold, month))) return false;
    await deps.appendEvent(tx, event);
    return true;
  });
  if (!isOurs) return;
  const {
    management_company_id: tenant,
    service_name: service,
    monthly_limit_usd: limitUsd,
    spent_usd: spentUsd,
  } = budget;
  deps.logger.warn({ tenant, service, threshold, limitUsd, spentUsd }, 'a budget has reached a threshold');
}

function thresholdReached(
  budget: BudgetUse,
  serviceId: string | null,
  threshold: number,
  percent: number,
  month: Month,
  nowMs: number,
): DurableEvent {
  return {
    type: 'integration.rate_limit.exceeded',
    tenantId: budget.management_company_id,
    serviceName: budget.service_name,
    correlationId: null,
    occurredAtMs: nowMs,
    aggregateId: serviceId ?? `budget ${budget.service_name}`,
    fields: {
      service_id: serviceId,
      window_type: 'month',
      max_requests: Math.round(budget.monthly_limit_usd * 100),
      current_requests: Math.round(budget.spent_usd * 100),
      utilization_percent: Math.round(percent * 10) / 10,
      rate_limit_reset_at: new Date(month.endsAtMs).toISOString(),
      blocked_operations: budget.action === 'block' && percent >= 100 ? ['*'] : [],
    },
    metadata: {
      kind: 'budget',
      budget: budget.service_name,
      month: month.name,
      unit: 'usd_cents',
      threshold_percent: threshold,
      action: budget.action,
      monthly_limit_usd: budget.monthly_limit_usd,
      spent_usd: roundUsd(budget.spent_usd),
    },
  };
}

/** The spent share in per cent; a budget of zero counts as fully spent. */
function percentOf({ monthly_limit_usd, spent_usd }: BudgetUse): number {
  return monthly_limit_usd === 0 ? 100 : Math.round((1e6 * spent_usd) / monthly_limit_usd) / 1e4;
}
