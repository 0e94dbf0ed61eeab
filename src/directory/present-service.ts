/** A service as the API shows it, without write-only members and without data of the environment's registration. */
import type { ExternalServiceRow } from '../storage/tables/external-services.ts';

/** `ExternalService` of the contract. */
export function presentService(row: ExternalServiceRow) {
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
