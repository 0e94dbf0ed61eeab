/**
 * What a request to a provider costs, in USD per billed unit (one request, or one element of a route matrix).
 *
 * The list prices are dated: a price change is a new line, so that what was counted before stays what it was. What stands
 * in no line counts as 0, and the cost report names it as unpriced; a tenant with other terms says so in the service's
 * `config.cost_per_request`, a number for all operations or `{operation: number}`.
 */
import { adapterNameOf, type ExternalService } from '../directory/service.ts';
import type { Operation } from '../providers/provider.ts';

export interface ListPrice {
  readonly adapter: string;
  readonly operation: Operation;
  readonly usdPerUnit: number;
  /** First day, UTC, of the price. */
  readonly validFrom: `${number}-${number}-${number}`;
}

/**
 * Google Maps Platform, pay as you go: Geocoding USD 5.00 per 1,000 requests and Routes Compute Route Matrix (basic)
 * USD 5.00 per 1,000 elements (developers.google.com/maps/billing-and-pricing/pricing). The Sheets API has no fee
 * (developers.google.com/workspace/sheets/api/limits), Yandex's geocoder has none within its free daily quota, and a paid
 * contract with Yandex is the tenant's own price. What this service computes itself costs nobody anything.
 */
export const listPrices: readonly ListPrice[] = [
  { adapter: 'google_maps', operation: 'geocode', usdPerUnit: 0.005, validFrom: '2018-07-16' },
  { adapter: 'google_maps', operation: 'reverse', usdPerUnit: 0.005, validFrom: '2018-07-16' },
  { adapter: 'google_maps', operation: 'distance', usdPerUnit: 0.005, validFrom: '2018-07-16' },
  ...freeOfCharge('yandex_maps', ['geocode', 'reverse']),
  ...freeOfCharge('google_sheets', ['sheets_read', 'sheets_write', 'sheets_append', 'sheets_clear', 'sheets_metadata']),
  ...freeOfCharge('offline_gazetteer', ['geocode', 'reverse']),
];

function freeOfCharge(adapter: string, operations: readonly Operation[]): ListPrice[] {
  return operations.map((operation) => ({ adapter, operation, usdPerUnit: 0, validFrom: '2018-07-16' }));
}

/** USD for `units` billed units at `atMs` (Unix milliseconds). Never negative and never NaN: a bad override is ignored. */
export function costOf(
  service: Pick<ExternalService, 'serviceName' | 'config'>,
  operation: Operation,
  units: number,
  atMs: number,
): number {
  return (findPrice(service, operation, atMs) ?? 0) * units;
}

/** USD for one billed unit; null where nobody has said what it costs. Health checks are made so that nobody bills them. */
export function findPrice(
  service: Pick<ExternalService, 'serviceName' | 'config'>,
  operation: string,
  atMs: number,
): number | null {
  if (operation === 'health_check') return 0;
  return (
    overriddenPrice(service.config.cost_per_request, operation) ??
    listPrice(adapterNameOf(service), operation, atMs)?.usdPerUnit ??
    null
  );
}

function overriddenPrice(override: unknown, operation: string): number | null {
  const price =
    typeof override === 'object' && override !== null ? (override as Record<string, unknown>)[operation] : override;
  return typeof price === 'number' && Number.isFinite(price) && price >= 0 ? price : null;
}

function listPrice(adapter: string, operation: string, atMs: number): ListPrice | null {
  let latest: ListPrice | null = null;
  for (const price of listPrices) {
    if (price.adapter !== adapter || price.operation !== operation) continue;
    const validFromMs = Date.parse(`${price.validFrom}T00:00:00Z`);
    if (validFromMs <= atMs && (latest === null || price.validFrom > latest.validFrom)) latest = price;
  }
  return latest;
}
