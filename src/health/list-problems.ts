/**
 * Lists the current problems in sentences, from this replica's memory and a few indexed queries. While the database is
 * away, the list says so and omits problems that only the database knows.
 */

import { setBounded } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { ExternalService, ServiceDirectory } from '../directory/service.ts';
import type { TenantId } from '../ids.ts';
import type { LimitWindowUse } from '../limits/schemas.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type BudgetUse, listBudgetUse, type MonthDays } from '../storage/tables/budgets.ts';
import {
  countAnsweredSince,
  type FailoverCount,
  listTargetTroubles,
  listUnhealthySince,
  type TargetTrouble,
} from '../storage/tables/problem-counts.ts';
import { failoverWords, findOutages, type Outage } from './failover-words.ts';
import { forecastKind, problemOfForecast, type QuotaForecast } from './forecast-words.ts';
import { problemOfLimit } from './limit-words.ts';
import type { Problem, ServicePauseSeen } from './problem.ts';
import { problemOfBudget, problemOfService, problemOfTarget, problemsOfParts } from './problem-words.ts';
import type { ServiceHealth } from './service-health.ts';

export interface ListProblemsDeps {
  readonly db: Pick<Database, 'readForTenant' | 'isReachable'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly health: Pick<ServiceHealth, 'healthOf'>;
  pauseOf(service: ExternalService): Promise<ServicePauseSeen | null>;
  limitsOf(
    tenantId: TenantId,
    services: readonly ExternalService[],
  ): Promise<
    readonly { readonly name: string; readonly isFamily: boolean; readonly windows: readonly LimitWindowUse[] }[]
  >;
  /** Forecasts for the tenant's Sheets accounts. */
  forecastsOf(tenantId: TenantId, services: readonly ExternalService[]): Promise<readonly QuotaForecast[]>;
  /** The operations that the service's adapter supports; empty if there is no adapter. */
  operationsOf(service: ExternalService): readonly string[];
  monthOf(nowMs: number): MonthDays;
  isStoreAvailable(): boolean;
  isBusAvailable(): boolean;
  /** Bytes of records on disk that are not in the database yet. */
  spoolBytes(): number;
  /** Stalls of the event loop in the last minutes. */
  stalls(): { readonly count: number; readonly longestMs: number };
  /** Providers whose answers are emulated although this is not a trial set-up. */
  readonly emulatedInEarnest: readonly string[];
  outbox(): { readonly backlogCount: number; readonly oldestAgeSeconds: number };
}

const databaseDeadlineMs = 1_000;
const maxRemembered = 10_000;

/**
 * Lists a tenant's problems. `boundTo`: only problems of these services; nothing of other services is read or named.
 * Problems of parts, webhooks and families concern all services, so they are omitted then.
 */
export type ListProblems = (tenantId: TenantId, boundTo?: ReadonlySet<string> | null) => Promise<readonly Problem[]>;

