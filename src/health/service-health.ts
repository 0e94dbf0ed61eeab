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
import { configurationChannel, parseChange } from '../directory/configuration-change.ts';
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Database } from '../storage/postgres/database.ts';
import { listHealthAcrossTenants, serviceHealthChannel } from '../storage/tables/service-health.ts';
import { type Attempted, afterAttempt, type HealthState, unknownHealth } from './judge-health.ts';
import { type SettleHealthDeps, settleHealth, stateOfRow } from './settle-health.ts';

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

interface Entry {
  /** The last one seen here, for its tenant, name and fallback. */
  service: ExternalService | null;
  /** Its name, where only that is known. */
  name: string | null;
  /** With everything that is known here, settled or not. */
  state: HealthState;
  pending: Attempted[];
  /** Milliseconds of the clock; null: nothing waits. */
  dueAtMs: number | null;
  settling: Promise<void> | null;
}

const tickMs = 50;
const retryMs = 1_000;
/** Changes are told: this is for those that were missed. */
const refreshMs = 600_000;
/** After a change of the services: many changes in a row are one look. */
const refreshSoonMs = 500;
const refreshRetryMs = 60_000;
/** More than these are read as all. */
const maxChanged = 1_000;
const lazyMs = 5_000;
/** At the bound the eldest attempts go: the latest decide. */
const maxPending = 1_000;
/** At the bound the service unused for longest is forgotten, and unknown here until it is asked again. */
const maxServices = 10_000;
/** Transactions at a time, so that a bad day of many services does not take the whole pool. */
const maxSettling = 2;

/** Knows what was settled before it answers; where the database is away, as soon as it is back. */
export async function openServiceHealth(deps: ServiceHealthDeps): Promise<ServiceHealth> {
  const { clock, logger, metrics } = deps;
  const entries = new Map<string, Entry>();
  const waiting = new Set<Entry>();
  let settlingCount = 0;

  const entryOf = (serviceId: string): Entry => {
    const known = entries.get(serviceId);
    if (known !== undefined) return known;
    if (entries.size >= maxServices) forgetEldest();
    const entry: Entry = {
      service: null,
      name: null,
      state: unknownHealth,
      pending: [],
      dueAtMs: null,
      settling: null,
    };
    entries.set(serviceId, entry);
    return entry;
  };

  const forgetEldest = (): void => {
    for (const [id, entry] of entries) {
      if (entry.pending.length > 0 || entry.settling !== null) continue;
      entries.delete(id);
      return;
    }
  };

  const settleEntry = (entry: Entry): Promise<void> => {
    entry.settling ??= runSettling(entry).finally(() => {
      entry.settling = null;
    });
    return entry.settling;
  };

  const runSettling = async (entry: Entry): Promise<void> => {
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
        forget(service.id); // The service is gone.
        return;
      }
      entry.state = entry.pending.reduce(afterAttempt, settled);
      show(service.id, entry);
    } catch (error) {
      logger.debug({ err: error, service: service.serviceName }, 'could not store the health of a service yet');
      entry.pending = [...attempts, ...entry.pending].slice(-maxPending);
      entry.dueAtMs = clock.now() + retryMs;
      waiting.add(entry);
    } finally {
      settlingCount -= 1;
    }
  };

  const show = (id: string, { name, state }: Entry): void => {
    if (name !== null) metrics.serviceHealth(name, id, state.status);
  };

  const forget = (id: string): void => {
    entries.delete(id);
    metrics.forgetAccount(id);
  };

  /** When a service came, went or was switched, the metrics must show it: it may be long until it is asked. */
  let changed: Set<string> | null = null;
  let refreshDueAtMs: number | null = null;
  /** null: any may have changed. */
  const noteChanged = (serviceId: string | null, inMs = refreshSoonMs): void => {
    if (serviceId === null || changed === null || changed.size >= maxChanged) changed = null;
    else changed.add(serviceId);
    refreshDueAtMs = Math.min(refreshDueAtMs ?? Number.POSITIVE_INFINITY, clock.now() + inMs);
  };
  const stopListening = await deps.db.listen(serviceHealthChannel, (payload) => {
    if (payload === null) noteChanged(null);
    const told = payload === null ? null : parseTold(payload);
    if (told === null) return;
    const entry = entryOf(told.id);
    if (entry.state.status === told.status) return;
    entry.name = told.name;
    entry.state = { ...entry.state, status: told.status, lastError: told.lastError };
    show(told.id, entry);
  });
  /** What is settled, and what is gone or was switched off. What waits here is newer and stays. */
  const refresh = async (): Promise<void> => {
    const asked = changed === null ? null : [...changed];
    changed = new Set();
    refreshDueAtMs = null;
    try {
      const rows = await listHealthAcrossTenants({ query: deps.db.querySystem.bind(deps.db) }, asked, maxServices);
      const known = new Set(rows.map((row) => row.service_id));
      for (const id of asked ?? [...entries.keys()]) {
        const entry = entries.get(id);
        if (entry === undefined || known.has(id) || entry.pending.length > 0 || entry.settling !== null) continue;
        forget(id);
      }
      for (const row of rows) {
        const entry = entryOf(row.service_id);
        if (entry.pending.length > 0 || entry.settling !== null) continue;
        entry.name = row.service_name;
        entry.state = stateOfRow(row);
        show(row.service_id, entry);
      }
    } catch (error) {
      noteChanged(null, refreshRetryMs);
      logger.warn({ err: error }, 'could not read the health that other replicas observed');
    }
  };
  let refreshing: Promise<void> | null = null;
  const refreshAlone = (): void => {
    refreshing ??= refresh().finally(() => {
      refreshing = null;
    });
  };
  const stopListeningForChanges = await deps.db.listen(configurationChannel, (payload) => {
    const change = payload === null ? null : parseChange(payload);
    if (change === null) noteChanged(null);
    else if (change.table === 'external_services') noteChanged(change.id);
  });
  await refresh();
  const refreshTimer = setInterval(() => noteChanged(null), refreshMs);
  refreshTimer.unref();

  const timer = setInterval(() => {
    const nowMs = clock.now();
    if (refreshing === null && refreshDueAtMs !== null && refreshDueAtMs <= nowMs) refreshAlone();
    for (const entry of waiting) {
      if (settlingCount >= maxSettling) return;
      if (entry.settling === null && entry.dueAtMs !== null && entry.dueAtMs <= nowMs) void settleEntry(entry);
    }
  }, tickMs);
  timer.unref();

  return {
    observe(service, seen) {
      const entry = entryOf(service.id);
      entries.delete(service.id);
      entries.set(service.id, entry);
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
      show(service.id, entry);
    },

    healthOf({ id }) {
      const state = entries.get(id)?.state ?? unknownHealth;
      return { status: state.status, lastError: state.lastError, checkedAtMs: state.checkedAtMs };
    },

    async settle(service) {
      const entry = entries.get(service.id);
      if (entry === undefined) return;
      await entry.settling;
      await settleEntry(entry);
    },

    async close() {
      clearInterval(timer);
      clearInterval(refreshTimer);
      await stopListening();
      await stopListeningForChanges();
      await refreshing;
      for (const entry of [...waiting]) {
        await entry.settling;
        await settleEntry(entry);
      }
    },
  };
}

interface Told {
  readonly id: string;
  readonly name: string;
  readonly status: HealthStatus;
  readonly lastError: string | null;
}

function parseTold(payload: string): Told | null {
  try {
    const { last_error, ...told } = JSON.parse(payload) as Omit<Told, 'lastError'> & { last_error: string | null };
    return { ...told, lastError: last_error };
  } catch {
    return null;
  }
}
