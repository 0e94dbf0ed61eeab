/**
 * A tenant's services by name and by type, made once for each list that the directory gives: a call of a tenant with
 * thousands of services costs as much as one of a tenant with two.
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

/** `services` as the directory gave them. */
export function findByName(services: readonly ExternalService[], name: string): ExternalService | undefined {
  return indexOf(services).byName.get(name);
}

/** The active services that answer calls of this type; `maps` is geocoding by another name. */
export function activeOfType(services: readonly ExternalService[], type: ServiceType): readonly ExternalService[] {
  const { activeByType } = indexOf(services);
  const active = getOrCreate(activeByType, type, () =>
    services.filter((service) => service.isActive && isOfType(service, type)),
  );
  return active;
}

/** Whether the service answers calls of this type. */
export function isOfType(service: ExternalService, type: ServiceType): boolean {
  return type === 'geocoding' ? isGeocoder(service) : service.serviceType === type;
}

function indexOf(services: readonly ExternalService[]): ServiceIndex {
  const index = getOrCreate(indexes, services, () => ({
    byName: new Map(services.map((service) => [service.serviceName, service])),
    activeByType: new Map(),
  }));
  return index;
}
