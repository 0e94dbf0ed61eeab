/** Sets up probing: scheduled, on one replica, and on request of an admin. */
import { setBounded } from '../bounded-map.ts';
import type { ExternalService, HealthStatus, ServiceDirectory } from '../directory/service.ts';
import { ServiceError } from '../errors.ts';
import type { LimitSubject, RateLimiter } from '../limits/limits.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { Leases } from '../storage/tables/leases.ts';
import {
  type DueProbeRow,
  listDueProbesAcrossTenants,
  scheduleProbesAcrossTenants,
} from '../storage/tables/probe-schedule.ts';
import { accountKeyOf, probedOriginOf } from './account-key.ts';
import type { DueService } from './plan-probes.ts';
import { type ProbeDeps, type ProbeRequest, type ProbeResult, probeService } from './probe.ts';
import { outcomeOf, type ProbeOutcome } from './probe-outcome.ts';
import { startProber } from './prober.ts';
import type { ServiceHealth } from './service-health.ts';

export interface ProbesDeps extends ProbeDeps {
  readonly directory: Pick<ServiceDirectory, 'accountOf' | 'ofIds'>;
  readonly db: Pick<Database, 'querySystem' | 'acrossTenants'>;
  readonly leases: Pick<Leases, 'tryHold' | 'release'>;
  readonly health: Pick<ServiceHealth, 'observe' | 'settle' | 'healthOf'>;
  readonly limiter: Pick<RateLimiter, 'spend'>;
  readonly intervalMs: number;
  /**
   * Ends everything that blocks calls to the service, on every replica: an open breaker, or a pause that its provider
   * asked for.
   */
  letThrough(service: ExternalService): Promise<void>;
  /**
   * The limits that a probe is charged to. The provider counts every request, even those it does not bill: in a spent
   * minute a probe would be one request too many.
   */
  probeLimitsOf(service: ExternalService): readonly LimitSubject[];
}

/** The result of a probe, and the service's state after it. */
export interface ProbeReport {
  readonly status: HealthStatus;
  readonly ok: boolean;
  /** Unix milliseconds. */
  readonly checkedAtMs: number;
  readonly durationMs: number;
  /** A description without secrets or addresses; null after a success. */
  readonly fault: string | null;
}

export interface Probes {
  /**
   * Probes on request of an admin. A success closes the service's breaker and ends its provider's pause, because the
   * admin has usually fixed something. A scheduled probe does not: its request may need no key. Throws
   * `RATE_LIMIT_EXCEEDED` if the provider would count one request too many.
   */
  probe(service: ExternalService, requestId: string): Promise<ProbeReport>;
  close(): Promise<void>;
}

const leaseName = 'health-prober';
/** Maximum outcomes in memory; for a dropped one, the settled health has the last outcome. */
const maxOutcomes = 10_000;

/** Starts the scheduled probes. */
export function openProbes(deps: ProbesDeps): Probes {
  const { clock, health, leases } = deps;

  const outcomes = new Map<string, ProbeOutcome>();

  const observe = (service: ExternalService, { ok, durationMs, fault }: ProbeResult): void => {
    if (ok !== null) health.observe(service, { ok, durationMs, fault, isProbe: true });
  };

  const probeAndCount = async (service: ExternalService, request: ProbeRequest): Promise<ProbeResult> => {
    const result = await probeService(deps, service, request);
    setBounded(outcomes, service.id, outcomeOf(result), maxOutcomes);
    observe(service, result);
    await health.settle(service);
    return result;
  };

  /** Spends the limits. Returns the milliseconds until they have room; 0: now. `isPause`: the provider asked for it. */
  const waitOf = async (service: ExternalService): Promise<{ waitMs: number; isPause: boolean }> => {
    const subjects = limitsOrNone(deps, service);
    if (subjects.length === 0) return { waitMs: 0, isPause: false };
    const decision = await deps.limiter.spend(service.tenantId, subjects, 1);
    if (decision.granted) return { waitMs: 0, isPause: false };
    return { waitMs: Math.max(1, decision.retryAfterMs), isPause: decision.because === 'back-off' };
  };

  const prober = startProber({
    clock,
    logger: deps.logger,
    intervalMs: deps.intervalMs,
    timeoutMs: deps.timeoutMs,
    async listDue(nowMs, limit) {
      const rows = await listDueProbesAcrossTenants(deps.db, nowMs, limit);
      const services = await deps.directory.ofIds(rows.map(({ id }) => id));
      const byId = new Map(services.map((service) => [service.id, service]));
      return rows.flatMap((row) => {
        const service = byId.get(row.id);
        return service === undefined ? [] : [dueOf(service, row)];
      });
    },
    schedule: (scheduled, checkedAtMs) => scheduleProbesAcrossTenants(deps.db, scheduled, checkedAtMs),
    accountKeyOf: (service) => accountKeyOf(service, deps.directory.accountOf),
    originOf: probedOriginOf,
    adopt: observe,
    async probe({ service, lastOutcome }, signal) {
      // An account whose limit is spent has much traffic, which shows more than a probe.
      if ((await waitOf(service)).waitMs > 0) return null;
      const before = outcomes.get(service.id) ?? lastOutcome;
      const isRecorded: ProbeRequest['isRecorded'] = (result) => outcomeOf(result) !== before;
      return probeAndCount(service, { requestId: null, signal, isRecorded });
    },
    tryHold: (ttlMs) => leases.tryHold(leaseName, ttlMs),
    release: () => leases.release(leaseName),
  });

  return {
    async probe(service, requestId) {
      const { waitMs, isPause } = await waitOf(service);
      // An admin who probes during a provider's pause wants to know whether it is over.
      if (waitMs > 0 && !isPause) {
        throw new ServiceError('RATE_LIMIT_EXCEEDED', 'The limit of the account is spent: no probe can be sent.', {
          publicMessageRu: 'Лимит аккаунта исчерпан: проверку не отправить.',
          provider: service.serviceName,
          ...(Number.isFinite(waitMs) ? { retryAfterSeconds: Math.ceil(waitMs / 1000) } : {}),
        });
      }
      const result = await probeAndCount(service, { requestId, signal: null, isRecorded: () => true });
      if (result.ok === true) await deps.letThrough(service);
      const { status, lastError, checkedAtMs } = health.healthOf(service);
      return {
        status,
        ok: result.ok !== false,
        fault: result.fault ?? (status === 'healthy' ? null : lastError),
        durationMs: result.durationMs,
        // A paused probe does not change the health, and may be the first one.
        checkedAtMs: checkedAtMs ?? result.startedAtMs,
      };
    },
    close: () => prober.close(),
  };
}

function dueOf(service: ExternalService, row: DueProbeRow): DueService {
  return {
    service,
    status: row.status as HealthStatus,
    checkedAtMs: row.checked_at?.getTime() ?? null,
    usedAtMs: row.used_at.getTime(),
    lastOutcome: lastOutcomeOf(row),
  };
}

/** null: never probed. */
function lastOutcomeOf({ failures_in_row, successes_in_row, last_error }: DueProbeRow): ProbeOutcome | null {
  if (failures_in_row > 0) return outcomeOf({ ok: false, fault: last_error });
  return successes_in_row > 0 ? outcomeOf({ ok: true, fault: null }) : null;
}

/** The limits of a probe; none if the account's secrets cannot be decrypted, which the probe itself reports. */
function limitsOrNone(deps: ProbesDeps, service: ExternalService): readonly LimitSubject[] {
  try {
    return deps.probeLimitsOf(service);
  } catch {
    return [];
  }
}
