/** Decides which providers this process emulates. */
import { environmentAdapters } from '../providers/registry.ts';
import type { Config } from './config.ts';

/** Which services without their own address go to the emulator: none, those without a credential, or all. */
export type Emulates = 'none' | 'keyless' | 'all';

/**
 * `EMULATOR=auto` emulates only if no provider is configured and the database is the embedded one. Beside one real
 * provider, invented answers could be mistaken for real ones.
 */
export function emulatesOf({
  emulator,
  databaseUrl,
  providers,
}: Pick<Config, 'emulator' | 'databaseUrl' | 'providers'>): Emulates {
  if (emulator === 'on') return 'all';
  return emulator === 'auto' && databaseUrl === null && !hasRealProvider(providers) ? 'keyless' : 'none';
}

function hasRealProvider(providers: Config['providers']): boolean {
  return environmentAdapters.some(({ name, facts }) => {
    const { credential = null, baseUrl = null } = providers[name] ?? {};
    return credential !== null || (facts.environment?.credential.kind === 'base-url' && baseUrl !== null);
  });
}
