/** SQL of `external_services`. Secrets are stored sealed only; rows are returned as PostgreSQL gives them. */
import type { ServiceId, TenantId } from '../../ids.ts';
import { findRow, findRows, type Queryable } from '../postgres/queryable.ts';

export interface ExternalServiceRow {
  readonly id: ServiceId;
  readonly management_company_id: TenantId;
  readonly service_name: string;
  readonly service_type: string;
  readonly display_name: string;
  readonly base_url: string | null;
  /** Sealed. */
  readonly api_key: string | null;
  readonly credentials: { readonly sealed: string } | null;
  readonly config: Record<string, unknown>;
  readonly is_active: boolean;
  readonly health_status: string;
  readonly last_health_check: Date | null;
  readonly rate_limit_per_minute: number | null;
  readonly rate_limit_per_hour: number | null;
  readonly rate_limit_per_day: number | null;
  readonly rate_limit_per_month: number | null;
  readonly priority: number;
  readonly fallback_service_id: ServiceId | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly created_by: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What an insert or a full update writes; the database or src/health sets the other columns. */
export type ExternalServiceValues = Omit<
  ExternalServiceRow,
  'id' | 'management_company_id' | 'health_status' | 'last_health_check' | 'created_by' | 'created_at' | 'updated_at'
>;

export interface ServiceFilter {
  readonly serviceType: string | null;
  readonly isActive: boolean | null;
  /** null: any. */
  readonly names: readonly string[] | null;
  readonly limit: number;
  readonly offset: number;
}

const columns = `id, management_company_id, service_name, service_type, display_name, base_url, api_key, credentials, config,
  is_active, health_status, last_health_check, rate_limit_per_minute, rate_limit_per_hour, rate_limit_per_day,
  rate_limit_per_month, priority, fallback_service_id, description, tags, created_by, created_at, updated_at`;

/** All of a tenant's services by priority, then name. */
export function listServicesOfTenant(db: Queryable, tenantId: TenantId) {
  return findRows<ExternalServiceRow>(db, {
    name: 'external_services_of_tenant',
    text: `select ${columns} from external_services where management_company_id = $1 order by priority, service_name`,
    values: [tenantId],
  });
}

/** Services of any tenant; ids that do not exist are left out. */
export function listServicesByIdAcrossTenants(db: Queryable, serviceIds: readonly ServiceId[]) {
  return findRows<ExternalServiceRow>(db, {
    name: 'external_services_by_id',
    text: `select ${columns} from external_services where id = any($1::uuid[])`,
    values: [serviceIds],
  });
}

export interface ActiveServiceRow {
  readonly id: ServiceId;
  readonly management_company_id: TenantId;
  readonly service_name: string;
  readonly service_type: string;
}

/** Every tenant's active services, for the operator's health page. */
export function listActiveServicesOfAllTenants(db: Queryable) {
  return findRows<ActiveServiceRow>(db, {
    name: 'external_services_active_of_all_tenants',
    text: `select id, management_company_id, service_name, service_type from external_services where is_active
            order by management_company_id, priority, service_name`,
  });
}

/** Every tenant's services, for the operator's check of secrets. */
export function listServicesOfAllTenants(db: Queryable) {
  return findRows<ExternalServiceRow>(db, {
    name: 'external_services_of_all_tenants',
    text: `select ${columns} from external_services order by management_company_id, priority, service_name`,
  });
}

export async function pageServices(
  db: Queryable,
  tenantId: TenantId,
  filter: ServiceFilter,
): Promise<{ rows: ExternalServiceRow[]; total: number }> {
  const condition = `management_company_id = $1 and ($2::text is null or service_type = $2)
    and ($3::boolean is null or is_active = $3) and ($4::text[] is null or service_name = any($4))`;
  const values = [tenantId, filter.serviceType, filter.isActive, filter.names];
  const { rows } = await db.query<ExternalServiceRow>({
    name: 'external_services_page',
    text: `select ${columns} from external_services where ${condition}
            order by priority, service_name limit $5 offset $6`,
    values: [...values, filter.limit, filter.offset],
  });
  const counted = await db.query<{ total: number }>({
    name: 'external_services_count',
    text: `select count(*)::int as total from external_services where ${condition}`,
    values,
  });
  return { rows, total: counted.rows[0]?.total ?? 0 };
}

export function findService(db: Queryable, tenantId: TenantId, serviceId: string) {
  return findRow<ExternalServiceRow>(db, {
    name: 'external_services_find',
    text: `select ${columns} from external_services where management_company_id = $1 and id = $2`,
    values: [tenantId, serviceId],
  });
}

/** Whether the tenant has such a service; it cannot be deleted until the transaction ends. */
export async function keepService(tx: Queryable, tenantId: TenantId, serviceId: string): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'external_services_keep',
    text: 'select from external_services where management_company_id = $1 and id = $2 for key share',
    values: [tenantId, serviceId],
  });
  return rowCount === 1;
}

