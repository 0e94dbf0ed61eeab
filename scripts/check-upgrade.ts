/**
 * `npm run check:upgrade -- REV`: starts an earlier commit with data and traffic on real PostgreSQL, Redis and
 * RabbitMQ, upgrades it to this version replica by replica, downgrades one replica and upgrades it again. Compares what
 * was acknowledged with what is stored and published. Exits with 1 if anything acknowledged is missing.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SignJWT } from 'jose';
import pg from 'pg';
import type { ReplicaProcess } from '../test/support/replica-process.ts';
import { ensureTestServices } from './test-services.ts';

const root = join(import.meta.dirname, '..');
const settleDeadlineMs = 60_000;
const stepMs = 5_000;
const [revision = 'HEAD~1'] = process.argv.slice(2);

const services = await ensureTestServices((line) => console.log(line));
Object.assign(process.env, services.env);
// These modules read the servers' addresses when they are imported.
const { startEmptyDatabase } = await import('../test/support/database.ts');
const { redisUrl } = await import('../test/support/redis.ts');
const { rabbitmqUrl } = await import('../test/support/broker.ts');
const { consumeEventsOf } = await import('../test/support/events.ts');
const { startReplicaProcess } = await import('../test/support/replica-process.ts');

const closers: (() => unknown)[] = [];
const t = { after: (close: () => unknown) => void closers.push(close) };
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  for (const close of closers.reverse()) await close();
  await services.close();
}

async function run(): Promise<boolean> {
  const earlier = await checkOut(revision);
  const url = await startEmptyDatabase(t);
  const tenant = `upgrade_${randomUUID().slice(0, 8)}`;
  const secret = randomBytes(32).toString('base64url');
  const env = {
    DATABASE_URL: url,
    REDIS_URL: new URL('/9', redisUrl).href,
    RABBITMQ_URL: rabbitmqUrl,
    MANAGEMENT_COMPANY_ID: tenant,
    JWT_SECRET: secret,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1000000',
    EMULATOR: 'off',
  };
  const events = await consumeEventsOf(t, tenant);
  const replicas = [await startReplicaProcess(t, env, earlier), await startReplicaProcess(t, env, earlier)];
  const load = startLoad(replicas, await createWebhook(replicas[0] as ReplicaProcess, tenant, secret));
  await delay(stepMs);
  const replace = async (index: number, version: string, folder: string): Promise<void> => {
    const old = replicas[index] as ReplicaProcess;
    const next = await startReplicaProcess(t, env, folder);
    replicas[index] = next;
    await old.stop();
    console.log(`replica ${index + 1} runs ${version}; ${load.acknowledged.size} deliveries acknowledged`);
    await delay(stepMs);
  };
  await replace(0, 'this version', root);
  await replace(1, 'this version', root);
  let stepBack = 'works';
  await replace(0, `${revision} again, a step back`, earlier).catch((error: unknown) => {
    stepBack = `is refused: ${String((error as Error).message).match(/"?(the database is newer[^"\n]*)/)?.[1] ?? error}`;
  });
  await replace(0, 'this version', root);
  await load.stop();

  const waitUntilMs = Date.now() + settleDeadlineMs;
  const published = (): number =>
    new Set(
      events.all.flatMap((event) =>
        event.event_type === 'integration.webhook.received' ? [event.webhook_event_id] : [],
      ),
    ).intersection(load.acknowledged).size;
  while (published() < load.acknowledged.size && Date.now() < waitUntilMs) await delay(200);
  const stored = await countStored(url, load.acknowledged);
  console.log(
    `acknowledged ${load.acknowledged.size}, stored ${stored}, published ${published()}, refused or failed ${load.failed()}`,
  );
  console.log(`a replica of ${revision} beside this version ${stepBack}`);
  return stored === load.acknowledged.size && published() === load.acknowledged.size && load.acknowledged.size > 0;
}

/** A working copy of an earlier commit with its packages, removed at the end. */
async function checkOut(rev: string): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'upgrade-')), 'earlier');
  execFileSync('git', ['worktree', 'add', '--quiet', '--detach', folder, rev], { cwd: root });
  t.after(async () => {
    execFileSync('git', ['worktree', 'remove', '--force', folder], { cwd: root });
    await rm(join(folder, '..'), { recursive: true, force: true });
  });
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: folder, stdio: 'inherit' });
  return folder;
}

async function createWebhook(replica: ReplicaProcess, tenant: string, secret: string): Promise<string> {
  const token = await new SignJWT({ sub: 'upgrade', tenants: '*', scope: 'admin' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));
  const reply = await fetch(`${replica.url}/api/v1/webhooks`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'x-management-company-id': tenant,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ webhook_name: 'upgrade', source_service: 'custom', signature_scheme: 'none' }),
  });
  if (!reply.ok) throw new Error(`no webhook: ${await reply.text()}`);
  return new URL(((await reply.json()) as { webhook_url: string }).webhook_url).pathname;
}

/** Senders that post one delivery after the other, to the replicas in turn. */
function startLoad(replicas: readonly ReplicaProcess[], path: string) {
  const acknowledged = new Set<string>();
  let failed = 0;
  let number = 0;
  let stopping = false;
  const send = async (): Promise<void> => {
    while (!stopping) {
      number += 1;
      const replica = replicas[number % replicas.length] as ReplicaProcess;
      try {
        const reply = await fetch(`${replica.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ type: 'upgrade', id: `d${number}` }),
        });
        const { event_id: id } = (await reply.json()) as { event_id?: string };
        if (reply.status === 200 && id !== undefined) acknowledged.add(id);
        else failed += 1;
      } catch {
        failed += 1; // The replica is stopping; nothing was acknowledged, and real senders repeat.
      }
    }
  };
  const sending = Promise.all(Array.from({ length: 8 }, send));
  return {
    acknowledged,
    failed: () => failed,
    async stop() {
      stopping = true;
      await sending;
    },
  };
}

async function countStored(url: string, ids: ReadonlySet<string>): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set role integration_service_system');
    const { rows } = await client.query<{ count: string }>(
      'select count(*) from webhook_events where id = any($1::uuid[])',
      [[...ids]],
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}
