/**
 * Writes ten million audit rows over a month of daily partitions, and measures them: the time of a page, a look-up and
 * a cost report (the API's functions, called without HTTP), the size of a row and of a month, and the time to drop a
 * day.
 *
 *   node scripts/fill-logs.ts postgres://postgres@127.0.0.1:5432/postgres [rows]
 *
 * Works in a database of its own on that server, dropped at the end. Prints JSON. Exits with 1 if a limit is exceeded.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import pino from 'pino';
import { getEntry, type LogFilter, listEntries } from '../src/audit/list-entries.ts';
import { readPosition } from '../src/encodings/page-cursor.ts';
import { parseTenantId, type TenantId } from '../src/ids.ts';
import { type Database, openDatabase } from '../src/storage/postgres/database.ts';
import { migrate } from '../src/storage/postgres/migrate.ts';
import { dayOf, dropPartitionsBefore } from '../src/storage/postgres/partitions.ts';
import { sumUsage } from '../src/storage/tables/usage-daily.ts';
import { fillLogs, largeTenant } from './fill-rows.ts';

const dayMs = 86_400_000;
const days = 30;
const rounds = 200;
/** Rounds of the raw scan, which takes seconds. */
const scanRounds = 3;
/** The limits that the project promises. */
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
    const filledMs = await timed(() => fillLogs(db, { rows, days, nowMs }));
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
  const large = parseTenantId(largeTenant);
  const small = parseTenantId('tenant_7');
  const deep = (tenant: TenantId, filter: LogFilter) => async () => {
    const first = await listEntries(
      { db },
      tenant,
      { ...filter, toMs: nowMs - Math.random() * days * dayMs },
      null,
      100,
    );
    const cursor = first.nextCursor === null ? null : readPosition(first.nextCursor);
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
    'by service and status': deep(large, { serviceName: 'google_maps', statuses: ['error'] }),
    'by operation in one day': plain(large, { operation: 'sheets_read', ...dayBack }),
    'by request id': plain(large, { requestId: sample?.request_id ?? '' }),
    'refused ones': deep(small, { statuses: ['rate_limited'] }),
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

/** The median time of a month's cost report without the roll-up, which reads each row of the tenant. */
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

/** The time of `work` in milliseconds, to a tenth. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return Math.round((performance.now() - startedAtMs) * 10) / 10;
}
