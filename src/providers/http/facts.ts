/** Facts about other HTTP APIs: none, except what the administrator configures. */
import type { VendorFacts } from '../vendor-facts.ts';

export const httpFacts: VendorFacts = {
  displayName: 'Any HTTP API',
  aliases: [],
  environment: null,
  listPrices: [],
  defaultLimit: null,
  largestMatrix: null,
  storage: { maxSeconds: null, terms: 'As the upstream’s `Cache-Control` or the service’s own setting says.' },
  isEmulated: false,
};
