/** Reads `integration_logs` for one tenant. Only the intake writes the rows (commit-intake.ts). */

import type { TimePosition } from '../../../encodings/page-cursor.ts';
import { createFilterConditions, type FilterConditions } from '../../postgres/filter-conditions.ts';
import { findRows, type Queryable } from '../../postgres/queryable.ts';
import { rowOf } from '../../postgres/statement.ts';

export const logStatuses = ['success', 'error', 'timeout', 'rate_limited', 'cancelled'] as const;
export type LogStatus = (typeof logStatuses)[number];

/**
 * A row of a call that no cache layer could answer: the first provider asked, for an operation that the cache can
 * answer. A proxied call may not be cacheable at all.
 */
export const isCacheMiss = `attempt = 1 and status <> 'rate_limited'
  and operation in ('geocode', 'reverse', 'distance', 'sheets_read', 'sheets_metadata')`;

export interface LogFilter {
  readonly serviceName?: string | undefined;
  /** Only rows of these services. */
  readonly serviceNames?: readonly string[] | undefined;
  readonly operation?: string | undefined;
  readonly excludedOperation?: string | undefined;
  /** Rows of any of these. */
  readonly statuses?: readonly LogStatus[] | undefined;
  /** Unix milliseconds, inclusive. */
  readonly fromMs?: number | undefined;
  /** Unix milliseconds, exclusive. */
  readonly toMs?: number | undefined;
  readonly minDurationMs?: number | undefined;
  readonly minCostUsd?: number | undefined;
  readonly responseStatusCode?: number | undefined;
  readonly sourceService?: string | undefined;
  readonly requestId?: string | undefined;
  readonly principal?: string | undefined;
  /** Only the rows that the series `cache_misses` counts. */
  readonly onlyCacheMisses?: boolean | undefined;
}

export interface StoredLog {
  readonly id: string;
  readonly service_id: string | null;
  readonly service_name: string;
  readonly service_type: string;
  readonly operation: string;
  readonly endpoint: string | null;
  readonly http_method: string | null;
  /** References to log_bodies. */
  readonly request_headers: string | null;
  readonly request_body: string | null;
  readonly response_status_code: number | null;
  readonly response_body: string | null;
  readonly started_at: Date;
  readonly completed_at: Date | null;
  readonly duration_ms: number | null;
  readonly status: LogStatus;
  readonly error_message: string | null;
  readonly error_code: string | null;
  readonly retry_count: number;
  readonly attempt: number;
  readonly request_id: string | null;
  readonly source_service: string | null;
  readonly principal: string | null;
  readonly estimated_cost: number;
  /** Number of pairs of a matrix; null for other calls. */
  readonly elements: number | null;
}

const columns = `id, service_id, service_name, service_type, operation, endpoint, http_method, request_headers,
  request_body, response_status_code, response_body, started_at, completed_at, duration_ms, status, error_message,
  error_code, retry_count, attempt, request_id, source_service, principal, estimated_cost, elements`;

/**
 * Newest first. Each status is read along its own index (tenant, [service,] status, started_at, id) and the results are
 * merged: one read over several statuses would sort a whole day at a time. A request id has its own index. `isSparse`: few rows are expected, so sorting them is cheaper than planning five index reads for every day.
 */
export async function selectLogs(
  tx: Queryable,
  tenantId: string,
  filter: LogFilter,
  after: TimePosition | null,
  limit: number,
  isSparse = false,
): Promise<StoredLog[]> {
  const statuses = filter.statuses ?? logStatuses;
  const isOneWalk = isSparse || statuses.length === 1 || filter.requestId !== undefined;
  const conditions = conditionsOf(tenantId, isOneWalk ? filter : { ...filter, statuses: undefined });
  if (after !== null) conditions.addAfter(['started_at', 'id'], 'desc', after.at, after.id);
  const order = `order by started_at desc, id desc limit ${conditions.parameter(limit)}`;
  const where = conditions.text();
  const walk = (status: LogStatus): string =>
    `(select ${columns} from integration_logs where ${where} and status = '${status}' ${order})`;
  const text = isOneWalk
    ? `select ${columns} from integration_logs where ${where} ${order}`
    : `select ${columns} from (${statuses.map(walk).join(' union all ')}) walks ${order}`;
  return findRows<StoredLog>(tx, { text, values: conditions.values });
}

