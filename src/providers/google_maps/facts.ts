/** Facts about Google Maps Platform for other parts: names, prices, limits, environment variables. */
import type { VendorFacts } from '../vendor-facts.ts';

const day = 86_400;

export const googleMapsFacts: VendorFacts = {
  displayName: 'Google Maps',
  aliases: ['google'],
  environment: {
    priority: 100,
    fallback: 'yandex_maps',
    credential: {
      kind: 'api-key',
      variable: 'GOOGLE_MAPS_API_KEY',
      meaning: 'plain, or `enc:…` as printed by `npm run cli -- secret encrypt`',
    },
    baseUrl: {
      variable: 'GOOGLE_MAPS_BASE_URL',
      meaning: 'an origin, with or without the vendor’s base path `/maps/api`',
    },
  },
  // Pay as you go: Geocoding USD 5.00 per 1,000 requests, Routes Compute Route Matrix (basic) USD 5.00 per 1,000 elements
  // (developers.google.com/maps/billing-and-pricing/pricing).
  listPrices: [
    { operation: 'geocode', usdPerUnit: 0.005, validFrom: '2018-07-16' },
    { operation: 'reverse', usdPerUnit: 0.005, validFrom: '2018-07-16' },
    { operation: 'distance', usdPerUnit: 0.005, validFrom: '2018-07-16' },
  ],
  defaultLimit: null,
  // Routes, Compute Route Matrix: 625 elements, without traffic
  // (developers.google.com/maps/documentation/routes/usage-and-billing).
  largestMatrix: { elements: 625, ends: 625 },
  storage: { maxSeconds: 30 * day, terms: 'Coordinates may be kept for 30 days in a row, then they must go.' },
  isEmulated: true,
};
