/** What is asked of providers, and which kinds of services there are: the two words that every room shares. */

/** As they appear in logs, metrics, events and costs. */
export const operations = [
  'geocode',
  'reverse',
  'distance',
  'sheets_read',
  'sheets_write',
  'sheets_append',
  'sheets_clear',
  'sheets_metadata',
  'sheets_look',
  'sheets_change',
  'http',
  'health_check',
] as const;
export type Operation = (typeof operations)[number];

export const serviceTypes = ['geocoding', 'sheets', 'maps', 'webhook', 'api'] as const;
export type ServiceType = (typeof serviceTypes)[number];
