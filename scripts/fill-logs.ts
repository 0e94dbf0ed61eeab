/**
 * Ten million audit rows over a month of daily partitions, and what they cost: how long a page, a look-up and a cost report
 * take over HTTP-less calls of the same functions the API uses, how large a row and a month are, how long a day takes to
 * drop.
 *
 *   node scripts/fill-logs.ts postgres://postgres@127.0.0.1:5432/postgres [rows]
 *
 * Works in a database of its own on that server, dropped at the end. Prints JSON. Exits with 1 where a limit is not held.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import pino from 'pino';
import { getEntry, type LogFilter, listEntries, parseCursor } from '../src/audit/list-entries.ts';
import { parseTenantId, type TenantId } from '../src/ids.ts';
import { type Database, openDatabase } from '../src/storage/postgres/database.ts';
import { migrate } from '../src/storage/postgres/migrate.ts';
import { dayOf, dropPartitionsBefore, ensurePartitions } from '../src/storage/postgres/partitions.ts';
import { sumUsage } from '../src/storage/tables/usage-daily.ts';

const dayMs = 86_400_000;
const days = 30;
const tenants = 20;
const rowsPerInsert = 100_000;
const rounds = 200;
/** Of the raw scan, which takes seconds. */
const scanRounds = 3;
/** What the project promises. */
const limits = { pageMsP95: 50, bytesPerRow: 512, dropDayMs: 1_000 };

const [serverUrl, rowsText = '10000000'] = process.argv.slice(2);
if (serverUrl === undefined) {
  process.stderr.write('usage: node scripts/fill-logs.ts postgres://user@host:port/database [rows]\n');
  process.exit(2);
}
const rows = Number(rowsText);
const logger = pino({ level: 'silent' });
const name = `fill_logs_${randomUUID().replaceAll('-', '')}`;
const url = new URL(serverUrl);
url.pathname = `/${name}`;

const server = new pg.Client({ connectionString: serverUrl });
await server.connect();
await server.query(`create database ${name}`);
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await server.query(`drop database if exists ${name} with (force)`);
  await server.end();
}

async function run(): Promise<boolean> {
  await migrate({ url: url.href, logger });
  const db = openDatabase({ url: url.href, applicationName: 'fill-logs', logger, statementTimeoutMs: 600_000 });
  try {
    const nowMs = Date.now();
    for (let day = days; day >= 0; day -= 1) await ensurePartitions(db, nowMs - day * dayMs, 1);
    const filledMs = await timed(() => fill(db, nowMs));
    const size = await sizes(db);
    const pages = await measurePages(db, nowMs);
    const rawCostsMs = await measureRawCosts(db, nowMs);
    const oldest = dayOf(nowMs - (days - 2) * dayMs);
    const dropDayMs = await timed(() => dropPartitionsBefore(db, 'integration_logs', oldest));
    const pageMsP95 = Math.max(...Object.values(pages).map(({ p95 }) => p95));
    const report = {
      rows,
      filledSeconds: Math.round(filledMs / 1000),
      ...size,
      pages,
      pageMsP95,
      rawCostsMs,
      dropDayMs,
      limits,
    };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return pageMsP95 <= limits.pageMsP95 && size.bytesPerRow <= limits.bytesPerRow && dropDayMs <= limits.dropDayMs;
  } finally {
    await db.close();
  }
}

