/** Validates a service beyond its schema: its adapter must exist and support its type, and must accept its settings. */
import type { InputFault } from '../errors.ts';
import type { ServiceType } from '../providers/provider.ts';
import { adapterNames, findAdapter } from '../providers/registry.ts';
import type { ServiceDraft } from './manage-services.ts';
import { faultsOfMasks } from './secret-texts.ts';
import { adapterNameOf, isCalled } from './service.ts';
import { faultsOfRegions } from './service-regions.ts';
import { faultsOfTerms } from './service-terms.ts';

/** The service types that an adapter of each type may serve. `maps` is an alias of geocoding, or any API. */
const typesServed: Readonly<Record<ServiceType, readonly ServiceType[]>> = {
  geocoding: ['geocoding', 'maps'],
  sheets: ['sheets'],
  maps: ['maps'],
  webhook: ['webhook'],
  api: ['api', 'webhook', 'maps'],
};

/** A service named `auto` could not be requested: the word means any provider. */
const reservedNames: ReadonlySet<string> = new Set(['auto']);

export function faultsOfDraft(draft: ServiceDraft): readonly InputFault[] {
  const faults: InputFault[] = [];
  if (reservedNames.has(draft.serviceName)) faults.push({ path: 'service_name', message: 'is a reserved name' });
  const name = adapterNameOf(draft);
  const adapter = findAdapter(name);
  if (adapter === null) {
    const known = adapterNames.join(', ');
    faults.push({ path: 'config.adapter', message: `there is no adapter "${name}"; there are ${known}` });
  } else if (!typesServed[adapter.serviceType].includes(draft.serviceType)) {
    const types = typesServed[adapter.serviceType].join(', ');
    faults.push({ path: 'service_type', message: `the adapter "${name}" serves ${types}` });
  }
  faults.push(...faultsOfCost(draft.config.cost_per_request));
  faults.push(...faultsOfTerms(draft.config), ...faultsOfMasks(draft.config));
  faults.push(...faultsOfRegions(draft.config.regions), ...faultsOfShare(draft.config.shadow_share));
  const ofSettings = adapter?.faultsOf?.(draft) ?? [];
  faults.push(...(isCalled(draft) ? ofSettings : ofSettings.filter(({ path }) => path !== 'base_url')));
  return faults;
}

/** Every address chosen by the admin that calls of the service go to, with its path in the service. */
export function addressesOfDraft(draft: ServiceDraft): readonly { readonly path: string; readonly url: string }[] {
  const own = draft.baseUrl === null ? [] : [{ path: 'base_url', url: draft.baseUrl }];
  return [...own, ...(findAdapter(adapterNameOf(draft))?.addressesOf?.(draft) ?? [])];
}

export function canBeEmulated(draft: ServiceDraft): boolean {
  return findAdapter(adapterNameOf(draft))?.facts.isEmulated === true;
}

function faultsOfShare(share: unknown): InputFault[] {
  if (share === undefined || (typeof share === 'number' && share >= 0 && share <= 1)) return [];
  return [{ path: 'config.shadow_share', message: 'must be a number from 0 to 1' }];
}

function faultsOfCost(cost: unknown): InputFault[] {
  const path = 'config.cost_per_request';
  const isPrice = (value: unknown): boolean => typeof value === 'number' && value >= 0 && Number.isFinite(value);
  if (cost === undefined || isPrice(cost)) return [];
  if (typeof cost === 'object' && cost !== null && !Array.isArray(cost)) {
    return Object.entries(cost).flatMap(([operation, price]) =>
      isPrice(price)
        ? []
        : [{ path: `${path}.${operation.slice(0, 60)}`, message: 'must be a number of USD, 0 or more' }],
    );
  }
  return [{ path, message: 'must be a number of USD, or one for each operation' }];
}
