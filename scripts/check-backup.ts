/**
 * `npm run check:backup`: dumps and copies the database of two replicas under steady load, then destroys it. From each
 * of the two backups it creates a new cluster and starts the service on it, with the same keys and data folders.
 * Everything acknowledged before the backup, or after the loss into the spool, must be stored and published; duplicates
 * must be recognised, tokens and secrets must work, the audit chain must be intact. Prints what was lost between backup
 * and loss.
 *
 * RabbitMQ is cut off before the backup, so that later events can be published only from the restored rows. Exits with
 * 1 if a guarantee is broken. Needs Debian's `postgresql`; takes two minutes.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { scopes } from '../src/http/request/request-context.ts';
import type { Cleanup } from '../test/support/cleanup.ts';
import { openPostgres, type PostgresCluster } from './failover/postgres-backups.ts';
import { deliver, type LoadPlan, type SteadyLoad, startSteadyLoad, type Tally } from './failover/steady-load.ts';
import { ensureTestServices } from './test-services.ts';

const root = join(import.meta.dirname, '..');
const webhooksPerSecond = 100;
const callsPerSecond = 30;
const phaseMs = 5_000;
const settleDeadlineMs = 60_000;
/** Requests in flight while the database is destroyed may count on either side. */
const boundaryMs = 1_000;
const apiKey = `drill-key-${randomUUID()}`;
const samples = 20;

const services = await ensureTestServices((line) => console.log(line));
Object.assign(process.env, services.env);
// These modules read the servers' addresses when they are imported.
const { redisUrl } = await import('../test/support/redis.ts');
const { rabbitmqUrl } = await import('../test/support/broker.ts');
const { consumeEventsOf } = await import('../test/support/events.ts');
const { startReplicaProcess } = await import('../test/support/replica-process.ts');
const { createDataDir } = await import('../test/support/data-dir.ts');
const { jwtSecretOfTests, signAdminToken } = await import('../test/support/service.ts');
const { startTcpProxy } = await import('../test/support/tcp-proxy.ts');
const { startVendors } = await import('../test/support/vendors.ts');
const { waitFor } = await import('../test/support/wait-for.ts');

const closers: (() => unknown)[] = [];
const t: Cleanup = { after: (close) => void closers.push(close as () => unknown) };
const startedAtMs = performance.now();
try {
  const broken = await drill();
  for (const guarantee of broken) console.log(`BROKEN: ${guarantee}`);
  if (broken.length > 0) process.exitCode = 1;
} finally {
  for (const close of closers.reverse()) await close();
  await services.close();
}
console.log(`${Math.round((performance.now() - startedAtMs) / 1_000)} s in all`);

/** What was created in the service before the backup. */
interface Account {
  readonly tenant: string;
  readonly token: string;
  readonly hookPath: string;
  readonly secret: string;
  /** The event id that the sender got, by delivery. */
  readonly sampleEvents: ReadonlyMap<string, string>;
}

/** The times of the steps in Unix milliseconds. */
interface Times {
  readonly backupMs: number;
  readonly lossMs: number;
}

