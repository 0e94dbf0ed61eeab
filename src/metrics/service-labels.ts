/** Keeps the label `service` bounded: tenants name their services, and each name would be a time series for ever. */

/** The value that services beyond the bound share. */
export const otherService = 'other';

const maxServices = 200;

/** Returns the label of a service's name: the first `maxServices` names seen keep theirs, later ones are `other`. */
export function createServiceLabels(): (serviceName: string) => string {
  const known = new Set<string>();
  return (serviceName) => {
    if (known.has(serviceName)) return serviceName;
    if (known.size >= maxServices) return otherService;
    known.add(serviceName);
    return serviceName;
  };
}