/** Creates the list, which remembers when it first saw each problem. */
export function createProblemList(deps: ListProblemsDeps): ListProblems {
  const firstSeen = new Map<string, string>();

  /** Dates problems without a stored start time from when this replica first saw them. */
  const dated = (tenantId: TenantId, problems: readonly Problem[], isWhole: boolean): readonly Problem[] => {
    const now = new Date(deps.clock.now()).toISOString();
    const keyOf = ({ kind, service, link }: Problem): string => JSON.stringify([tenantId, kind, service ?? null, link]);
    const keys = new Set(problems.map(keyOf));
    const prefix = `["${tenantId}",`;
    // A partial list does not show that other problems have ended.
    for (const key of isWhole ? firstSeen.keys() : [])
      if (key.startsWith(prefix) && !keys.has(key)) firstSeen.delete(key);
    return problems.map((problem) => {
      if (problem.since !== null) return problem;
      const key = keyOf(problem);
      const since = firstSeen.get(key) ?? now;
      setBounded(firstSeen, key, since, maxRemembered);
      return { ...problem, since };
    });
  };

  const orNone = async <Found>(what: string, finding: Promise<Found>, none: Found): Promise<Found> => {
    try {
      return await finding;
    } catch (error) {
      deps.logger.warn({ err: error, what }, 'could not read some problems: the list omits them');
      return none;
    }
  };

  return async (tenantId, boundTo = null) => {
    const isShown = (serviceName: string): boolean => boundTo?.has(serviceName) ?? true;
    const nowMs = deps.clock.now();
    const [isDatabaseUp, all] = await Promise.all([
      deps.db.isReachable(databaseDeadlineMs),
      orNone('services', deps.directory.ofTenant(tenantId), []),
    ]);
    const services = all.filter(({ isActive, serviceName }) => isActive && isShown(serviceName));
    const nothing: Stored = { since: new Map(), targets: [], budgets: [] };
    const [stored, pauses, limits, forecasts] = await Promise.all([
      isDatabaseUp ? orNone('database', readStored(deps, tenantId, nowMs), nothing) : nothing,
      Promise.all(services.map((service) => orNone('pauses', deps.pauseOf(service), null))),
      orNone('limits', deps.limitsOf(tenantId, services), []),
      orNone('forecasts', deps.forecastsOf(tenantId, services), []),
    ]);
    const isOut = (service: ExternalService, index: number): boolean =>
      pauses[index]?.because === 'credentials_refused' || deps.health.healthOf(service).status === 'down';
    const outIds = new Set(services.filter(isOut).map(({ id }) => id));
    const outages = findOutages(services, outIds, stored.since, nowMs);
    const failovers = await orNone('failovers', countFailovers(deps, tenantId, outages), new Map());
    const displayNames = new Map(services.map((service) => [service.serviceName, service.displayName]));
    const nameOf = (serviceName: string): string => displayNames.get(serviceName) || serviceName;
    const near = forecasts.flatMap((forecast) => problemOfForecast(forecast) ?? []);
    const parts = {
      isDatabaseUp,
      isStoreUp: deps.isStoreAvailable(),
      isBusUp: deps.isBusAvailable(),
      ...deps.outbox(),
      spoolBytes: deps.spoolBytes(),
      stalls: deps.stalls(),
      emulated: deps.emulatedInEarnest,
    };
    const found = [
      ...(boundTo === null ? problemsOfParts(parts) : []),
      ...services.map((service, index) => {
        const since = stored.since.get(service.id) ?? null;
        const words = failoverWords(failovers.get(service.id) ?? [], nameOf);
        return problemOfService(service, deps.health.healthOf(service), pauses[index] ?? null, since, words);
      }),
      ...(boundTo === null ? stored.targets : []).map(problemOfTarget),
      // `*` is the budget over all services, not a service name.
      ...stored.budgets
        .filter(({ service_name: name }) => boundTo === null || (name !== '*' && boundTo.has(name)))
        .map(problemOfBudget),
      ...near,
      ...limits.flatMap(({ name, isFamily, windows }) =>
        (boundTo === null || (!isFamily && isShown(name)) ? windows : [])
          // A forecast reports the same problem, with the main caller.
          .filter(({ limit }) => !near.some(({ service, kind }) => service === name && kind === forecastKind(limit)))
          .map((window) => problemOfLimit(name, window, nowMs)),
      ),
    ].filter((problem) => problem !== null);
    const ranked = found.toSorted((a, b) => rank(a) - rank(b));
    return dated(tenantId, ranked, boundTo === null);
  };
}

interface Stored {
  readonly since: ReadonlyMap<string, Date>;
  readonly targets: readonly TargetTrouble[];
  readonly budgets: readonly BudgetUse[];
}

function readStored({ db, monthOf }: ListProblemsDeps, tenantId: TenantId, nowMs: number): Promise<Stored> {
  return db.readForTenant(tenantId, async (tx) => ({
    since: await listUnhealthySince(tx, tenantId),
    targets: await listTargetTroubles(tx, tenantId),
    budgets: await listBudgetUse(tx, tenantId, monthOf(nowMs)),
  }));
}

/** Counts the calls that others took over, by the id of the service that is down. */
async function countFailovers(
  { db, operationsOf }: ListProblemsDeps,
  tenantId: TenantId,
  outages: readonly Outage[],
): Promise<ReadonlyMap<string, readonly FailoverCount[]>> {
  if (outages.length === 0) return new Map();
  return db.readForTenant(tenantId, async (tx) => {
    const counted = new Map<string, readonly FailoverCount[]>();
    for (const { service, others, since } of outages) {
      const operations = operationsOf(service).filter((operation) => operation !== 'health_check');
      counted.set(service.id, await countAnsweredSince(tx, tenantId, { serviceNames: others, operations, since }));
    }
    return counted;
  });
}

function rank({ severity }: Problem): number {
  return severity === 'critical' ? 0 : 1;
}
