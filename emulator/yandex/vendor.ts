/** Yandex Maps: Geocoder (v1 and the older 1.x) and Distance Matrix. */
import type { CreateVendor } from '../vendor.ts';
import { distanceMatrix } from './distance-matrix.ts';
import { geocode, yandexError } from './geocoder.ts';

const name = 'yandex_maps';

export const createYandexMaps: CreateVendor = ({ control }) => ({
  name,
  // Licences count by day and size, so there is no quota until a test sets one; the matrix has 40 requests a second.
  perMinuteQuotas: { requests: null, matrix: 2_400 },
  quotaClassOf: ({ rawPath }) => (rawPath.startsWith('/v2/') ? 'matrix' : 'requests'),
  accountOf: ({ query }) => query.get('apikey') || null,

  authorize({ query }) {
    const key = query.get('apikey') ?? '';
    return key === '' || control.isKeyBad(name, key) ? yandexError(403, 'Forbidden', 'Invalid key') : null;
  },

  refuse(refusal) {
    switch (refusal) {
      case 'over_query_limit':
        return yandexError(429, 'Too Many Requests', 'Limit is exceeded');
      case 'request_denied':
        return yandexError(403, 'Forbidden', 'Invalid key');
      case 'internal_error':
        return yandexError(500, 'Internal Server Error', 'Internal error');
    }
  },

  routes: [
    { method: 'GET', path: /^\/(v1|1\.x)\/?$/, handle: geocode },
    { method: 'GET', path: /^\/v2\/distancematrix\/?$/, handle: distanceMatrix },
  ],
});
