/** A row of `external_services`, as the rooms above storage know it. */
import type { ServiceId, TenantId } from '../ids.ts';
import type { ProviderAccount, ServiceType } from '../providers/provider.ts';

export type HealthStatus = 'healthy' | 'degraded' | 'down' | 'unknown';

/** null: none of its own in that window. */
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
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What a list of many services says of each. */
export type NamedService = Pick<ExternalService, 'id' | 'tenantId' | 'serviceName' | 'serviceType'>;

/**
 * The built-in adapter a service speaks through: `config.adapter`; else `http` for an API, which is named after itself,
 * and the service's own name for all others.
 */
export function adapterNameOf(
  service: Pick<ExternalService, 'serviceName' | 'config'> & { readonly serviceType?: ServiceType },
): string {
  const { adapter } = service.config;
  if (typeof adapter === 'string' && adapter !== '') return adapter;
  return service.serviceType === 'api' || service.serviceType === 'webhook' ? 'http' : service.serviceName;
}

/** A sender of webhooks calls us and may have no address; every other service has its own, or its vendor's. */
export function isCalled({ serviceType, baseUrl }: Pick<ExternalService, 'serviceType' | 'baseUrl'>): boolean {
  return serviceType !== 'webhook' || baseUrl !== null;
}

/** `maps` is geocoding by another name, unless the service is any API. */
export function isGeocoder(service: Pick<ExternalService, 'serviceName' | 'serviceType' | 'config'>): boolean {
  return service.serviceType === 'geocoding' || (service.serviceType === 'maps' && adapterNameOf(service) !== 'http');
}

/** Held in memory, refreshed by notification and a short TTL: no SQL on a hot path. */
export interface ServiceDirectory {
  /** The tenant's services, active or not, by priority and then name. */
  ofTenant(tenantId: TenantId): Promise<readonly ExternalService[]>;
  /**
   * Opens the sealed secrets of a service; the plain values are kept in memory no longer than the directory's entry.
   */
  accountOf(service: ExternalService): ProviderAccount;
  /** This process committed a change: later reads see it without waiting for the notification. */
  refresh(tenantId: TenantId): void;
  /** Of whichever tenants, those that are there: for probes. */
  ofIds(serviceIds: readonly ServiceId[]): Promise<readonly ExternalService[]>;
  /** Every tenant's active services, read anew only after one was changed: for the operator's page of health. */
  activeOfAllTenants(): Promise<readonly NamedService[]>;
  close(): Promise<void>;
}
