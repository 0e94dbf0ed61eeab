/**
 * The health of every service, as this replica knows it: the state that all replicas settled in the database, plus this
 * replica's attempts that are not settled yet.
 *
 * Attempts that may change a status (a failure, or a success of an unhealthy service) are settled at once. Successes of
 * healthy services are many and change nothing, so they wait for `lazyMs`. Failures of all replicas count together:
 * three replicas with two failures each make six. While the database is away, each replica judges by its own attempts,
 * and settles them, with their events, when it is back.
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
  /** Counts an attempt. Returns at once; it is settled soon. */
  observe(service: ExternalService, attempt: Omit<Attempted, 'atMs'>): void;
  /** The current status; `unknown` before the first attempts. */
  healthOf(service: Pick<ExternalService, 'id'>): {
    readonly status: HealthStatus;
    readonly lastError: string | null;
    /** Unix milliseconds of the last attempt, as the service's `last_health_check`. */
    readonly checkedAtMs: number | null;
  };
  /** Settles the service's pending attempts; resolves when that is done or has failed. */
  settle(service: ExternalService): Promise<void>;
  /** Settles all pending attempts. */
  close(): Promise<void>;
}

const tickMs = 50;
const retryMs = 1_000;
const lazyMs = 5_000;
/** At the bound the oldest attempts are dropped, because the latest decide. */
const maxPending = 1_000;
/** Maximum transactions at a time, so that failures of many services do not use the whole pool. */
const maxSettling = 2;

/** Opens the health. It first reads the settled states; if the database is away, as soon as it is back. */
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
        entries.forget(service.id); // The service was deleted.
        return;
      }
      entry.state = entry.pending.reduce(afterAttempt, settled);
      entries.show(service.id);
    } catch (error) {
      logger.debug({ err: error, service: service.serviceName }, 'could not store the health of a service; will retry');
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
