/**
 * The CPU of a call in our process with many of something, against with few: unused rows must not make a call slower.
 *
 * Rows are written to the database as the service would write them, before the measured process starts.
 */
import { hashToken } from '../../src/secrets/token-hash.ts';
import type { Cleanup } from '../../test/support/cleanup.ts';
import type { LoadPlan } from '../load/plan.ts';
import { path as geocodePath, requestHeaders } from '../peers/cached-answer.ts';
import { runLoad, type ServerProcess } from '../processes.ts';
import type { BenchRow } from '../report.ts';
import { type Effort, type Figures, measureInTurn } from '../rounds.ts';
import { addProxiedService, type ServiceProcess, startReplicaOf, startServiceProcess } from '../service-process.ts';
import { findStores } from '../stores.ts';
import { startUpstream } from '../upstream-process.ts';

const connections = 64;
/** Names end in these numbers, which all have the same length. */
const firstNumber = 100_000;

interface Growth {
  readonly what: string;
  readonly few: number;
  readonly many: number;
  /** Replaces `many` in a quick run, if `many` rows take long to write. */
  readonly quickMany?: number;
  fill(service: ServiceProcess, count: number): Promise<void>;
  request(service: ServiceProcess, count: number): Pick<LoadPlan, 'method' | 'path' | 'headers' | 'bodyTemplate'>;
  /** Whether each request is new, or requests repeat over the rows. Default: they repeat. */
  readonly isEndless?: true;
}

const growths: readonly Growth[] = [
  {
    ...{ what: 'tenants', few: 1, many: 10_000 },
    fill: ({ database, tenant }, count) =>
      copyRows(database, 'external_services', `service_name = 'files' and management_company_id = '${tenant}'`, count, {
        management_company_id: "'grow_' || n",
      }),
    request: () => ({
      method: 'GET',
      path: '/api/v1/proxy/files/x',
      headers: requestHeaders('grow_{n}'),
      bodyTemplate: '',
    }),
  },
  {
    ...{ what: 'services of a tenant', few: 1, many: 5_000 },
    fill: ({ database, tenant }, count) =>
      copyRows(database, 'external_services', `service_name = 'files' and management_company_id = '${tenant}'`, count, {
        service_name: "'files-' || n",
      }),
    request: ({ tenant }) => ({
      ...{ method: 'GET', path: '/api/v1/proxy/files-{n}/x', headers: requestHeaders(tenant), bodyTemplate: '' },
    }),
  },
  {
    ...{ what: 'webhooks', few: 10, many: 10_000 },
    fill: fillWebhooks,
    request: () => ({
      method: 'POST',
      path: `/api/v1/hooks/${tokenOf('{n}')}`,
      headers: { 'content-type': 'application/json' },
      bodyTemplate: JSON.stringify({ id: 'delivery-{i}', type: 'order.paid', filler: 'x'.repeat(400) }),
    }),
  },
  {
    ...{ what: 'kept answers', few: 10_000, many: 1_000_000, quickMany: 100_000, isEndless: true },
    fill: fillAnswers,
    request: ({ tenant }) => ({
      method: 'POST',
      path: geocodePath,
      headers: requestHeaders(tenant),
      bodyTemplate: JSON.stringify({ address: 'Ташкент, улица Навои, {n}' }),
    }),
  },
];

export async function benchGrowth(t: Cleanup, effort: Effort): Promise<BenchRow[]> {
  const upstream = await startUpstream(t);
  const rows: BenchRow[] = [];
  for (const growth of growths) rows.push(await apart((own) => measureGrowth(own, upstream, effort, growth)));
  rows.push(await apart((own) => measureReplicas(own, upstream, effort)));
  return rows;
}