export interface StoredMark {
  readonly id: string;
  /** The trace as written with the call's first row. */
  readonly trace: unknown;
  /** Whether the broker has confirmed its events; null if it has none. */
  readonly is_sent_published: boolean | null;
  readonly is_outcome_published: boolean | null;
}

/** Columns of a request's rows that lists do not show. */
export async function selectMarks(tx: Queryable, tenantId: string, requestId: string, most: number) {
  const isPublished = (number: string): string =>
    `case when origin_number is not null
          then not exists (select from relay_marks m where m.origin = l.origin and m.published_up_to < ${number}) end`;
  return findRows<StoredMark>(tx, {
    text: `
      select id, trace, ${isPublished('origin_number - 1')} as is_sent_published,
             ${isPublished('origin_number')} as is_outcome_published
        from integration_logs l
       where management_company_id = $1 and request_id = $2
       order by started_at desc, id desc limit $3`,
    values: [tenantId, requestId, most],
  });
}

/** Counts up to `most`. */
export async function countLogs(tx: Queryable, tenantId: string, filter: LogFilter, most: number): Promise<number> {
  const conditions = conditionsOf(tenantId, filter);
  const { rows } = await tx.query<{ count: number }>({
    text: `
      select count(*) as count
        from (select from integration_logs where ${conditions.text()} limit ${conditions.parameter(most)}) capped`,
    values: conditions.values,
  });
  return rows[0]?.count ?? 0;
}

/**
 * One row among those that began between two times (Unix milliseconds): the primary key begins with the time, so a
 * narrow span is fast to read.
 */
export const selectLog = rowOf<StoredLog>(
  'integration_logs_find',
  `select ${columns}
     from integration_logs
    where management_company_id = $1 and id = $2 and started_at >= $3 and started_at <= $4`,
).by((tenantId: string, id: string, fromMs: number, toMs: number) => [
  tenantId,
  id,
  new Date(fromMs).toISOString(),
  new Date(toMs).toISOString(),
]);

/** The stored texts by `day hash`, for those that exist. */
export async function selectLogBodies(
  tx: Queryable,
  tenantId: string,
  wanted: readonly { day: string; hash: string }[],
): Promise<ReadonlyMap<string, string>> {
  if (wanted.length === 0) return new Map();
  const { rows } = await tx.query<{ day: string; body_hash: string; body: string }>({
    name: 'log_bodies_find',
    text: `
      select day, body_hash, body
        from log_bodies
       where management_company_id = $1 and day = any($2::date[]) and body_hash = any($3)`,
    values: [tenantId, [...new Set(wanted.map(({ day }) => day))], [...new Set(wanted.map(({ hash }) => hash))]],
  });
  return new Map(rows.map(({ day, body_hash, body }) => [`${day} ${body_hash}`, body]));
}

function conditionsOf(tenantId: string, filter: LogFilter): FilterConditions {
  const conditions = createFilterConditions('management_company_id', tenantId);
  conditions.add((parameter) => `service_name = ${parameter}`, filter.serviceName);
  conditions.add((parameter) => `service_name = any(${parameter}::text[])`, filter.serviceNames);
  conditions.add((parameter) => `operation = ${parameter}`, filter.operation);
  conditions.add((parameter) => `operation <> ${parameter}`, filter.excludedOperation);
  const [status, ...others] = filter.statuses ?? [];
  if (others.length === 0) conditions.add((parameter) => `status = ${parameter}`, status);
  else conditions.add((parameter) => `status = any(${parameter}::text[])`, filter.statuses);
  conditions.addTimes('started_at', filter.fromMs, filter.toMs);
  conditions.add((parameter) => `duration_ms >= ${parameter}`, filter.minDurationMs);
  conditions.add((parameter) => `estimated_cost >= ${parameter}`, filter.minCostUsd);
  conditions.add((parameter) => `response_status_code = ${parameter}`, filter.responseStatusCode);
  conditions.add((parameter) => `source_service = ${parameter}`, filter.sourceService);
  conditions.add((parameter) => `request_id = ${parameter}`, filter.requestId);
  conditions.add((parameter) => `principal = ${parameter}`, filter.principal);
  if (filter.onlyCacheMisses === true) conditions.addFixed(isCacheMiss);
  return conditions;
}
