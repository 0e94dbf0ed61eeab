/** All emulated vendors, one line each. */
import { createGoogleMaps } from './google-maps/vendor.ts';
import { createNominatim } from './nominatim/vendor.ts';
import { createGoogleOauth } from './oauth/vendor.ts';
import { createGoogleSheets } from './sheets/vendor.ts';
import { createTwoGis } from './two-gis/vendor.ts';
import type { CreateVendor } from './vendor.ts';
import { createYandexMaps } from './yandex/vendor.ts';

export const vendors: readonly CreateVendor[] = [
  createGoogleMaps,
  createYandexMaps,
  createTwoGis,
  createNominatim,
  createGoogleOauth,
  createGoogleSheets,
];