/** Made by the server itself. One tenant has half of all rows; one call in fifty fails, one in two hundred is refused. */
async function fill(db: Database, nowMs: number): Promise<void> {
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
                 md5('service' || n % 4)::uuid,
                 (array['google_maps', 'yandex_maps', 'google_sheets', 'offline_gazetteer'])[1 + n % 4],
                 (array['geocoding', 'geocoding', 'sheets', 'geocoding'])[1 + n % 4],
                 (array['geocode', 'geocode', 'sheets_read', 'reverse'])[1 + n % 4],
                 'https://maps.googleapis.com/maps/api/geocode/json?address=Tashkent%2C%20Navoi%20' || n || '&language=ru&key=***',
                 'GET', to_json('sha256:' || md5('h')), 200, to_json('sha256:' || md5(n::text)),
                 to_timestamp(at_ms / 1000.0), to_timestamp((at_ms + n % 400) / 1000.0), n % 400,
                 case when n % 50 = 7 then 'error' when n % 200 = 11 then 'rate_limited' else 'success' end,
                 md5('r' || n), 'billing', 0.005
            from generate_series($1::bigint, $2::bigint) n,
                 lateral (select $3::bigint - (n * ${days * dayMs}::bigint / $4::bigint) as at_ms) t`,
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

async function sizes(db: Database) {
  const { rows: found } = await db.asOwner((tx) =>
    tx.query<{ heap: number; whole: number }>({
      text: `select sum(pg_table_size(inhrelid))::float8 as heap, sum(pg_total_relation_size(inhrelid))::float8 as whole
               from pg_inherits where inhparent = 'integration_logs'::regclass`,
    }),
  );
  const { heap = 0, whole = 0 } = found[0] ?? {};
  const monthRows = days * 100_000;
  return {
    bytesPerRow: Math.round(heap / rows),
    bytesPerRowWithIndexes: Math.round(whole / rows),
    monthAt100000CallsADayMiB: Math.round(((whole / rows) * monthRows) / 2 ** 20),
  };
}

async function measurePages(db: Database, nowMs: number) {
  const large = parseTenantId('tenant_0');
  const small = parseTenantId('tenant_7');
  const deep = (tenant: TenantId, filter: LogFilter) => async () => {
    const first = await listEntries(
      { db },
      tenant,
      { ...filter, toMs: nowMs - Math.random() * days * dayMs },
      null,
      100,
    );
    const cursor = first.nextCursor === null ? null : parseCursor(first.nextCursor);
    return () => listEntries({ db }, tenant, filter, cursor, 100);
  };
  const plain = (tenant: TenantId, filter: LogFilter) => async () => () =>
    listEntries({ db }, tenant, filter, null, 100);
  const [sample] = (await listEntries({ db }, large, {}, null, 1)).logs;
  const dayBack = { fromMs: nowMs - 8 * dayMs, toMs: nowMs - 7 * dayMs };
  const questions: Record<string, () => Promise<() => Promise<unknown>>> = {
    'newest, no filter': plain(large, {}),
    'newest, small tenant': plain(small, {}),
    'a page deep in the month': deep(large, {}),
    'the same, small tenant': deep(small, {}),
    'by service and status': deep(large, { serviceName: 'google_maps', status: 'error' }),
    'by operation in one day': plain(large, { operation: 'sheets_read', ...dayBack }),
    'by request id': plain(large, { requestId: sample?.request_id ?? '' }),
    'refused ones': deep(small, { status: 'rate_limited' }),
    'one entry': async () => () => getEntry({ db }, large, sample?.id ?? ''),
    'costs of a month': async () => () =>
      db.forTenant(large, (tx) =>
        sumUsage(tx, large, {
          fromDay: dayOf(nowMs - days * dayMs),
          toDay: dayOf(nowMs),
          groups: ['service', 'operation', 'day'],
          limit: 50_000,
        }),
      ),
  };
  const measured: Record<string, { readonly p50: number; readonly p95: number }> = {};
  for (const [label, prepare] of Object.entries(questions)) {
    const taken: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const ask = await prepare();
      taken.push(await timed(ask));
    }
    taken.sort((a, b) => a - b);
    measured[label] = { p50: taken[rounds >> 1] as number, p95: taken[Math.floor(rounds * 0.95)] as number };
  }
  return measured;
}

/** The cost report of a month without the roll-up: each row of the tenant read. The median. */
async function measureRawCosts(db: Database, nowMs: number): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < scanRounds; round += 1) {
    taken.push(
      await timed(() =>
        db.acrossTenants('raw costs', (tx) =>
          tx.query({
            text: `
              select service_name, operation, (started_at at time zone 'UTC')::date as day, count(*), sum(estimated_cost)
                from integration_logs
               where management_company_id = 'tenant_0' and started_at >= $1
               group by 1, 2, 3`,
            values: [new Date(nowMs - days * dayMs)],
          }),
        ),
      ),
    );
  }
  return taken.toSorted((a, b) => a - b)[scanRounds >> 1] as number;
}

/** Milliseconds, to a tenth. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return Math.round((performance.now() - startedAtMs) * 10) / 10;
}
