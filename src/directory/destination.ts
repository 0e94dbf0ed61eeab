/**
 * Restricts where a service's secrets may be sent. A secret is sealed together with the addresses of its service: a
 * service with a new host needs its secrets again, and a row changed outside this program cannot be opened.
 */
import { type InputFault, ServiceError, words } from '../errors.ts';
import { findAdapter } from '../providers/registry.ts';
import { SealBroken } from '../secrets/keyring.ts';
import type { ExternalServiceRow } from '../storage/tables/external-services.ts';
import { adapterNameOf, type ExternalService } from './service.ts';

export type Destined = Pick<ExternalService, 'serviceName' | 'serviceType' | 'baseUrl' | 'config'>;

/** The secrets of a change: undefined keeps the stored one. */
interface Kept {
  readonly api_key?: unknown;
  readonly credentials?: unknown;
}

/**
 * The origin of the base URL, or the vendor's name; and the full URL of each further address (a token endpoint),
 * because many tenants of an identity provider share one host.
 */
export function destinationsOf(service: Destined): readonly string[] {
  const adapterName = adapterNameOf(service);
  const base = service.baseUrl === null ? `vendor:${adapterName}` : originOf(service.baseUrl);
  const further = findAdapter(adapterName)?.addressesOf?.(service) ?? [];
  return [base, ...further.map(({ url }) => withoutQuery(url))];
}

type DestinedRow = Pick<ExternalServiceRow, 'service_name' | 'service_type' | 'base_url' | 'config'>;

/** A row, or what is to become one, as adapters see it. */
export function destinedOf({ service_name, service_type, base_url, config }: DestinedRow): Destined {
  return {
    serviceName: service_name,
    serviceType: service_type as Destined['serviceType'],
    baseUrl: base_url,
    config,
  };
}

export function destinationsOfRow(row: DestinedRow): readonly string[] {
  return destinationsOf(destinedOf(row));
}

/**
 * Throws `INVALID_REQUEST` naming each kept secret that would be sent to another host than before. `hasCredentials`:
 * whether it has credentials of its own; secret headers are judged one by one where they are sealed.
 */
export function checkSecretsStay(
  current: ExternalServiceRow,
  draft: DestinedRow & Kept,
  hasCredentials: () => boolean,
): void {
  const known = new Set(destinationsOfRow(current));
  const added = destinationsOfRow(draft).filter((destination) => !known.has(destination));
  if (added.length === 0) return;
  const sendAgain = words(
    'must be sent again, or removed with null: the service would send it to another host',
    'введите заново или уберите: сервис отправил бы его на другой хост',
  );
  const faults: InputFault[] = [];
  if (current.api_key !== null && draft.api_key === undefined) faults.push({ path: 'api_key', ...sendAgain });
  if (draft.credentials === undefined && hasCredentials()) faults.push({ path: 'credentials', ...sendAgain });
  if (faults.length > 0) {
    throw new ServiceError('INVALID_REQUEST', 'A secret is bound to its destination.', {
      errors: faults,
      publicMessageRu: 'Секрет привязан к своему адресату.',
    });
  }
}

/** Prefix of the sealed text; no key that fits into a header starts with it. */
const mark = '\u0001to:';

/** `plain` with its destinations, ready to be sealed. */
export function withDestinations(plain: string, destinations: readonly string[]): string {
  return `${mark}${JSON.stringify(destinations)}\n${plain}`;
}

/**
 * Throws `SealBroken` if it was sealed for another destination. Secrets sealed by older versions have no destinations.
 */
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

/** Different spellings of one origin become equal; an invalid URL stays as it is. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function withoutQuery(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
