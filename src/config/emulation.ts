/** Which providers' answers this process makes up. */
import { environmentAdapters } from '../providers/registry.ts';
import type { Config } from './config.ts';

/** The services without an address of their own that go to the emulator: none, those without a credential, or all. */
export type Emulates = 'none' | 'keyless' | 'all';

/**
 * `EMULATOR=auto` emulates on a first try only: nothing is configured, and the database is the embedded one. As soon as
 * one provider is real, made-up answers beside it would pass for real ones.
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