/** Stops what it started: a database cannot serve a dozen services at once. */
async function apart(measure: (own: Cleanup) => Promise<BenchRow>): Promise<BenchRow> {
  const closers: (() => unknown)[] = [];
  try {
    return await measure({ after: (close) => void closers.push(close as () => unknown) });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function measureGrowth(t: Cleanup, upstream: ServerProcess, effort: Effort, growth: Growth): Promise<BenchRow> {
  const variantWith = async (count: number) => {
    const service = await startServiceProcess(t, upstream.port);
    await addProxiedService(service, { service_name: 'files', base_url: `http://127.0.0.1:${upstream.port}` });
    await growth.fill(service, count);
    return variantOf(service, [service], effort, growth, count);
  };
  const many = effort.isQuick ? (growth.quickMany ?? growth.many) : growth.many;
  const figures = await measureInTurn({ few: await variantWith(growth.few), many: await variantWith(many) }, effort);
  return rowOf(`growth: ${growth.few} → ${many} ${growth.what}`, figures.few, figures.many);
}

/** Only one of three replicas is asked, but the others' CPU counts too. */
async function measureReplicas(t: Cleanup, upstream: ServerProcess, effort: Effort): Promise<BenchRow> {
  const geocodes = growths.find(({ what }) => what === 'kept answers') as Growth;
  const [alone, one] = [await startServiceProcess(t, upstream.port), await startServiceProcess(t, upstream.port)];
  const three = [one, await startReplicaOf(t, one), await startReplicaOf(t, one)];
  const figures = await measureInTurn(
    {
      few: variantOf(alone, [alone], effort, geocodes, 1),
      many: variantOf(one, three, effort, geocodes, 1),
    },
    effort,
  );
  return rowOf('growth: 1 → 3 replicas', figures.few, figures.many);
}

function variantOf(
  service: ServiceProcess,
  processes: readonly ServerProcess[],
  { durationMs, warmUpMs }: Effort,
  growth: Growth,
  count: number,
) {
  const storePids = findStores();
  let index = 0;
  return async () => {
    const result = await runLoad({
      ...growth.request(service, count),
      ...{ port: service.port, connections, durationMs, warmUpMs, storePids },
      serverPids: processes.flatMap(({ pids }) => pids),
      firstNumber: firstNumber + (growth.isEndless ? index : 0),
      firstIndex: index,
      distinctNumbers: growth.isEndless ? null : count,
    });
    index += result.numbersUsed;
    return result;
  };
}

function rowOf(path: string, few: Figures, many: Figures): BenchRow {
  return {
    path,
    against: 'CPU of our process a call, where there is little',
    ratio: few.cpuMicros === null || many.cpuMicros === null ? null : many.cpuMicros / few.cpuMicros,
    aim: { atMost: 1.2 },
    unit: '×',
    figures: { few, many },
  };
}

type Database = ServiceProcess['database'];

/** Copies of one row, `n` from `firstNumber` on, with other members and new ids. */
async function copyRows(
  { db }: Database,
  table: string,
  where: string,
  count: number,
  members: Readonly<Record<string, string>>,
): Promise<void> {
  const changes = Object.entries(members).map(([column, expression]) => `, '${column}', ${expression}`);
  await db.querySystem({
    text: `
      insert into ${table}
      select (jsonb_populate_record(source, jsonb_build_object('id', gen_random_uuid()${changes.join('')}))).*
        from ${table} source, generate_series($1::int, $2::int) n
       where ${where}`,
    values: [firstNumber, firstNumber + count - 1],
  });
  await db.querySystem({ text: `analyze ${table}`, values: [] });
}

const tokenLength = 43;

/** In the form of webhook tokens. */
function tokenOf(number: string): string {
  return `whk_${'bench'.padEnd(tokenLength - String(firstNumber).length, '-')}${number}`;
}

async function fillWebhooks({ database, tenant }: ServiceProcess, count: number): Promise<void> {
  const hashes = Array.from({ length: count }, (_, number) => hashToken(tokenOf(String(firstNumber + number))));
  await database.db.querySystem({
    text: `
      insert into webhook_configs (id, management_company_id, webhook_name, webhook_url, webhook_token,
        webhook_token_sha256, source_service, signature_scheme, max_payload_size_bytes, over_limit_policy)
      select gen_random_uuid(), $1, 'grow-' || n, 'http://localhost/api/v1/hooks/', 'sealed', hash, 'custom', 'none',
             1048576, 'reject'
        from unnest($2::bytea[]) with ordinality as given (hash, n)`,
    values: [tenant, hashes],
  });
  await database.db.querySystem({ text: 'analyze webhook_configs', values: [] });
}

/** Rows per statement, because each statement has a time limit. */
const answersAtOnce = 50_000;

/** Of addresses that the load does not use. */
async function fillAnswers({ database, tenant }: ServiceProcess, count: number): Promise<void> {
  for (let from = 1; from <= count; from += answersAtOnce) {
    await database.db.querySystem({
      text: `
        insert into integration_cache (id, management_company_id, cache_key, service_name, operation, request_hash,
          response_data, ttl_seconds, expires_at, stale_until)
        select gen_random_uuid(), $1::text, 'geocoding:geocode:' || md5($1::text || n), 'google_maps', 'geocode', md5(n::text),
               json_build_object('filler', repeat('x', 300)), 3600, now() + interval '1 hour', now() + interval '1 day'
          from generate_series($2::int, $3::int) n`,
      values: [tenant, from, Math.min(count, from + answersAtOnce - 1)],
    });
  }
  await database.db.querySystem({ text: 'analyze integration_cache', values: [] });
}
