/**
 * `npm run check:audit [-- ROWS]` (1,000,000): measures the time and memory of `cli logs verify`, with a heap of 64
 * MiB, for a tenth of the rows of a chained audit log and then for all. Then SQL changes one byte of a row, deletes a
 * row and adds a row: `verify` must name exactly these three. Works in a database of its own, dropped at the end.
 *
 * Exits with 1 if a row is not named, or if ten times the rows need much more memory.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import pino from 'pino';
import { linkBatches } from '../src/audit/chain/link-batches.ts';
import { systemClock } from '../src/clock.ts';
import { newId } from '../src/ids.ts';
import { createKeyring } from '../src/secrets/keyring.ts';
import { type Database, openDatabase } from '../src/storage/postgres/database.ts';
import { ensurePartitions } from '../src/storage/postgres/partitions.ts';
import { rowDigest } from '../src/storage/tables/audit/audit-chain.ts';
import { ensureTestServices } from './test-services.ts';

const root = join(import.meta.dirname, '..');
const rows = Number(process.argv[2] ?? 1_000_000);
if (!(Number.isInteger(rows) && rows >= 1_000)) throw new RangeError('ROWS must be a whole number from 1000');
const tenant = 'audit_check';
const days = 10;
const dayMs = 86_400_000;
const rowsPerInsert = 50_000;
/** As many rows as a busy commit writes. */
const rowsPerBatch = 100;
/** With more growth for ten times the rows, memory is not constant; less is noise of the garbage collector. */
const memoryToleranceMiB = 64;

const services = await ensureTestServices((line) => console.log(line));
Object.assign(process.env, services.env);
// This module reads the server's address when it is imported.
const { startTestDatabase } = await import('../test/support/database.ts');

const closers: (() => unknown)[] = [];
try {
  const { db, url } = await startTestDatabase({ after: (close) => void closers.push(close as () => unknown) });
  const broken = await check(db, url);
  for (const guarantee of broken) console.log(`BROKEN: ${guarantee}`);
  if (broken.length > 0) process.exitCode = 1;
} finally {
  for (const close of closers.reverse()) await close();
  await services.close();
}

interface Verified {
  readonly rows: number;
  readonly faults: readonly { kind: string; id?: string }[];
  readonly peakMiB: number;
}

async function check(testDb: Database, url: string): Promise<string[]> {
  const key = randomBytes(32);
  const env = { DATABASE_URL: url, ENCRYPTION_KEYS: `k1:${key.toString('base64')}`, MANAGEMENT_COMPANY_ID: tenant };
  const logger = pino({ level: 'silent' });
  const nowMs = Date.now();
  for (let day = days; day >= 0; day -= 1) await ensurePartitions(testDb, nowMs - day * dayMs, 1);
  const db = openDatabase({ url, applicationName: 'check-audit', logger, statementTimeoutMs: 600_000 });
  const keyring = createKeyring([{ id: 'k1', key }]);
  const link = () => linkBatches({ db, keyring, clock: systemClock });
  try {
    const tenth = Math.floor(rows / 10);
    await fill(db, 0, tenth, nowMs);
    await link();
    const few = await verify(env);
    await fill(db, tenth, rows, nowMs);
    await link();
    const all = await verify(env);
    const broken = [...few.faults, ...all.faults].map((fault) => `before any change: ${fault.kind} ${fault.id}`);
    if (all.rows !== rows) broken.push(`${all.rows} rows were checked instead of ${rows}`);
    if (all.peakMiB > few.peakMiB + memoryToleranceMiB) {
      broken.push(`${all.peakMiB} MiB for all rows, ${few.peakMiB} MiB for a tenth of them`);
    }
    return [...broken, ...(await checkTampering(env))];
  } finally {
    await db.close();
  }
}

