/** What the answers of a service depend on: where it is asked, as whom, and how. */
import { isDeepStrictEqual } from 'node:util';
import type { ExternalServiceRow } from '../storage/tables/external-services.ts';

/**
 * Whether answers that were kept may be none that the service, as it is now, would give: those of another address,
 * account or adapter. Limits, prices, order and words change no answer, and what was paid for stays.
 */
export function answersMayDiffer(before: ExternalServiceRow, after: ExternalServiceRow): boolean {
  return !isDeepStrictEqual(sourceOf(before), sourceOf(after));
}

function sourceOf({ service_name, service_type, base_url, api_key, credentials, config }: ExternalServiceRow) {
  const { cost_per_request: _price, environment: _mark, ...how } = config;
  return { service_name, service_type, base_url, api_key, credentials, how };
}
