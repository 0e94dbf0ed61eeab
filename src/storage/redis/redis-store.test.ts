import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pino from 'pino';
import { sharedStoreContract } from '../../../test/contracts/shared-store.ts';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { type Cleanup, silentLogger } from '../../../test/support/database.ts';
import { busyMachineDeadlineMs, redisUrl, uniquePrefix } from '../../../test/support/redis.ts';
import { startRedisServer } from '../../../test/support/redis-server.ts';
import { startTcpProxy } from '../../../test/support/tcp-proxy.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { openRedisStore } from './redis-store.ts';
import { openRedisSubscriptions } from './redis-subscriptions.ts';
import { type SharedStore, StoreAway } from './shared-store.ts';

async function openStore(t: Cleanup, prefix: string, url = redisUrl): Promise<SharedStore> {
  const store = await openRedisStore({
    urls: [url],
    logger: silentLogger,
    prefix,
    deadlineMs: busyMachineDeadlineMs,
  });
  t.after(() => store.close());
  return store;
}

/** Through a cable that can be cut, and beside it. */
async function openThroughProxy(t: TestContext) {
  const prefix = uniquePrefix();
  const proxy = await startTcpProxy(t, redisUrl);
  const store = await openStore(t, prefix, proxy.through(redisUrl));
  return { proxy, store, beside: await openStore(t, prefix) };
}

sharedStoreContract('Redis store', async (t) => {
  const prefix = uniquePrefix();
  const [store, other] = await Promise.all([openStore(t, prefix), openStore(t, prefix)]);
  // Redis lives in real time; a margin keeps a busy machine from failing the test.
  return { store, other, pass: (durationMs) => delay(durationMs * 2) };
});

test('keys asked for in one turn travel in one command', async (t) => {
  const prefix = uniquePrefix();
  const store = await openStore(t, prefix);
  const watcher = new Redis(redisUrl);
  t.after(() => watcher.disconnect());
  const commands: string[][] = [];
  const monitor = await watcher.monitor();
  t.after(() => monitor.disconnect());
  monitor.on('monitor', (_time: string, args: string[]) => commands.push(args));

  await Promise.all(['a', 'b', 'c', 'a'].map((key) => store.get(key)));
  const mine = await waitFor('the command to be seen', () => {
    const seen = commands.filter((args) => args.some((arg) => arg.startsWith(prefix)));
    return seen.length > 0 && seen;
  });
  assert.deepEqual(mine, [['mget', `${prefix}a`, `${prefix}b`, `${prefix}c`]]);
});

test('a script runs by its SHA, also on a server that has never seen it', async (t) => {
  const store = await openStore(t, uniquePrefix());
  const script = { name: 'echo', lua: `return {KEYS[1], ARGV[1], '${uniquePrefix()}'}` };
  const [first, second] = [await store.runScript(script, ['k'], [7]), await store.runScript(script, ['k'], [7])];
  assert.deepEqual(first, second);
  assert.equal((first as string[])[1], '7');
});

test('the error of a script comes through unchanged and does not count against the server', async (t) => {
  const store = await openStore(t, uniquePrefix());
  for (let attempt = 0; attempt < 5; attempt++) {
    await assert.rejects(
      store.runScript({ name: 'faulty', lua: 'return redis.call("get")' }, [], []),
      (error: Error) => !(error instanceof StoreAway),
    );
  }
  assert.equal(store.isAvailable(), true);
});

test('a stalled Redis is noticed after three deadlines, then refused at once, and comes back by itself', async (t) => {
  const { proxy, store } = await openThroughProxy(t);
  await store.set('key', Buffer.from('kept'), 60_000);

  proxy.stall();
  for (let call = 0; call < 3; call++) await assert.rejects(store.get('key'), StoreAway);
  assert.equal(store.isAvailable(), false);

  const timers = countTimers(t);
  for (let call = 0; call < 1_000; call++) await assert.rejects(store.get('key'), StoreAway);
  assert.equal(timers(), 0, 'a refused call waits for nothing');

  proxy.resume();
  await waitFor('the store to come back', () => store.isAvailable());
  assert.equal((await store.get('key'))?.toString(), 'kept');
});

test('a stalled Redis costs each of the first calls one deadline, however many wait together', async (t) => {
  const { proxy, store } = await openThroughProxy(t);
  proxy.stall();
  const results = await Promise.allSettled([
    ...Array.from({ length: 500 }, (_, index) => store.get(`key-${index}`)),
    store.set('a', Buffer.from('a'), 1_000),
    store.increment('b', 1, 1_000),
    store.runScript({ name: 'one', lua: 'return 1' }, [], []),
  ]);
  assert.ok(results.every((result) => result.status === 'rejected' && result.reason instanceof StoreAway));
  assert.equal(store.isAvailable(), false);
});

