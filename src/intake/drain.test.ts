import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { sampleEvent, sampleLog, sampleWebhook } from '../../test/support/intake-samples.ts';
import { silentRelay } from '../../test/support/silent-relay.ts';
import { startTcpProxy } from '../../test/support/tcp-proxy.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { createMasker } from '../audit/mask.ts';
import { systemClock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { OutboxMessage } from '../outbox/envelope.ts';
import { createKeyring } from '../secrets/keyring.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { BatchCommitter } from './commit-batch.ts';
import { type Draining, startDraining } from './drain.ts';
import { createIntake } from './group-commit.ts';
import { type Intake, IntakeFull } from './intake.ts';
import { prepareRecord } from './prepare.ts';
import { openSpool, type Spool } from './spool.ts';
import { createSpoolWriter } from './spool-writer.ts';

const keyring = createKeyring([{ id: 'test', key: Buffer.alloc(32, 5) }]);

/** Starts an intake whose database can be cut off, and a query that reads the real database. */
async function startSpoolingIntake(
  t: TestContext,
  { wrap = (spool) => spool, ...options }: { maxBytes?: number; wrap?: (spool: Spool) => Spool } = {},
) {
  const path = await mkdtemp(join(tmpdir(), 'drain-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  const { db, url, openAnother } = await startTestDatabase(t);
  const proxy = await startTcpProxy(t, url);
  const published: OutboxMessage[] = [];
  const start = async (): Promise<Intake> => {
    const throughProxy = openAnother({ url: proxy.through(url), connectTimeoutMs: 200, statementTimeoutMs: 1_000 });
    const intake = createIntake({
      db: throughProxy,
      relay: silentRelay(({ messages }) => void published.push(...messages)),
      masker: createMasker(),
      clock: systemClock,
      logger: silentLogger,
      spool: wrap(await openSpool({ path, keyring, logger: silentLogger, ...options })),
    });
    t.after(() => intake.close());
    return intake;
  };
  const select = async <Row = Record<string, unknown>>(text: string) => (await db.querySystem<Row>({ text })).rows;
  return { start, proxy, select, published, path };
}

test('while PostgreSQL is away, records go to the spool; when it is back, they are stored once and in order', async (t) => {
  const { start, proxy, select, published } = await startSpoolingIntake(t);
  const intake = await start();
  const expected: string[] = [];
  const record = async (requestId: string) => {
    expected.push(requestId);
    return intake.record({
      logs: [sampleLog({ requestId })],
      events: [{ event: sampleEvent({ correlationId: requestId }) }],
    });
  };
  await record('before');
  proxy.cut();
  for (let i = 0; i < 20; i++) assert.equal((await record(`during-${i}`)).storedIn, 'spool');
  proxy.resume();
  let after = 0;
  // New records arrive while the old ones drain; at the end they are committed directly again.
  await waitFor('direct commits', async () => (await record(`after-${after++}`)).storedIn === 'database');

  assert.deepEqual(await select('select count(*) from integration_logs'), [{ count: expected.length }]);
  assert.deepEqual(await select('select sum(request_count)::int as n from usage_daily'), [{ n: expected.length }]);
  assert.deepEqual(
    published.map(({ body }) => JSON.parse(body).correlation_id),
    expected,
  );
});

test('a PostgreSQL that does not answer counts as away', async (t) => {
  const { start, proxy, select } = await startSpoolingIntake(t);
  const intake = await start();
  await intake.record({ logs: [sampleLog()] });
  proxy.stall();
  assert.equal((await intake.record({ logs: [sampleLog()] })).storedIn, 'spool');
  proxy.resume();
  await waitFor('both rows', async () => {
    const [row] = await select<{ count: number }>('select count(*) from integration_logs');
    return row?.count === 2;
  });
});

test('a delivery that the spool or PostgreSQL already has is stored once', async (t) => {
  const { start, proxy, select, published } = await startSpoolingIntake(t);
  const intake = await start();
  const known = sampleWebhook({ deliveryId: 'known' });
  await intake.record({ webhookEvent: known, events: [{ event: sampleEvent() }] });
  proxy.cut();
  const first = sampleWebhook({ deliveryId: 'new' });
  const receipts = await Promise.all([
    intake.record({ webhookEvent: first, events: [{ event: sampleEvent() }] }),
    intake.record({ webhookEvent: sampleWebhook({ deliveryId: 'new' }), events: [{ event: sampleEvent() }] }),
  ]);
  assert.deepEqual(
    receipts.map(({ duplicateOf }) => duplicateOf),
    [null, first.id],
  );
  // Only PostgreSQL has this one: it is spooled, and dropped during the drain.
  await intake.record({ webhookEvent: sampleWebhook({ deliveryId: 'known' }), events: [{ event: sampleEvent() }] });
  proxy.resume();
  await waitFor('the spool to drain', async () => {
    const receipt = await intake.record({ webhookEvent: sampleWebhook({ deliveryId: 'new' }) });
    assert.equal(receipt.duplicateOf, first.id);
    return receipt.storedIn === 'database';
  });
  assert.deepEqual(await select('select delivery_id from webhook_events order by received_at, id'), [
    { delivery_id: 'known' },
    { delivery_id: 'new' },
  ]);
  assert.equal(published.length, 2);
});

test('while PostgreSQL is away, one of many deliveries with one id is kept, and the others get its id', async (t) => {
  const { start, proxy, select } = await startSpoolingIntake(t);
  const intake = await start();
  await intake.record({ logs: [sampleLog()] });
  proxy.cut();
  const deliveries = Array.from({ length: 300 }, () => sampleWebhook({ deliveryId: 'same' }));
  const receipts = await Promise.all(deliveries.map((webhookEvent) => intake.record({ webhookEvent })));
  const kept = deliveries.filter((_, index) => receipts[index]?.duplicateOf === null);
  assert.equal(kept.length, 1);
  assert.ok(receipts.every(({ duplicateOf }) => duplicateOf === null || duplicateOf === kept[0]?.id));
  proxy.resume();
  await waitFor('the spool to drain', async () => (await select('select id from webhook_events')).length > 0);
  assert.deepEqual(await select('select id from webhook_events'), [{ id: kept[0]?.id }]);
});

test('a repeated body is recognised within the spool, and against PostgreSQL during the drain', async (t) => {
  const { start, proxy, select, published } = await startSpoolingIntake(t);
  const intake = await start();
  const record = (deliveryId: string, bodyByte: number) =>
    intake.record({
      webhookEvent: sampleWebhook({ deliveryId, isBodyTakenOnce: true, bodySha256: Buffer.alloc(32, bodyByte) }),
      events: [{ event: sampleEvent() }],
    });
  await record('known', 1);
  proxy.cut();
  const replayed = await record('known, under another id', 1);
  assert.deepEqual([replayed.storedIn, replayed.duplicateOf], ['spool', null], 'only PostgreSQL has it');
  assert.equal((await record('new', 2)).duplicateOf, null);
  assert.notEqual((await record('new, under another id', 2)).duplicateOf, null);
  proxy.resume();
  await waitFor('the spool to drain', async () => {
    const { storedIn, duplicateOf } = await record('new, under a third id', 2);
    assert.notEqual(duplicateOf, null);
    return storedIn === 'database';
  });
  assert.deepEqual(await select('select delivery_id from webhook_events order by received_at, id'), [
    { delivery_id: 'known' },
    { delivery_id: 'new' },
  ]);
  assert.equal(published.length, 2);
});

test('a full spool acknowledges nothing', async (t) => {
  const { start, proxy } = await startSpoolingIntake(t, { maxBytes: 4_000 });
  const intake = await start();
  proxy.cut();
  await assert.rejects(async () => {
    for (let i = 0; i < 100; i++) await intake.record({ logs: [sampleLog()] });
  }, IntakeFull);
});

test('records that a process left in the spool are stored by the next process', async (t) => {
  const { start, proxy, select, path } = await startSpoolingIntake(t);
  const first = await start();
  proxy.cut();
  await first.record({ logs: [sampleLog()] });
  await first.close();
  const second = await start();
  assert.equal((await second.record({ logs: [sampleLog()] })).storedIn, 'spool'); // Behind the old record.
  proxy.resume();
  await waitFor('both rows', async () => {
    const [row] = await select<{ count: number }>('select count(*) from integration_logs');
    return row?.count === 2;
  });
  await second.close();
  assert.deepEqual(await readdir(path), []);
});

test('a spooled record that PostgreSQL refuses is set aside, and the others are stored', async (t) => {
  const { start, proxy, select, path } = await startSpoolingIntake(t);
  const intake = await start();
  proxy.cut();
  await intake.record({ logs: [sampleLog()] });
  await intake.record({ logs: [sampleLog({ estimatedCostUsd: Number.NaN })] });
  await intake.record({ logs: [sampleLog()] });
  proxy.resume();
  await waitFor('the good rows', async () => {
    const [row] = await select<{ count: number }>('select count(*) from integration_logs');
    return row?.count === 2;
  });
  await intake.close();
  const names = await readdir(path, { recursive: true });
  assert.equal(names.filter((name) => name.endsWith('.refused')).length, 1);
});

test('when refused records do not fit on the disk, the others still drain', async (t) => {
  const wrap = (spool: Spool): Spool => ({ ...spool, setAside: () => Promise.reject(new IntakeFull('spool_full')) });
  const { start, proxy, select, path } = await startSpoolingIntake(t, { wrap });
  const intake = await start();
  proxy.cut();
  await intake.record({ logs: [sampleLog({ estimatedCostUsd: Number.NaN })] });
  await intake.record({ logs: [sampleLog()] });
  proxy.resume();
  await waitFor('the good row', async () => {
    const [row] = await select<{ count: number }>('select count(*) from integration_logs');
    return row?.count === 1;
  });
  await intake.close();
  const names = await readdir(path, { recursive: true });
  assert.equal(names.filter((name) => name.endsWith('.damaged')).length, 1, 'the refused record is still on the disk');
});

test('a record whose tables stay locked goes to the spool after one lock timeout', async (t) => {
  const path = await mkdtemp(join(tmpdir(), 'drain-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  let commits = 0;
  const locked = {
    isReachable: async () => false,
    querySystem() {
      commits += 1;
      const timedOut = Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });
      // A second try would wait for the lock again.
      return commits === 1 ? Promise.reject(timedOut) : new Promise(() => undefined);
    },
  };
  const intake = createIntake({
    db: locked as unknown as Database,
    relay: silentRelay(),
    masker: createMasker(),
    clock: systemClock,
    logger: silentLogger,
    spool: await openSpool({ path, keyring, logger: silentLogger }),
  });
  assert.equal((await intake.record({ logs: [sampleLog()] })).storedIn, 'spool');
  await intake.close();
});

/** Starts a drain that finds one record of a dead process. Its pauses end when the test moves the clock. */
async function startDrainingOne(
  t: TestContext,
  committer: BatchCommitter,
  wrap: (spool: Spool) => Spool,
): Promise<Draining> {
  const path = await mkdtemp(join(tmpdir(), 'drain-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  const dead = await openSpool({ path, keyring, logger: silentLogger });
  const spool = await openSpool({ path, keyring, logger: silentLogger });
  t.after(() => spool.close());
  const left = prepareRecord({ masker: createMasker(), origin: newId() }, { logs: [sampleLog({ requestId: 'left' })] });
  await dead.append([left]);
  await dead.close();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return startDraining({
    spool: wrap(spool),
    writer: createSpoolWriter(spool),
    committer,
    db: { isReachable: async () => true } as unknown as Database,
    logger: silentLogger,
    relay: silentRelay(),
  });
}

async function tickUntil(t: TestContext, condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 50_000 && !condition(); turns++) {
    t.mock.timers.tick(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a failed search for the spools of dead processes is repeated, and their records are stored', async (t) => {
  const stored: string[] = [];
  const committer: BatchCommitter = {
    async commit(records) {
      stored.push(...records.map(({ logs }) => logs[0]?.request_id ?? ''));
      return { outcomes: records.map(() => ({ kind: 'written', duplicateOf: null })), handovers: [] };
    },
  };
  let looks = 0;
  const draining = await startDrainingOne(t, committer, (spool) => ({
    ...spool,
    async takeOverDead() {
      looks += 1;
      if (looks === 1) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      await spool.takeOverDead();
    },
  }));
  await tickUntil(t, () => stored.length > 0);
  assert.deepEqual(stored, ['left']);
  await draining.close();
});

test('new records do not wait for the end of the drain if PostgreSQL hangs', async (t) => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  let isAsked = false;
  const committer: BatchCommitter = {
    async commit(records) {
      isAsked = true;
      await answered;
      return { outcomes: records.map(() => ({ kind: 'written', duplicateOf: null })), handovers: [] };
    },
  };
  const draining = await startDrainingOne(t, committer, (spool) => spool);
  await tickUntil(t, () => isAsked);
  let mayGo = false;
  void draining.waitForLastRecords().then(() => {
    mayGo = true;
  });
  await tickUntil(t, () => mayGo);
  assert.ok(mayGo);
  assert.ok(draining.isActive(), 'new records go to the spool, behind the old ones');
  answer();
  await draining.close();
});
