/**
 * Records the use of each limit in `api_rate_limits`. Each replica records the tenants whose limits it used within
 * seconds. Once a minute one replica records all tenants with traffic, including those of a replica that died. Calls do
 * not wait for these records, and decisions do not use them. Counts of a limiter that lives only in memory are lost
 * with its process.
 */
import type { Clock } from '../clock.ts';
import type { ExternalService, ServiceDirectory } from '../directory/service.ts';
import { newId, type TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import { startRounds } from '../rounds.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type RateLimitWindowRow, upsertRateLimitWindowsAcrossTenants } from '../storage/tables/api-rate-limits.ts';
import { minuteMs, returnAfterMs, sliceMs } from './limit-windows.ts';
import type { LimitState } from './limits.ts';
import { listLimitSubjects, type ReportLimitsDeps } from './report-limits.ts';

export interface LimitHistoryDeps extends ReportLimitsDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns the tenants whose limits this replica has used since the last call. */
  takeSpenders(): readonly TenantId[];
  /** Tenants with recorded traffic on any replica since `sinceMs` (Unix milliseconds). */
  listTenantsWithTraffic(sinceMs: number): Promise<readonly TenantId[]>;
  /** Takes the lease of the round for `ttlMs`; false if another replica holds it. */
  tryHold(ttlMs: number): Promise<boolean>;
}

const recordFailed = 'could not record the use of limits; will retry';
/** The interval of the round over this replica's tenants. */
const spendersEveryMs = 2_000;
const rowsPerStatement = 500;
/** How far back a process's first round looks, to cover rounds missed during a replacement. */
const firstLookBackMs = 15 * minuteMs;
/** A rolling minute, plus the delay of a commit. */
const overlapMs = 3 * minuteMs;

/** Starts both rounds; `close` records the last use. */
export function startLimitHistory(deps: LimitHistoryDeps): { close(): Promise<void> } {
  const { writeAll, writeSpenders } = createLimitHistory(deps);
  // Logged at debug, so that an outage does not warn every two seconds: the round over all tenants warns.
  const logSpendersFailure = (error: unknown) => deps.logger.debug({ err: error }, recordFailed);

  const rounds = [
    startRounds({
      everyMs: minuteMs,
      round: writeAll,
      onFailure: (error) => deps.logger.warn({ err: error }, recordFailed),
    }),
    startRounds({
      everyMs: spendersEveryMs,
      round: writeSpenders,
      onFailure: logSpendersFailure,
    }),
  ];
  return {
    async close() {
      await Promise.all(rounds.map(({ close }) => close()));
      // Otherwise the last use would wait for another replica's round, or be lost if it is only in memory.
      await writeSpenders().catch(logSpendersFailure);
    },
  };
}

/** Creates the two rounds without timers. */
export function createLimitHistory(deps: LimitHistoryDeps) {
  let writtenUpToMs: number | null = null;

  const writeTenants = async (tenants: readonly TenantId[], isWhole: boolean): Promise<void> => {
    const byTenant = new Map<TenantId, readonly ExternalService[]>();
    for (const tenantId of tenants) byTenant.set(tenantId, await deps.directory.ofTenant(tenantId));
    await writeWindows(deps, byTenant, isWhole);
  };

  return {
    /** Records all tenants with traffic; done by one replica. */
    async writeAll(): Promise<void> {
      // Slightly shorter than the interval, so that any replica can take the lease for the next round.
      if (!(await deps.tryHold(minuteMs * 0.9))) return;
      const nowMs = deps.clock.now();
      const sinceMs = writtenUpToMs === null ? nowMs - firstLookBackMs : writtenUpToMs - overlapMs;
      await writeTenants(await deps.listTenantsWithTraffic(sinceMs), true);
      writtenUpToMs = nowMs;
    },
    /** Records the tenants whose limits this replica used. */
    writeSpenders: (): Promise<void> => writeTenants(deps.takeSpenders(), false),
  };
}

async function writeWindows(
  deps: LimitHistoryDeps,
  byTenant: ReadonlyMap<TenantId, readonly ExternalService[]>,
  isWhole: boolean,
): Promise<void> {
  let rows: RateLimitWindowRow[] = [];
  for (const [tenantId, services] of byTenant) {
    rows.push(...(await windowsOf(deps, tenantId, services)));
    if (rows.length < rowsPerStatement) continue;
    await upsertRateLimitWindowsAcrossTenants(deps.db, rows, isWhole);
    rows = [];
  }
  if (rows.length > 0) await upsertRateLimitWindowsAcrossTenants(deps.db, rows, isWhole);
}

/**
 * Returns the fullest window per name and type: an account's reads and writes are counted separately but shown as one.
 */
async function windowsOf(
  deps: LimitHistoryDeps,
  tenantId: TenantId,
  services: readonly ExternalService[],
): Promise<RateLimitWindowRow[]> {
  const nowMs = deps.clock.now();
  const fullest = new Map<string, LimitState>();
  for (const state of await deps.limiter.peek(tenantId, listLimitSubjects(deps, services))) {
    if (state.usedRequests === 0) continue;
    const key = `${state.subject.name} ${state.windowType}`;
    const other = fullest.get(key);
    if (other === undefined || ratioOf(state) > ratioOf(other)) fullest.set(key, state);
  }
  return Array.from(fullest.values(), (state) => {
    // The rolling minute is recorded under the calendar minute of its last use.
    const minuteStartMs = Math.floor(lastSpentAtMs(state, nowMs) / minuteMs) * minuteMs;
    const isMinute = state.windowType === 'minute';
    return {
      id: newId(nowMs),
      management_company_id: tenantId,
      service_id: state.subject.serviceId,
      service_name: state.subject.name,
      window_type: state.windowType,
      window_start: new Date(isMinute ? minuteStartMs : state.windowStartMs).toISOString(),
      window_end: new Date(isMinute ? minuteStartMs + minuteMs : state.windowEndMs).toISOString(),
      request_count: state.usedRequests,
      max_requests: state.maxRequests,
    };
  });
}

function ratioOf({ usedRequests, maxRequests }: LimitState): number {
  return maxRequests === 0 ? 1 : usedRequests / maxRequests;
}

/** When the limit was last used, accurate to half a second (tokens return by slices), never in the future. */
function lastSpentAtMs({ subject, windowEndMs }: LimitState, nowMs: number): number {
  const awayMs = subject.isCountedHereAlone === true ? minuteMs : returnAfterMs + sliceMs;
  return Math.min(nowMs, windowEndMs - awayMs);
}
