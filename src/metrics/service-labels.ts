/** Bounds the label `service`: tenants name their services, and each name would be a time series forever. */

/** The label of services beyond the bound. */
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
