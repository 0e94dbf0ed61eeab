/** The operations of providers and the types of services, which all parts share. */

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