async function drill(): Promise<string[]> {
  const postgres = await openPostgres(t);
  const cluster = await postgres.start();
  const broker = await startTcpProxy(t, rabbitmqUrl);
  const upstream = await startUpstream();
  const vendors = await startVendors(t);
  const tenant = `backup_${randomUUID().slice(0, 18)}`;
  const events = await consumeEventsOf(t, tenant);
  const dataDirs = [await createDataDir(t), await createDataDir(t)];
  const env = {
    ...vendors.env,
    OUTBOUND_ALLOWED_NETWORKS: `${new URL(vendors.url).host},${new URL(upstream.url).host}`,
    REDIS_URL: new URL('/7', redisUrl).href,
    RABBITMQ_URL: broker.through(rabbitmqUrl),
    MANAGEMENT_COMPANY_ID: tenant,
    JWT_SECRET: jwtSecretOfTests,
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1000000',
  };
  const startReplicas = (database: PostgresCluster, folders: readonly string[]) =>
    Promise.all(
      folders.map((folder) => startReplicaProcess(t, { ...env, DATABASE_URL: database.url, DATA_DIR: folder })),
    );

  const replicas = await startReplicas(cluster, dataDirs);
  const urls = replicas.map(({ url }) => url);
  const account = await openAccount(urls[0] as string, tenant, upstream.url);
  const load = startSteadyLoad({ ...planOf(account, urls), webhooksPerSecond, callsPerSecond });
  await delay(phaseMs);
  broker.cut();
  await delay(phaseMs);

  const backupMs = Date.now();
  const { bytes } = cluster.dump();
  const dumpedMs = Date.now();
  cluster.copy();
  console.log(`dump: ${dumpedMs - backupMs} ms, ${Math.round(bytes / 1024)} KiB; copy: ${Date.now() - dumpedMs} ms`);
  await delay(phaseMs);
  const lossMs = Date.now();
  await cluster.destroy();
  console.log('the database is destroyed; the replicas write to their spools');
  await delay(phaseMs);
  await load.stop();
  await Promise.all(replicas.map((replica) => replica.kill()));
  broker.resume();

  const broken: string[] = [];
  const publishedBefore = events.all.length;
  for (const [kind, restore] of [
    ['dump', () => postgres.restoreDump()],
    ['copy', () => postgres.restoreCopy()],
  ] as const) {
    const beganMs = Date.now();
    const restored = await restore();
    const restoredMs = Date.now();
    const folders = await Promise.all(dataDirs.map((folder) => copyOf(folder)));
    const since = events.all.length;
    const running = await startReplicas(restored, folders);
    console.log(
      `\n${kind}: restored in ${restoredMs - beganMs} ms, two replicas ready ${Date.now() - restoredMs} ms later`,
    );
    const arrived = () => [...events.all.slice(0, publishedBefore), ...events.all.slice(since)];
    broken.push(...(await checkFacts(kind, load, { backupMs, lossMs }, restored, arrived)));
    broken.push(...(await checkAccount(kind, account, running[0]?.url as string, upstream)));
    await Promise.all(running.map((replica) => replica.stop()));
    broken.push(...verifyLogs(kind, { ...env, DATABASE_URL: restored.url, DATA_DIR: folders[0] as string }));
  }
  return broken;
}

