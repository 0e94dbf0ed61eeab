/** One store is away: calls are answered meanwhile, and nothing acknowledged is lost. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import pg from 'pg';
import { dayOf } from '../../src/storage/postgres/partitions.ts';
import { rabbitmqUrl } from '../support/broker.ts';
import { databaseServerUrl, withServer } from '../support/database.ts';
import { consumeEventsOf } from '../support/events.ts';
import { redisUrl } from '../support/redis.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { startTestReplica, startTestService, type TestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { auditOf, homeAddress, limitGoogle, startVendors } from '../support/vendors.ts';
import { waitFor } from '../support/wait-for.ts';

/** Redis databases for this file only: replicas of other tests must not count here. */
const redisApart = (database: number): string => new URL(`/${database}`, redisUrl).href;

const crm = { service_name: 'crm', service_type: 'api', base_url: 'https://example.org' };

async function geocodeAs(app: TestService, number: number): Promise<string> {
  const requestId = randomUUID();
  const reply = await app.call(
    'POST',
    '/geocoding/geocode',
    { address: homeAddress(number) },
    { 'x-request-id': requestId },
  );
  assert.equal(reply.status, 200, reply.text);
  return requestId;
}

async function healthOf(
  app: TestService,
): Promise<Record<'database' | 'cache', { readonly status: string; readonly problem?: string }>> {
  const reply = await fetch(`${app.url}/health/detailed`, { headers: { authorization: `Bearer ${app.adminToken}` } });
  assert.equal(reply.status, 200);
  return (await reply.json()) as Awaited<ReturnType<typeof healthOf>>;
}

test('Redis hangs: calls are answered, the shares of the limit hold, and it recovers by itself', async (t) => {
  const limit = 20;
  const vendors = await startVendors(t);
  const proxy = await startTcpProxy(t, redisUrl);
  const env = { ...vendors.env, REDIS_URL: proxy.through(redisApart(11)) };
  const one = await startTestService(t, env);
  const two = await startTestReplica(t, one, env);
  await limitGoogle(one, limit);
  const replicas = [one, two];
  await Promise.all(replicas.map((app, index) => geocodeAs(app, 1 + index)));
  const cacheOf = async (app: TestService): Promise<string> => (await healthOf(app)).cache.status;
  for (const app of replicas) assert.equal(await cacheOf(app), 'up');

  proxy.stall();
  for (let number = 10; number < 110; number += 1) {
    await Promise.all(replicas.map((app, index) => geocodeAs(app, number + index * 1_000)));
  }
  // A Redis that counts as away is not asked, so no call waits for it.
  for (const app of replicas) assert.equal(await cacheOf(app), 'down');
  const { maxPerMinute } = vendors.control.requests('google_maps');
  assert.ok(maxPerMinute <= limit && maxPerMinute > 2, `Google saw ${maxPerMinute}`);

  proxy.resume();
  await waitFor('an answer of one replica to be known to the other', async () => {
    const number = 10_000 + Math.floor(Math.random() * 1e6);
    await geocodeAs(one, number);
    return (await two.geocode(homeAddress(number))).headers.get('x-cache') === 'HIT-REDIS';
  });
});

test('Redis is cut off: calls are answered, also from the cache', async (t) => {
  const vendors = await startVendors(t);
  const proxy = await startTcpProxy(t, redisUrl);
  const env = { ...vendors.env, REDIS_URL: proxy.through(redisApart(12)) };
  const one = await startTestService(t, env);
  await geocodeAs(one, 1);
  proxy.cut();
  for (let number = 1; number <= 50; number += 1) await geocodeAs(one, number);
  assert.equal((await one.geocode(homeAddress(1))).headers.get('x-cache'), 'HIT-MEMORY');
  proxy.resume();
});

test('RabbitMQ goes away under traffic and returns: every durable event arrives, in the tenant’s order', async (t) => {
  const vendors = await startVendors(t);
  const proxy = await startTcpProxy(t, rabbitmqUrl);
  const app = await startTestService(t, { ...vendors.env, RABBITMQ_URL: proxy.through(rabbitmqUrl) });
  const events = await consumeEventsOf(t, app.tenant);
  const acknowledged: string[] = [];
  const ask = async (from: number, to: number): Promise<void> => {
    for (let number = from; number < to; number += 1) acknowledged.push(await geocodeAs(app, number));
  };

  await ask(0, 100);
  proxy.cut();
  await ask(100, 200);
  proxy.resume();
  await ask(200, 300);
  proxy.stall();
  await ask(300, 400);
  proxy.cut();
  proxy.resume();
  await ask(400, 500);

  const completed = () => events.all.filter(({ event_type: type }) => type === 'integration.request.completed');
  await waitFor(
    'an event of every acknowledged call',
    () => {
      const arrived = new Set(completed().map(({ correlation_id: id }) => id));
      return acknowledged.every((id) => arrived.has(id));
    },
    60_000,
  );
  await waitFor('the outbox to be empty', async () => {
    const { rows } = await app.database.db.querySystem({ text: 'select from outbox_events limit 1' });
    return rows.length === 0;
  });
  // At least once: a lost confirm repeats a message. The order applies to the first of each.
  assert.deepEqual([...new Set(completed().map(({ correlation_id: id }) => id))], acknowledged);
});

test('PostgreSQL is away: calls are answered, and are in the audit log when it is back', async (t) => {
  const vendors = await startVendors(t);
  const proxy = await startTcpProxy(t, databaseServerUrl);
  const first = await startTestService(t, vendors.env);
  const app = await startTestReplica(t, first, { ...vendors.env, DATABASE_URL: proxy.through(first.database.url) });
  await geocodeAs(app, 1);
  proxy.cut();
  const acknowledged: string[] = [];
  for (let number = 2; number <= 30; number += 1) acknowledged.push(await geocodeAs(app, number));
  proxy.resume();
  await waitFor('the audit rows of all calls', async () => {
    for (const requestId of acknowledged) if ((await auditOf(first, requestId)).length === 0) return false;
    return true;
  });
});

