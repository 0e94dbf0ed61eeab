/** The providers that the environment names, opened: keys may come sealed (`enc:…`). */

import { type Config, ConfigError } from '../config/config.ts';
import type { EnvironmentProvider } from '../directory/environment-services.ts';
import { openEnvironmentSecret } from '../secrets/environment-secret.ts';
import { type Keyring, SealBroken } from '../secrets/keyring.ts';

/** In the order in which they are registered: a fallback before the service that names it. Throws `ConfigError`. */
export function environmentProviders({ providers }: Config, keyring: Keyring): EnvironmentProvider[] {
  const problems: string[] = [];
  const apiKey = (variable: string, value: string | null) => {
    if (value === null) return null;
    try {
      return { kind: 'api-key', text: openEnvironmentSecret(keyring, value) } as const;
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      problems.push(`${variable} cannot be opened with ENCRYPTION_KEYS: seal it anew with the cli's "secret encrypt"`);
      return null;
    }
  };
  const geocoding = { serviceType: 'geocoding', fallbackServiceName: null } as const;
  const sheetsKey = providers.googleSheetsCredentials;
  const found: EnvironmentProvider[] = [
    {
      ...geocoding,
      serviceName: 'offline_gazetteer',
      displayName: 'Offline gazetteer (GeoNames)',
      priority: 900,
      credential: 'keyless',
      baseUrl: null,
    },
    {
      ...geocoding,
      serviceName: 'yandex_maps',
      displayName: 'Yandex Maps',
      priority: 200,
      credential: apiKey('YANDEX_MAPS_API_KEY', providers.yandexMapsApiKey),
      baseUrl: providers.yandexMapsBaseUrl,
    },
    {
      ...geocoding,
      serviceName: 'google_maps',
      displayName: 'Google Maps',
      priority: 100,
      fallbackServiceName: 'yandex_maps',
      credential: apiKey('GOOGLE_MAPS_API_KEY', providers.googleMapsApiKey),
      baseUrl: providers.googleMapsBaseUrl,
    },
    {
      serviceName: 'google_sheets',
      serviceType: 'sheets',
      displayName: 'Google Sheets',
      priority: 100,
      fallbackServiceName: null,
      credential: sheetsKey === null ? null : { kind: 'service-account', text: sheetsKey },
      baseUrl: providers.googleSheetsBaseUrl,
    },
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

/**
 * Where the operator's own variables point, as `host:port`: an override such as a provider's emulator next door works
 * without naming it in `OUTBOUND_ALLOWED_NETWORKS` again. Tenants' own base URLs gain nothing beyond these endpoints.
 */
export function operatorEndpoints({ providers }: Config): string[] {
  const { googleSheetsBaseUrl, googleMapsBaseUrl, yandexMapsBaseUrl, googleSheetsCredentials } = providers;
  const urls = [googleSheetsBaseUrl, googleMapsBaseUrl, yandexMapsBaseUrl, tokenUriOf(googleSheetsCredentials)];
  return urls
    .filter((url) => url !== null && URL.canParse(url))
    .map((url) => new URL(url as string))
    .map(({ hostname, port, protocol }) => `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`);
}

function tokenUriOf(serviceAccountKey: string | null): string | null {
  if (serviceAccountKey === null) return null;
  const { token_uri } = JSON.parse(serviceAccountKey) as { token_uri?: unknown };
  return typeof token_uri === 'string' ? token_uri : null;
}
