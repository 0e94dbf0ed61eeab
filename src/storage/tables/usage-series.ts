/**
 * SQL of `usage_series`: the roll-up by minute, hour and day that the intake writes in the same commit as the rows it
 * counts. Latencies are stored as a small histogram per bucket, so percentiles are estimates.
 */
import type { TenantId } from '../../ids.ts';
import { findRows, type Queryable } from '../postgres/queryable.ts';
import { columnOf } from '../postgres/statement.ts';
import { isCacheMiss } from './audit/integration-logs.ts';

export const seriesSteps = ['minute', 'hour', 'day'] as const;
export type SeriesStep = (typeof seriesSteps)[number];

export const seriesGroups = ['service', 'operation'] as const;
export type SeriesGroup = (typeof seriesGroups)[number];

/** Upper bounds of the histogram in milliseconds; the last one is open. */
const latencyBoundsMs = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;
const lastBoundMs = 10_000;
const latencyColumns = [...latencyBoundsMs.map((bound) => `within_${bound}`), `beyond_${lastBoundMs}`];
const sumColumns = [
  'request_count',
  'error_count',
  'cached_count',
  'miss_count',
  'webhook_count',
  'total_cost',
  'saved_by_cache',
  ...latencyColumns,
];

const ofLogs = `
    select started_at as at, management_company_id, service_name, operation, 1 as request_count,
           (status <> 'success')::int as error_count, 0 as cached_count,
           (${isCacheMiss})::int as miss_count, 0 as webhook_count,
           estimated_cost as total_cost, 0::float8 as saved_by_cache,
           case when status <> 'rate_limited' then duration_ms end as duration_ms
      from new_logs`;
/** An older process spooled no time, only a day. */
const ofUsage = `
    select coalesce(at, day::timestamp at time zone 'UTC'), management_company_id, service_name, operation, request_count,
           error_count, cached_count, 0, 0, total_cost, saved_by_cache, null::integer
      from given_usage where gate in (select id from fresh)`;
const ofWebhooks = `
    select received_at, management_company_id, webhook_name, 'webhook', 0, 0, 0, 0, 1, 0::float8, 0::float8, null::integer
      from new_webhooks`;

const sums = [
  ...sumColumns.slice(0, -latencyColumns.length).map((column) => `sum(${column})`),
  ...latencyColumns.map((_, index) => {
    const above = index === 0 ? '' : `duration_ms > ${latencyBoundsMs[index - 1]}`;
    const within = index === latencyBoundsMs.length ? '' : `duration_ms <= ${latencyBoundsMs[index]}`;
    return `count(*) filter (where ${[above, within].filter((part) => part !== '').join(' and ')})`;
  }),
];

/**
 * A step of the intake's statement, after `new_logs`, `given_usage` and `new_webhooks`, for the parts that the
 * statement has.
 */
export function seriesParts(has: { logs: boolean; usage: boolean; webhooks: boolean }): string {
  // The first part names the columns.
  const none = `
    select null::timestamptz as at, ''::text as management_company_id, ''::text as service_name, ''::text as operation,
           0 as request_count, 0 as error_count, 0 as cached_count, 0 as miss_count, 0 as webhook_count,
           0::float8 as total_cost, 0::float8 as saved_by_cache, 0 as duration_ms where false`;
  const sources = [has.logs && ofLogs, has.usage && ofUsage, has.webhooks && ofWebhooks].filter(
    (part) => part !== false,
  );
  return `
  new_series as (
    insert into usage_series as s (management_company_id, step, bucket_start, service_name, operation, ${sumColumns.join(', ')})
    select management_company_id, step, date_trunc(step, at, 'UTC'), service_name, operation,
           ${sums.join(',\n           ')}
      from (${[none, ...sources].join(' union all ')}) counted
      cross join (values ('day'), ('hour'), ('minute')) steps (step)
     group by management_company_id, step, date_trunc(step, at, 'UTC'), service_name, operation
     order by management_company_id, step, date_trunc(step, at, 'UTC'), service_name, operation
    on conflict (management_company_id, step, bucket_start, service_name, operation) do update set
      ${sumColumns.map((column) => `${column} = s.${column} + excluded.${column}`).join(', ')})`;
}