for (const [name, value, ordinary] of [
  ['maxmemory', '1', '0'],
  ['min-replicas-to-write', '1', '0'],
] as const) {
  test(`Redis refuses writes (${name}): calls and changes are answered, and it serves again by itself`, async (t) => {
    const vendors = await startVendors(t);
    const url = await startRedisServer(t, {});
    const app = await startTestService(t, { ...vendors.env, REDIS_URL: url });
    const server = new Redis(url);
    t.after(() => server.disconnect());
    await geocodeAs(app, 1);
    await server.config('SET', name, value);
    for (let number = 2; number <= 12; number += 1) await geocodeAs(app, number);
    const { status, text } = await app.admin('POST', '/services', crm);
    assert.equal(status, 201, text);
    const { cache } = await healthOf(app);
    assert.equal(cache.status, 'down');
    assert.match(String(cache.problem), /^REDIS_URL: Redis refuses commands: (OOM|NOREPLICAS)/);
    await server.config('SET', name, ordinary);
    await waitFor('Redis to serve again', async () => {
      await server.flushall();
      await geocodeAs(app, 1);
      return (await server.keys('is:*')).length > 0;
    });
  });
}

test('PostgreSQL is read-only, as after a failover: calls are answered and audited later, and its health says so', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  await geocodeAs(app, 1);
  const databaseStatus = async (): Promise<string> => (await healthOf(app)).database.status;
  assert.equal(await databaseStatus(), 'up');
  const name = new URL(app.database.url).pathname.slice(1);
  const becomes = (setting: 'on' | 'off') =>
    withServer(async (server) => {
      await server.query(`alter database ${name} set default_transaction_read_only = ${setting}`);
      await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    });
  await becomes('on');
  await waitFor('its health to say so', async () => (await databaseStatus()) === 'down');
  const unseen = await geocodeAs(app, 2);
  const { status, text } = await app.admin('POST', '/services', crm);
  assert.equal(status, 503, text);
  assert.equal((await app.admin('GET', '/services')).status, 200);
  await becomes('off');
  await waitFor('the audit row', async () => (await auditOf(app, unseen)).length > 0);
  assert.equal(await databaseStatus(), 'up');
});

test('PostgreSQL is full: calls are answered and audited later, changes are refused as 503, and reads go on', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);
  await geocodeAs(app, 1);
  const { db } = app.database;
  const tables = ['external_services', 'integration_logs'];
  await db.asOwner(async (tx) => {
    await tx.query({
      text: `create function refuse_as_full() returns trigger language plpgsql as
               $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
    });
    for (const table of tables)
      await tx.query({
        text: `create trigger full_disk before insert on ${table} for each row execute function refuse_as_full()`,
      });
  });
  const unseen = await geocodeAs(app, 2);
  const { status, headers, json, text } = await app.admin('POST', '/services', crm);
  assert.equal(status, 503, text);
  assert.equal(json.code, 'SERVICE_UNAVAILABLE');
  assert.ok(Number(headers.get('retry-after')) > 0);
  assert.equal((await app.admin('GET', '/services')).status, 200);
  await db.asOwner(async (tx) => {
    for (const table of tables) await tx.query({ text: `drop trigger full_disk on ${table}` });
  });
  await waitFor('the audit row', async () => (await auditOf(app, unseen)).length > 0);
  assert.equal((await app.admin('POST', '/services', crm)).status, 201);
});

test('a cached answer has the same bytes in every layer', async (t) => {
  const vendors = await startVendors(t);
  const one = await startTestService(t, { ...vendors.env, REDIS_URL: redisApart(13) });
  const fresh = await one.geocode(homeAddress(21));
  const remembered = await one.geocode(homeAddress(21));
  const two = await startTestReplica(t, one, { ...vendors.env, REDIS_URL: redisApart(13) });
  const shared = await two.geocode(homeAddress(21));
  const three = await startTestReplica(t, one, { ...vendors.env, REDIS_URL: redisApart(14) });
  // Checked in the database: a call that is too early would ask the provider and put the answer into memory.
  await waitFor('the answer in the database', async () => {
    const { rowCount } = await one.database.db.querySystem({ text: 'select from integration_cache' });
    return rowCount === 1;
  });
  const kept = await three.geocode(homeAddress(21));
  assert.deepEqual(
    [fresh, remembered, shared, kept].map(({ headers }) => headers.get('x-cache')),
    ['MISS', 'HIT-MEMORY', 'HIT-REDIS', 'HIT-POSTGRES'],
  );
  assert.equal(shared.text, remembered.text);
  assert.equal(kept.text, remembered.text);
  assert.deepEqual(remembered.json, { ...fresh.json, cached: true });
  assert.equal(vendors.received('google_maps'), 1);
});

test('a backup that locks every table for long does not stop a replica from starting and storing records', async (t) => {
  const first = await startTestService(t);
  const day = dayOf(Date.now() + 2 * 86_400_000).replaceAll('-', '');
  await first.database.db.asOwner((tx) => tx.query({ text: `drop table integration_logs_${day}` }));
  const backup = new pg.Client({ connectionString: first.database.url });
  await backup.connect();
  t.after(() => backup.end());
  await backup.query('begin; lock table integration_logs, log_bodies, webhook_events in access share mode');

  const replica = await startTestReplica(t, first, {});
  await geocodeAs(replica, 1);
});
