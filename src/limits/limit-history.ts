/**
 * Writes down how full each limit is: the history of `api_rate_limits`. Each replica does so within seconds for the
 * tenants that it spent for; once a minute one of them does it for all that had traffic, with what the windows cost,
 * and with what a replica that died had not written. No call waits for it, and none is decided by it; what a limiter
 * that lives in memory alone counts is lost with its process.
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
  /** The tenants that this replica spent for since it was last asked. */
  takeSpenders(): readonly TenantId[];
  /** Those that any replica recorded traffic of since then, in Unix milliseconds. */
  listTenantsWithTraffic(sinceMs: number): Promise<readonly TenantId[]>;
  /** True where this replica may do it for the next `ttlMs`. */
  tryHold(ttlMs: number): Promise<boolean>;
}

const notWritten = 'the use of limits could not be written down';
/** Of the round over those that were spent for; that over all that had traffic comes every minute. */
const spendersEveryMs = 2_000;
const rowsPerStatement = 500;
/** Of the first round of a process: what was missed while the replica that did the rounds was being replaced. */
const firstLookBackMs = 15 * minuteMs;
/** A minute that rolls, and the commit that comes a little late. */
const overlapMs = 3 * minuteMs;

export function startLimitHistory(deps: LimitHistoryDeps): { close(): Promise<void> } {
  const { writeAll, writeSpenders } = createLimitHistory(deps);
  // No warning every two seconds of an outage: the next round over all that had traffic warns, and makes good what is
  // missing.
  const noteSpendersFailure = (error: unknown) => deps.logger.debug({ err: error }, notWritten);

  const rounds = [
    startRounds({
      everyMs: minuteMs,
      round: writeAll,
      onFailure: (error) => deps.logger.warn({ err: error }, notWritten),
    }),
    startRounds({
      everyMs: spendersEveryMs,
      round: writeSpenders,
      onFailure: noteSpendersFailure,
    }),
  ];
  return {
    async close() {
      await Promise.all(rounds.map(({ close }) => close()));
      // What was spent last would else wait for another replica's round, or for good where it lived in memory alone.
      await writeSpenders().catch(noteSpendersFailure);
    },
  };
}

export function createLimitHistory(deps: LimitHistoryDeps) {
  let writtenUpToMs: number | null = null;

  const writeTenants = async (tenants: readonly TenantId[], isWhole: boolean): Promise<void> => {
    const byTenant = new Map<TenantId, readonly ExternalService[]>();
    for (const tenantId of tenants) byTenant.set(tenantId, await deps.directory.ofTenant(tenantId));
    await writeWindows(deps, byTenant, isWhole);
  };

  return {
    /** Of all that had traffic, by one replica. */
    async writeAll(): Promise<void> {
      // Held a little shorter than the pause, so that the first replica in the next round takes it.
      if (!(await deps.tryHold(minuteMs * 0.9))) return;
      const nowMs = deps.clock.now();
      const sinceMs = writtenUpToMs === null ? nowMs - firstLookBackMs : writtenUpToMs - overlapMs;
      await writeTenants(await deps.listTenantsWithTraffic(sinceMs), true);
      writtenUpToMs = nowMs;
    },
    /** Of those that this replica spent for. */
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

/** Of each name and window the fullest: an account's reads and writes are counted apart, and shown as one. */
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
    // The minute rolls; it is written down as the calendar minute in which something was spent last.
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

/** To half a second: the last token comes back some time after the slice that it was spent in. Never later than now. */
function lastSpentAtMs({ subject, windowEndMs }: LimitState, nowMs: number): number {
  const awayMs = subject.isCountedHereAlone === true ? minuteMs : returnAfterMs + sliceMs;
  return Math.min(nowMs, windowEndMs - awayMs);
}
