/** Probing, put together: on a schedule by one replica, and whenever an admin asks. */
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import { ServiceError } from '../errors.ts';
import type { LimitSubject, RateLimiter } from '../limits/limits.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { Leases } from '../storage/tables/leases.ts';
import { listLastSuccesses } from '../storage/tables/service-health.ts';
import { type ProbeDeps, type ProbeResult, probeService } from './probe.ts';
import { startProber } from './prober.ts';
import type { ServiceHealth } from './service-health.ts';

export interface ProbesDeps extends ProbeDeps {
  readonly directory: ProbeDeps['directory'] & { ofAllTenants(): Promise<readonly ExternalService[]> };
  readonly db: Pick<Database, 'querySystem'>;
  readonly leases: Pick<Leases, 'tryHold' | 'release'>;
  readonly health: Pick<ServiceHealth, 'observe' | 'settle' | 'healthOf'>;
  readonly limiter: Pick<RateLimiter, 'spend'>;
  readonly intervalMs: number;
  /** Ends whatever keeps calls from the service, on every replica: an open breaker, a pause that its provider asked for. */
  letThrough(service: ExternalService): Promise<void>;
  /**
   * What a probe is counted by. The provider counts every request that arrives, also those that it does not bill: a probe
   * beside a spent minute would be the one call too many.
   */
  probeLimitsOf(service: ExternalService): readonly LimitSubject[];
}

/** What a probe found, and how the service stands with it. */
export interface ProbeReport {
  readonly status: HealthStatus;
  readonly ok: boolean;
  /** Unix milliseconds. */
  readonly checkedAtMs: number;
  readonly durationMs: number;
  /** In words that name no secret and no address; null after a success. */
  readonly fault: string | null;
}

export interface Probes {
  /**
   * A success closes the service's breaker and ends its provider's pause: whoever asks has put something right, and wants it used. A scheduled probe
   * closes none, since what it asks may need no key. Throws `RATE_LIMIT_EXCEEDED` where the provider would count one
   * request too many.
   */
  probe(service: ExternalService, requestId: string): Promise<ProbeReport>;
  close(): Promise<void>;
}

const leaseName = 'health-prober';

export function openProbes(deps: ProbesDeps): Probes {
  const { clock, health, leases } = deps;

  const probeAndCount = async (
    service: ExternalService,
    requestId: string | null,
    signal: AbortSignal | null,
  ): Promise<ProbeResult> => {
    const result = await probeService(deps, service, requestId, signal);
    if (result.ok !== null) health.observe(service, { ...result, ok: result.ok });
    await health.settle(service);
    return result;
  };

  /** Milliseconds after which there is room again; 0: now. `isPause`: the provider asked for it. */
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
    servicesOfAllTenants: () => deps.directory.ofAllTenants(),
    lastAttempts: () => listLastSuccesses(deps.db),
    async probe(service, signal) {
      // An account whose limit is spent is being asked a lot, and that tells more than a probe would.
      if ((await waitOf(service)).waitMs === 0) await probeAndCount(service, null, signal);
    },
    tryHold: async (ttlMs) => (await leases.tryHold(leaseName, ttlMs)) !== null,
    release: () => leases.release(leaseName),
  });

  return {
    async probe(service, requestId) {
      const { waitMs, isPause } = await waitOf(service);
      // Who asks during a provider's pause wants to know whether it is over.
      if (waitMs > 0 && !isPause) {
        throw new ServiceError('RATE_LIMIT_EXCEEDED', 'The limit of the account leaves no request for a probe.', {
          provider: service.serviceName,
          ...(Number.isFinite(waitMs) ? { retryAfterSeconds: Math.ceil(waitMs / 1000) } : {}),
        });
      }
      const result = await probeAndCount(service, requestId, null);
      if (result.ok === true) await deps.letThrough(service);
      const { status, lastError, checkedAtMs } = health.healthOf(service);
      return {
        status,
        ok: result.ok !== false,
        fault: result.fault ?? (status === 'healthy' ? null : lastError),
        durationMs: result.durationMs,
        // One that was asked for a pause says nothing of the service's health, and may be the first.
        checkedAtMs: checkedAtMs ?? result.startedAtMs,
      };
    },
    close: () => prober.close(),
  };
}

/** An account that cannot be opened has no limits to look up; its probe says what is wrong. */
function limitsOrNone(deps: ProbesDeps, service: ExternalService): readonly LimitSubject[] {
  try {
    return deps.probeLimitsOf(service);
  } catch {
    return [];
  }
}
