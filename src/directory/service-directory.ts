/**
 * Keeps the tenants' services in memory.
 *
 * The states of a tenant's entry:
 *   absent ── first use ──▶ fresh ── its TTL ends ──▶ ageing: still served, one reload in the background
 *                            └──── notification of a change ──▶ outdated: the next caller waits for a reload
 * While PostgreSQL is away the last known services stay in use, up to `maxAgeMs`; the log says so.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Logger } from '../logger.ts';
import type { ProviderAccount } from '../providers/provider.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { Database } from '../storage/postgres/database.ts';
import {
  type ExternalServiceRow,
  listActiveServicesOfAllTenants,
  listServicesByIdAcrossTenants,
  listServicesOfTenant,
} from '../storage/tables/external-services.ts';
import { listenForChanges } from './configuration-change.ts';
import { keptGrantOf } from './kept-grants.ts';
import type { ExternalService, NamedService, ServiceDirectory } from './service.ts';
import { namedServiceOf, openAccount, serviceOfRow } from './service-row.ts';

export interface ServiceDirectoryDeps {
  readonly db: Pick<Database, 'querySystem' | 'listen'>;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Services in memory, over all tenants; the least recently used tenant is evicted. Default 50,000, about 100 MB. */
  readonly maxServices?: number;
}

/**
 * Notifications bring changes at once, and a gap in them makes all entries outdated. A shorter TTL would only reload
 * thousands of rarely used tenants for nothing.
 */
const ttlMs = 600_000;
/** The maximum age of services that are used while the database is away. */
const maxAgeMs = 86_400_000;
/** The pause between failed reloads. */
const retryAfterMs = 1_000;

interface Entry {
  services: readonly ExternalService[] | null;
  loadedAtMs: number;
  outdated: boolean;
  /** Increased by each notification: a load that began before it does not count as fresh. */
  generation: number;
  loading: Promise<readonly ExternalService[]> | null;
  failedAtMs: number;
}

/**
 * What is known of a service besides its public part. Lives as long as the directory's entry, because nothing else
 * refers to it.
 */
interface Secrets {
  readonly row: ExternalServiceRow;
  account: ProviderAccount | null;
}

