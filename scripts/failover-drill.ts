/**
 * `npm run failover-drill [-- postgres rabbitmq redis] [--webhooks 500] [--calls 200] [--seconds 40]`: puts two
 * replicas under steady load, and kills PostgreSQL's primary and promotes its standby, kills one of three RabbitMQ
 * nodes, and kills one of three Redis Cluster nodes. Prints what was acknowledged, stored and published; exits with 1
 * if anything acknowledged was lost or the service did not recover by itself.
 *
 * It needs Debian's `postgresql`, `rabbitmq-server` and `redis-server`.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { Connection } from 'rabbitmq-client';
import type { Cleanup } from '../test/support/cleanup.ts';
import { startRedisCluster } from '../test/support/redis-cluster.ts';
import { startReplicaProcess } from '../test/support/replica-process.ts';
import { jwtSecretOfTests, signAdminToken } from '../test/support/service.ts';
import { startVendors } from '../test/support/vendors.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { startPostgresPair } from './failover/postgres-pair.ts';
import { startRabbitmqCluster } from './failover/rabbitmq-cluster.ts';
import { type SteadyLoad, startSteadyLoad, type Tally } from './failover/steady-load.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    webhooks: { type: 'string', default: '500' },
    calls: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '40' },
  },
});
const webhooksPerSecond = Number(values.webhooks);
const callsPerSecond = Number(values.calls);
const loadSeconds = Number(values.seconds);
/**
 * Time for events to be published after the load: they wait for a store that is away, and for a dead connection to be
 * detected.
 */
const settleDeadlineMs = 120_000;
/** In this time before the load ends, the service must answer every request again. */
const lastSeconds = 8;

interface Stores {
  readonly postgres: Awaited<ReturnType<typeof startPostgresPair>>;
  readonly rabbitmq: Awaited<ReturnType<typeof startRabbitmqCluster>>;
  readonly redis: readonly string[];
}

const failures: Readonly<Record<string, { readonly what: string; fail(stores: Stores): Promise<void> }>> = {
  postgres: {
    what: 'PostgreSQL: the primary killed, the standby promoted',
    fail: ({ postgres }) => postgres.failOver(),
  },
  rabbitmq: { what: 'RabbitMQ: one of three nodes killed', fail: ({ rabbitmq }) => rabbitmq.killNode(0) },
  redis: { what: 'Redis Cluster: one of three nodes killed', fail: ({ redis }) => killRedis(redis[0] as string) },
};
const chosen = positionals.length === 0 ? Object.keys(failures) : positionals;
for (const name of chosen) if (!(name in failures)) throw new RangeError(`no such failure: ${name}`);

