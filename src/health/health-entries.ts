/** What this replica knows of each service: its state, and the attempts that are not settled yet. */
import type { ExternalService } from '../directory/service.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type Attempted, type HealthState, unknownHealth } from './judge-health.ts';

export interface HealthEntry {
  /** The last version seen here, for its tenant, name and fallback. */
  service: ExternalService | null;
  /** The service's name, if only that is known. */
  name: string | null;
  /** The state including every attempt known here, settled or not. */
  state: HealthState;
  pending: Attempted[];
  /** Milliseconds of the clock; null: nothing waits. */
  dueAtMs: number | null;
  settling: Promise<void> | null;
}

export interface HealthEntries {
  /** Creates the entry if it is missing. */
  of(serviceId: string): HealthEntry;
  find(serviceId: string): HealthEntry | undefined;
  ids(): readonly string[];
  /** Marks the service as in use, so that others are forgotten first. */
  touch(serviceId: string): HealthEntry;
  /** Publishes the state in the metrics. */
  show(serviceId: string): void;
  forget(serviceId: string): void;
}

/** Above this the least recently used service is forgotten, and unknown here until it is asked again. */
export const maxServices = 10_000;

/** Whether its attempts are newer than everything settled. */
export function isUnsettled({ pending, settling }: HealthEntry): boolean {
  return pending.length > 0 || settling !== null;
}

export function createHealthEntries(metrics: Pick<Metrics, 'serviceHealth' | 'forgetAccount'>): HealthEntries {
  const entries = new Map<string, HealthEntry>();

  const forgetEldest = (): void => {
    for (const [id, entry] of entries) {
      if (isUnsettled(entry)) continue;
      entries.delete(id);
      return;
    }
  };

  const of = (serviceId: string): HealthEntry => {
    const known = entries.get(serviceId);
    if (known !== undefined) return known;
    if (entries.size >= maxServices) forgetEldest();
    const entry = { service: null, name: null, state: unknownHealth, pending: [], dueAtMs: null, settling: null };
    entries.set(serviceId, entry);
    return entry;
  };

  return {
    of,
    find: (serviceId) => entries.get(serviceId),
    ids: () => [...entries.keys()],
    touch(serviceId) {
      const entry = of(serviceId);
      entries.delete(serviceId);
      entries.set(serviceId, entry);
      return entry;
    },
    show(serviceId) {
      const entry = entries.get(serviceId);
      if (entry !== undefined && entry.name !== null) metrics.serviceHealth(entry.name, serviceId, entry.state.status);
    },
    forget(serviceId) {
      entries.delete(serviceId);
      metrics.forgetAccount(serviceId);
    },
  };
}
