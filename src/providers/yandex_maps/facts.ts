/** Facts about Yandex Maps for other parts: names, prices, limits, environment variables. */
import { freeOfCharge, type VendorFacts } from '../vendor-facts.ts';

export const yandexMapsFacts: VendorFacts = {
  displayName: 'Yandex Maps',
  aliases: ['yandex'],
  environment: {
    priority: 200,
    fallback: null,
    credential: { kind: 'api-key', variable: 'YANDEX_MAPS_API_KEY', meaning: 'plain or `enc:…`' },
    baseUrl: {
      variable: 'YANDEX_MAPS_BASE_URL',
      meaning: 'an origin, with or without the vendor’s base path `/v1` or `/1.x`',
    },
  },
  // The free daily quota costs nothing; the tenant sets the price of a paid contract.
  listPrices: freeOfCharge(['geocode', 'reverse']),
  defaultLimit: null,
  // https://yandex.com/dev/distancematrix/doc/en/
  largestMatrix: { elements: 100, ends: 100 },
  storage: {
    maxSeconds: 86_400,
    terms: 'The standard licence allows no storing, only a short cache; the extended licence is a contract of its own.',
  },
  isEmulated: true,
};
