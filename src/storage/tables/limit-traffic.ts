/** What the audit log knows of the traffic that limits are spent by. */
import type { TenantId } from '../../ids.ts';
import type { Queryable } from '../postgres/database.ts';

export interface RefusedRow {
  /** null: a limit of the tenant's family, or of a token, which `service_name` names. */
  readonly service_id: string | null;
  readonly service_name: string;
  /** `token` where it is a token's own limit. */
  readonly service_type: string;
  readonly operation: string;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly refused_at: Date;
}

/** The rows of a request that a limit or a budget refused, in the order in which they were. */
export async function findRefusals(tx: Queryable, tenantId: TenantId, requestId: string): Promise<RefusedRow[]> {
  const { rows } = await tx.query<RefusedRow>({
    name: 'limit_traffic_refusals',
    text: `
      select service_id, service_name, service_type, operation, error_code, error_message, started_at as refused_at
        from integration_logs
       where management_company_id = $1 and request_id = $2 and status = 'rate_limited'
         and error_code in ('RATE_LIMIT_EXCEEDED', 'BUDGET_EXCEEDED')
       order by started_at, attempt
       limit 100`,
    values: [tenantId, requestId],
  });
  return rows;
}

export interface SpentRow {
  readonly source_service: string | null;
  readonly operation: string;
  readonly requests: number;
  readonly first_at: Date;
}

/** Requests that reached a service within the span, by caller: retries count, refusals do not. */
export async function sumSpentOfService(
  tx: Queryable,
  tenantId: TenantId,
  serviceName: string,
  span: { readonly from: Date; readonly to: Date },
): Promise<SpentRow[]> {
  const { rows } = await tx.query<SpentRow>({
    name: 'limit_traffic_of_service',
    text: `
      select source_service, operation, sum(1 + retry_count)::int as requests, min(started_at) as first_at
        from integration_logs
       where management_company_id = $1 and service_name = $2 and started_at >= $3 and started_at <= $4
         and (status <> 'rate_limited' or error_code not in ('RATE_LIMIT_EXCEEDED', 'BUDGET_EXCEEDED'))
       group by source_service, operation
       order by requests desc, source_service, operation
       limit 100`,
    values: [tenantId, serviceName, span.from, span.to],
  });
  return rows;
}

/** Calls of a family within the span, by caller: a call counts once, however many providers it asked. */
export async function sumSpentOfFamily(
  tx: Queryable,
  tenantId: TenantId,
  serviceTypes: readonly string[],
  span: { readonly from: Date; readonly to: Date },
): Promise<SpentRow[]> {
  const { rows } = await tx.query<SpentRow>({
    name: 'limit_traffic_of_family',
    text: `
      select source_service, operation, count(distinct request_id)::int as requests, min(started_at) as first_at
        from integration_logs
       where management_company_id = $1 and service_type = any($2) and started_at >= $3 and started_at <= $4
         and operation <> 'health_check' and service_id is not null
         and (status <> 'rate_limited' or error_code not in ('RATE_LIMIT_EXCEEDED', 'BUDGET_EXCEEDED'))
       group by source_service, operation
       order by requests desc, source_service, operation
       limit 100`,
    values: [tenantId, serviceTypes, span.from, span.to],
  });
  return rows;
}

/** Calls of a credential within the span, by caller: a call counts once. `principal`: `token:NAME`. */
export async function sumSpentOfPrincipal(
  tx: Queryable,
  tenantId: TenantId,
  principal: string,
  span: { readonly from: Date; readonly to: Date },
): Promise<SpentRow[]> {
  const { rows } = await tx.query<SpentRow>({
    name: 'limit_traffic_of_principal',
    text: `
      select source_service, operation, count(distinct request_id)::int as requests, min(started_at) as first_at
        from integration_logs
       where management_company_id = $1 and principal = $2 and started_at >= $3 and started_at <= $4
         and service_id is not null
       group by source_service, operation
       order by requests desc, source_service, operation
       limit 100`,
    values: [tenantId, principal, span.from, span.to],
  });
  return rows;
}

export interface AskedRow {
  readonly id: string;
  readonly source_service: string | null;
  readonly requests: number;
  readonly started_at: string;
  readonly at_ms: number;
}

/** Every request that a service was asked for, refused or not, in order, after the given place. */
export async function pageAsked(
  tx: Queryable,
  tenantId: TenantId,
  serviceName: string,
  after: { readonly startedAt: string; readonly id: string },
  limit: number,
): Promise<AskedRow[]> {
  const { rows } = await tx.query<AskedRow>({
    name: 'limit_traffic_asked',
    text: `
      select id, source_service, 1 + retry_count as requests,
             to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as started_at,
             (extract(epoch from started_at) * 1000)::float8 as at_ms
        from integration_logs
       where management_company_id = $1 and service_name = $2 and (started_at, id) > ($3::timestamptz, $4::uuid)
         and started_at >= $3::timestamptz and service_id is not null and coalesce(error_code, '') <> 'BUDGET_EXCEEDED'
       order by started_at, id
       limit $5`,
    values: [tenantId, serviceName, after.startedAt, after.id, limit],
  });
  return rows;
}
