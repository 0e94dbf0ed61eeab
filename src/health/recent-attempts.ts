/**
 * How each service has been lately, from the attempts of this process: 3 failures in a row, or a fifth of at least ten in
 * the last minute, is `degraded`; 6 in a row is `down`; 2 successes in a row is `healthy`.
 */
import type { Clock } from '../clock.ts';
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import type { Metrics } from '../metrics/metrics.ts';

export interface Attempted {
  readonly ok: boolean;
  readonly fault: string | null;
}

export interface RecentAttempts {
  observe(service: ExternalService, attempt: Attempted): void;
  /** `unknown` where it was not asked yet. */
  healthOf(service: Pick<ExternalService, 'id'>): { readonly status: HealthStatus; readonly lastError: string | null };
}

interface Recent {
  status: HealthStatus;
  failuresInRow: number;
  successesInRow: number;
  lastError: string | null;
  /** The last minute's, oldest first. */
  readonly lately: { readonly atMs: number; readonly ok: boolean }[];
}

const windowMs = 60_000;
/** More of one minute than this say the same. */
const maxLately = 1_000;
/** At the bound the service unused for longest is forgotten, and unknown again. */
const maxServices = 10_000;

export function createRecentAttempts(deps: { clock: Clock; metrics: Pick<Metrics, 'serviceHealth'> }): RecentAttempts {
  const recentById = new Map<string, Recent>();

  return {
    observe(service, { ok, fault }) {
      const recent = recentById.get(service.id) ?? newRecent();
      recentById.delete(service.id);
      recentById.set(service.id, recent);
      if (recentById.size > maxServices) recentById.delete(recentById.keys().next().value as string);
      count(recent, deps.clock.now(), ok);
      if (!ok) recent.lastError = fault;
      recent.status = judge(recent);
      deps.metrics.serviceHealth(service.serviceName, service.id, recent.status);
    },
    healthOf({ id }) {
      const recent = recentById.get(id);
      return { status: recent?.status ?? 'unknown', lastError: recent?.lastError ?? null };
    },
  };
}

function newRecent(): Recent {
  return { status: 'unknown', failuresInRow: 0, successesInRow: 0, lastError: null, lately: [] };
}

function count(recent: Recent, nowMs: number, ok: boolean): void {
  recent.failuresInRow = ok ? 0 : recent.failuresInRow + 1;
  recent.successesInRow = ok ? recent.successesInRow + 1 : 0;
  recent.lately.push({ atMs: nowMs, ok });
  const firstOfWindow = recent.lately.findIndex(({ atMs }) => atMs > nowMs - windowMs);
  recent.lately.splice(0, Math.max(firstOfWindow, recent.lately.length - maxLately));
}

function judge(recent: Recent): HealthStatus {
  if (recent.failuresInRow >= 6) return 'down';
  if (recent.failuresInRow >= 3) return recent.status === 'down' ? 'down' : 'degraded';
  if (recent.successesInRow >= 2) return 'healthy';
  const failures = recent.lately.filter(({ ok }) => !ok).length;
  if (recent.lately.length >= 10 && failures / recent.lately.length >= 0.2 && recent.status !== 'down')
    return 'degraded';
  return recent.status;
}
