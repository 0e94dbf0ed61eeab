import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { geocodeCapability, pipelineTenant, startPipeline } from '../../test/support/call-pipeline.ts';
import { closeInReverse } from '../../test/support/cleanup.ts';
import { silentLogger, startTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { answerPlace, answerWith, startFakeProvider } from '../../test/support/fake-provider.ts';
import { busyMachineDeadlineMs, redisUrl, uniquePrefix } from '../../test/support/redis.ts';
import { removeKeys } from '../../test/support/redis-at-clock.ts';
import { startTcpProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { openRedisStore } from '../storage/redis/redis-store.ts';

const sheet = (range: string) => ({ cacheScope: { scope: 'sheet:1', detail: range } });

/** Replicas over one database and one Redis, which they reach through a proxy. */
async function startReplicas(t: TestContext, count: number) {
  closeInReverse(t);
  const google = await startFakeProvider(t, answerPlace(0.9, 'Old'));
  const shared = await startTestDatabase(t);
  const prefix = uniquePrefix();
  t.after(() => removeKeys(redisUrl, prefix));
  const replicas = [];
  const proxies: TcpProxy[] = [];
  for (let index = 0; index < count; index += 1) {
    const proxy = await startTcpProxy(t, redisUrl);
    proxies.push(proxy);
    const store = await openRedisStore({
      urls: [proxy.through(redisUrl)],
      logger: silentLogger,
      prefix,
      deadlineMs: busyMachineDeadlineMs,
    });
    t.after(() => store.close());
    const database: TestDatabase = { ...shared, db: shared.openAnother() };
    const queries = t.mock.method(database.db, 'querySystem').mock;
    /** The number of queries for answers in PostgreSQL. */
    const looks = () => queries.calls.filter(({ arguments: [{ name }] }) => name === 'integration_cache_find').length;
    replicas.push({ ...(await startPipeline(t, { providers: { google }, store, database })), looks });
  }
  for (const { store } of replicas) await waitFor('all replicas', () => store.replicasSeen() === count);
  const proxy = {
    cut() {
      for (const each of proxies) each.cut();
    },
    resume() {
      for (const each of proxies) each.resume();
    },
  };
  return { google, proxy, proxies, replicas, db: shared.db };
}
type Replica = Awaited<ReturnType<typeof startReplicas>>['replicas'][number];

const stored = (db: TestDatabase['db']) =>
  waitFor('the stored answer', async () => {
    const { rows } = await db.querySystem<{ cache_key: string; cache_status: string }>({
      text: 'select cache_key, cache_status from integration_cache',
    });
    return rows.length > 0 ? rows : null;
  });

test('another replica is answered from Redis, and where Redis has forgotten from PostgreSQL, with the same bytes', async (t) => {
  const { google, replicas, db } = await startReplicas(t, 3);
  const [first, second, third] = replicas as [Replica, Replica, Replica];
  await first.geocode('Navoi 1');
  await stored(db);

  const fromRedis = await second.geocode('Navoi 1');
  // Redis keeps answers only for the memory TTL.
  third.advance(1_000);
  await third.store.delete([`cache:{${pipelineTenant}}:${(await stored(db))[0]?.cache_key}`]);
  const fromPostgres = await third.geocode('Navoi 1');

  assert.equal(fromRedis.cacheOutcome, 'HIT-REDIS');
  assert.equal(fromPostgres.cacheOutcome, 'HIT-POSTGRES');
  assert.deepEqual(fromRedis.body, fromPostgres.body);
  assert.equal(fromRedis.json.cached, true);
  assert.equal(google.requests(), 1);
  assert.equal((await second.geocode('Navoi 1')).cacheOutcome, 'HIT-MEMORY');
});

test('PostgreSQL is asked for what it may have alone, and for everything where Redis has lost its memory', async (t) => {
  const { replicas, db } = await startReplicas(t, 2);
  const [first, second] = replicas as [Replica, Replica];
  await first.geocode('Navoi 1');
  const [{ cache_key: kept } = { cache_key: '' }] = await stored(db);
  const complete = `cache-kept-complete:{${pipelineTenant}}`;
  await waitFor('the marks of all rows', () => second.store.get(complete));

  await second.geocode('Navoi 2');
  assert.equal(second.looks(), 0, 'it has no such answer');
  await second.store.delete([`cache:{${pipelineTenant}}:${kept}`]);
  assert.equal((await second.geocode('Navoi 1')).cacheOutcome, 'HIT-POSTGRES');
  assert.equal(second.looks(), 1);

  await second.store.delete([
    complete,
    `cache-kept:{${pipelineTenant}}:${kept}`,
    `cache-kept-claim:{${pipelineTenant}}`,
  ]);
  second.advance(1_500);
  await second.geocode('Navoi 3');
  assert.equal(second.looks(), 2, 'nothing can be said');
});

test('the hits of an answer are in its row, from every layer and replica', async (t) => {
  const { replicas, db } = await startReplicas(t, 2);
  const [first, second] = replicas as [Replica, Replica];
  await first.geocode('Navoi 1');
  await stored(db);
  for (const replica of [first, first, second, second]) await replica.geocode('Navoi 1');
  for (const { cache } of replicas) await cache.close();
  const { rows } = await db.querySystem<{ hit_count: string }>({ text: 'select hit_count from integration_cache' });
  assert.equal(Number(rows[0]?.hit_count), 4);
});

test('what one replica invalidates no replica serves any more, from any layer', async (t) => {
  const { google, replicas, db } = await startReplicas(t, 3);
  const [first, second] = replicas as [Replica, Replica];
  for (const replica of replicas) {
    await replica.geocode('Navoi 1');
    await replica.geocode('Navoi 2');
  }
  await waitFor('both answers in the database', async () => (await stored(db)).length === 2);
  google.behave(answerPlace(0.9, 'New'));

  const { invalidatedCount } = await first.cache.invalidate(pipelineTenant, { pattern: 'google:geocode:*' });

  assert.equal(invalidatedCount, 2);
  for (const replica of replicas) assert.equal((await replica.geocode('Navoi 1')).json.formatted_address, 'New');
  assert.equal(google.requests(), 3, 'the new answer was fetched once');
  assert.equal((await second.cache.invalidate(pipelineTenant, { serviceName: 'yandex' })).invalidatedCount, 0);
});

test('an invalidation of a range leaves the others of its scope alone', async (t) => {
  const { google, replicas } = await startReplicas(t, 2);
  const [first, second] = replicas as [Replica, Replica];
  await first.geocode('A', sheet('A1'));
  await first.geocode('B', sheet('B1'));

  await second.cache.invalidate(pipelineTenant, { scope: 'sheet:1', details: ['A1'] });

  assert.equal((await first.geocode('B', sheet('B1'))).cacheOutcome, 'HIT-MEMORY');
  assert.equal((await second.geocode('B', sheet('B1'))).cacheOutcome, 'HIT-REDIS');
  assert.equal((await first.geocode('A', sheet('A1'))).cacheOutcome, 'MISS');
  assert.equal(google.requests(), 3);
});

test('an answer in flight during an invalidation serves only the callers from before it', async (t) => {
  const { google, replicas } = await startReplicas(t, 2);
  const [first, second] = replicas as [Replica, Replica];
  google.behave((_request, response) => answerPlace(0.9, `Answer ${google.requests()}`)(_request, response));
  const release = google.hold();
  const before = first.geocode('A', sheet('A1'));
  await waitFor('the request', () => google.requests() === 1);

  await second.cache.invalidate(pipelineTenant, { scope: 'sheet:1', details: ['A1'] });
  const after = first.geocode('A', sheet('A1'));
  await waitFor('a request of its own', () => google.requests() === 2);
  release();

  await before;
  await after;
  const outcome = await second.geocode('A', sheet('A1'));
  assert.equal(outcome.cacheOutcome, 'HIT-REDIS');
  assert.equal(google.requests(), 2);
});

test('while Redis is gone answers keep coming, and nothing of a scope from a memory that hears no invalidation', async (t) => {
  const { google, proxy, replicas } = await startReplicas(t, 2);
  const [first, second] = replicas as [Replica, Replica];
  await first.geocode('A', sheet('A1'));
  await first.geocode('Navoi 1');
  proxy.cut();
  await waitFor('Redis to be away', () => !first.store.isAvailable() && !second.store.isAvailable());
  google.behave(answerPlace(0.9, 'New'));

  await second.cache.invalidate(pipelineTenant, { scope: 'sheet:1', details: ['A1'] });

  assert.equal((await first.geocode('A', sheet('A1'))).json.formatted_address, 'New');
  assert.equal((await first.geocode('Navoi 1')).cacheOutcome, 'HIT-MEMORY');
  assert.equal((await second.geocode('Navoi 9')).cacheOutcome, 'MISS');
});

test('an invalidation made while Redis was gone holds when it is back', async (t) => {
  const { google, proxy, replicas } = await startReplicas(t, 2);
  const [first, second] = replicas as [Replica, Replica];
  await first.geocode('Navoi 1');
  await first.geocode('A', sheet('A1'));
  proxy.cut();
  await waitFor('Redis to be away', () => !first.store.isAvailable() && !second.store.isAvailable());
  google.behave(answerPlace(0.9, 'New'));
  await first.cache.invalidate(pipelineTenant, { operation: 'geocode' });
  await first.cache.invalidate(pipelineTenant, { scope: 'sheet:1' });

  proxy.resume();
  await waitFor('Redis to be back', () => first.store.isAvailable() && second.store.isAvailable());

  for (const replica of [second, first]) {
    assert.equal((await replica.geocode('Navoi 1')).json.formatted_address, 'New');
    assert.equal((await replica.geocode('A', sheet('A1'))).json.formatted_address, 'New');
  }
});

test('an invalidation reaches a replica that alone has lost Redis, and is not made again when that is back', async (t) => {
  const { google, proxies, replicas } = await startReplicas(t, 2);
  const [first, second] = replicas as [Replica, Replica];
  await second.geocode('Navoi 1');
  proxies[1]?.cut();
  await waitFor('the second to have lost Redis', () => !second.store.isAvailable());
  assert.equal((await second.geocode('Navoi 1')).cacheOutcome, 'HIT-MEMORY');
  google.behave(answerPlace(0.9, 'New'));

  await first.cache.invalidate(pipelineTenant, { operation: 'geocode' });

  await waitFor(
    'the second to have let go',
    async () => (await second.geocode('Navoi 1')).json.formatted_address === 'New',
  );
  await first.geocode('Navoi 2');
  const asked = google.requests();
  proxies[1]?.resume();
  await waitFor('the second to have Redis back', () => second.store.isAvailable());
  assert.equal((await second.geocode('Navoi 2')).json.formatted_address, 'New');
  assert.equal(google.requests(), asked);
});

test('a stale answer survives a restart', async (t) => {
  const { google, replicas, db } = await startReplicas(t, 2);
  const [first, second] = replicas as [Replica, Replica];
  await first.geocode('Navoi 1');
  await stored(db);
  google.behave(answerWith(500, ''));

  second.advance(3_700_000);

  assert.equal((await second.geocode('Navoi 1')).cacheOutcome, 'STALE');
});

test('one tenant’s question is never answered from another’s', async (t) => {
  const { google, replicas, db } = await startReplicas(t, 1);
  const [only] = replicas as [Replica];
  await only.geocode('Navoi 1');
  await stored(db);

  await assert.rejects(only.geocode('Navoi 1', { tenantId: 'uk_other' as typeof pipelineTenant }));

  await only.cache.invalidate('uk_other' as typeof pipelineTenant, {});
  assert.equal((await only.geocode('Navoi 1')).cacheOutcome, 'HIT-MEMORY');
  assert.equal(google.requests(), 1);
});

test('an operation that is not cached is asked each time', async (t) => {
  const { google, replicas } = await startReplicas(t, 1);
  const [only] = replicas as [Replica];
  const capability = { ...geocodeCapability, cache: null };
  await only.geocode('Navoi 1', { capability });
  assert.equal((await only.geocode('Navoi 1', { capability })).cacheOutcome, 'MISS');
  assert.equal(google.requests(), 2);
});

test('while the database is away calls are answered and hits stay hits', async (t) => {
  const google = await startFakeProvider(t);
  const { db } = await startTestDatabase(t);
  const away = { ...db, querySystem: () => Promise.reject(new Error('connect ECONNREFUSED')) };
  const database = { url: '', db: away, openAnother: () => away };
  const pipeline = await startPipeline(t, { providers: { google }, database });

  assert.equal((await pipeline.geocode('Navoi 1')).cacheOutcome, 'MISS');
  assert.equal((await pipeline.geocode('Navoi 1')).cacheOutcome, 'HIT-MEMORY');
  await assert.rejects(pipeline.cache.invalidate(pipelineTenant, {}), 'an operator is told that it is not all gone');
});

test('a batch that is patient waits for its turn under the tenant’s limit', async (t) => {
  const google = await startFakeProvider(t);
  let refusals = 0;
  const { deps } = await startPipeline(t, { providers: { google } });
  const limiter = {
    ...deps.limiter,
    spend: async (...args: Parameters<typeof deps.limiter.spend>) => {
      const decision = await deps.limiter.spend(...args);
      const [refusedBy] = decision.states;
      if (refusedBy === undefined || refusals === 3) return decision;
      refusals += 1;
      return { granted: false, because: 'limit', refusedBy, retryAfterMs: 1, states: decision.states } as const;
    },
  };
  const pipeline = await startPipeline(t, { providers: { google }, overrides: { limiter } });

  await assert.rejects(pipeline.geocode('Navoi 1'), { code: 'RATE_LIMIT_EXCEEDED' });
  assert.equal((await pipeline.geocode('Navoi 1', { maxWaitMs: 5_000 })).cacheOutcome, 'MISS');
  assert.equal(refusals, 3);
});
