/** Two days of counts before a scripted day, so that the charts of its pictures show a service at work. */
import type { Database } from '../src/storage/postgres/database.ts';

const minuteMs = 60_000;
const days = 2;
const stepMs = { minute: minuteMs, hour: 60 * minuteMs, day: 1_440 * minuteMs } as const;

interface Line {
  readonly service: string;
  readonly operation: string;
  /** Calls a minute at noon. */
  readonly perMinute: number;
  /** Of 1, answered from the cache. */
  readonly cached: number;
  readonly costUsd: number;
  /** Of 1: calls within 50, 100, 250, 500 and 1,000 ms. */
  readonly took: readonly number[];
}

const lines: readonly Line[] = [
  line('google_maps', 'geocode', 9, 0.62, 0.005, [0.1, 0.45, 0.35, 0.08, 0.02]),
  line('google_maps', 'reverse', 3, 0.4, 0.005, [0.15, 0.5, 0.28, 0.05, 0.02]),
  line('yandex_maps', 'geocode', 4, 0.3, 0.004, [0.05, 0.3, 0.45, 0.15, 0.05]),
  line('google_sheets', 'sheets_read', 5, 0.55, 0, [0.02, 0.18, 0.5, 0.22, 0.08]),
  line('google_sheets', 'sheets_append', 2, 0, 0, [0, 0.05, 0.45, 0.35, 0.15]),
];
/** An hour of the morning in which Yandex failed. */
const outage = { service: 'yandex_maps', fromHour: 9.2, toHour: 10.1 };
const offsetHours = 5;

function line(
  service: string,
  operation: string,
  perMinute: number,
  cached: number,
  costUsd: number,
  took: readonly number[],
): Line {
  return { service, operation, perMinute, cached, costUsd, took };
}

/** The columns of a roll-up, summed over its minutes. */
const columns = [
  'request_count',
  'error_count',
  'cached_count',
  'miss_count',
  'webhook_count',
  'total_cost',
  'saved_by_cache',
  'within_50',
  'within_100',
  'within_250',
  'within_500',
  'within_1000',
] as const;
type Counts = Record<(typeof columns)[number], number>;

/** The roll-ups by minute, hour and day, and the daily sums behind costs and budgets. */
export async function fillDay(db: Database, tenantId: string, nowMs: number): Promise<void> {
  const sums = new Map<string, Counts & { step: string; at_ms: number; service: string; operation: string }>();
  const lastMs = Math.floor(nowMs / minuteMs) * minuteMs;
  for (let atMs = lastMs - days * stepMs.day; atMs < lastMs; atMs += minuteMs) {
    for (const { service, operation, counts } of minuteOf(atMs)) {
      for (const [step, ms] of Object.entries(stepMs)) {
        const at_ms = Math.floor(atMs / ms) * ms;
        const key = `${step} ${at_ms} ${service} ${operation}`;
        const sum = sums.get(key) ?? { ...noCounts(), step, at_ms, service, operation };
        for (const column of columns) sum[column] += counts[column];
        sums.set(key, sum);
      }
    }
  }
  const given = `json_to_recordset($2::json) as given (step text, at_ms float8, service text, operation text,
    ${columns.map((column) => `${column} float8`).join(', ')})`;
  const values = [tenantId, JSON.stringify([...sums.values()])];
  await db.acrossTenants('fill a day', async (tx) => {
    await tx.query({
      text: `
        insert into usage_series (management_company_id, step, bucket_start, service_name, operation, ${columns.join(', ')})
        select $1, step, to_timestamp(at_ms / 1000), service, operation, ${columns.join(', ')} from ${given}`,
      values,
    });
    await tx.query({
      text: `
        insert into usage_daily (day, management_company_id, service_name, operation, request_count, error_count,
          cached_count, total_cost, saved_by_cache)
        select (to_timestamp(at_ms / 1000) at time zone 'UTC')::date, $1, service, operation, request_count, error_count,
               cached_count, total_cost, saved_by_cache
          from ${given} where step = 'day' and operation <> 'webhook'`,
      values,
    });
  });
}

/** The same minute has the same counts each time, more by day than by night. */
function minuteOf(atMs: number): { service: string; operation: string; counts: Counts }[] {
  const hour = (atMs / stepMs.hour + offsetHours) % 24;
  const wave = 0.08 + 0.92 * Math.max(0, Math.sin(((hour - 6) / 16) * Math.PI));
  const counted = lines.map(({ service, operation, perMinute, cached, costUsd, took }, index) => {
    const chance = chanceOf(atMs, index);
    const calls = Math.round(perMinute * wave * (0.6 + 0.8 * chance));
    const hits = Math.round(calls * cached * (0.8 + 0.3 * chanceOf(atMs, index + 10)));
    const asked = calls - Math.min(calls, hits);
    const isOut = service === outage.service && hour >= outage.fromHour && hour < outage.toHour;
    const within = took.map((share) => Math.floor(asked * share));
    within[1] = (within[1] ?? 0) + asked - within.reduce((sum, count) => sum + count, 0);
    return {
      service,
      operation,
      counts: {
        ...noCounts(),
        request_count: calls,
        error_count: isOut ? Math.ceil(asked * 0.7) : chanceOf(atMs, index + 20) > 0.985 && asked > 0 ? 1 : 0,
        cached_count: calls - asked,
        miss_count: cached > 0 ? asked : 0,
        total_cost: asked * costUsd,
        saved_by_cache: (calls - asked) * costUsd,
        within_50: within[0] ?? 0,
        within_100: within[1] ?? 0,
        within_250: within[2] ?? 0,
        within_500: within[3] ?? 0,
        within_1000: within[4] ?? 0,
      },
    };
  });
  const webhook_count = Math.round(3 * wave * chanceOf(atMs, 30));
  return [...counted, { service: 'payments', operation: 'webhook', counts: { ...noCounts(), webhook_count } }];
}

function noCounts(): Counts {
  return Object.fromEntries(columns.map((column) => [column, 0])) as Counts;
}

/** From 0 to 1, without a pattern that an eye would see. */
function chanceOf(atMs: number, salt: number): number {
  const mixed = Math.sin((atMs / minuteMs) * 12.9898 + salt * 78.233) * 43_758.5453;
  return mixed - Math.floor(mixed);
}
