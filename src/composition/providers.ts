/** The providers: which there are, how they are reached, and the emulator of those without a credential. */
import { type Emulates, emulatesOf } from '../config/emulation.ts';
import { withEmulatedAccounts } from '../directory/emulated-accounts.ts';
import {
  type EmulatorAccess,
  type EnvironmentProvider,
  registerEnvironmentServices,
} from '../directory/environment-services.ts';
import { openServiceDirectory } from '../directory/service-directory.ts';
import { parseTenantId } from '../ids.ts';
import { createOutbound } from '../outbound/http-client.ts';
import { appendEvent } from '../outbox/append-event.ts';
import type { CoreParts } from './core-parts.ts';
import { operatorEndpoints } from './environment-providers.ts';
import type { Stores } from './stores.ts';

export type Providers = Awaited<ReturnType<typeof openProviders>>;

/** `providers`: what the environment names, read before anything was opened, because it may be at fault. */
export async function openProviders(
  { config, logger, clock, keyring, own }: CoreParts,
  { db }: Stores,
  providers: readonly EnvironmentProvider[],
) {
  const emulates = emulatesOf(config);
  const emulated = emulatedNames(emulates, providers);
  const emulator = emulates === 'none' ? null : own(await openEmulator(config.dataDir));
  const tenantId = parseTenantId(config.defaultTenant);
  const answeringAnew = await registerEnvironmentServices(
    { db, keyring, appendEvent, clock },
    tenantId,
    providers,
    emulates,
  );
  const emulatorAccess: EmulatorAccess | null =
    emulator === null ? null : { url: emulator.url, googleCredentials: await emulator.googleCredentials() };
  const directory = withEmulatedAccounts(
    own(await openServiceDirectory({ db, keyring, clock, logger })),
    emulates,
    emulatorAccess,
  );
  const outbound = own(
    createOutbound({
      allowedNetworks: [...config.outboundAllowedNetworks, ...operatorEndpoints(config)],
      emulatorOrigin: emulator?.url ?? null,
      logger,
    }),
  );
  return {
    directory,
    outbound,
    emulates,
    emulatedNames: emulated,
    /** Of which services the cache has answers that were given before the environment changed them. */
    changedServices: { tenantId, serviceNames: answeringAnew },
  };
}

/** Loaded where it is used: in production it seldom is. */
async function openEmulator(dataDir: string) {
  const [{ startEmulator }, { emulatedGoogleCredentials }] = await Promise.all([
    import('../../emulator/start.ts'),
    import('../../emulator/oauth/service-accounts.ts'),
  ]);
  const emulator = await startEmulator({ port: 0, dataDir });
  return {
    url: emulator.url,
    googleCredentials: async (): Promise<unknown> => JSON.parse(await emulatedGoogleCredentials(emulator)),
    close: () => emulator.close(),
  };
}

function emulatedNames(emulates: Emulates, providers: readonly EnvironmentProvider[]): string[] {
  if (emulates === 'none') return [];
  return providers
    .filter(
      ({ credential }) =>
        credential !== 'keyless' && credential !== 'address' && (emulates === 'all' || credential === null),
    )
    .map(({ serviceName }) => serviceName)
    .toSorted();
}