async function refusalsOf(server: Redis): Promise<number> {
  const counts = (await server.info('errorstats')).matchAll(
    /^errorstat_(?:OOM|NOREPLICAS|READONLY|MISCONF):count=(\d+)/gm,
  );
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

for (const [what, settings, mend] of [
  ['that is full', { maxmemory: 1 }, ['maxmemory', '0']],
  ['without its replicas', { 'min-replicas-to-write': 1 }, ['min-replicas-to-write', '0']],
  ['that is read-only', { replicaof: '127.0.0.1 1' }, null],
  ['that cannot save its snapshots', { save: '3600 1' }, ['stop-writes-on-bgsave-error', 'no']],
] as const) {
  test(`a Redis ${what} is away with its reason in one log line, until it takes writes again`, async (t) => {
    const dir = await createDataDir(t);
    const url = await startRedisServer(t, { ...settings, dir });
    const server = new Redis(url);
    t.after(() => server.disconnect());
    if (what === 'that cannot save its snapshots') {
      await rm(dir, { recursive: true });
      await server.bgsave();
      await waitFor('the snapshot to fail', async () => /rdb_last_bgsave_status:err/.test(await server.info()));
    }
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line).msg) });
    const store = await openRedisStore({ urls: [url], logger, prefix: uniquePrefix(), deadlineMs: 2_000 });
    t.after(() => store.close());

    await assert.rejects(store.increment('count', 1, 60_000), StoreAway);
    await assert.rejects(store.get('key'), StoreAway, 'refused at once');
    assert.equal(store.isAvailable(), false);
    await waitFor('some refused probes', async () => (await refusalsOf(server)) >= 5);
    assert.equal(store.isAvailable(), false);
    assert.deepEqual(lines, ['Redis refuses commands and counts as away']);

    if (mend === null) await server.replicaof('NO', 'ONE');
    else await server.config('SET', ...mend);
    await waitFor('the store to come back', () => store.isAvailable());
    assert.equal(await store.increment('count', 1, 60_000), 1);
    assert.equal(lines.at(-1), 'Redis takes commands again');
  });
}

test('a Redis that is cut off is refused at once and found again', async (t) => {
  const { proxy, store } = await openThroughProxy(t);
  proxy.cut();
  await waitFor('the cut to be noticed', () => !store.isAvailable());
  await assert.rejects(store.get('key'), StoreAway);
  proxy.resume();
  await waitFor('the store to come back', () => store.isAvailable());
  await store.set('key', Buffer.from('x'), 1_000);
  assert.equal((await store.get('key'))?.toString(), 'x');
});

test('a store opens without Redis and is there when Redis is', async (t) => {
  const proxy = await startTcpProxy(t, redisUrl);
  proxy.cut();
  const store = await openStore(t, uniquePrefix(), proxy.through(redisUrl));
  assert.equal(store.isAvailable(), false);
  await assert.rejects(store.get('key'), StoreAway);
  assert.equal(store.replicasSeen(), 1);
  proxy.resume();
  await waitFor('the store to come', () => store.isAvailable());
  assert.equal(await store.get('key'), null);
});

test('where Redis has no such database the store is away, and nothing is written into another one', async (t) => {
  const prefix = uniquePrefix();
  const store = await openStore(t, prefix, `${redisUrl}/4000`);
  const beside = await openStore(t, prefix);
  assert.equal(store.isAvailable(), false);
  assert.equal(store.wasAvailable(), false);
  await assert.rejects(store.set('key', Buffer.from('x'), 1_000), StoreAway);
  assert.equal(await beside.get('key'), null);
});

test('a subscriber that was cut off hears null when it is back, and messages again', async (t) => {
  const { proxy, store, beside } = await openThroughProxy(t);
  const heard: (string | null)[] = [];
  await store.subscribe('news', (message) => heard.push(message));
  await beside.publish('news', 'before');
  await waitFor('the first message', () => heard.length === 1);

  proxy.cut();
  await waitFor('the cut to be noticed', () => !store.isAvailable());
  await beside.publish('news', 'missed');
  proxy.resume();
  await waitFor('the null', () => heard.includes(null));
  await beside.publish('news', 'after');
  await waitFor('the message after', () => heard.includes('after'));
  assert.deepEqual(heard, ['before', null, 'after']);
});

test('a subscriber that comes while the connection is made hears all messages', async (t) => {
  const prefix = uniquePrefix();
  const subscriptions = openRedisSubscriptions([redisUrl], silentLogger);
  t.after(() => subscriptions.close());
  const heard = new Set<string>();
  const channels: string[] = [];
  let isConnected = false;
  // One in each turn of the event loop, so that one of them meets the moment.
  while (!isConnected) {
    const channel = `${prefix}${channels.length}`;
    channels.push(channel);
    void subscriptions
      .subscribe(channel, (message) => message !== null && heard.add(channel))
      .then(() => {
        isConnected = true;
      });
    await new Promise(setImmediate);
  }
  const store = await openStore(t, '');
  await waitFor('every channel to be heard', async () => {
    const deaf = channels.filter((channel) => !heard.has(channel));
    for (const channel of deaf) await store.publish(channel, 'a message').catch(() => {});
    return deaf.length === 0;
  });
});

test('replicas count each other, and one that left is not counted', async (t) => {
  const prefix = uniquePrefix();
  await openStore(t, prefix);
  const second = await openStore(t, prefix);
  assert.equal(second.replicasSeen(), 2);
  await second.close();
  const third = await openStore(t, prefix);
  assert.equal(third.replicasSeen(), 2);
});

test('a replica that joins is counted by the others at once, not with their next signature', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const prefix = uniquePrefix();
  const first = await openStore(t, prefix);
  await openStore(t, prefix);
  await waitFor('the first to count the second', () => first.replicasSeen() === 2);
});

/** Timers made from now on, as a measure of waiting that needs no wall clock. */
function countTimers(t: TestContext): () => number {
  const spy = t.mock.method(globalThis, 'setTimeout');
  return () => spy.mock.callCount();
}
