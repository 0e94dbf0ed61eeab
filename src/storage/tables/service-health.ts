/** SQL of `service_health`: the state of each service, shared by all replicas. */
import type { TenantId } from '../../ids.ts';
import { findRow, findRows, type Queryable } from '../postgres/queryable.ts';
import { effectOf } from '../postgres/statement.ts';

export interface ServiceHealthRow {
  readonly service_id: string;
  readonly status: string;
  readonly failures_in_row: number;
  readonly successes_in_row: number;
  readonly lately: readonly unknown[];
  readonly last_error: string | null;
  readonly unhealthy_since: Date | null;
  readonly checked_at: Date | null;
  /** The last attempt made by a call. */
  readonly used_at: Date | null;
}

const columns = `service_id, status, failures_in_row, successes_in_row, lately, last_error, unhealthy_since, checked_at, used_at`;

/** Channel notified to every replica with the commit: `{id, name, status, last_error}`. */
export const serviceHealthChannel = 'service_health_changed';

/**
 * Locks the service and its health until the transaction ends; null if the service does not exist. Locks the service
 * first, as its deletion does: the other order could deadlock.
 */
export async function lockServiceHealth(
  tx: Queryable,
  tenantId: TenantId,
  serviceId: string,
): Promise<ServiceHealthRow | null> {
  await tx.query({
    name: 'service_health_ensure',
    text: `insert into service_health (management_company_id, service_id)
           select management_company_id, id from external_services where management_company_id = $1 and id = $2
              for no key update
           on conflict (service_id) do nothing`,
    values: [tenantId, serviceId],
  });
  return findRow<ServiceHealthRow>(tx, {
    name: 'service_health_lock',
    text: `select ${columns} from service_health where management_company_id = $1 and service_id = $2 for update`,
    values: [tenantId, serviceId],
  });
}

/** Saves the health, and the service's own columns that its API shows. */
export async function saveHealthState(tx: Queryable, tenantId: TenantId, row: ServiceHealthRow): Promise<void> {
  await tx.query({
    name: 'service_health_save',
    text: `update service_health
              set status = $3, failures_in_row = $4, successes_in_row = $5, lately = $6, last_error = $7,
                  unhealthy_since = $8, checked_at = $9, used_at = $10
            where management_company_id = $1 and service_id = $2`,
    values: [
      tenantId,
      row.service_id,
      row.status,
      row.failures_in_row,
      row.successes_in_row,
      JSON.stringify(row.lately),
      row.last_error,
      row.unhealthy_since,
      row.checked_at,
      row.used_at,
    ],
  });
  await tx.query({
    name: 'external_services_save_health',
    text: `update external_services set health_status = $3, last_health_check = $4
            where management_company_id = $1 and id = $2`,
    values: [tenantId, row.service_id, row.status, row.checked_at],
  });
}

/** Makes the prober check the service in its next round. */
export const probeSoon = effectOf(
  'external_services_probe_soon',
  'update external_services set probe_due_at = now() where management_company_id = $1 and id = $2',
).by((tenantId: TenantId, serviceId: string) => [tenantId, serviceId]);

/** Notifies the other replicas when the transaction commits. */
export async function announceHealthState(tx: Queryable, row: NamedHealthRow): Promise<void> {
  const notification = {
    id: row.service_id,
    name: row.service_name,
    status: row.status,
    last_error: row.last_error?.slice(0, 500) ?? null,
  };
  await tx.query({
    name: 'service_health_announce',
    text: 'select pg_notify($1, $2)',
    values: [serviceHealthChannel, JSON.stringify(notification)],
  });
}

export interface NamedHealthRow extends ServiceHealthRow {
  readonly service_name: string;
}

const healthSql = `
  select s.service_name, s.id as service_id, coalesce(h.status, 'unknown') as status,
         coalesce(h.failures_in_row, 0) as failures_in_row, coalesce(h.successes_in_row, 0) as successes_in_row,
         coalesce(h.lately, '[]') as lately, h.last_error, h.unhealthy_since, h.checked_at, h.used_at
    from external_services s left join service_health h on h.service_id = s.id
   where s.is_active`;

/**
 * Health of the active services among these, or of every tenant's if null: read by a replica at its start and when it
 * missed a change. A service never asked is included, as unknown.
 */
export function listHealthAcrossTenants(db: Queryable, serviceIds: readonly string[] | null, limit: number) {
  return findRows<NamedHealthRow>(
    db,
    serviceIds === null
      ? {
          name: 'service_health_of_all_tenants',
          text: `${healthSql} order by h.checked_at desc nulls last limit $1`,
          values: [limit],
        }
      : { name: 'service_health_of_services', text: `${healthSql} and s.id = any($1::uuid[])`, values: [serviceIds] },
  );
}
