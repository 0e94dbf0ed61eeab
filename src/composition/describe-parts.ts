/** The state of each part, for `/health/detailed`. */
import type { Broker } from '../broker/broker.ts';
import type { NamedService, ServiceDirectory } from '../directory/service.ts';
import type { ServiceHealth } from '../health/service-health.ts';
import type { HealthDetails } from '../http/routes/public/health.ts';
import { parseTenantId } from '../ids.ts';
import type { OutboxRelay } from '../outbox/relay.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';

const databaseDeadlineMs = 1_000;

export interface Parts {
  db: Pick<Database, 'isReachable'>;
  store: SharedStore;
  broker: Broker;
  relay: Pick<OutboxRelay, 'stats'>;
  directory: Pick<ServiceDirectory, 'activeOfAllTenants' | 'ofTenant'>;
  health: Pick<ServiceHealth, 'healthOf'>;
}

/** `tenants` null: the services of all. While the database is away the services that are not known are left out. */
export async function describeParts(parts: Parts, tenants: ReadonlySet<string> | null): Promise<HealthDetails> {
  const [isReachable, services] = await Promise.all([
    parts.db.isReachable(databaseDeadlineMs),
    servicesOf(parts.directory, tenants).catch(() => []),
  ]);
  const { backlogCount, oldestAgeSeconds } = parts.relay.stats();
  return {
    database: { status: upIf(isReachable), kind: 'postgresql' },
    cache: stateOf(parts.store),
    event_bus: stateOf(parts.broker),
    outbox: { backlog: backlogCount, oldest_age_seconds: oldestAgeSeconds },
    providers: services.map((service) => {
      const { status, lastError } = parts.health.healthOf(service);
      return {
        management_company_id: service.tenantId,
        service_name: service.serviceName,
        service_type: service.serviceType,
        status,
        last_error: lastError,
      };
    }),
  };
}

async function servicesOf(
  directory: Parts['directory'],
  tenants: ReadonlySet<string> | null,
): Promise<readonly NamedService[]> {
  if (tenants === null) return directory.activeOfAllTenants();
  const ofEach = await Promise.all(Array.from(tenants, (id) => directory.ofTenant(parseTenantId(id))));
  return ofEach.flat().filter(({ isActive }) => isActive);
}

function upIf(condition: boolean): 'up' | 'down' {
  return condition ? 'up' : 'down';
}

function stateOf(part: SharedStore | Broker): HealthDetails['cache'] {
  const problem = part.problem?.() ?? null;
  return { status: upIf(part.isAvailable()), kind: part.kind, ...(problem === null ? {} : { problem }) };
}
