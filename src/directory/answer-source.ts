/** What a service's answers depend on: its address, its account and its settings. */
import { isDeepStrictEqual } from 'node:util';
import type { ExternalServiceRow } from '../storage/tables/external-services.ts';

/**
 * Whether cached answers may differ from what the changed service would answer: after a change of address, account or
 * adapter. Limits, prices, order and names change no answer, so paid answers stay cached.
 */
export function answersMayDiffer(before: ExternalServiceRow, after: ExternalServiceRow): boolean {
  return !isDeepStrictEqual(sourceOf(before), sourceOf(after));
}

function sourceOf({ service_name, service_type, base_url, api_key, credentials, config }: ExternalServiceRow) {
  const { cost_per_request: _price, environment: _mark, ...how } = config;
  return { service_name, service_type, base_url, api_key, credentials, how };
}
