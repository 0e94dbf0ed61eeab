/** Converts rows of `external_services` to services; seals and opens their secrets. */
import { isDeepStrictEqual } from 'node:util';
import type { ProviderAccount, ServiceType } from '../providers/provider.ts';
import { type Keyring, type SealBinding, SealBroken } from '../secrets/keyring.ts';
import type { ActiveServiceRow, ExternalServiceRow } from '../storage/tables/external-services.ts';
import { destinationsOfRow, openedFor, splitDestinations, withDestinations } from './destination.ts';
import { hasSecretTexts, splitCredentials, unmaskedConfig } from './secret-texts.ts';
import type { ExternalService, NamedService } from './service.ts';

export function serviceOfRow(row: ExternalServiceRow): ExternalService {
  return {
    ...namedServiceOf(row),
    displayName: row.display_name,
    baseUrl: row.base_url,
    config: row.config,
    isActive: row.is_active,
    rateLimits: {
      perMinute: limitOf(row.rate_limit_per_minute),
      perHour: limitOf(row.rate_limit_per_hour),
      perDay: limitOf(row.rate_limit_per_day),
      perMonth: limitOf(row.rate_limit_per_month),
    },
    priority: row.priority,
    fallbackServiceId: row.fallback_service_id,
    description: row.description,
    tags: row.tags,
    hasApiKey: row.api_key !== null,
    hasCredentials: row.credentials !== null,
    createdBy: row.created_by,
    updatedAtMs: row.updated_at.getTime(),
  };
}

export function namedServiceOf(row: ActiveServiceRow): NamedService {
  return {
    id: row.id,
    tenantId: row.management_company_id,
    serviceName: row.service_name,
    serviceType: row.service_type as ServiceType,
  };
}

/** 0 in the API and in the table means no limit. */
function limitOf(value: number | null): number | null {
  return value === null || value === 0 ? null : value;
}

type Secret = 'api_key' | 'credentials';
type Owner = Pick<ExternalServiceRow, 'id' | 'management_company_id'>;

function bindingOf(owner: Owner, column: Secret): SealBinding {
  return { table: 'external_services', rowId: owner.id, tenantId: owner.management_company_id, column };
}

export function sealApiKey(
  keyring: Pick<Keyring, 'seal'>,
  owner: Owner,
  apiKey: string,
  destinations: readonly string[],
): string {
  return keyring.seal(withDestinations(apiKey, destinations), bindingOf(owner, 'api_key'));
}

export function sealCredentials(
  keyring: Pick<Keyring, 'seal'>,
  owner: Owner,
  credentials: unknown,
  destinations: readonly string[],
): { sealed: string } {
  const plain = withDestinations(JSON.stringify(credentials), destinations);
  return { sealed: keyring.seal(plain, bindingOf(owner, 'credentials')) };
}

/** Throws `SealBroken` if no key opens the secrets, or if they were sealed for another destination. */
export function openAccount(keyring: Pick<Keyring, 'open'>, row: ExternalServiceRow): ProviderAccount {
  const destinations = destinationsOfRow(row);
  const apiKey = row.api_key === null ? null : keyring.open(row.api_key, bindingOf(row, 'api_key'));
  const credentials =
    row.credentials === null ? null : keyring.open(row.credentials.sealed, bindingOf(row, 'credentials'));
  const opened = credentials === null ? null : (JSON.parse(openedFor(credentials, destinations)) as unknown);
  const { own, texts } = splitCredentials(opened);
  return {
    serviceId: row.id,
    serviceName: row.service_name,
    baseUrl: row.base_url,
    apiKey: apiKey === null ? null : openedFor(apiKey, destinations),
    credentials: own,
    config: unmaskedConfig(row.config, texts),
  };
}

/** The opened credentials, to be changed and sealed again. Throws `SealBroken`. */
export function openCredentials(keyring: Pick<Keyring, 'open'>, row: Owner & Pick<Sealed, 'credentials'>) {
  if (row.credentials === null) return splitCredentials(null);
  const { plain } = splitDestinations(keyring.open(row.credentials.sealed, bindingOf(row, 'credentials')));
  return splitCredentials(JSON.parse(plain));
}

/** Whether credentials were given: secret headers alone are sealed in their place too. True if no key opens them. */
export function hasOwnCredentials(keyring: Pick<Keyring, 'open'>, row: ExternalServiceRow): boolean {
  if (row.credentials === null) return false;
  if (!hasSecretTexts(row.config)) return true;
  try {
    return openCredentials(keyring, row).own !== null;
  } catch (error) {
    if (error instanceof SealBroken) return true;
    throw error;
  }
}

type Sealed = Pick<ExternalServiceRow, 'api_key' | 'credentials'>;

/**
 * Seals the same secrets for these destinations; returns them unchanged if they are sealed for them already. Throws
 * `SealBroken`.
 */
export function resealedFor(keyring: Keyring, owner: Owner, sealed: Sealed, destinations: readonly string[]): Sealed {
  const again = (text: string, column: Secret): string => {
    const { plain, sealedFor } = splitDestinations(keyring.open(text, bindingOf(owner, column)));
    if (isDeepStrictEqual(sealedFor, destinations)) return text;
    return keyring.seal(withDestinations(plain, destinations), bindingOf(owner, column));
  };
  return {
    api_key: sealed.api_key === null ? null : again(sealed.api_key, 'api_key'),
    credentials: sealed.credentials === null ? null : { sealed: again(sealed.credentials.sealed, 'credentials') },
  };
}

/** The opened secret for any destination: only to compare it, never to send it. Throws `SealBroken`. */
export function openToCompare(keyring: Pick<Keyring, 'open'>, owner: Owner, sealed: Sealed): readonly string[] {
  const plainOf = (text: string, column: Secret): string =>
    splitDestinations(keyring.open(text, bindingOf(owner, column))).plain;
  return [
    ...(sealed.api_key === null ? [] : [plainOf(sealed.api_key, 'api_key')]),
    ...(sealed.credentials === null ? [] : [ownOf(plainOf(sealed.credentials.sealed, 'credentials'))]),
  ];
}

/** The credentials as they were given, without secret headers. */
function ownOf(plain: string): string {
  const opened: unknown = JSON.parse(plain);
  const { own } = splitCredentials(opened);
  return own === opened ? plain : JSON.stringify(own);
}