/** Rows `from` to `to` of all, over the days up to now, with the digests that commits write. */
async function fill(db: Database, from: number, to: number, nowMs: number): Promise<void> {
  for (let first = from; first < to; first += rowsPerInsert) {
    const last = Math.min(first + rowsPerInsert, to) - 1;
    await db.acrossTenants('fill', (tx) =>
      tx.query({
        text: `
          with new_logs as (
            insert into integration_logs (id, management_company_id, service_name, service_type, operation, endpoint,
              http_method, response_status_code, started_at, completed_at, duration_ms, status, request_id, estimated_cost)
            select (lpad(to_hex(at_ms), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5('x' || n), 1, 15))::uuid,
                   $5, 'google_maps', 'geocoding', 'geocode', 'https://maps.googleapis.com/maps/api/geocode/json?n=' || n,
                   'GET', 200, to_timestamp(at_ms / 1000.0), to_timestamp((at_ms + n % 400) / 1000.0), n % 400, 'success',
                   md5('r' || n), 0.005
              from generate_series($1::bigint, $2::bigint) n,
                   lateral (select $3::bigint - ($4::bigint - n) * ${days * dayMs}::bigint / $4::bigint as at_ms) t
            returning id, ${rowDigest} as digest),
          numbered as (select id, digest, (row_number() over (order by id) - 1) / ${rowsPerBatch} as batch from new_logs)
          insert into audit_batches (management_company_id, kind, entries)
          select $5, 'rows', string_agg(uuid_send(id) || digest, ''::bytea) from numbered group by batch order by batch`,
        values: [first, last, nowMs, rows, tenant],
      }),
    );
  }
  await db.asOwner((tx) => tx.query({ text: 'analyze integration_logs' }));
}

/** Runs `cli logs verify` as an operator would, and prints its time and memory. */
async function verify(env: Readonly<Record<string, string>>): Promise<Verified> {
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, ['src/cli/main.ts', 'logs', 'verify', '--tenant', tenant, '--json'], {
    cwd: root,
    // The heap limit is low, because V8 leaves garbage in place while there is room.
    env: { PATH: process.env.PATH ?? '', NODE_OPTIONS: '--max-old-space-size=64 --max-semi-space-size=4', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let peakKiB = 0;
  const watch = setInterval(() => (peakKiB = Math.max(peakKiB, peakOf(child.pid as number))), 50);
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  clearInterval(watch);
  const [report] = JSON.parse(said).tenants;
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  const peakMiB = Math.round(peakKiB / 1_024);
  console.log(
    `${report.rows} rows, ${report.links} links: ${seconds} s, at most ${peakMiB} MiB, ${report.faults.length} faults`,
  );
  return { rows: report.rows, faults: report.faults, peakMiB };
}

/** KiB; 0 if the system does not report it, or the process has ended. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Edits rows with the rights of the database's owner, which no policy or grant stops. */
async function checkTampering(env: Readonly<Record<string, string>> & { DATABASE_URL: string }): Promise<string[]> {
  const client = new pg.Client({ connectionString: env.DATABASE_URL });
  await client.connect();
  const added = newId();
  const idAt = async (share: number): Promise<string> => {
    const found = await client.query<{ id: string }>(
      'select id from integration_logs where management_company_id = $1 order by started_at offset $2 limit 1',
      [tenant, Math.floor(rows * share)],
    );
    return found.rows[0]?.id ?? '';
  };
  try {
    const [changed, missing] = [await idAt(0.3), await idAt(0.7)];
    await client.query(`update integration_logs set endpoint = overlay(endpoint placing 'X' from 12) where id = $1`, [
      changed,
    ]);
    await client.query('delete from integration_logs where id = $1', [missing]);
    await client.query(
      `insert into integration_logs (id, management_company_id, service_name, service_type, operation, started_at, status)
       values ($1, $2, 'google_maps', 'geocoding', 'geocode', now() - interval '5 days', 'success')`,
      [added, tenant],
    );
    const { faults } = await verify(env);
    const found = faults.map(({ kind, id }) => `${kind} ${id}`).sort();
    const expected = [`row_added ${added}`, `row_changed ${changed}`, `row_missing ${missing}`];
    for (const fault of found) console.log(`  ${fault}`);
    return found.join() === expected.join() ? [] : [`expected ${expected.join(', ')}; found ${found.join(', ')}`];
  } finally {
    await client.end();
  }
}