/**
 * Locks the tenant's services until the transaction ends, so that two concurrent changes cannot create a cycle of
 * fallbacks.
 */
export async function lockServicesOfTenant(tx: Queryable, tenantId: TenantId): Promise<ExternalServiceRow[]> {
  await tx.query({
    name: 'external_services_lock_tenant',
    text: `select pg_advisory_xact_lock(hashtextextended('external_services:' || $1, 0))`,
    values: [tenantId],
  });
  return listServicesOfTenant(tx, tenantId);
}

function valuesOf(values: ExternalServiceValues): unknown[] {
  return [
    values.service_name,
    values.service_type,
    values.display_name,
    values.base_url,
    values.api_key,
    values.credentials === null ? null : JSON.stringify(values.credentials),
    JSON.stringify(values.config),
    values.is_active,
    values.rate_limit_per_minute,
    values.rate_limit_per_hour,
    values.rate_limit_per_day,
    values.rate_limit_per_month,
    values.priority,
    values.fallback_service_id,
    values.description,
    JSON.stringify(values.tags),
  ];
}

export async function insertService(
  tx: Queryable,
  tenantId: TenantId,
  serviceId: ServiceId,
  values: ExternalServiceValues,
  createdBy: string | null,
): Promise<ExternalServiceRow> {
  const { rows } = await tx.query<ExternalServiceRow>({
    name: 'external_services_insert',
    text: `insert into external_services (
             management_company_id, id, created_by, service_name, service_type, display_name, base_url, api_key,
             credentials, config, is_active, rate_limit_per_minute, rate_limit_per_hour, rate_limit_per_day,
             rate_limit_per_month, priority, fallback_service_id, description, tags)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
           returning ${columns}`,
    values: [tenantId, serviceId, createdBy, ...valuesOf(values)],
  });
  return rows[0] as ExternalServiceRow;
}

export function updateService(tx: Queryable, tenantId: TenantId, serviceId: ServiceId, values: ExternalServiceValues) {
  return findRow<ExternalServiceRow>(tx, {
    name: 'external_services_update',
    text: `update external_services
              set service_name = $3, service_type = $4, display_name = $5, base_url = $6, api_key = $7, credentials = $8,
                  config = $9, is_active = $10, rate_limit_per_minute = $11, rate_limit_per_hour = $12,
                  rate_limit_per_day = $13, rate_limit_per_month = $14, priority = $15, fallback_service_id = $16,
                  description = $17, tags = $18, updated_at = now(), probe_due_at = now()
            where management_company_id = $1 and id = $2
        returning ${columns}`,
    values: [tenantId, serviceId, ...valuesOf(values)],
  });
}

/** Returns false if the tenant has no such service. Services that used it as a fallback lose their fallback. */
export async function deleteService(tx: Queryable, tenantId: TenantId, serviceId: string): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'external_services_delete',
    text: 'delete from external_services where management_company_id = $1 and id = $2',
    values: [tenantId, serviceId],
  });
  return rowCount > 0;
}
