/**
 * What a request to a provider costs, in USD per billed unit (one request, or one element of a route matrix).
 *
 * The list prices are dated: a price change is a new line, so that what was counted before stays what it was. What stands
 * in no line costs nothing by list; a tenant with other terms says so in the service's `config.cost_per_request`, a
 * number for all operations or `{operation: number}`.
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
 * USD 5.00 per 1,000 elements (developers.google.com/maps/billing-and-pricing/pricing). Yandex and Google Sheets bill by
 * contract or not at all.
 */
export const listPrices: readonly ListPrice[] = [
  { adapter: 'google_maps', operation: 'geocode', usdPerUnit: 0.005, validFrom: '2018-07-16' },
  { adapter: 'google_maps', operation: 'reverse', usdPerUnit: 0.005, validFrom: '2018-07-16' },
  { adapter: 'google_maps', operation: 'distance', usdPerUnit: 0.005, validFrom: '2018-07-16' },
];

/** USD for `units` billed units at `atMs` (Unix milliseconds). Never negative and never NaN: a bad override is ignored. */
export function costOf(
  service: Pick<ExternalService, 'serviceName' | 'config'>,
  operation: Operation,
  units: number,
  atMs: number,
): number {
  const usdPerUnit =
    overriddenPrice(service.config.cost_per_request, operation) ??
    listPrice(adapterNameOf(service), operation, atMs)?.usdPerUnit ??
    0;
  return usdPerUnit * units;
}

function overriddenPrice(override: unknown, operation: Operation): number | null {
  const price =
    typeof override === 'object' && override !== null ? (override as Record<string, unknown>)[operation] : override;
  return typeof price === 'number' && Number.isFinite(price) && price >= 0 ? price : null;
}

function listPrice(adapter: string, operation: Operation, atMs: number): ListPrice | null {
  let latest: ListPrice | null = null;
  for (const price of listPrices) {
    if (price.adapter !== adapter || price.operation !== operation) continue;
    const validFromMs = Date.parse(`${price.validFrom}T00:00:00Z`);
    if (validFromMs <= atMs && (latest === null || price.validFrom > latest.validFrom)) latest = price;
  }
  return latest;
}
