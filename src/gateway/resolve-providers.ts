/** Selects which of a tenant's services may answer a call, and their order. */
import { adapterNameOf, type ExternalService, type ServiceDirectory } from '../directory/service.ts';
import { activeOfType, findByName, isOfType } from '../directory/service-index.ts';
import { priorityAt } from '../directory/service-regions.ts';
import { invalidInput, ServiceError } from '../errors.ts';
import type { Adapter, KnownOperation, ProviderAccount } from '../providers/provider.ts';
import { resolveAlias } from '../providers/registry.ts';
import type { Call } from './call.ts';

/** A service that can be asked: its adapter exists and supports the operation. */
export interface Provider {
  readonly service: ExternalService;
  readonly adapter: Adapter;
  account(): ProviderAccount;
}

export interface ResolveProvidersDeps {
  readonly directory: Pick<ServiceDirectory, 'ofTenant' | 'accountOf'>;
  findAdapter(name: string): Adapter | null;
}

/**
 * Returns the active services of the call's type, by their priority at its place, each followed by its chain of
 * `fallback_service_id`, without repetition. If the call names a provider, only that one. Throws `INVALID_REQUEST` if
 * no service has the name, and `FORBIDDEN` if the caller may use none of them.
 */
export async function resolveProviders<Op extends KnownOperation>(
  deps: ResolveProvidersDeps,
  call: Pick<Call<Op>, 'tenantId' | 'capability' | 'provider' | 'place' | 'services'>,
): Promise<readonly Provider[]> {
  const { operation, serviceType } = call.capability;
  const services = await deps.directory.ofTenant(call.tenantId);
  if (call.provider === null) return allowed(byPriority(deps, services, call), call.services ?? null);
  const providerOf = createProviderOf(deps, operation);
  // Most names are exact service names, which need no search.
  const own = findByName(services, call.provider);
  if (own?.isActive === true && isOfType(own, serviceType)) {
    const provider = providerOf(own);
    if (provider.length > 0) return allowed(provider, call.services ?? null);
  }
  return allowed([named(inPlace(services, call).flatMap(providerOf), call.provider)], call.services ?? null);
}

type Where<Op extends KnownOperation> = Pick<Call<Op>, 'capability' | 'place'>;

/** Cached per list of services and operation, if no service has regions: the order is then the same everywhere. */
const orders = new WeakMap<readonly ExternalService[], Map<string, readonly Provider[]>>();

function byPriority<Op extends KnownOperation>(
  deps: ResolveProvidersDeps,
  services: readonly ExternalService[],
  where: Where<Op>,
): readonly Provider[] {
  const { operation, serviceType } = where.capability;
  let ordered = orders.get(services);
  if (ordered === undefined) {
    ordered = new Map();
    orders.set(services, ordered);
  }
  const known = ordered.get(operation);
  if (known !== undefined) return known;
  const providers = withoutEmulatedFailover(inPlace(services, where).flatMap(createProviderOf(deps, operation)));
  const hasRegions = activeOfType(services, serviceType).some(({ config }) => config.regions !== undefined);
  if (!hasRegions) ordered.set(operation, providers);
  return providers;
}

/** The sort is stable: services of one priority keep their order. */
function inPlace<Op extends KnownOperation>(
  services: readonly ExternalService[],
  { capability, place }: Where<Op>,
): readonly ExternalService[] {
  const ofType = activeOfType(services, capability.serviceType);
  return inOrder(ofType.toSorted((one, other) => priorityAt(one, place ?? null) - priorityAt(other, place ?? null)));
}

function createProviderOf(deps: ResolveProvidersDeps, operation: KnownOperation) {
  return (service: ExternalService): Provider[] => {
    const adapter = deps.findAdapter(adapterNameOf(service));
    if (adapter?.attempts[operation] === undefined) return [];
    return [{ service, adapter, account: () => deps.directory.accountOf(service) }];
  };
}

function allowed(providers: readonly Provider[], services: ReadonlySet<string> | null): readonly Provider[] {
  if (services === null || providers.length === 0) return providers;
  const mayUse = providers.filter(({ service }) => services.has(service.serviceName));
  if (mayUse.length > 0) return mayUse;
  const names = providers.map(({ service }) => service.serviceName).join(', ');
  throw new ServiceError('FORBIDDEN', `The credential may use none of the services that can answer this: ${names}.`);
}

/** Removes emulated services after a real one: failover from a real provider must not return an invented answer. */
function withoutEmulatedFailover(providers: readonly Provider[]): readonly Provider[] {
  const firstReal = providers.findIndex(
    ({ service, adapter }) => service.config.emulated !== true && isVendor(adapter),
  );
  if (firstReal === -1) return providers;
  return providers.filter(({ service }, place) => place < firstReal || service.config.emulated !== true);
}

/** The built-in gazetteer is real, but not an external provider. */
function isVendor({ facts }: Adapter): boolean {
  return facts.environment?.credential.kind !== 'none';
}

/** An exact service name first, then the first service with an adapter of that name. */
function named(providers: readonly Provider[], name: string): Provider {
  const adapterName = resolveAlias(name);
  const provider =
    providers.find(({ service }) => service.serviceName === name) ??
    providers.find(({ adapter }) => adapter.name === adapterName);
  if (provider === undefined) throw invalidInput('provider', 'there is no active provider of this name');
  return provider;
}

/**
 * Puts each fallback after the service that names it, unless it comes earlier. Each service appears once, so circles
 * end.
 */
function inOrder(services: readonly ExternalService[]): readonly ExternalService[] {
  const byId = new Map(services.map((service) => [service.id, service]));
  const ordered = new Set<ExternalService>();
  for (const service of services) {
    let next: ExternalService | undefined = service;
    while (next !== undefined && !ordered.has(next)) {
      ordered.add(next);
      next = next.fallbackServiceId === null ? undefined : byId.get(next.fallbackServiceId);
    }
  }
  return [...ordered];
}
