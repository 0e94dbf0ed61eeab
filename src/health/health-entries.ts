/** This replica's health state of each service, and the attempts that are not settled yet. */
import type { ExternalService } from '../directory/service.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type Attempted, type HealthState, unknownHealth } from './judge-health.ts';

export interface HealthEntry {
  /** The last version of the service seen here. */
  service: ExternalService | null;
  /** The service's name, if only that is known. */
  name: string | null;
  /** The state including every attempt known here, settled or not. */
  state: HealthState;
  pending: Attempted[];
  /** When to settle, in Unix milliseconds; null: nothing is pending. */
  dueAtMs: number | null;
  settling: Promise<void> | null;
}

export interface HealthEntries {
  /** Creates the entry if it is missing. */
  of(serviceId: string): HealthEntry;
  find(serviceId: string): HealthEntry | undefined;
  ids(): readonly string[];
  /** The entry, marked as used, so that others are dropped first. */
  touch(serviceId: string): HealthEntry;
  /** Publishes the state in the metrics. */
  show(serviceId: string): void;
  forget(serviceId: string): void;
}

/** At the bound the least recently used service is dropped, and is unknown here until its next attempt. */
export const maxServices = 10_000;

/** Whether it has attempts that are not settled yet. */
export function isUnsettled({ pending, settling }: HealthEntry): boolean {
  return pending.length > 0 || settling !== null;
}

/** Creates an empty set of entries. */
export function createHealthEntries(metrics: Pick<Metrics, 'serviceHealth' | 'forgetAccount'>): HealthEntries {
  const entries = new Map<string, HealthEntry>();

  const dropOldest = (): void => {
    for (const [id, entry] of entries) {
      if (isUnsettled(entry)) continue;
      entries.delete(id);
      return;
    }
  };

  const of = (serviceId: string): HealthEntry => {
    const known = entries.get(serviceId);
    if (known !== undefined) return known;
    if (entries.size >= maxServices) dropOldest();
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
