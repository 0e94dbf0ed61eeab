/**
 * What a request to a provider costs, in USD per billed unit (one request, or one element of a route matrix).
 *
 * Each vendor's list prices stand among its facts, by the day from which they hold. What stands in no line counts as 0,
 * and the cost report names it as unpriced; a tenant with other terms says so in the service's
 * `config.cost_per_request`, a number for all operations or `{operation: number}`.
 */
import { adapterNameOf, type ExternalService } from '../directory/service.ts';
import type { Operation } from '../providers/provider.ts';
import { findAdapter } from '../providers/registry.ts';
import type { ListPrice } from '../providers/vendor-facts.ts';

/**
 * USD for `units` billed units at `atMs` (Unix milliseconds). Never negative and never NaN: a bad override is ignored.
 */
export function costOf(
  service: Pick<ExternalService, 'serviceName' | 'config'>,
  operation: Operation,
  units: number,
  atMs: number,
): number {
  return (findPrice(service, operation, atMs) ?? 0) * units;
}

/** USD for one billed unit; null if no price is known. Health checks use requests that are not billed. */
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
  for (const price of findAdapter(adapter)?.facts.listPrices ?? []) {
    if (price.operation !== operation) continue;
    if (validFromMsOf(price) <= atMs && (latest === null || price.validFrom > latest.validFrom)) latest = price;
  }
  return latest;
}

/** Parsed once for each line of the price lists, because every call is priced. */
const validFromMsByPrice = new WeakMap<ListPrice, number>();

function validFromMsOf(price: ListPrice): number {
  let validFromMs = validFromMsByPrice.get(price);
  if (validFromMs === undefined) {
    validFromMs = Date.parse(`${price.validFrom}T00:00:00Z`);
    validFromMsByPrice.set(price, validFromMs);
  }
  return validFromMs;
}
