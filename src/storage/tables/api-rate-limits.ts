/** SQL of `api_rate_limits`: how full each limit was, per window. For people and reports; it decides no call. */
import { effectOf } from '../postgres/statement.ts';

export interface RateLimitWindowRow {
  readonly id: string;
  readonly management_company_id: string;
  /** null: a limit of the tenant's family. */
  readonly service_id: string | null;
  readonly service_name: string;
  readonly window_type: 'minute' | 'hour' | 'day' | 'month';
  /** RFC 3339. */
  readonly window_start: string;
  readonly window_end: string;
  readonly request_count: number;
  readonly max_requests: number;
}

/**
 * Writes the windows. The higher count of an existing window stays, because a rolling minute may have been fuller at
 * the last look. The cost covers the calls that began in the window; for an hour it is summed only if `isWhole`,
 * because the sum reads the hour's audit log.
 */
export const upsertRateLimitWindowsAcrossTenants = effectOf(
  'api_rate_limits_upsert',
  `insert into api_rate_limits as r (id, management_company_id, service_id, service_name, window_type, window_start,
     window_end, request_count, max_requests, remaining_requests, is_rate_limited, total_cost)
   select w.id, w.management_company_id, w.service_id, w.service_name, w.window_type, w.window_start, w.window_end,
          w.request_count, w.max_requests, greatest(0, w.max_requests - w.request_count),
          w.request_count >= w.max_requests, coalesce(c.cost, 0)
     from json_to_recordset($1::json) as w (id uuid, management_company_id varchar, service_id uuid, service_name varchar,
            window_type varchar, window_start timestamptz, window_end timestamptz, request_count int, max_requests int)
     left join lateral (
       select sum(l.estimated_cost) as cost
         from integration_logs l
        where w.service_id is not null and (w.window_type = 'minute' or w.window_type = 'hour' and $2)
          and l.management_company_id = w.management_company_id and l.service_name = w.service_name
          and l.status = 'success' and l.started_at >= w.window_start and l.started_at < w.window_end
       union all
       select sum(u.total_cost)
         from usage_daily u
        where w.service_id is not null and w.window_type in ('day', 'month')
          and u.management_company_id = w.management_company_id and u.service_name = w.service_name
          and u.day >= (w.window_start at time zone 'UTC')::date and u.day < (w.window_end at time zone 'UTC')::date
        order by 1 nulls last
        limit 1) c on true
    order by w.management_company_id, w.service_name, w.window_type, w.window_start
   on conflict on constraint api_rate_limits_window_key do update set
     request_count = greatest(r.request_count, excluded.request_count),
     max_requests = excluded.max_requests,
     remaining_requests = greatest(0, excluded.max_requests - greatest(r.request_count, excluded.request_count)),
     is_rate_limited = greatest(r.request_count, excluded.request_count) >= excluded.max_requests,
     total_cost = case when excluded.window_type = 'hour' and not $2 then r.total_cost else excluded.total_cost end,
     updated_at = now()`,
).acrossTenants((rows: readonly RateLimitWindowRow[], isWhole: boolean) => [JSON.stringify(rows), isWhole]);
