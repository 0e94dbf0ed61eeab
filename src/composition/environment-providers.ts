/** The providers that the environment names, opened: keys may come sealed (`enc:…`). */

import { type Config, ConfigError } from '../config/config.ts';
import type { EnvironmentProvider } from '../directory/environment-services.ts';
import type { Adapter } from '../providers/provider.ts';
import { environmentAdapters } from '../providers/registry.ts';
import type { EnvironmentFacts } from '../providers/vendor-facts.ts';
import { openEnvironmentSecret } from '../secrets/environment-secret.ts';
import { type Keyring, SealBroken } from '../secrets/keyring.ts';

/** In the order in which they are registered: a fallback before the service that names it. Throws `ConfigError`. */
export function environmentProviders(config: Config, keyring: Keyring): EnvironmentProvider[] {
  const problems: string[] = [];
  const found = withEnvironment().map(({ adapter, environment }): EnvironmentProvider => {
    const { credential, baseUrl } = config.providers[adapter.name] ?? { credential: null, baseUrl: null };
    return {
      serviceName: adapter.name,
      serviceType: adapter.serviceType,
      displayName: adapter.facts.displayName,
      priority: environment.priority,
      fallbackServiceName: environment.fallback,
      credential: openCredential(environment.credential, credential, keyring, problems),
      baseUrl,
    };
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

function openCredential(
  facts: EnvironmentFacts['credential'],
  text: string | null,
  keyring: Keyring,
  problems: string[],
): EnvironmentProvider['credential'] {
  if (facts.kind === 'none') return 'keyless';
  if (facts.kind === 'base-url') return 'address';
  if (text === null || facts.kind === 'service-account') return text === null ? null : { kind: facts.kind, text };
  try {
    return { kind: 'api-key', text: openEnvironmentSecret(keyring, text) };
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    const { variable } = facts;
    problems.push(`${variable} cannot be opened with ENCRYPTION_KEYS: seal it again with the cli's "secret encrypt"`);
    return null;
  }
}

function withEnvironment(): readonly { adapter: Adapter; environment: EnvironmentFacts }[] {
  return environmentAdapters.flatMap((adapter) => {
    const { environment } = adapter.facts;
    return environment === null ? [] : [{ adapter, environment }];
  });
}

/**
 * The endpoints of the operator's own variables, as `host:port`: an override such as a local emulator of a provider
 * works without an entry in `OUTBOUND_ALLOWED_NETWORKS`. Tenants' base URLs gain nothing beyond these endpoints.
 */
export function operatorEndpoints({ providers }: Config): string[] {
  const urls = withEnvironment().flatMap(({ adapter, environment }) => {
    const { baseUrl = null, credential = null } = providers[adapter.name] ?? {};
    const facts = environment.credential;
    const tokenUrl =
      facts.kind === 'service-account' && credential !== null ? facts.tokenUrlOf(JSON.parse(credential)) : null;
    return [baseUrl, tokenUrl];
  });
  return urls
    .filter((url) => url !== null && URL.canParse(url))
    .map((url) => new URL(url as string))
    .map(({ hostname, port, protocol }) => `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`);
}
