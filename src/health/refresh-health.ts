/**
 * Keeps this replica's health states in step with those that replicas have settled: through notifications, and by
 * reading services that were created, deleted or switched, which the metrics show before their first call.
 */
import type { Clock } from '../clock.ts';
import { listenForChanges } from '../directory/configuration-change.ts';
import type { HealthStatus } from '../directory/service.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { listHealthAcrossTenants, serviceHealthChannel } from '../storage/tables/service-health.ts';
import { type HealthEntries, isUnsettled, maxServices } from './health-entries.ts';
import { stateOfRow } from './settle-health.ts';

export interface HealthRefresh {
  /** Reads the states that may have changed, if that is due and no reading is in progress. */
  runIfDue(): void;
  close(): Promise<void>;
}

/** Interval of a full reading, for missed notifications. */
const refreshMs = 600_000;
/** Delay after a change of services, so that many changes in a row are one reading. */
const refreshSoonMs = 500;
const refreshRetryMs = 60_000;
/** With more changes, all services are read. */
const maxChanged = 1_000;

/** Starts listening. When it resolves, all states are read, or the database is away. */
export async function openHealthRefresh(deps: {
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly entries: HealthEntries;
}): Promise<HealthRefresh> {
  const { db, clock, logger, entries } = deps;
  /** Ids of services that may have changed; null: all. */
  let changed: Set<string> | null = null;
  let dueAtMs: number | null = null;
  let refreshing: Promise<void> | null = null;

  const noteChanged = (serviceId: string | null, inMs = refreshSoonMs): void => {
    if (serviceId === null || changed === null || changed.size >= maxChanged) changed = null;
    else changed.add(serviceId);
    dueAtMs = Math.min(dueAtMs ?? Number.POSITIVE_INFINITY, clock.now() + inMs);
  };

  /** Reads states. Entries with unsettled attempts are newer, so they are kept. */
  const refresh = async (): Promise<void> => {
    const asked = changed === null ? null : [...changed];
    changed = new Set();
    dueAtMs = null;
    try {
      const rows = await listHealthAcrossTenants({ query: db.querySystem.bind(db) }, asked, maxServices);
      const known = new Set(rows.map((row) => row.service_id));
      for (const id of asked ?? entries.ids()) {
        const entry = entries.find(id);
        if (entry !== undefined && !known.has(id) && !isUnsettled(entry)) entries.forget(id);
      }
      for (const row of rows) {
        const entry = entries.of(row.service_id);
        if (isUnsettled(entry)) continue;
        entry.name = row.service_name;
        entry.state = stateOfRow(row);
        entries.show(row.service_id);
      }
    } catch (error) {
      noteChanged(null, refreshRetryMs);
      logger.warn({ err: error }, 'could not read the health states of other replicas; will retry');
    }
  };

  const stopListening = await db.listen(serviceHealthChannel, (payload) => {
    if (payload === null) noteChanged(null);
    const settled = payload === null ? null : parseSettled(payload);
    if (settled === null) return;
    const entry = entries.of(settled.id);
    if (entry.state.status === settled.status) return;
    entry.name = settled.name;
    entry.state = { ...entry.state, status: settled.status, lastError: settled.lastError };
    entries.show(settled.id);
  });
  const stopListeningForChanges = await listenForChanges(db, ['external_services'], (change) =>
    noteChanged(change?.id ?? null),
  );
  await refresh();
  const timer = setInterval(() => noteChanged(null), refreshMs).unref();

  return {
    runIfDue() {
      if (refreshing !== null || dueAtMs === null || dueAtMs > clock.now()) return;
      refreshing = refresh().finally(() => {
        refreshing = null;
      });
    },
    async close() {
      clearInterval(timer);
      await stopListening();
      await stopListeningForChanges();
      await refreshing;
    },
  };
}

interface Settled {
  readonly id: string;
  readonly name: string;
  readonly status: HealthStatus;
  readonly lastError: string | null;
}

function parseSettled(payload: string): Settled | null {
  try {
    const { last_error, ...rest } = JSON.parse(payload) as Omit<Settled, 'lastError'> & { last_error: string | null };
    return { ...rest, lastError: last_error };
  } catch {
    return null;
  }
}
