/**
 * Indexes a tenant's services by name and type, once per list of the directory: a call of a tenant with thousands of
 * services costs no more than one of a tenant with two.
 */
import { getOrCreate } from '../bounded-map.ts';
import type { ServiceType } from '../providers/provider.ts';
import { type ExternalService, isGeocoder } from './service.ts';

interface ServiceIndex {
  readonly byName: ReadonlyMap<string, ExternalService>;
  /** Active ones, in the list's order. */
  readonly activeByType: Map<ServiceType, readonly ExternalService[]>;
}

const indexes = new WeakMap<readonly ExternalService[], ServiceIndex>();

/** `services`: the list as the directory returned it. */
export function findByName(services: readonly ExternalService[], name: string): ExternalService | undefined {
  return indexOf(services).byName.get(name);
}

/** Active services for calls of this type; `maps` is an alias of geocoding. */
export function activeOfType(services: readonly ExternalService[], type: ServiceType): readonly ExternalService[] {
  const { activeByType } = indexOf(services);
  return getOrCreate(activeByType, type, () =>
    services.filter((service) => service.isActive && isOfType(service, type)),
  );
}

/** Whether the service answers calls of this type. */
export function isOfType(service: ExternalService, type: ServiceType): boolean {
  return type === 'geocoding' ? isGeocoder(service) : service.serviceType === type;
}

function indexOf(services: readonly ExternalService[]): ServiceIndex {
  return getOrCreate(indexes, services, () => ({
    byName: new Map(services.map((service) => [service.serviceName, service])),
    activeByType: new Map(),
  }));
}
