/**
 * Where a service's secrets may go. A secret is sealed together with the addresses that its service had when it was given:
 * re-pointed to another host, it needs its secrets again, and a row that was changed past this program does not open.
 */
import { type InputFault, ServiceError } from '../errors.ts';
import { findAdapter } from '../providers/registry.ts';
import { SealBroken } from '../secrets/keyring.ts';
import type { ExternalServiceRow } from '../storage/tables/external-services.ts';
import { adapterNameOf, type ExternalService } from './service.ts';

export type Destined = Pick<ExternalService, 'serviceName' | 'serviceType' | 'baseUrl' | 'config'>;

/** What a change says of the secrets: undefined keeps what is there. */
interface Kept {
  readonly apiKey?: unknown;
  readonly credentials?: unknown;
}

/**
 * The base URL's origin, or the vendor by its adapter; and of each further address (a token endpoint) the whole, because many
 * tenants of an identity provider share one host.
 */
export function destinationsOf(service: Destined): readonly string[] {
  const adapterName = adapterNameOf(service);
  const base = service.baseUrl === null ? `vendor:${adapterName}` : originOf(service.baseUrl);
  const further = findAdapter(adapterName)?.addressesOf?.(service) ?? [];
  return [base, ...further.map(({ url }) => withoutQuery(url))];
}

export function destinationsOfRow(
  row: Pick<ExternalServiceRow, 'service_name' | 'service_type' | 'base_url' | 'config'>,
): readonly string[] {
  return destinationsOf({
    serviceName: row.service_name,
    serviceType: row.service_type as Destined['serviceType'],
    baseUrl: row.base_url,
    config: row.config,
  });
}

/** Throws `INVALID_REQUEST` naming each kept secret that would be sent to a host that it was not given for. */
export function checkSecretsStay(current: ExternalServiceRow, draft: Destined & Kept): void {
  const known = new Set(destinationsOfRow(current));
  const added = destinationsOf(draft).filter((destination) => !known.has(destination));
  if (added.length === 0) return;
  const message = 'must be sent again, or removed with null: the service would send it to another host';
  const faults: InputFault[] = [];
  if (current.api_key !== null && draft.apiKey === undefined) faults.push({ path: 'api_key', message });
  if (current.credentials !== null && draft.credentials === undefined) faults.push({ path: 'credentials', message });
  if (faults.length > 0) {
    throw new ServiceError('INVALID_REQUEST', 'A secret is bound to its destination.', { errors: faults });
  }
}

/** In front of what is sealed; no key that can be sent in a header begins so. */
const mark = '\u0001to:';

/** `plain` as it is sealed: with its destinations. */
export function withDestinations(plain: string, destinations: readonly string[]): string {
  return `${mark}${JSON.stringify(destinations)}\n${plain}`;
}

/** Throws `SealBroken` where it was sealed for another destination. Of older versions are secrets without any. */
export function openedFor(opened: string, destinations: readonly string[]): string {
  const { plain, sealedFor } = splitDestinations(opened);
  if (sealedFor !== null && destinations.some((destination) => !sealedFor.includes(destination))) {
    throw new SealBroken('it was given for another destination');
  }
  return plain;
}

export function splitDestinations(opened: string): {
  readonly plain: string;
  readonly sealedFor: readonly string[] | null;
} {
  if (!opened.startsWith(mark)) return { plain: opened, sealedFor: null };
  const end = opened.indexOf('\n');
  return {
    plain: opened.slice(end + 1),
    sealedFor: JSON.parse(opened.slice(mark.length, end)) as readonly string[],
  };
}

/** Two spellings of one origin are one; what is no URL stands for itself. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function withoutQuery(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
