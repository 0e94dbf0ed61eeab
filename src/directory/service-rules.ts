/** Validates a service beyond its schema: its adapter must exist and support its type, and must accept its settings. */
import { type InputFault, words } from '../errors.ts';
import type { ServiceType } from '../providers/provider.ts';
import { adapterNames, findAdapter } from '../providers/registry.ts';
import { destinedOf } from './destination.ts';
import type { ServiceDraft } from './manage-services.ts';
import { faultsOfMasks } from './secret-texts.ts';
import { adapterNameOf, isCalled } from './service.ts';
import { faultsOfPrice } from './service-price.ts';
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
  if (reservedNames.has(draft.service_name))
    faults.push({ path: 'service_name', ...words('is a reserved name', 'зарезервированное имя') });
  const service = destinedOf(draft);
  const name = adapterNameOf(service);
  const adapter = findAdapter(name);
  if (adapter === null) {
    const known = adapterNames.join(', ');
    faults.push({
      path: 'config.adapter',
      ...words(`there is no adapter "${name}"; there are ${known}`, `адаптера «${name}» нет; есть ${known}`),
    });
  } else if (!typesServed[adapter.serviceType].includes(service.serviceType)) {
    const types = typesServed[adapter.serviceType].join(', ');
    faults.push({
      path: 'service_type',
      ...words(`the adapter "${name}" serves ${types}`, `адаптер «${name}» работает с ${types}`),
    });
  }
  faults.push(...faultsOfPrice(draft.config.cost_per_request));
  faults.push(...faultsOfTerms(draft.config), ...faultsOfMasks(draft.config));
  faults.push(...faultsOfRegions(draft.config.regions), ...faultsOfShare(draft.config.shadow_share));
  const ofSettings = adapter?.faultsOf?.({ ...service, credentials: draft.credentials }) ?? [];
  faults.push(...(isCalled(service) ? ofSettings : ofSettings.filter(({ path }) => path !== 'base_url')));
  return faults;
}

/** Every address chosen by the admin that calls of the service go to, with its path in the service. */
export function addressesOfDraft(draft: ServiceDraft): readonly { readonly path: string; readonly url: string }[] {
  const own = draft.base_url === null ? [] : [{ path: 'base_url', url: draft.base_url }];
  const service = destinedOf(draft);
  return [...own, ...(findAdapter(adapterNameOf(service))?.addressesOf?.(service) ?? [])];
}

export function canBeEmulated(draft: ServiceDraft): boolean {
  return findAdapter(adapterNameOf(destinedOf(draft)))?.facts.isEmulated === true;
}

function faultsOfShare(share: unknown): InputFault[] {
  if (share === undefined || (typeof share === 'number' && share >= 0 && share <= 1)) return [];
  return [{ path: 'config.shadow_share', ...words('must be a number from 0 to 1', 'ожидается число от 0 до 1') }];
}
