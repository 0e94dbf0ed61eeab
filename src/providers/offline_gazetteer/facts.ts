/** Facts about the offline gazetteer for other parts. */
import { freeOfCharge, type VendorFacts } from '../vendor-facts.ts';

export const offlineGazetteerFacts: VendorFacts = {
  displayName: 'Offline gazetteer (GeoNames)',
  aliases: [],
  environment: { priority: 900, fallback: null, credential: { kind: 'none' }, baseUrl: null },
  listPrices: freeOfCharge(['geocode', 'reverse']),
  defaultLimit: null,
  largestMatrix: null,
  storage: { maxSeconds: null, terms: 'GeoNames, CC BY 4.0: may be kept.' },
  isEmulated: false,
};
