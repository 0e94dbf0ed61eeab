/**
 * Writes down how full each limit is, once a minute, by one replica: the history of `api_rate_limits`. No call waits for
 * it, and none is decided by it; what a limiter that lives in memory alone counts is lost with its process.
 */
import type { Clock } from '../clock.ts';
import type { ExternalService, ServiceDirectory } from '../directory/service.ts';
import { newId, type TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import { type RateLimitWindowRow, upsertRateLimitWindowsAcrossTenants } from '../storage/api-rate-limits.ts';
import type { Database } from '../storage/database.ts';
import type { LimitState } from './limits.ts';
import { listLimitSubjects, type ReportLimitsDeps } from './report-limits.ts';

export interface LimitHistoryDeps extends ReportLimitsDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly directory: Pick<ServiceDirectory, 'ofAllTenants'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** True where this replica may do it for the next `ttlMs`. */
  tryHold(ttlMs: number): Promise<boolean>;
  /** Default: a minute. */
  readonly intervalMs?: number;
}

export interface LimitHistory {
  /** One round, as the timer does it. */
  runOnce(): Promise<void>;
  close(): Promise<void>;
}

const minuteMs = 60_000;
const rowsPerStatement = 500;

export function startLimitHistory(deps: LimitHistoryDeps): LimitHistory {
  const intervalMs = deps.intervalMs ?? minuteMs;
  let running: Promise<void> | null = null;

  const runOnce = async (): Promise<void> => {
    // Held a little shorter than the pause, so that whoever comes first in the next round takes it.
    if (!(await deps.tryHold(intervalMs * 0.9))) return;
    const byTenant = Map.groupBy(await deps.directory.ofAllTenants(), ({ tenantId }) => tenantId);
    let rows: RateLimitWindowRow[] = [];
    for (const [tenantId, services] of byTenant) {
      rows.push(...(await windowsOf(deps, tenantId, services)));
      if (rows.length < rowsPerStatement) continue;
      await upsertRateLimitWindowsAcrossTenants(deps.db, rows);
      rows = [];
    }
    if (rows.length > 0) await upsertRateLimitWindowsAcrossTenants(deps.db, rows);
  };

  const run = (): void => {
    running ??= runOnce()
      .catch((error: unknown) => deps.logger.warn({ err: error }, 'the use of limits could not be written down'))
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(run, intervalMs).unref();

  return {
    runOnce,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
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
    // The minute rolls; it is written down as the calendar minute that most of it lies in.
    const minuteStartMs = Math.floor((nowMs - minuteMs / 2) / minuteMs) * minuteMs;
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
