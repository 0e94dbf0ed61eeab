/** A service as all parts above storage see it: a row of `external_services`. */
import type { ServiceId, TenantId } from '../ids.ts';
import type { ProviderAccount, ServiceType } from '../providers/provider.ts';

export type HealthStatus = 'healthy' | 'degraded' | 'down' | 'unknown';

/** null: no limit of its own in that window. */
export interface RateLimits {
  readonly perMinute: number | null;
  readonly perHour: number | null;
  readonly perDay: number | null;
  readonly perMonth: number | null;
}

export interface ExternalService {
  readonly id: ServiceId;
  readonly tenantId: TenantId;
  readonly serviceName: string;
  readonly serviceType: ServiceType;
  readonly displayName: string;
  readonly baseUrl: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly isActive: boolean;
  readonly rateLimits: RateLimits;
  /** Lower is tried first. */
  readonly priority: number;
  readonly fallbackServiceId: ServiceId | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly hasApiKey: boolean;
  readonly hasCredentials: boolean;
  readonly createdBy: string | null;
  readonly updatedAtMs: number;
}

/** The members of a service in a list over many. */
export type NamedService = Pick<ExternalService, 'id' | 'tenantId' | 'serviceName' | 'serviceType'>;

/**
 * The adapter of a service: `config.adapter`; else `http` for an API, since its name is its own, and the service's name
 * for all others.
 */
export function adapterNameOf(
  service: Pick<ExternalService, 'serviceName' | 'config'> & { readonly serviceType?: ServiceType },
): string {
  const { adapter } = service.config;
  if (typeof adapter === 'string' && adapter !== '') return adapter;
  return service.serviceType === 'api' || service.serviceType === 'webhook' ? 'http' : service.serviceName;
}

/**
 * A webhook sender calls this service and may have no address; every other service has its own address, or its
 * vendor's.
 */
export function isCalled({ serviceType, baseUrl }: Pick<ExternalService, 'serviceType' | 'baseUrl'>): boolean {
  return serviceType !== 'webhook' || baseUrl !== null;
}

/** `maps` is an alias of geocoding, unless the service is any API. */
export function isGeocoder(service: Pick<ExternalService, 'serviceName' | 'serviceType' | 'config'>): boolean {
  return service.serviceType === 'geocoding' || (service.serviceType === 'maps' && adapterNameOf(service) !== 'http');
}

/** In memory, refreshed by notifications and a TTL: no SQL on a hot path. */
export interface ServiceDirectory {
  /** The tenant's services, active or not, by priority and then name. */
  ofTenant(tenantId: TenantId): Promise<readonly ExternalService[]>;
  /** Opens the sealed secrets of a service; the plain values stay in memory no longer than the directory's entry. */
  accountOf(service: ExternalService): ProviderAccount;
  /** Called after this process committed a change: later reads see it without waiting for the notification. */
  refresh(tenantId: TenantId): void;
  /** The services with these ids, of any tenant, as far as they exist; for probes. */
  ofIds(serviceIds: readonly ServiceId[]): Promise<readonly ExternalService[]>;
  /** The active services of all tenants, read again only after a change; for the operator's health page. */
  activeOfAllTenants(): Promise<readonly NamedService[]>;
  close(): Promise<void>;
}
