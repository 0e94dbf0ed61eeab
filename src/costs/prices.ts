/**
 * The price of a request to a provider, in USD per billed unit (one request, or one element of a route matrix).
 *
 * Each vendor's list prices are part of its adapter's facts, with the day from which they hold. An operation without a
 * price counts as 0, and the cost report lists it as unpriced. A tenant with other terms sets the service's
 * `config.cost_per_request`, a number for all operations or `{operation: number}`.
 */
import { adapterNameOf, type ExternalService } from '../directory/service.ts';
import { isPrice } from '../directory/service-price.ts';
import type { Operation } from '../providers/provider.ts';
import { findAdapter } from '../providers/registry.ts';
import type { ListPrice } from '../providers/vendor-facts.ts';

/**
 * The cost in USD of `units` billed units at `atMs` (Unix milliseconds). Never negative or NaN: an invalid override is
 * ignored.
 */
export function costOf(
  service: Pick<ExternalService, 'serviceName' | 'config'>,
  operation: Operation,
  units: number,
  atMs: number,
): number {
  return (findPrice(service, operation, atMs) ?? 0) * units;
}

/** The price in USD of one billed unit; null if none is known. Health checks use requests that are not billed. */
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
  return isPrice(price) ? price : null;
}

function listPrice(adapter: string, operation: string, atMs: number): ListPrice | null {
  let latest: ListPrice | null = null;
  for (const price of findAdapter(adapter)?.facts.listPrices ?? []) {
    if (price.operation !== operation) continue;
    if (validFromMsOf(price) <= atMs && (latest === null || price.validFrom > latest.validFrom)) latest = price;
  }
  return latest;
}

/** Parsed once per list price, because every call is priced. */
const validFromMsByPrice = new WeakMap<ListPrice, number>();

function validFromMsOf(price: ListPrice): number {
  let validFromMs = validFromMsByPrice.get(price);
  if (validFromMs === undefined) {
    validFromMs = Date.parse(`${price.validFrom}T00:00:00Z`);
    validFromMsByPrice.set(price, validFromMs);
  }
  return validFromMs;
}