/** Listens for `configuration_changed` before it resolves, so that no change is missed. */
export async function openServiceDirectory(deps: ServiceDirectoryDeps): Promise<ServiceDirectory> {
  const { db, clock, logger } = deps;
  const entries = createEntries(deps.maxServices ?? 50_000);
  /** Services of all tenants; null: not read since the last change. */
  let active: readonly NamedService[] | null = null;
  let changeCount = 0;
  const secretsByService = new WeakMap<ExternalService, Secrets>();
  const queryable = { query: db.querySystem.bind(db) };

  const rememberRow = (row: ExternalServiceRow): ExternalService => {
    const service = serviceOfRow(row);
    secretsByService.set(service, { row, account: null });
    return service;
  };

  const load = async (tenantId: TenantId, entry: Entry): Promise<readonly ExternalService[]> => {
    const { generation } = entry;
    const rows = await listServicesOfTenant(queryable, tenantId);
    const services = rows.map(rememberRow);
    entries.fill(tenantId, entry, services);
    entry.loadedAtMs = clock.now();
    entry.outdated = entry.generation !== generation;
    entry.failedAtMs = 0;
    return services;
  };

  /**
   * One load at a time per tenant. A caller that comes after a notification waits for the load that starts after it.
   */
  const reload = (tenantId: TenantId, entry: Entry): Promise<readonly ExternalService[]> => {
    entry.loading ??= load(tenantId, entry).finally(() => {
      entry.loading = null;
    });
    return entry.loading;
  };

  const lastKnown = (tenantId: TenantId, entry: Entry, error: unknown): readonly ExternalService[] => {
    const ageMs = clock.now() - entry.loadedAtMs;
    entry.failedAtMs = clock.now();
    if (entry.services === null || ageMs > maxAgeMs) throw error;
    logger.warn({ err: error, tenant: tenantId, ageMs }, 'could not reload services: using the last known ones');
    return entry.services;
  };

  const reloadOrLastKnown = async (tenantId: TenantId, entry: Entry): Promise<readonly ExternalService[]> => {
    try {
      const begunBefore = entry.loading;
      const services = await reload(tenantId, entry);
      return begunBefore !== null && entry.outdated ? await reload(tenantId, entry) : services;
    } catch (error) {
      return lastKnown(tenantId, entry, error);
    }
  };

  const outdate = (tenantId: TenantId): void => {
    const entry = entries.find(tenantId);
    if (entry !== undefined) markOutdated(entry);
  };

  const stopListening = await listenForChanges(db, ['external_services'], (change) => {
    active = null;
    changeCount += 1;
    const tenantId = change?.tenant ?? null;
    if (tenantId === null) for (const entry of entries.all()) markOutdated(entry);
    else outdate(tenantId);
  });

  return {
    async ofTenant(tenantId) {
      const entry = entries.use(tenantId);
      const nowMs = clock.now();
      const { services } = entry;
      if (services === null) return reload(tenantId, entry);
      const failedLately = entry.failedAtMs > 0 && nowMs - entry.failedAtMs < retryAfterMs;
      if (failedLately && nowMs - entry.loadedAtMs <= maxAgeMs) return services;
      if (entry.outdated || nowMs - entry.loadedAtMs > maxAgeMs) return reloadOrLastKnown(tenantId, entry);
      // If it fails and the entry is older than `maxAgeMs`, the next caller waits for a load and gets its error.
      if (nowMs - entry.loadedAtMs > ttlMs) reloadOrLastKnown(tenantId, entry).catch(() => {});
      return services;
    },
    accountOf(service) {
      const secrets = secretsByService.get(service);
      if (secrets === undefined) throw new Error(`the service ${service.id} is not from this directory`);
      secrets.account ??= {
        ...openAccount(deps.keyring, secrets.row),
        grant: keptGrantOf(deps, { serviceId: service.id, tenantId: service.tenantId }),
      };
      return secrets.account;
    },
    refresh: outdate,
    ofIds: async (serviceIds) => (await listServicesByIdAcrossTenants(queryable, serviceIds)).map(rememberRow),
    async activeOfAllTenants() {
      if (active !== null) return active;
      const countBefore = changeCount;
      const read = (await listActiveServicesOfAllTenants(queryable)).map(namedServiceOf);
      if (changeCount === countBefore) active = read;
      return read;
    },
    close: stopListening,
  };
}

/** The entries of all tenants, least recently used first. A tenant without services takes room too. */
function createEntries(maxServices: number) {
  const entries = new Map<TenantId, Entry>();
  /** Number of services in all entries. */
  let heldCount = 0;

  /** The tenant that needs the room stays. */
  const makeRoom = (madeFor: TenantId): void => {
    for (const [tenantId, entry] of entries) {
      if (heldCount + entries.size <= maxServices) return;
      if (tenantId === madeFor) continue;
      entries.delete(tenantId);
      heldCount -= weightOf(entry);
    }
  };

  return {
    all: () => entries.values(),
    find: (tenantId: TenantId) => entries.get(tenantId),
    use(tenantId: TenantId): Entry {
      const entry: Entry = entries.get(tenantId) ?? {
        services: null,
        loadedAtMs: 0,
        outdated: false,
        generation: 0,
        loading: null,
        failedAtMs: 0,
      };
      entries.delete(tenantId);
      entries.set(tenantId, entry);
      makeRoom(tenantId);
      return entry;
    },
    /** Does nothing for an entry that was evicted while its services were loaded. */
    fill(tenantId: TenantId, entry: Entry, services: readonly ExternalService[]): void {
      if (entries.get(tenantId) === entry) heldCount += services.length - weightOf(entry);
      entry.services = services;
      makeRoom(tenantId);
    },
  };
}

function markOutdated(entry: Entry): void {
  entry.outdated = true;
  entry.generation += 1;
  entry.failedAtMs = 0;
}

function weightOf({ services }: Entry): number {
  return services?.length ?? 0;
}
