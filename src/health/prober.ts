/**
 * Probes of all tenants' services, by one replica at a time. Real traffic is the better probe: a healthy service that was
 * asked within the interval is left alone; one that is not healthy is always probed, since its breaker keeps traffic off.
 *
 * The lease outlives a whole round, and a round ends by its own deadline; should the holder die, another takes over when
 * the lease has ended. Services that a round did not get to are first in the next. A stop gives up the probes under way.
 */
import type { Clock } from '../clock.ts';
import { type ExternalService, isCalled } from '../directory/service.ts';
import type { Logger } from '../logger.ts';
import { startRounds } from '../rounds.ts';

export interface ProberDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** One probe takes no longer. */
  readonly timeoutMs: number;
  servicesOfAllTenants(): Promise<readonly ExternalService[]>;
  /** Unix milliseconds of the last attempt of each service that is healthy, by id, over all replicas. */
  lastAttempts(): Promise<ReadonlyMap<string, number>>;
  probe(service: ExternalService, signal: AbortSignal): Promise<void>;
  tryHold(ttlMs: number): Promise<boolean>;
  release(): Promise<void>;
}

/** Probes at a time, over all tenants. */
const concurrency = 8;
const maxLeaseMs = 3_600_000;
/** Timers and databases are never on the dot: a service probed one interval ago is due. */
const dueShare = 0.9;

export function startProber(deps: ProberDeps): { close(): Promise<void> } {
  const rounds = startRounds({
    everyMs: deps.intervalMs,
    round: (stopping) => runRound(deps, stopping),
    onFailure: (error) => deps.logger.warn({ err: error }, 'services could not be probed'),
  });

  return {
    async close() {
      await rounds.close();
      await deps
        .release()
        .catch((error: unknown) => deps.logger.debug({ err: error }, 'the lease of the prober is not released'));
    },
  };
}

/** Exported for tests: one round, where this replica has the lease. */
export async function runRound(deps: ProberDeps, stopping: AbortSignal): Promise<void> {
  const roundMs = Math.max(deps.intervalMs, deps.timeoutMs);
  const leaseMs = Math.min(maxLeaseMs, roundMs + deps.intervalMs + 2 * deps.timeoutMs);
  if (!(await deps.tryHold(leaseMs))) return;
  const endsAtMs = deps.clock.now() + roundMs;
  const due = await dueServices(deps);
  const queue = due.values();
  const work = async (): Promise<void> => {
    for (const service of queue) {
      if (stopping.aborted || deps.clock.now() >= endsAtMs) return;
      await deps.probe(service, stopping);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** Those asked longest ago first. */
async function dueServices(deps: ProberDeps): Promise<ExternalService[]> {
  const [services, lastAttempts] = await Promise.all([deps.servicesOfAllTenants(), deps.lastAttempts()]);
  const dueBeforeMs = deps.clock.now() - deps.intervalMs * dueShare;
  const lastOf = ({ id }: ExternalService): number => lastAttempts.get(id) ?? 0;
  return services
    .filter((service) => service.isActive && isCalled(service) && lastOf(service) <= dueBeforeMs)
    .sort((one, other) => lastOf(one) - lastOf(other));
}
