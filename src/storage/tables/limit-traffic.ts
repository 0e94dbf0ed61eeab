/** Reads from the audit log the traffic that spends a limit. */
import type { TenantId } from '../../ids.ts';
import { findRows, type Queryable } from '../postgres/queryable.ts';
import { rowsOf } from '../postgres/statement.ts';
import type { StoredLog } from './audit/integration-logs.ts';

/**
 * `service_id` null: a limit of the tenant's family, or of a token (`service_type` is `token`); then `service_name` names
 * it.
 */
export interface RefusedRow
  extends Pick<
    StoredLog,
    'service_id' | 'service_name' | 'service_type' | 'operation' | 'error_code' | 'error_message'
  > {
  readonly refused_at: Date;
}

/** A request's rows that a limit or a budget refused, in order. */
export const findRefusals = rowsOf<RefusedRow>(
  'limit_traffic_refusals',
  `select service_id, service_name, service_type, operation, error_code, error_message, started_at as refused_at
     from integration_logs
    where management_company_id = $1 and request_id = $2 and status = 'rate_limited'
      and error_code in ('RATE_LIMIT_EXCEEDED', 'BUDGET_EXCEEDED')
    order by started_at, attempt
    limit 100`,
).by((tenantId: TenantId, requestId: string) => [tenantId, requestId]);

export interface SpentRow {
  readonly source_service: string | null;
  readonly operation: string;
  readonly requests: number;
  readonly first_at: Date;
}

interface Span {
  readonly from: Date;
  readonly to: Date;
}

const wasNotRefused = `(status <> 'rate_limited' or error_code not in ('RATE_LIMIT_EXCEEDED', 'BUDGET_EXCEEDED'))`;

/** What a row spent of its service's limits: each request, and of a matrix each element. */
const spentRequests = '(1 + retry_count) * coalesce(elements, 1)';

/** What was spent of a service's limits within the span, by caller: retries count, refusals do not. */
export function sumSpentOfService(tx: Queryable, tenantId: TenantId, serviceName: string, span: Span) {
  const spent = `service_name = $2 and ${wasNotRefused}`;
  return sumSpent(tx, 'limit_traffic_of_service', `sum(${spentRequests})`, spent, [tenantId, serviceName], span);
}

/** Calls of a family within the span, by caller: a call counts once, however many providers it asked. */
export function sumSpentOfFamily(tx: Queryable, tenantId: TenantId, serviceTypes: readonly string[], span: Span) {
  const spent = `service_type = any($2) and operation <> 'health_check' and service_id is not null and ${wasNotRefused}`;
  return sumSpent(tx, 'limit_traffic_of_family', 'count(distinct request_id)', spent, [tenantId, serviceTypes], span);
}

/** Calls of a credential within the span, by caller: a call counts once. `principal`: `token:NAME`. */
export function sumSpentOfPrincipal(tx: Queryable, tenantId: TenantId, principal: string, span: Span) {
  const spent = 'principal = $2 and service_id is not null';
  return sumSpent(tx, 'limit_traffic_of_principal', 'count(distinct request_id)', spent, [tenantId, principal], span);
}

function sumSpent(tx: Queryable, name: string, sum: string, condition: string, of: readonly unknown[], span: Span) {
  return findRows<SpentRow>(tx, {
    name,
    text: `
      select source_service, operation, ${sum}::int as requests, min(started_at) as first_at
        from integration_logs
       where management_company_id = $1 and ${condition} and started_at >= $3 and started_at <= $4
       group by source_service, operation
       order by requests desc, source_service, operation
       limit 100`,
    values: [...of, span.from, span.to],
  });
}

export interface AskedRow {
  readonly id: string;
  readonly source_service: string | null;
  readonly requests: number;
  readonly started_at: string;
  readonly at_ms: number;
}

/** Every request for a service, refused or not, in order, after the given position. */
export const pageAsked = rowsOf<AskedRow>(
  'limit_traffic_asked',
  `select id, source_service, ${spentRequests} as requests,
          to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as started_at,
          (extract(epoch from started_at) * 1000)::float8 as at_ms
     from integration_logs
    where management_company_id = $1 and service_name = $2 and (started_at, id) > ($3::timestamptz, $4::uuid)
      and started_at >= $3::timestamptz and service_id is not null and coalesce(error_code, '') <> 'BUDGET_EXCEEDED'
    order by started_at, id
    limit $5`,
).by(
  (
    tenantId: TenantId,
    serviceName: string,
    after: { readonly startedAt: string; readonly id: string },
    limit: number,
  ) => [tenantId, serviceName, after.startedAt, after.id, limit],
);