/** Aggregates over the rows of one bucket and group; null: no data. Probes do not count as calls. */
const isCall = `operation not in ('health_check', 'webhook')`;
const sumOfCalls = (column: string): string => `sum(${column}) filter (where ${isCall})::float8`;
export const seriesMetrics = {
  calls: sumOfCalls('request_count'),
  errors: sumOfCalls('error_count'),
  latency_p50: percentile(0.5),
  latency_p95: percentile(0.95),
  cache_hits: sumOfCalls('cached_count'),
  cache_misses: sumOfCalls('miss_count'),
  saved: `round(${sumOfCalls('saved_by_cache')}::numeric, 9)::float8`,
  cost: `round(sum(total_cost)::numeric, 9)::float8`,
  webhooks: `sum(webhook_count) filter (where operation = 'webhook')::float8`,
} as const satisfies Record<string, string>;
export type SeriesMetric = keyof typeof seriesMetrics;

/** Values are assumed evenly spread within a histogram cell; values beyond the last bound count as that bound. */
function percentile(share: number): string {
  const counts = latencyColumns.map((column) => `coalesce(${sumOfCalls(column)}, 0)`);
  const upTo = (index: number): string => (index === 0 ? '0' : `(${counts.slice(0, index).join(' + ')})`);
  const rank = `${share} * ${upTo(counts.length)}`;
  const cells = latencyBoundsMs.map((bound, index) => {
    const lower = latencyBoundsMs[index - 1] ?? 0;
    return `when ${rank} <= ${upTo(index + 1)}
                then round((${lower} + ${bound - lower} * (${rank} - ${upTo(index)}) / nullif(${counts[index]}, 0))::numeric, 1)::float8`;
  });
  return `case when ${upTo(counts.length)} = 0 then null ${cells.join(' ')} else ${lastBoundMs} end`;
}

export interface SeriesPoint {
  readonly service?: string;
  readonly operation?: string;
  readonly at_ms: number;
  readonly value: number;
}

/** Buckets that begin from `fromMs` on and before `toMs`, in the order of groups and time; at most `limit`. */
export async function readSeries(
  tx: Queryable,
  tenantId: TenantId,
  asked: {
    readonly metric: SeriesMetric;
    readonly step: SeriesStep;
    readonly fromMs: number;
    readonly toMs: number;
    readonly groups: readonly SeriesGroup[];
    /** The services to count; null: all. A webhook may have the name of a service but does not count as one. */
    readonly boundTo?: ReadonlySet<string> | null;
    readonly limit: number;
  },
): Promise<SeriesPoint[]> {
  const groups = seriesGroups.filter((group) => asked.groups.includes(group));
  const columnOf = { service: 'service_name', operation: 'operation' } as const;
  const selected = groups.map((group) => `${columnOf[group]} as ${group}, `).join('');
  const keys = [...groups.map((group) => columnOf[group]), 'bucket_start'].join(', ');
  return findRows<SeriesPoint>(tx, {
    name: `usage_series_${asked.metric}_${groups.join('_')}`,
    text: `
      select * from (
        select ${selected}(extract(epoch from bucket_start) * 1000)::float8 as at_ms,
               ${seriesMetrics[asked.metric]} as value
          from usage_series
         where management_company_id = $1 and step = $2
           and bucket_start >= to_timestamp($3::float8 / 1000) and bucket_start < to_timestamp($4::float8 / 1000)
           and ($6::text[] is null or (service_name = any($6) and operation <> 'webhook'))
         group by ${keys}) points
       where value is not null
       order by ${[...groups, 'at_ms'].join(', ')}
       limit $5`,
    values: [
      tenantId,
      asked.step,
      asked.fromMs,
      asked.toMs,
      asked.limit,
      asked.boundTo == null ? null : [...asked.boundTo],
    ],
  });
}

/**
 * Tenants whose calls or webhooks were recorded since then. The cost does not grow with the number of other tenants.
 */
export const listTenantsWithTraffic = columnOf<TenantId>(
  'usage_series_tenants_with_traffic',
  `select distinct management_company_id from usage_series
    where step = 'minute' and bucket_start >= date_trunc('minute', $1::timestamptz)`,
).acrossTenants((sinceMs: number) => [new Date(sinceMs)]);
