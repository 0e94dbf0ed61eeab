/** Facts about 2GIS for other parts: names, prices, limits, environment variables. */
import { freeOfCharge, type VendorFacts } from '../vendor-facts.ts';

export const twoGisFacts: VendorFacts = {
  displayName: '2GIS',
  aliases: ['2gis'],
  environment: {
    priority: 300,
    fallback: null,
    credential: { kind: 'api-key', variable: 'TWO_GIS_API_KEY', meaning: 'plain or `enc:…`' },
    baseUrl: {
      variable: 'TWO_GIS_BASE_URL',
      meaning: 'an origin, with or without the vendor’s base path `/3.0`; the distance matrix is then asked there too',
    },
  },
  // A key includes a number of calls; the tenant sets its own price for one.
  listPrices: freeOfCharge(['geocode', 'reverse', 'distance']),
  defaultLimit: null,
  // A synchronous request: https://docs.2gis.com/en/api/navigation/distance-matrix/overview
  largestMatrix: { elements: 625, ends: 25 },
  storage: { maxSeconds: 86_400, terms: 'No long storing: a cache of a day at most.' },
  isEmulated: true,
};
