/** A service as the API shows it: what is write-only stays inside, and so does what only the environment's start needs. */
import type { ExternalServiceRow } from '../storage/tables/external-services.ts';

/** `ExternalService` of the contract. */
export interface PresentedService {
  readonly id: string;
  readonly management_company_id: string;
  readonly service_name: string;
  readonly service_type: string;
  readonly display_name: string;
  readonly base_url: string | null;
  readonly has_api_key: boolean;
  readonly has_credentials: boolean;
  readonly config: Readonly<Record<string, unknown>>;
  readonly is_active: boolean;
  readonly health_status: string;
  readonly last_health_check: string | null;
  readonly rate_limit_per_minute: number | null;
  readonly rate_limit_per_hour: number | null;
  readonly rate_limit_per_day: number | null;
  readonly rate_limit_per_month: number | null;
  readonly priority: number;
  readonly fallback_service_id: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
}

export function presentService(row: ExternalServiceRow): PresentedService {
  const { environment: _mark, ...config } = row.config;
  return {
    id: row.id,
    management_company_id: row.management_company_id,
    service_name: row.service_name,
    service_type: row.service_type,
    display_name: row.display_name,
    base_url: row.base_url,
    has_api_key: row.api_key !== null,
    has_credentials: row.credentials !== null,
    config,
    is_active: row.is_active,
    health_status: row.health_status,
    last_health_check: row.last_health_check?.toISOString() ?? null,
    rate_limit_per_minute: row.rate_limit_per_minute,
    rate_limit_per_hour: row.rate_limit_per_hour,
    rate_limit_per_day: row.rate_limit_per_day,
    rate_limit_per_month: row.rate_limit_per_month,
    priority: row.priority,
    fallback_service_id: row.fallback_service_id,
    description: row.description,
    tags: row.tags,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
