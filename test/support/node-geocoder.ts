/** node-geocoder, unchanged, with its requests sent to another origin. */
import { createRequire } from 'node:module';

interface Found {
  readonly latitude: number;
  readonly longitude: number;
  readonly formattedAddress: string;
  readonly streetName: string | null;
  readonly streetNumber: string | null;
  readonly city: string | null;
  readonly countryCode: string | null;
}

export interface NodeGeocoder {
  geocode(address: string): Promise<readonly Found[]>;
  reverse(point: { lat: number; lon: number }): Promise<readonly Found[]>;
}

// The package has no types.
const open = createRequire(import.meta.url)('node-geocoder') as (options: object) => NodeGeocoder;

/** `provider`: node-geocoder's name of it (`google`, `yandex`). */
export function openNodeGeocoder(provider: string, origin: string, options: object): NodeGeocoder {
  const toOrigin = (url: string, init: RequestInit): Promise<Response> => {
    const { pathname, search } = new URL(url);
    return fetch(`${origin}${pathname}${search}`, init);
  };
  return open({ provider, apiKey: 'k', fetch: toOrigin, ...options });
}
