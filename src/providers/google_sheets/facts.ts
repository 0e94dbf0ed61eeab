/** Facts about the Google Sheets API for other parts: names, prices, limits, environment variables. */
import { operations } from '../operations.ts';
import { isObject, textIn } from '../reading.ts';
import { freeOfCharge, type VendorFacts } from '../vendor-facts.ts';

export const googleSheetsFacts: VendorFacts = {
  displayName: 'Google Sheets',
  aliases: [],
  environment: {
    priority: 100,
    fallback: null,
    credential: {
      kind: 'service-account',
      variable: 'GOOGLE_SHEETS_CREDENTIALS_PATH',
      meaning: 'a service account’s JSON key file',
      example: '/run/secrets/google-service-account.json',
      faultOf: (parsed) =>
        isObject(parsed) && typeof parsed.client_email === 'string' && typeof parsed.private_key === 'string'
          ? null
          : 'the file is no service-account key (client_email and private_key are missing)',
      tokenUrlOf: (parsed) => textIn(parsed, 'token_uri'),
    },
    baseUrl: {
      variable: 'GOOGLE_SHEETS_BASE_URL',
      meaning: 'an origin, with or without the vendor’s base path; tokens come from the credential’s own `token_uri`',
    },
  },
  // The Sheets API has no fee (developers.google.com/workspace/sheets/api/limits).
  listPrices: freeOfCharge(operations.filter((operation) => operation.startsWith('sheets_'))),
  // The capability itself counts Google's 60 reads and 60 writes per minute.
  defaultLimit: null,
  largestMatrix: null,
  storage: { maxSeconds: null, terms: 'The data is the tenant’s own.' },
  isEmulated: true,
};
