/** Services marked as emulated, on a process that emulates all, some or none of them. */
import { getOrCreate } from '../bounded-map.ts';
import type { Emulates } from '../config/emulation.ts';
import type { ProviderAccount } from '../providers/provider.ts';
import type { EmulatorAccess } from './environment-services.ts';
import type { ExternalService, ServiceDirectory } from './service.ts';

/**
 * Whether a service that is marked as emulated is so here: the mark may be of an earlier start that emulated more. An
 * account with a secret of its own is only made up where all are.
 */
function isEmulatedHere(service: ExternalService, emulates: Emulates): boolean {
  if (service.config.emulated !== true || emulates === 'none') return false;
  return emulates === 'all' || !(service.hasApiKey || service.hasCredentials);
}

/** Sends emulated services to this process's emulator; where there is none, a mark of an earlier start means nothing. */
export function withEmulatedAccounts(
  directory: ServiceDirectory,
  emulates: Emulates,
  emulator: EmulatorAccess | null,
): ServiceDirectory {
  /** Of services whose mark means nothing, by the service without it: secrets are found by the original. */
  const originals = new WeakMap<ExternalService, ExternalService>();
  const asHere = (service: ExternalService): ExternalService => {
    if (service.config.emulated !== true || isEmulatedHere(service, emulates)) return service;
    const { emulated: _mark, ...config } = service.config;
    const unmarked = { ...service, config };
    originals.set(unmarked, service);
    return unmarked;
  };
  /** The directory gives the same list until something changes, and what is derived from it is kept beside it. */
  const listsHere = new WeakMap<readonly ExternalService[], readonly ExternalService[]>();
  const allHere = (services: readonly ExternalService[]): readonly ExternalService[] => {
    const here = getOrCreate(listsHere, services, () => services.map(asHere));
    return here;
  };
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
