import { type ExternalService, type HealthStatus, isGeocoder } from '../directory/service.ts';
import type { TenantId } from '../ids.ts';
import type { Shown } from '../schema-parts.ts';
import type { geocodingHealthSchema } from './schemas.ts';

export interface GeocodingHealthDeps {
  /** The tenant's services of every type, active or not. */
  ofTenant(tenantId: TenantId): Promise<readonly ExternalService[]>;
  /** Health by the recent probes and calls. */
  healthOf(service: ExternalService): { readonly status: HealthStatus; readonly lastError: string | null };
  /** Why and until when the service is paused; both null if it is not. */
  pauseOf(service: ExternalService): Promise<Pick<ProviderHealth, 'paused_until' | 'paused_because'>>;
  /** Requests left in the tightest window of this service: the tenant's or its own. */
  remainingRequests(service: ExternalService): Promise<number>;
}

/**
 * `healthy`: every provider is healthy or unknown. `degraded`: some are not, but at least one may answer. `down`: all
 * are down, or the tenant has none. `unknown`: none has been asked yet.
 */
type GeocodingHealth = Shown<typeof geocodingHealthSchema>;
type ProviderHealth = GeocodingHealth['providers'][string];

/**
 * The state of the tenant's active geocoding providers, by service name, in the order in which calls try them.
 * `within`: limits the report to these names; null means all.
 */
export async function reportGeocodingHealth(
  deps: GeocodingHealthDeps,
  tenantId: TenantId,
  within: ReadonlySet<string> | null,
): Promise<GeocodingHealth> {
  const services = (await deps.ofTenant(tenantId)).filter(
    (service) => service.isActive && isGeocoder(service) && (within?.has(service.serviceName) ?? true),
  );
  const entries = await Promise.all(
    services.map(async (service): Promise<[string, ProviderHealth]> => {
      const { status, lastError } = deps.healthOf(service);
      const remaining = await deps.remainingRequests(service);
      const pause = await deps.pauseOf(service);
      const shown = { rate_limit_remaining: remaining, last_error: lastError, ...pause };
      return [service.serviceName, { status: asCallersMeetIt(status, shown), ...shown }];
    }),
  );
  return { status: summarize(entries.map(([, provider]) => provider.status)), providers: Object.fromEntries(entries) };
}

/** A paused provider is not healthy for callers, however well it answered before the pause. */
function asCallersMeetIt(status: HealthStatus, shown: Omit<ProviderHealth, 'status'>): HealthStatus {
  if (status === 'down') return status;
  if (shown.paused_because === 'failures' || shown.paused_because === 'credentials_refused') return 'down';
  return shown.paused_because !== null || shown.rate_limit_remaining <= 0 ? 'degraded' : status;
}

function summarize(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.every((status) => status === 'down')) return 'down';
  if (statuses.some((status) => status === 'down' || status === 'degraded')) return 'degraded';
  return statuses.some((status) => status === 'healthy') ? 'healthy' : 'unknown';
}
