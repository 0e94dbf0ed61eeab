/**
 * How every service stands, as this replica knows it: what all replicas have settled in the database, and on top of it
 * the attempts seen here that are not settled yet.
 *
 * What could change a status (a failure, or a success of a service that is not healthy) is settled at once; the
 * successes of healthy services are many and change nothing, so they wait for `lazyMs`. A failure seen by one replica
 * counts for all: three replicas that see two failures each have seen six. While the database is away each judges by
 * what it sees, and settles, with the events, when it is back.
 */
import type { Clock } from '../clock.ts';
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Database } from '../storage/postgres/database.ts';
import { createHealthEntries, type HealthEntry } from './health-entries.ts';
import { type Attempted, afterAttempt, unknownHealth } from './judge-health.ts';
import { openHealthRefresh } from './refresh-health.ts';
import { type SettleHealthDeps, settleHealth } from './settle-health.ts';

export interface ServiceHealthDeps extends SettleHealthDeps {
  readonly db: Pick<Database, 'forTenant' | 'querySystem' | 'listen'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'serviceHealth' | 'forgetAccount'>;
  readonly logger: Logger;
}

export interface ServiceHealth {
  /** Returns at once; settled soon. */
  observe(service: ExternalService, attempt: Omit<Attempted, 'atMs'>): void;
  /** `unknown` where it was not asked yet. */
  healthOf(service: Pick<ExternalService, 'id'>): {
    readonly status: HealthStatus;
    readonly lastError: string | null;
    /** Unix milliseconds of the last attempt, as the service's `last_health_check`. */
    readonly checkedAtMs: number | null;
  };
  /** Settles what waits of this service; resolves when it is done, or could not be. */
  settle(service: ExternalService): Promise<void>;
  /** Settles all that waits. */
  close(): Promise<void>;
}

const tickMs = 50;
const retryMs = 1_000;
const lazyMs = 5_000;
/** At the bound the eldest attempts go: the latest decide. */
const maxPending = 1_000;
/** Transactions at a time, so that a bad day of many services does not take the whole pool. */
const maxSettling = 2;

/** Knows what was settled before it answers; where the database is away, as soon as it is back. */
export async function openServiceHealth(deps: ServiceHealthDeps): Promise<ServiceHealth> {
  const { db, clock, logger } = deps;
  const entries = createHealthEntries(deps.metrics);
  const waiting = new Set<HealthEntry>();
  let settlingCount = 0;

  const settleEntry = (entry: HealthEntry): Promise<void> => {
    entry.settling ??= runSettling(entry).finally(() => {
      entry.settling = null;
    });
    return entry.settling;
  };

  const runSettling = async (entry: HealthEntry): Promise<void> => {
    const { service } = entry;
    const attempts = entry.pending;
    if (service === null || attempts.length === 0) return;
    entry.pending = [];
    entry.dueAtMs = null;
    waiting.delete(entry);
    settlingCount += 1;
    try {
      const settled = await settleHealth(deps, service, attempts);
      if (settled === null) {
        entries.forget(service.id); // The service is gone.
        return;
      }
      entry.state = entry.pending.reduce(afterAttempt, settled);
      entries.show(service.id);
    } catch (error) {
      logger.debug({ err: error, service: service.serviceName }, 'could not store the health of a service yet');
      entry.pending = [...attempts, ...entry.pending].slice(-maxPending);
      entry.dueAtMs = clock.now() + retryMs;
      waiting.add(entry);
    } finally {
      settlingCount -= 1;
    }
  };

  const refresh = await openHealthRefresh({ db, clock, logger, entries });
  const timer = setInterval(() => {
    refresh.runIfDue();
    const nowMs = clock.now();
    for (const entry of waiting) {
      if (settlingCount >= maxSettling) return;
      if (entry.settling === null && entry.dueAtMs !== null && entry.dueAtMs <= nowMs) void settleEntry(entry);
    }
  }, tickMs).unref();

  return {
    observe(service, seen) {
      const entry = entries.touch(service.id);
      entry.service = service;
      entry.name = service.serviceName;
      const attempt: Attempted = { ...seen, atMs: clock.now() };
      const mayChange = !attempt.ok || entry.state.status !== 'healthy';
      entry.state = afterAttempt(entry.state, attempt);
      entry.pending.push(attempt);
      if (entry.pending.length > maxPending) entry.pending.shift();
      const dueAtMs = attempt.atMs + (mayChange ? 0 : lazyMs);
      entry.dueAtMs = Math.min(entry.dueAtMs ?? dueAtMs, dueAtMs);
      waiting.add(entry);
      entries.show(service.id);
    },

    healthOf({ id }) {
      const state = entries.find(id)?.state ?? unknownHealth;
      return { status: state.status, lastError: state.lastError, checkedAtMs: state.checkedAtMs };
    },

    async settle(service) {
      const entry = entries.find(service.id);
      if (entry === undefined) return;
      await entry.settling;
      await settleEntry(entry);
    },

    async close() {
      clearInterval(timer);
      await refresh.close();
      for (const entry of [...waiting]) {
        await entry.settling;
        await settleEntry(entry);
      }
    },
  };
}
