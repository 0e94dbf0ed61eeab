/** Redirects services marked as emulated, if this process emulates all or some of them. */
import { getOrCreate } from '../bounded-map.ts';
import type { Emulates } from '../config/emulation.ts';
import type { ProviderAccount } from '../providers/provider.ts';
import type { EmulatorAccess } from './environment-services.ts';
import type { ExternalService, ServiceDirectory } from './service.ts';

/**
 * Whether a service with the mark is emulated by this process: the mark may come from an earlier start that emulated
 * more. An account with its own secret is emulated only if all are.
 */
function isEmulatedHere(service: ExternalService, emulates: Emulates): boolean {
  if (service.config.emulated !== true || emulates === 'none') return false;
  return emulates === 'all' || !(service.hasApiKey || service.hasCredentials);
}

/** Sends emulated services to this process's emulator; without an emulator, the mark of an earlier start is ignored. */
export function withEmulatedAccounts(
  directory: ServiceDirectory,
  emulates: Emulates,
  emulator: EmulatorAccess | null,
): ServiceDirectory {
  /** Maps a service whose mark is ignored to its original, under which its secrets are found. */
  const originals = new WeakMap<ExternalService, ExternalService>();
  const asHere = (service: ExternalService): ExternalService => {
    if (service.config.emulated !== true || isEmulatedHere(service, emulates)) return service;
    const { emulated: _mark, ...config } = service.config;
    const unmarked = { ...service, config };
    originals.set(unmarked, service);
    return unmarked;
  };
  /** The directory returns the same list until something changes, so derived lists are cached by it. */
  const listsHere = new WeakMap<readonly ExternalService[], readonly ExternalService[]>();
  const allHere = (services: readonly ExternalService[]): readonly ExternalService[] =>
    getOrCreate(listsHere, services, () => services.map(asHere));
  return {
    ...directory,
    ofTenant: async (tenantId) => allHere(await directory.ofTenant(tenantId)),
    ofIds: async (serviceIds) => (await directory.ofIds(serviceIds)).map(asHere),
    accountOf(service: ExternalService): ProviderAccount {
      if (emulator === null || !isEmulatedHere(service, emulates)) {
        return directory.accountOf(originals.get(service) ?? service);
      }
      return {
        serviceId: service.id,
        serviceName: service.serviceName,
        baseUrl: emulator.url,
        apiKey: 'emulated-key',
        credentials: service.serviceType === 'sheets' ? emulator.googleCredentials : null,
        config: service.config,
      };
    },
  };
}
