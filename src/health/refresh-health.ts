/**
 * Keeps this replica's view of every service in step with what the replicas have settled: by their notifications, and by
 * reading services that came, went or were switched, which the metrics must show long before they are asked.
 */
import type { Clock } from '../clock.ts';
import { configurationChannel, parseChange } from '../directory/configuration-change.ts';
import type { HealthStatus } from '../directory/service.ts';
import type { Logger } from '../logger.ts';
import type { Database } from '../storage/postgres/database.ts';
import { listHealthAcrossTenants, serviceHealthChannel } from '../storage/tables/service-health.ts';
import { type HealthEntries, isUnsettled, maxServices } from './health-entries.ts';
import { stateOfRow } from './settle-health.ts';

export interface HealthRefresh {
  /** Reads what may have changed, where that is due and no reading is under way. */
  runIfDue(): void;
  close(): Promise<void>;
}

/** Changes are notified: this is for those that were missed. */
const refreshMs = 600_000;
/** After a change of the services: many changes in a row are one look. */
const refreshSoonMs = 500;
const refreshRetryMs = 60_000;
/** More than these are read as all. */
const maxChanged = 1_000;

/** Has read everything when it resolves, or could not reach the database. */
export async function openHealthRefresh(deps: {
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly entries: HealthEntries;
}): Promise<HealthRefresh> {
  const { db, clock, logger, entries } = deps;
  /** null: any may have changed. */
  let changed: Set<string> | null = null;
  let dueAtMs: number | null = null;
  let refreshing: Promise<void> | null = null;

  const noteChanged = (serviceId: string | null, inMs = refreshSoonMs): void => {
    if (serviceId === null || changed === null || changed.size >= maxChanged) changed = null;
    else changed.add(serviceId);
    dueAtMs = Math.min(dueAtMs ?? Number.POSITIVE_INFINITY, clock.now() + inMs);
  };

  /** What waits here is newer than anything settled, and stays. */
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
      logger.warn({ err: error }, 'could not read the health that other replicas observed');
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
  const stopListeningForChanges = await db.listen(configurationChannel, (payload) => {
    const change = payload === null ? null : parseChange(payload);
    if (change === null) noteChanged(null);
    else if (change.table === 'external_services') noteChanged(change.id);
  });
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