for (const name of chosen) {
  const closers: (() => unknown)[] = [];
  try {
    await runDrill({ after: (close) => void closers.push(close as () => unknown) }, name);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function runDrill(t: Cleanup, name: string): Promise<void> {
  const { what, fail } = failures[name] as (typeof failures)[string];
  console.log(`\n${what}; ${webhooksPerSecond} webhooks/s and ${callsPerSecond} calls/s for ${loadSeconds} s`);
  const stores: Stores = {
    postgres: await startPostgresPair(t),
    rabbitmq: await startRabbitmqCluster(t),
    redis: await startRedisCluster(t),
  };
  const consumed = await consumeEvents(t, stores.rabbitmq.url);
  const load = await startService(t, stores);
  const idleShare = watchIdle();
  await delay((loadSeconds * 1_000) / 3);
  const failedAtMs = Date.now();
  await fail(stores);
  console.log(`failed over within ${Date.now() - failedAtMs} ms`);
  await delay((loadSeconds * 1_000 * 2) / 3);
  const endedAtMs = Date.now();
  const idle = idleShare();
  await load.stop();
  const isPublished = (): boolean =>
    countIn(load.webhooks, consumed.webhooks) === load.webhooks.acknowledged.size &&
    countIn(load.calls, consumed.calls) === load.calls.acknowledged.size;
  await waitFor('all events', isPublished, settleDeadlineMs).catch(() => {});
  const broken = [
    ...report('webhooks', load.webhooks, await storedIds(stores, 'webhook_events', 'id'), consumed.webhooks),
    ...report('calls', load.calls, await storedIds(stores, 'integration_logs', 'request_id'), consumed.calls),
    ...[load.webhooks, load.calls].flatMap((tally) => reportOutage(tally, failedAtMs, endedAtMs)),
  ];
  console.log(`the machine was idle for ${Math.round(idle * 100)} % of the time`);
  for (const guarantee of broken) console.log(`BROKEN: ${guarantee}`);
  if (broken.length > 0) process.exitCode = 1;
}

/**
 * Returns a function that gives the idle share of all cores since this call: without idle time, the drill measures the
 * machine.
 */
function watchIdle(): () => number {
  const read = (): { idle: number; all: number } => {
    const times = cpus().map(({ times: { idle, ...rest } }) => ({
      idle,
      all: idle + rest.user + rest.nice + rest.sys + rest.irq,
    }));
    return times.reduce((sum, core) => ({ idle: sum.idle + core.idle, all: sum.all + core.all }));
  };
  const before = read();
  return () => {
    const after = read();
    return (after.idle - before.idle) / (after.all - before.all);
  };
}

/** Starts two replicas, creates a webhook, and puts both under load. */
async function startService(t: Cleanup, stores: Stores): Promise<SteadyLoad> {
  const vendors = await startVendors(t);
  const tenant = `failover_${randomUUID().slice(0, 18)}`;
  const token = `token-${randomUUID()}`;
  const secret = 'the sender’s secret';
  const env = {
    ...vendors.env,
    DATABASE_URL: stores.postgres.url,
    RABBITMQ_URL: stores.rabbitmq.url,
    REDIS_URL: stores.redis.join(','),
    MANAGEMENT_COMPANY_ID: tenant,
    SERVICE_TOKENS: `drill:${token}`,
    JWT_SECRET: jwtSecretOfTests,
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1000000',
  };
  const replicas = [await startReplicaProcess(t, env), await startReplicaProcess(t, env)];
  const urls = replicas.map(({ url }) => url);
  const created = await fetch(`${urls[0]}/api/v1/webhooks`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}`,
      'x-management-company-id': tenant,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ webhook_name: 'drill', secret_key: secret }),
  });
  const { webhook_url: hookUrl } = (await created.json()) as { webhook_url: string };
  const hookPath = new URL(hookUrl).pathname;
  return startSteadyLoad({ urls, tenant, token, hookPath, secret, webhooksPerSecond, callsPerSecond });
}

interface Consumed {
  readonly webhooks: ReadonlySet<string>;
  readonly calls: ReadonlySet<string>;
}

/** A consumer with a quorum queue, which reconnects to the remaining nodes. */
async function consumeEvents(t: Cleanup, urls: string): Promise<Consumed> {
  const [first = ''] = urls.split(',');
  const hosts = urls.split(',').map((url) => new URL(url).host);
  const connection = new Connection({ url: first, hosts, retryHigh: 1_000 });
  connection.on('error', () => {}); // A node was killed: the consumer connects to another.
  const [webhooks, calls] = [new Set<string>(), new Set<string>()];
  const queue = `failover-drill-${randomUUID()}`;
  const exchange = 'integration.events';
  const consumer = connection.createConsumer(
    {
      queue,
      queueOptions: { durable: true, arguments: { 'x-queue-type': 'quorum' } },
      exchanges: [{ exchange, type: 'topic', durable: true }],
      queueBindings: [{ exchange, routingKey: '#' }],
      qos: { prefetchCount: 500 },
    },
    async ({ body }) => {
      const event = (Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body) as Record<string, string>;
      if (event.event_type === 'integration.webhook.received') webhooks.add(event.webhook_event_id as string);
      if (event.event_type === 'integration.request.completed') calls.add(event.request_id as string);
    },
  );
  consumer.on('error', () => {}); // As above.
  await once(consumer, 'ready');
  t.after(async () => {
    await consumer.close();
    await connection.close();
  });
  return { webhooks, calls };
}

async function killRedis(url: string): Promise<void> {
  const node = new Redis(url);
  const info = await node.info('server');
  node.disconnect();
  process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), 'SIGKILL');
}

async function storedIds({ postgres }: Stores, table: string, column: string): Promise<ReadonlySet<string>> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>(`select ${column}::text as id from ${table}`);
    return new Set(rows.map(({ id }) => id));
  } finally {
    await client.end();
  }
}

function countIn({ acknowledged }: Tally, known: ReadonlySet<string>): number {
  return [...acknowledged.keys()].filter((id) => known.has(id)).length;
}

/** Prints the counts; returns the guarantees that they break. */
function report(kind: string, tally: Tally, stored: ReadonlySet<string>, published: ReadonlySet<string>): string[] {
  const acknowledged = tally.acknowledged.size;
  const [kept, told] = [countIn(tally, stored), countIn(tally, published)];
  console.log(
    `${kind.padEnd(9)} sent ${tally.sent}, held back ${tally.heldBack}, acknowledged ${acknowledged}, stored ${kept}, published ${told}; refused ${JSON.stringify(Object.fromEntries(tally.refused))}`,
  );
  const sorted = tally.latenciesMs.toSorted((a, b) => a - b);
  const [half, most] = [0.5, 0.99].map((share) => Math.round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN));
  console.log(`          answered within ${half} ms (p50) and ${most} ms (p99)`);
  return [
    ...(kept === acknowledged ? [] : [`${acknowledged - kept} acknowledged ${kind} are not stored`]),
    ...(told === acknowledged ? [] : [`${acknowledged - told} acknowledged ${kind} were not published`]),
  ];
}

function reportOutage({ acknowledged, refusedAtMs }: Tally, failedAtMs: number, endedAtMs: number): string[] {
  const lastRefusal = Math.max(0, ...refusedAtMs) - failedAtMs;
  const after = [...acknowledged.values()].filter((atMs) => atMs > endedAtMs - lastSeconds * 1_000).length;
  const firstRefusal = Math.min(...refusedAtMs) - failedAtMs;
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  if (refusedAtMs.length > 0) {
    console.log(`          refused from ${seconds(firstRefusal)} to ${seconds(lastRefusal)} s after the failure`);
  }
  if (after === 0) return [`nothing was acknowledged in the last ${lastSeconds} s`];
  return endedAtMs - failedAtMs - lastRefusal > lastSeconds * 1_000 ? [] : ['the service still refused at the end'];
}
