/** Which of a tenant's services may answer a call, and in which order they are asked. */
import { adapterNameOf, type ExternalService, type ServiceDirectory } from '../directory/service.ts';
import { activeOfType, findByName, isOfType } from '../directory/service-index.ts';
import { priorityAt } from '../directory/service-regions.ts';
import { invalidInput, ServiceError } from '../errors.ts';
import type { Adapter, KnownOperation, ProviderAccount } from '../providers/provider.ts';
import { resolveAlias } from '../providers/registry.ts';
import type { Call } from './call.ts';

/** A service that can be asked: it has an adapter, and the adapter knows the operation. */
export interface Provider {
  readonly service: ExternalService;
  readonly adapter: Adapter;
  account(): ProviderAccount;
}

export interface ResolveProvidersDeps {
  readonly directory: Pick<ServiceDirectory, 'ofTenant' | 'accountOf'>;
  findAdapter(name: string): Adapter | undefined;
}

/**
 * The active services of the call's type, by their priority at its place, each followed along its `fallback_service_id`, none twice. A named
 * provider stands alone. Throws `INVALID_REQUEST` for a name that no service answers to, and `FORBIDDEN` where the caller may
 * use none of them.
 */
export async function resolveProviders<Op extends KnownOperation>(
  deps: ResolveProvidersDeps,
  call: Pick<Call<Op>, 'tenantId' | 'capability' | 'provider' | 'place' | 'services'>,
): Promise<readonly Provider[]> {
  const { operation, serviceType } = call.capability;
  const services = await deps.directory.ofTenant(call.tenantId);
  const providerOf = (service: ExternalService): Provider[] => {
    const adapter = deps.findAdapter(adapterNameOf(service));
    if (adapter?.attempts[operation] === undefined) return [];
    return [{ service, adapter, account: () => deps.directory.accountOf(service) }];
  };
  // Most are named by their own name: the others need not be looked at.
  const own = call.provider === null ? undefined : findByName(services, call.provider);
  if (own?.isActive === true && isOfType(own, serviceType)) {
    const provider = providerOf(own);
    if (provider.length > 0) return allowed(provider, call.services ?? null);
  }
  // Stable: those of one priority stay in their order.
  const { place = null } = call;
  const ofType = activeOfType(services, serviceType).toSorted(
    (one, other) => priorityAt(one, place) - priorityAt(other, place),
  );
  const providers = inOrder(ofType).flatMap(providerOf);
  const asked = call.provider === null ? withoutMadeUpBehindReal(providers) : [named(providers, call.provider)];
  return allowed(asked, call.services ?? null);
}

function allowed(providers: readonly Provider[], services: ReadonlySet<string> | null): readonly Provider[] {
  if (services === null || providers.length === 0) return providers;
  const mayUse = providers.filter(({ service }) => services.has(service.serviceName));
  if (mayUse.length > 0) return mayUse;
  const names = providers.map(({ service }) => service.serviceName).join(', ');
  throw new ServiceError('FORBIDDEN', `The credential may use none of the services that can answer this: ${names}.`);
}

/** Fail-over from a real provider must not end in an answer that is made up: emulated ones stand alone or first. */
function withoutMadeUpBehindReal(providers: readonly Provider[]): readonly Provider[] {
  const firstReal = providers.findIndex(
    ({ service, adapter }) => service.config.emulated !== true && isVendor(adapter),
  );
  if (firstReal === -1) return providers;
  return providers.filter(({ service }, place) => place < firstReal || service.config.emulated !== true);
}

/** The gazetteer within this program is real, but no provider that is paid or asked. */
function isVendor({ facts }: Adapter): boolean {
  return facts.environment?.credential.kind !== 'none';
}

/** An exact service name first, then the first service that speaks through the adapter of that name. */
function named(providers: readonly Provider[], name: string): Provider {
  const adapterName = resolveAlias(name);
  const provider =
    providers.find(({ service }) => service.serviceName === name) ??
    providers.find(({ adapter }) => adapter.name === adapterName);
  if (provider === undefined) throw invalidInput('provider', 'there is no active provider of this name');
  return provider;
}

/** A fallback comes right after the service that names it, unless it was tried before. Each service stands once, so circles end. */
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
