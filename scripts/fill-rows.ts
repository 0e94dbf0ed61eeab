/** A month of generated traffic, written by SQL: data for the pages and reports of a large tenant. */
import type { Database } from '../src/storage/postgres/database.ts';
import { ensurePartitions } from '../src/storage/postgres/partitions.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const tenants = 20;
const rowsPerInsert = 100_000;

/** The tenant of half of all rows. */
export const largeTenant = 'tenant_0';

export interface Traffic {
  readonly rows: number;
  readonly days: number;
  readonly nowMs: number;
}

/**
 * Audit rows and their daily sums, in waves by day and hour. One of fifty calls fails, one of two hundred is refused.
 */
export async function fillLogs(db: Database, { rows, days, nowMs }: Traffic): Promise<void> {
  for (let day = days; day >= 0; day -= 1) await ensurePartitions(db, nowMs - day * dayMs, 1);
  for (let from = 0; from < rows; from += rowsPerInsert) {
    const count = Math.min(rowsPerInsert, rows - from);
    await db.acrossTenants('fill', (tx) =>
      tx.query({
        text: `
          insert into integration_logs (id, management_company_id, service_id, service_name, service_type, operation,
            endpoint, http_method, request_headers, response_status_code, response_body, started_at, completed_at,
            duration_ms, status, request_id, source_service, estimated_cost)
          select (lpad(to_hex(at_ms), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5('x' || n), 1, 15))::uuid,
                 'tenant_' || case when n % 2 = 0 then 0 else n % ${tenants} end,
                 md5('service' || kind)::uuid,
                 (array['google_maps', 'yandex_maps', 'google_sheets', 'offline_gazetteer'])[kind],
                 (array['geocoding', 'geocoding', 'sheets', 'geocoding'])[kind],
                 (array['geocode', 'geocode', 'sheets_read', 'reverse'])[kind],
                 'https://maps.googleapis.com/maps/api/geocode/json?address=Tashkent%2C%20Navoi%20' || n || '&language=ru&key=***',
                 'GET', to_json('sha256:' || md5('h')), 200, to_json('sha256:' || md5(n::text)),
                 to_timestamp(at_ms / 1000.0), to_timestamp((at_ms + took_ms) / 1000.0), took_ms,
                 case when n / 2 % 50 = 7 then 'error' when n / 2 % 200 = 11 then 'rate_limited' else 'success' end,
                 md5('r' || n), (array['billing', 'crm', 'map'])[1 + n / 8 % 3], (array[0.005, 0.004, 0, 0])[kind]
            from generate_series($1::bigint, $2::bigint) n,
                 lateral (select n * ${days * dayMs}::float8 / $4::bigint as back_ms) s,
                 lateral (select 1 + n / 2 % 4 as kind, (12 + power(n / 2 % 97, 2) / 10)::int as took_ms,
                                 ($3::bigint - back_ms - ${3 * hourMs} * sin(back_ms * 2 * pi() / ${dayMs})
                                    - ${4 * minuteMs} * sin(back_ms * 2 * pi() / ${37 * minuteMs}))::bigint as at_ms) t`,
        values: [from, from + count - 1, nowMs, rows],
      }),
    );
    process.stderr.write(`\r${Math.round((100 * (from + count)) / rows)} % of ${rows} rows`);
  }
  process.stderr.write('\n');
  await db.acrossTenants('roll up', (tx) =>
    tx.query({
      text: `insert into usage_daily (day, management_company_id, service_name, operation, request_count, total_cost)
             select (started_at at time zone 'UTC')::date, management_company_id, service_name, operation, count(*), sum(estimated_cost)
               from integration_logs group by 1, 2, 3, 4`,
    }),
  );
  await db.asOwner((tx) => tx.query({ text: 'analyze integration_logs' }));
}

/** The chart sums of `fillLogs`' rows, for as long as each step is kept. */
export async function fillSeries(db: Database, { nowMs }: Pick<Traffic, 'nowMs'>): Promise<void> {
  for (const [step, keptMs] of Object.entries({ minute: 2 * dayMs, hour: 30 * dayMs, day: 90 * dayMs })) {
    await db.acrossTenants('fill the series', (tx) =>
      tx.query({
        text: `
          insert into usage_series (management_company_id, step, bucket_start, service_name, operation, request_count,
            error_count, miss_count, total_cost, within_50, within_100, within_250, within_500, within_1000)
          select management_company_id, $1, date_trunc($1, started_at, 'UTC'), service_name, operation, count(*),
                 count(*) filter (where status <> 'success'), count(*) filter (where status <> 'rate_limited'),
                 sum(estimated_cost), count(*) filter (where duration_ms <= 50),
                 count(*) filter (where duration_ms > 50 and duration_ms <= 100),
                 count(*) filter (where duration_ms > 100 and duration_ms <= 250),
                 count(*) filter (where duration_ms > 250 and duration_ms <= 500),
                 count(*) filter (where duration_ms > 500)
            from integration_logs where started_at >= to_timestamp($2::float8 / 1000) group by 1, 2, 3, 4, 5`,
        values: [step, nowMs - keptMs],
      }),
    );
  }
}

/** `count` deliveries of one webhook of the large tenant, one in five hundred dead, and as many cached answers. */
export async function fillDeliveriesAndAnswers(
  db: Database,
  { count, days, nowMs }: { readonly count: number; readonly days: number; readonly nowMs: number },
): Promise<void> {
  const at = `to_timestamp(($2::float8 - n * ${days * dayMs}::float8 / $1::int) / 1000)`;
  const values = [count, nowMs];
  await db.acrossTenants('fill webhooks', async (tx) => {
    await tx.query({
      text: `
        insert into webhook_events (id, management_company_id, webhook_id, webhook_name, source_service, event_type,
          delivery_id, status, signature_verified, source_address, headers, payload, content_type, payload_size_bytes,
          received_at, published_at)
        select md5('event' || n)::uuid, '${largeTenant}', md5('webhook')::uuid, 'payments', 'custom', 'payment.created',
               'pay-' || n, 'accepted', true, '192.0.2.7', '{}', convert_to('{"amount": ' || n || '}', 'UTF8'),
               'application/json', 20, ${at}, ${at}
          from generate_series(0, $1::int - 1) n`,
      values,
    });
    await tx.query({
      text: `
        insert into webhook_deliveries (id, management_company_id, webhook_id, webhook_event_id, event_received_at, state,
          attempt_count, created_at, updated_at)
        select md5('delivery' || n)::uuid, '${largeTenant}', md5('webhook')::uuid, md5('event' || n)::uuid, ${at},
               case when n % 500 = 3 then 'dead' else 'delivered' end, 1, ${at}, ${at}
          from generate_series(0, $1::int - 1) n`,
      values,
    });
    await tx.query({
      text: `
        insert into integration_cache (id, management_company_id, cache_key, service_name, operation, request_hash,
          response_data, ttl_seconds, fetched_at, expires_at, stale_until, hit_count)
        select md5('answer' || n)::uuid, '${largeTenant}', 'google_maps:geocode:' || md5('key' || n), 'google_maps',
               'geocode', md5('key' || n), json_build_object('address', 'Ташкент, Навои, ' || n), 2592000, ${at},
               to_timestamp($2::float8 / 1000) + interval '30 days', to_timestamp($2::float8 / 1000) + interval '31 days', n % 40
          from generate_series(0, $1::int - 1) n`,
      values,
    });
  });
  await db.asOwner((tx) =>
    tx.query({ text: 'analyze webhook_events, webhook_deliveries, integration_cache, usage_series' }),
  );
}
