/** Between rows of `external_services` and services as the rooms above know them; secrets are sealed and opened here. */
import type { ProviderAccount, ServiceType } from '../providers/provider.ts';
import type { Keyring, SealBinding } from '../secrets/keyring.ts';
import type { ExternalServiceRow } from '../storage/tables/external-services.ts';
import type { ExternalService } from './service.ts';

export function serviceOfRow(row: ExternalServiceRow): ExternalService {
  return {
    id: row.id,
    tenantId: row.management_company_id,
    serviceName: row.service_name,
    serviceType: row.service_type as ServiceType,
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
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  };
}

/** 0 in the API and in the table means: none. */
function limitOf(value: number | null): number | null {
  return value === null || value === 0 ? null : value;
}

type Secret = 'api_key' | 'credentials';
type Owner = Pick<ExternalServiceRow, 'id' | 'management_company_id'>;

function bindingOf(owner: Owner, column: Secret): SealBinding {
  return { table: 'external_services', rowId: owner.id, tenantId: owner.management_company_id, column };
}

export function sealApiKey(keyring: Keyring, owner: Owner, apiKey: string): string {
  return keyring.seal(apiKey, bindingOf(owner, 'api_key'));
}

export function sealCredentials(keyring: Keyring, owner: Owner, credentials: unknown): { sealed: string } {
  return { sealed: keyring.seal(JSON.stringify(credentials), bindingOf(owner, 'credentials')) };
}

/** Throws `SealBroken` where no key of ours opens the secrets. */
export function openAccount(keyring: Keyring, row: ExternalServiceRow): ProviderAccount {
  return {
    serviceId: row.id,
    serviceName: row.service_name,
    baseUrl: row.base_url,
    apiKey: row.api_key === null ? null : keyring.open(row.api_key, bindingOf(row, 'api_key')),
    credentials:
      row.credentials === null
        ? null
        : (JSON.parse(keyring.open(row.credentials.sealed, bindingOf(row, 'credentials'))) as unknown),
    config: row.config,
  };
}
