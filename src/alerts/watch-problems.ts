/**
 * Reports to Telegram and to a webhook when problems begin and end, once over all replicas and restarts, by marks in
 * PostgreSQL. A round checks tenants that may have a problem: those with traffic, changes, an unhealthy service,
 * waiting deliveries or a mark. All tenants are swept, some per round, when a replica starts, after a gap in the
 * notifications, and once an hour. Each message is tried a bounded number of times. A crash between sending a message
 * and deleting it sends it again.
 */
import { watchChangedTenants } from '../directory/changed-tenants.ts';
import type { ListProblems } from '../health/list-problems.ts';
import { parseTenantId } from '../ids.ts';
import { type Rounds, startRounds } from '../rounds.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  type AlertMessage,
  claimAlertMessages,
  delayAlertMessage,
  deleteAlertMessage,
  insertAlertMessage,
  listTenantsOfInterest,
  listTenantsToWatch,
  lockAlertMarks,
  storeAlertMarks,
} from '../storage/tables/alerts.ts';
import type { Leases } from '../storage/tables/leases.ts';
import { maxAttempts, messagesOf } from './alert-terms.ts';
import { type ProblemMark, planAlerts, type SeenProblem } from './plan-alerts.ts';
import { createOutageReporter, type OutageReporterDeps } from './report-outage.ts';
import { sendAlert } from './send-alert.ts';

/** `store` keeps a mark while PostgreSQL is away. */
export interface WatchProblemsDeps extends OutageReporterDeps {
  readonly db: Pick<Database, 'querySystem' | 'acrossTenants' | 'isReachable' | 'listen'>;
  readonly leases: Pick<Leases, 'tryHold'>;
  readonly listProblems: ListProblems;
}

const everyMs = 15_000;
const databaseDeadlineMs = 1_000;
const leaseMs = 60_000;
/** Tenants per round; the next round continues after the last one. */
const tenantsPerRound = 200;
const sweepEveryMs = 3_600_000;
/** A call is counted in the minute in which it began, so the rounds look back this far. */
const overlapMs = 180_000;
const configurationTables = ['external_services', 'webhook_configs', 'budgets'];
const claimMs = 60_000;
const firstWaitMs = 10_000;
const maxWaitMs = 600_000;
/** Problems of the gateway itself, listed for every tenant. */
const ownKinds: ReadonlySet<string> = new Set([
  'redis_away',
  'event_bus_away',
  'outbox_backlog',
  'spool_in_use',
  'event_loop_stalls',
  'answers_emulated',
]);

/** Starts the rounds. */
export function startProblemWatch(deps: WatchProblemsDeps): Rounds {
  const watch = createProblemWatch(deps);
  return startRounds({
    everyMs,
    round: watch.runRound,
    onFailure: (error) => deps.logger.warn({ err: error }, 'could not check problems for alerts; will retry'),
    afterLast: watch.close,
  });
}

/** Creates the watch; `runRound` is one round. */
export function createProblemWatch(deps: WatchProblemsDeps) {
  const { db, clock, logger } = deps;
  const outage = createOutageReporter(deps);
  const changes = watchChangedTenants(db, configurationTables);
  /** The last tenant of interest that was checked. */
  let checkedUpTo = '';
  let trafficSinceMs = clock.now() - overlapMs;
  /** The last tenant of the sweep over all tenants; null if the sweep is complete. */
  let sweptUpTo: string | null = '';
  let sweptAtMs = clock.now();

  const tenantsToCheck = async (): Promise<readonly string[]> => {
    const nowMs = clock.now();
    const changed = await changes.take();
    if (changed === null || nowMs - sweptAtMs >= sweepEveryMs) {
      sweptUpTo = '';
      sweptAtMs = nowMs;
    }
    const asked = { sinceMs: trafficSinceMs, changed: changed ?? [], after: checkedUpTo, limit: tenantsPerRound };
    const tenants = new Set(await listTenantsOfInterest(db, asked));
    const isLast = tenants.size < tenantsPerRound;
    checkedUpTo = isLast ? '' : ([...tenants].at(-1) as string);
    if (isLast) trafficSinceMs = nowMs - overlapMs;
    for (const tenant of await nextOfSweep()) tenants.add(tenant);
    // Each tenant's list contains the problems of the service itself, so one tenant is enough.
    return tenants.size > 0 ? [...tenants] : listTenantsToWatch(db, '', 1);
  };

  const nextOfSweep = async (): Promise<readonly string[]> => {
    if (sweptUpTo === null) return [];
    const tenants = await listTenantsToWatch(db, sweptUpTo, tenantsPerRound);
    sweptUpTo = tenants.length < tenantsPerRound ? null : (tenants.at(-1) as string);
    return tenants;
  };

  const checkProblems = async (): Promise<void> => {
    if (!(await deps.leases.tryHold('alerts', leaseMs))) return;
    const tenants = await tenantsToCheck();
    const seen = new Map<string, SeenProblem>();
    for (const tenant of tenants) {
      for (const problem of await deps.listProblems(parseTenantId(tenant))) {
        // Reported by `report-outage.ts`, which needs no database.
        if (problem.kind === 'database_away') continue;
        const owner = ownKinds.has(problem.kind) ? '' : tenant;
        seen.set(JSON.stringify([owner, problem.kind, problem.service, problem.link]), { tenant: owner, problem });
      }
    }
    if (tenants.length > 0) await mark(['', ...tenants], [...seen.values()]);
  };

  const mark = (tenants: readonly string[], seen: readonly SeenProblem[]): Promise<void> =>
    db.acrossTenants('alerts', async (tx) => {
      const marks = await lockAlertMarks<ProblemMark['problem']>(tx, tenants);
      const plan = planAlerts(marks, seen, clock.now());
      await storeAlertMarks(tx, plan.kept, plan.removedKeys);
      if (plan.begun.length + plan.ended.length === 0) return;
      for (const { id, channel, body } of messagesOf(deps, plan)) await insertAlertMessage(tx, id, channel, body);
    });

  const sendDue = async (): Promise<void> => {
    for (const message of await claimAlertMessages(db, claimMs)) await send(message);
  };

  const send = async (message: AlertMessage): Promise<void> => {
    const { id, channel, attemptCount } = message;
    const outcome = await sendAlert(deps.outbound, deps.channels, message, clock.now());
    if (outcome.sent) {
      deps.metrics.alertSettled(channel, 'sent');
      return deleteAlertMessage(db, id);
    }
    const { reason } = outcome;
    if (attemptCount >= maxAttempts) {
      deps.metrics.alertSettled(channel, 'given_up');
      logger.error({ channel, reason, attemptCount }, 'could not send an alert; giving up');
      return deleteAlertMessage(db, id);
    }
    deps.metrics.alertSettled(channel, 'failed');
    logger.warn({ channel, reason, attemptCount }, 'could not send an alert; will retry');
    const waitMs = Math.min(firstWaitMs * 2 ** (attemptCount - 1), maxWaitMs);
    return delayAlertMessage(db, id, Math.max(waitMs, outcome.retryAfterMs ?? 0));
  };

  return {
    /** Runs one round. Throws the database's errors. */
    async runRound(): Promise<void> {
      try {
        const isDatabaseUp = await db.isReachable(databaseDeadlineMs);
        await outage.report(isDatabaseUp);
        if (!isDatabaseUp) return;
        await checkProblems();
        await sendDue();
      } catch (error) {
        changes.forget();
        throw error;
      }
    },
    close: () => changes.close(),
  };
}