async function copyOf(folder: string): Promise<string> {
  const copy = await createDataDir(t);
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** Answers 200 and remembers the last credential it received. */
async function startUpstream(): Promise<{ readonly url: string; lastCredential(): string }> {
  let credential = '';
  const server = createServer((request, reply) => {
    credential = String(request.headers.authorization ?? request.headers['x-api-key']);
    reply.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, lastCredential: () => credential };
}

async function openAccount(url: string, tenant: string, upstreamUrl: string): Promise<Account> {
  const admin = await signAdminToken({ tenants: '*', scope: 'admin' });
  const create = async (path: string, body: unknown): Promise<Record<string, string>> => {
    const reply = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${admin}`,
        'x-management-company-id': tenant,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    if (reply.status !== 201) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return (await reply.json()) as Record<string, string>;
  };
  await create('/services', { service_name: 'keyed', service_type: 'api', base_url: upstreamUrl, api_key: apiKey });
  const { token = '' } = await create('/tokens', { name: 'drill', scopes: [...scopes] });
  const secret = 'the sender’s secret';
  const { webhook_url: hookUrl = '' } = await create('/webhooks', { webhook_name: 'drill', secret_key: secret });
  const known = { tenant, token, secret, hookPath: new URL(hookUrl).pathname };
  const sampleEvents = new Map<string, string>();
  for (let number = 0; number < samples; number += 1) {
    const id = `sample-${number}`;
    sampleEvents.set(id, (await deliver(known, url, id)).event_id as string);
  }
  return { ...known, sampleEvents };
}

function planOf({ tenant, token, hookPath, secret }: Account, urls: readonly string[]): Omit<LoadPlan, RatesOfLoad> {
  return { urls, tenant, token, hookPath, secret };
}
type RatesOfLoad = 'webhooksPerSecond' | 'callsPerSecond';

/** Webhooks and calls that got 200 before the backup, or after the loss, are stored and published. */
async function checkFacts(
  kind: string,
  load: SteadyLoad,
  times: Times,
  restored: PostgresCluster,
  arrived: () => readonly { webhook_event_id?: string; request_id?: string }[],
): Promise<string[]> {
  const broken: string[] = [];
  const facts = [
    ['webhooks', load.webhooks, 'select id::text as id from webhook_events', 'webhook_event_id'],
    ['calls', load.calls, 'select request_id as id from integration_logs', 'request_id'],
  ] as const;
  for (const [name, tally, sql, member] of facts) {
    const promised = idsOf(tally, (atMs) => atMs < times.backupMs || atMs > times.lossMs + boundaryMs);
    const between = idsOf(tally, (atMs) => atMs >= times.backupMs && atMs <= times.lossMs + boundaryMs);
    const published = () => new Set(arrived().map((event) => event[member] ?? ''));
    const isWhole = async (): Promise<boolean> =>
      (await storedIds(restored, sql)).isSupersetOf(promised) && published().isSupersetOf(promised);
    await waitFor(`the ${name}`, isWhole, settleDeadlineMs).catch(() => {});
    const [stored, told] = [await storedIds(restored, sql), published()];
    const spooled = idsOf(tally, (atMs) => atMs > times.lossMs + boundaryMs).size;
    console.log(
      `${name.padEnd(8)} acknowledged ${promised.size} (${spooled} of them into the spool), stored ${promised.intersection(stored).size}, published ${promised.intersection(told).size}`,
    );
    console.log(`         between backup and loss ${between.size}: ${between.difference(stored).size} are lost`);
    const notStored = promised.difference(stored).size;
    const notPublished = promised.difference(told).size;
    if (promised.size === 0) broken.push(`${kind}: no ${name} were acknowledged`);
    if (notStored > 0) broken.push(`${kind}: ${notStored} acknowledged ${name} are not stored`);
    if (notPublished > 0) broken.push(`${kind}: ${notPublished} acknowledged ${name} were not published`);
  }
  return broken;
}

function idsOf({ acknowledged }: Tally, isMeant: (atMs: number) => boolean): ReadonlySet<string> {
  return new Set([...acknowledged].filter(([, atMs]) => isMeant(atMs)).map(([id]) => id));
}

async function storedIds({ url }: PostgresCluster, sql: string): Promise<ReadonlySet<string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return new Set((await client.query<{ id: string }>(sql)).rows.map(({ id }) => id));
  } finally {
    await client.end();
  }
}

/** Its duplicates are recognised, its token and its webhook's secret work, and its service's key is sent. */
async function checkAccount(
  kind: string,
  account: Account,
  url: string,
  upstream: { lastCredential(): string },
): Promise<string[]> {
  const broken: string[] = [];
  const plan = planOf(account, [url]);
  for (const [id, eventId] of account.sampleEvents) {
    const { status, event_id: again } = await deliver(plan, url, id);
    if (status !== 'duplicate' || again !== eventId)
      broken.push(`${kind}: ${id} is ${status} ${again}, not ${eventId}`);
  }
  const forged = await deliver({ ...plan, secret: 'another secret' }, url, 'forged').then(
    () => 'was taken',
    (error: Error) => error.message,
  );
  if (!forged.startsWith('401')) broken.push(`${kind}: a delivery with a wrong signature: ${forged}`);
  const reply = await fetch(`${url}/api/v1/proxy/keyed/`, {
    headers: { 'x-service-token': account.token, 'x-management-company-id': account.tenant },
  });
  if (reply.status !== 200) broken.push(`${kind}: the token and the service: ${reply.status} ${await reply.text()}`);
  else if (!upstream.lastCredential().includes(apiKey)) broken.push(`${kind}: the service’s key was not sent`);
  if (broken.length === 0) {
    console.log(`account  ${account.sampleEvents.size} duplicates are known; the token, the secret and the key work`);
  }
  return broken;
}

function verifyLogs(kind: string, env: Readonly<Record<string, string>>): string[] {
  try {
    const said = execFileSync(process.execPath, ['src/cli/main.ts', 'logs', 'verify'], {
      cwd: root,
      env: { PATH: process.env.PATH ?? '', ...env },
      encoding: 'utf8',
      stdio: 'pipe',
    });
    console.log(`chain    ${said.trim().split('\n').at(0)}`);
    return [];
  } catch (error) {
    return [
      `${kind}: logs verify: ${(error as { stdout: string; stderr: string }).stdout}${(error as { stderr: string }).stderr}`,
    ];
  }
}
