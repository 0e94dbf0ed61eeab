/** Facts about Nominatim (OpenStreetMap) for other parts: names, limits, environment variables. */
import { freeOfCharge, type VendorFacts } from '../vendor-facts.ts';

export const nominatimFacts: VendorFacts = {
  displayName: 'Nominatim (OpenStreetMap)',
  aliases: ['osm'],
  environment: {
    priority: 400,
    fallback: null,
    credential: { kind: 'base-url' },
    baseUrl: {
      variable: 'NOMINATIM_BASE_URL',
      meaning: 'an own Nominatim server; without it this provider is absent, and it is never emulated',
    },
  },
  listPrices: freeOfCharge(['geocode', 'reverse']),
  // The public server's policy, also a sensible default for a self-hosted one; its administrator can set other limits.
  defaultLimit: { perMinute: 60, minIntervalMs: 1_000 },
  largestMatrix: null,
  storage: { maxSeconds: null, terms: '© OpenStreetMap contributors, ODbL 1.0: may be stored.' },
  isEmulated: false,
};
