/** SQL of `external_services`. Secrets are stored sealed only; rows are returned as PostgreSQL gives them. */
import type { ServiceId, TenantId } from '../../ids.ts';
import { columnsOf, type NameOf } from '../postgres/columns.ts';
import type { Queryable } from '../postgres/queryable.ts';
import { hasEffect, onlyRowOf, rowOf, rowsOf } from '../postgres/statement.ts';

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
const written = columnsOf(
  `service_name, service_type, display_name, base_url, api_key, credentials, config, is_active, rate_limit_per_minute,
   rate_limit_per_hour, rate_limit_per_day, rate_limit_per_month, priority, fallback_service_id, description, tags`,
  ['credentials', 'config', 'tags'],
);
export type ExternalServiceValues = Pick<ExternalServiceRow, NameOf<typeof written>>;
export const valuesOfService: (row: ExternalServiceRow) => ExternalServiceValues = written.of;

export interface ServiceFilter {
  readonly serviceType: string | null;
  readonly isActive: boolean | null;
  /** null: any. */
  readonly names: readonly string[] | null;
  readonly limit: number;
  readonly offset: number;
}

const columns = `id, management_company_id, ${written.list}, health_status, last_health_check, created_by, created_at, updated_at`;

/** All of a tenant's services by priority, then name. */
export const listServicesOfTenant = rowsOf<ExternalServiceRow>(
  'external_services_of_tenant',
  `select ${columns} from external_services where management_company_id = $1 order by priority, service_name`,
).by((tenantId: TenantId) => [tenantId]);

/** Services of any tenant; ids that do not exist are left out. */
export const listServicesByIdAcrossTenants = rowsOf<ExternalServiceRow>(
  'external_services_by_id',
  `select ${columns} from external_services where id = any($1::uuid[])`,
).by((serviceIds: readonly ServiceId[]) => [serviceIds]);

export type ActiveServiceRow = Pick<
  ExternalServiceRow,
  'id' | 'management_company_id' | 'service_name' | 'service_type'
>;

/** Every tenant's active services, for the operator's health page. */
export const listActiveServicesOfAllTenants = rowsOf<ActiveServiceRow>(
  'external_services_active_of_all_tenants',
  `select id, management_company_id, service_name, service_type from external_services where is_active
    order by management_company_id, priority, service_name`,
).by(() => []);

/** Every tenant's services, for the operator's check of secrets. */
export const listServicesOfAllTenants = rowsOf<ExternalServiceRow>(
  'external_services_of_all_tenants',
  `select ${columns} from external_services order by management_company_id, priority, service_name`,
).by(() => []);

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

export const findService = rowOf<ExternalServiceRow>(
  'external_services_find',
  `select ${columns} from external_services where management_company_id = $1 and id = $2`,
).by((tenantId: TenantId, serviceId: string) => [tenantId, serviceId]);

/** Whether the tenant has such a service; it cannot be deleted until the transaction ends. */
export const keepService = hasEffect(
  'external_services_keep',
  'select from external_services where management_company_id = $1 and id = $2 for key share',
).by((tenantId: TenantId, serviceId: string) => [tenantId, serviceId]);

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

export const insertService = onlyRowOf<ExternalServiceRow>(
  'external_services_insert',
  `insert into external_services (management_company_id, id, created_by, ${written.list})
   values ($1, $2, $3, ${written.parameters(4)})
   returning ${columns}`,
).by((tenantId: TenantId, serviceId: ServiceId, values: ExternalServiceValues, createdBy: string | null) => [
  tenantId,
  serviceId,
  createdBy,
  ...written.valuesOf(values),
]);

export const updateService = rowOf<ExternalServiceRow>(
  'external_services_update',
  `update external_services set ${written.assignments(3)}, updated_at = now(), probe_due_at = now()
    where management_company_id = $1 and id = $2
   returning ${columns}`,
).by((tenantId: TenantId, serviceId: ServiceId, values: ExternalServiceValues) => [
  tenantId,
  serviceId,
  ...written.valuesOf(values),
]);

/** Returns false if the tenant has no such service. Services that used it as a fallback lose their fallback. */
export const deleteService = hasEffect(
  'external_services_delete',
  'delete from external_services where management_company_id = $1 and id = $2',
).by((tenantId: TenantId, serviceId: string) => [tenantId, serviceId]);
