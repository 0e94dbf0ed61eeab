/** What is said of any other HTTP API: nothing that its administrator does not say. */
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
