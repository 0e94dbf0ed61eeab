/** Identifies accounts without storing their secrets: services with the same key are probed once for all. */
import { createHash } from 'node:crypto';
import { destinationsOf } from '../directory/destination.ts';
import { adapterNameOf, type ExternalService } from '../directory/service.ts';
import type { ProviderAccount } from '../providers/provider.ts';

/**
 * The key is equal for the same adapter, address, secrets and settings. A service whose secrets cannot be decrypted
 * gets its own key.
 */
export function accountKeyOf(
  service: ExternalService,
  accountOf: (service: ExternalService) => ProviderAccount,
): string {
  try {
    const { baseUrl, apiKey, credentials, config } = accountOf(service);
    // `environment` is salted by the row and does not affect the requests.
    const { environment: _environment, ...asked } = config;
    const text = JSON.stringify([adapterNameOf(service), baseUrl, apiKey, credentials, sorted(asked)]);
    return createHash('sha256').update(text).digest('base64');
  } catch {
    return service.id;
  }
}

/** The origin whose budget per minute a probe uses. */
export function probedOriginOf(service: ExternalService): string {
  try {
    return destinationsOf(service)[0] ?? service.id;
  } catch {
    return service.id;
  }
}

function sorted(config: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(config).sort(([one], [other]) => (one < other ? -1 : 1));
}
