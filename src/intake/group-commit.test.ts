import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { sampleEvent, sampleLog, sampleTenant, sampleWebhook } from '../../test/support/intake-samples.ts';
import { silentRelay } from '../../test/support/silent-relay.ts';
import { startTcpProxy } from '../../test/support/tcp-proxy.ts';
import { createMasker } from '../audit/mask.ts';
import { systemClock } from '../clock.ts';
import { newId } from '../ids.ts';
import type { OutboxMessage } from '../outbox/envelope.ts';
import type { Database, Statement } from '../storage/postgres/database.ts';
import { createIntake, type IntakeDeps } from './group-commit.ts';
import { IntakeFull } from './intake.ts';

async function startIntake(t: TestContext, overrides: Partial<IntakeDeps> = {}) {
  const { db, url, openAnother } = await startTestDatabase(t);
  const accepted: OutboxMessage[] = [];
  const deps: IntakeDeps = {
    db,
    relay: silentRelay(({ messages }) => void accepted.push(...messages)),
    masker: createMasker(),
    clock: systemClock,
    logger: silentLogger,
    spool: null,
    ...overrides,
  };
  const intake = createIntake(deps);
  t.after(() => intake.close());
  const select = async <Row = Record<string, unknown>>(text: string, values: unknown[] = []) =>
    (await db.querySystem<Row>({ text, values })).rows;
  return { intake, db, url, openAnother, deps, accepted, select };
}

/** A database that loses the first answer of an intake commit after the commit took effect. */
function losingFirstCommit(db: Database): Database {
  let lost = false;
  return {
    ...db,
    async querySystem<Row>(statement: Statement) {
      const result = await db.querySystem<Row>(statement);
      if (!lost && statement.name?.startsWith('intake_') && statement.name !== 'intake_first_deliveries') {
        lost = true;
        throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      }
      return result;
    },
  };
}

test('the parts of a record are stored together: log, bodies, roll-up and event', async (t) => {
  const { intake, select, accepted } = await startIntake(t);
  const log = sampleLog({ requestBody: '{"address":"Ташкент"}' });
  const receipt = await intake.record({ logs: [log], events: [{ event: sampleEvent() }] });

  assert.deepEqual(receipt, { duplicateOf: null, storedIn: 'database' });
  const [row] = await select<Record<string, string>>(
    `select l.*, b.body from integration_logs l
       join log_bodies b on 'sha256:' || b.body_hash = l.request_body #>> '{}'`,
  );
  assert.equal(row?.id, log.id);
  assert.equal(row?.body, '{"address":"Ташкент"}');
  const usage = await select(`select request_count, error_count, total_cost, day from usage_daily`);
  assert.deepEqual(usage, [
    { request_count: 1, error_count: 0, total_cost: 0.005, day: new Date(log.startedAtMs).toISOString().slice(0, 10) },
  ]);
  const events = await select<{ id: string }>('select id, body from outbox_events');
  assert.deepEqual(
    events.map(({ id }) => id),
    accepted.map(({ id }) => id),
  );
});

test('a body that many calls of a day share is stored once', async (t) => {
  const { intake, select } = await startIntake(t);
  await Promise.all(Array.from({ length: 20 }, () => intake.record({ logs: [sampleLog()] })));
  await intake.record({ logs: [sampleLog()] });
  const [count] = await select(`select count(*) from log_bodies`);
  assert.deepEqual(count, { count: 2 }); // headers, response
});

test('of 500 simultaneous deliveries with one id, one is stored and the others get its id', async (t) => {
  const { intake, select, accepted } = await startIntake(t);
  const webhooks = Array.from({ length: 500 }, () => sampleWebhook({ deliveryId: 'same' }));
  const receipts = await Promise.all(
    webhooks.map((webhookEvent) => intake.record({ webhookEvent, events: [{ event: sampleEvent() }] })),
  );
  const stored = await select<{ id: string }>('select id from webhook_events');
  assert.equal(stored.length, 1);
  assert.equal(receipts.filter(({ duplicateOf }) => duplicateOf === null).length, 1);
  assert.ok(receipts.every(({ duplicateOf }) => duplicateOf === null || duplicateOf === stored[0]?.id));
  assert.equal(accepted.length, 1);
  assert.deepEqual(await select('select count(*) from outbox_events'), [{ count: 1 }]);
});

test('nothing of a duplicate is stored, also in a later commit', async (t) => {
  const { intake, select } = await startIntake(t);
  const first = sampleWebhook({ deliveryId: 'a', deliverToTarget: true });
  await intake.record({ webhookEvent: first, events: [{ event: sampleEvent() }] });
  const again = await intake.record({
    webhookEvent: sampleWebhook({ deliveryId: 'a', deliverToTarget: true }),
    events: [{ event: sampleEvent() }],
    logs: [sampleLog({ operation: 'http' })],
    usage: [
      {
        tenantId: sampleTenant,
        serviceName: 's',
        operation: 'http',
        atMs: Date.now(),
        requests: 1,
        errors: 0,
        cached: 0,
        costUsd: 1,
        savedByCacheUsd: 0,
      },
    ],
  });
  assert.equal(again.duplicateOf, first.id);
  for (const table of ['webhook_events', 'webhook_deliveries', 'outbox_events']) {
    assert.deepEqual(await select(`select count(*) from ${table}`), [{ count: 1 }], table);
  }
  for (const table of ['integration_logs', 'usage_daily', 'log_bodies']) {
    assert.deepEqual(await select(`select count(*) from ${table}`), [{ count: 0 }], table);
  }
});

test('the counters of a webhook count what was stored', async (t) => {
  const { intake, select, db } = await startIntake(t);
  const webhookId = newId();
  await db.querySystem({
    text: `insert into webhook_configs (id, management_company_id, webhook_name, webhook_url, webhook_token,
             webhook_token_sha256, source_service, signature_scheme, max_payload_size_bytes, over_limit_policy)
           values ($1, 'uk_company_1', 'w', 'u', 't', '\\x00', 'github', 'none', 1000, 'defer')`,
    values: [webhookId],
  });
  await Promise.all([
    intake.record({ webhookEvent: sampleWebhook({ webhookId }) }),
    intake.record({ webhookEvent: sampleWebhook({ webhookId, deliveryId: 'x' }) }),
    intake.record({ webhookEvent: sampleWebhook({ webhookId, deliveryId: 'x' }) }),
    intake.record({
      webhookEvent: sampleWebhook({ webhookId, deliveryId: null, status: 'refused', refusalReason: 'signature' }),
    }),
  ]);
  const counters = await select('select total_received, total_successful, total_failed from webhook_configs');
  assert.deepEqual(counters, [{ total_received: 3, total_successful: 2, total_failed: 1 }]);
});

test('one record that cannot be stored does not fail the others of its batch', async (t) => {
  const { intake, select } = await startIntake(t);
  const good = Array.from({ length: 9 }, () => intake.record({ logs: [sampleLog()] }));
  const bad = intake.record({ logs: [sampleLog({ estimatedCostUsd: Number.NaN })] });
  const more = Array.from({ length: 9 }, () => intake.record({ logs: [sampleLog()] }));
  await assert.rejects(bad, /cannot be stored/);
  await Promise.all([...good, ...more]);
  assert.deepEqual(await select('select count(*) from integration_logs'), [{ count: 18 }]);
  assert.deepEqual(await select('select sum(request_count)::int as n from usage_daily'), [{ n: 18 }]);
});

test('NUL, lone surrogates and binary data are stored', async (t) => {
  const { intake, select } = await startIntake(t);
  await intake.record({
    logs: [
      sampleLog({
        errorMessage: 'a\0b\ud800c',
        responseBody: Buffer.from([0x7b, 0x00, 0xff, 0xfe]),
        requestBody: '"\ud800\0"',
        endpoint: 'https://x/\0',
        status: 'error',
      }),
    ],
    events: [{ event: sampleEvent({ correlationId: 'x\0y\ud800', aggregateId: 'k\0' }) }],
  });
  const webhook = sampleWebhook({
    payload: Buffer.from([0, 255, 1]),
    deliveryId: 'a\0',
    eventType: 'e\0',
    headers: { x: 'a\0\ud800' },
  });
  await intake.record({ webhookEvent: webhook });
  const [row] = await select<{ error_message: string }>('select error_message from integration_logs');
  assert.equal(row?.error_message, 'a\uFFFDb\uFFFDc');
  const [stored] = await select<{ payload: Buffer }>('select payload from webhook_events');
  assert.deepEqual(stored?.payload, Buffer.from([0, 255, 1]));
});

test('a commit whose answer was lost is repeated and counted once', async (t) => {
  const { db } = await startTestDatabase(t);
  const { intake } = await startIntake(t, { db: losingFirstCommit(db) });
  const query = async (text: string) => (await db.querySystem({ text })).rows;
  const webhook = sampleWebhook();
  const receipts = await Promise.all([
    intake.record({ logs: [sampleLog()], events: [{ event: sampleEvent() }] }),
    intake.record({ webhookEvent: webhook, events: [{ event: sampleEvent() }] }),
    intake.record({
      usage: [
        {
          tenantId: sampleTenant,
          serviceName: 's',
          operation: 'geocode',
          atMs: Date.now(),
          requests: 2,
          errors: 0,
          cached: 2,
          costUsd: 0,
          savedByCacheUsd: 0.01,
        },
      ],
    }),
  ]);
  assert.ok(receipts.every(({ duplicateOf }) => duplicateOf === null));
  assert.deepEqual(
    await query('select service_name, request_count, cached_count from usage_daily order by service_name'),
    [
      { service_name: 'google_maps', request_count: 1, cached_count: 0 },
      { service_name: 's', request_count: 2, cached_count: 2 },
    ],
  );
  assert.deepEqual(await query('select count(*) from outbox_events'), [{ count: 2 }]);
  assert.deepEqual(await query('select count(*) from webhook_events'), [{ count: 1 }]);
});

test('the usage of cache hits is summed, and stored at the close', async (t) => {
  const { intake, select } = await startIntake(t);
  for (let i = 0; i < 1_000; i++) {
    intake.addUsage({
      tenantId: sampleTenant,
      serviceName: 'google_maps',
      operation: 'geocode',
      atMs: Date.now(),
      requests: 1,
      errors: 0,
      cached: 1,
      costUsd: 0,
      savedByCacheUsd: 0.005,
    });
  }
  await intake.close();
  const [row] = await select<Record<string, number>>(
    'select sum(cached_count)::int as n, round(sum(saved_by_cache)::numeric, 3)::float8 as saved from usage_daily',
  );
  assert.deepEqual(row, { n: 1_000, saved: 5 });
});

test('two replicas that update the same counters in different orders do not deadlock', async (t) => {
  const first = await startIntake(t);
  const second = createIntake({ ...first.deps, db: first.openAnother() });
  t.after(() => second.close());
  const names = Array.from({ length: 20 }, (_, index) => `service_${index}`);
  await Promise.all(
    Array.from({ length: 200 }, (_, index) => {
      const serviceName = names[(index * 7) % names.length] as string;
      const other = names[names.length - 1 - ((index * 3) % names.length)] as string;
      return [
        first.intake.record({ logs: [sampleLog({ serviceName }), sampleLog({ serviceName: other })] }),
        second.record({ logs: [sampleLog({ serviceName: other }), sampleLog({ serviceName })] }),
      ];
    }).flat(),
  );
  assert.deepEqual(await first.select('select sum(request_count)::int as n from usage_daily'), [{ n: 800 }]);
});

test('without a spool, no record is acknowledged while PostgreSQL is away', async (t) => {
  const { url, openAnother } = await startTestDatabase(t);
  const proxy = await startTcpProxy(t, url);
  const db = openAnother({ url: proxy.through(url), connectTimeoutMs: 200 });
  const { intake } = await startIntake(t, { db });
  await intake.record({ logs: [sampleLog()] });
  proxy.cut();
  await assert.rejects(intake.record({ logs: [sampleLog()] }), IntakeFull);
});

test('at the bound, callers wait for room and are refused after the deadline', async (t) => {
  const { db } = await startTestDatabase(t);
  const gate = Promise.withResolvers<void>();
  const held: Database = {
    ...db,
    async querySystem<Row>(statement: Statement) {
      await gate.promise;
      return db.querySystem<Row>(statement);
    },
  };
  const { intake } = await startIntake(t, { db: held, maxWaitingRecords: 2, roomDeadlineMs: 20 });
  const committing = intake.record({ logs: [sampleLog()] });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const inside = [intake.record({ logs: [sampleLog()] }), intake.record({ logs: [sampleLog()] })];
  await assert.rejects(intake.record({ logs: [sampleLog()] }), IntakeFull);
  gate.resolve();
  await Promise.all([committing, ...inside]);
});

test('a full commit does not wait for a slow one before it, and events still leave in order', async (t) => {
  const { db } = await startTestDatabase(t);
  const held = Promise.withResolvers<void>();
  let commits = 0;
  const slowAtFirst: Database = {
    ...db,
    async querySystem<Row>(statement: Statement) {
      commits += 1;
      if (commits === 1) await held.promise;
      return db.querySystem<Row>(statement);
    },
  };
  const { intake, accepted } = await startIntake(t, { db: slowAtFirst });
  const record = (number: number) =>
    intake.record({ logs: [sampleLog()], events: [{ event: sampleEvent({ correlationId: `${number}` }) }] });
  const slow = Promise.all(Array.from({ length: 64 }, (_, index) => record(index)));
  const quick = Promise.all(Array.from({ length: 64 }, (_, index) => record(64 + index)));

  assert.ok((await quick).every(({ storedIn }) => storedIn === 'database'));
  assert.equal(accepted.length, 0, 'the events of the earlier record come first');
  held.resolve();
  await slow;
  await intake.close();
  assert.deepEqual(
    accepted.map(({ body }) => Number(JSON.parse(body).correlation_id)),
    Array.from({ length: 128 }, (_, index) => index),
  );
});

test('if a body counts once, the same body under another id is a duplicate: later, at the same time, and on another replica', async (t) => {
  const { intake, deps, openAnother, select, accepted } = await startIntake(t);
  const replica = createIntake({ ...deps, db: openAnother() });
  t.after(() => replica.close());
  const delivery = (bodyByte: number, deliveryId = newId(), isBodyTakenOnce = true) =>
    sampleWebhook({ deliveryId, isBodyTakenOnce, bodySha256: Buffer.alloc(32, bodyByte) });
  const record = (webhookEvent: ReturnType<typeof sampleWebhook>, on = intake) =>
    on.record({ webhookEvent, events: [{ event: sampleEvent() }] });

  const first = delivery(1, 'first');
  assert.equal((await record(first)).duplicateOf, null);
  const replayed = delivery(1, 'replayed');
  assert.equal((await record(replayed)).duplicateOf, first.id);
  assert.equal((await record(delivery(1, 'replayed'), replica)).duplicateOf, first.id, 'the replay repeated');
  assert.equal((await record(delivery(2, 'first'))).duplicateOf, first.id, 'its id counts too');
  // The body of a duplicate by id was not stored, so it must not make a genuine delivery a duplicate.
  assert.equal((await record(delivery(2, 'second'))).duplicateOf, null);
  assert.equal(
    (await record(delivery(1, 'unasked', false))).duplicateOf,
    null,
    'bodies count only if the webhook asks for it',
  );

  const many = Array.from({ length: 200 }, (_, index) => ({ webhook: delivery(3), on: index % 2 ? intake : replica }));
  const receipts = await Promise.all(many.map(({ webhook, on }) => record(webhook, on)));
  const kept = many.filter((_, index) => receipts[index]?.duplicateOf === null);
  assert.equal(kept.length, 1);
  const ids = new Set(receipts.map(({ duplicateOf }) => duplicateOf ?? kept[0]?.webhook.id));
  assert.deepEqual([...ids], [kept[0]?.webhook.id], 'all get the id of the stored delivery');
  for (const { webhook, on } of many) {
    if (webhook.id === kept[0]?.webhook.id) continue;
    const genuine = sampleWebhook({ deliveryId: webhook.deliveryId, isBodyTakenOnce: true });
    assert.equal((await record(genuine, on)).duplicateOf, null, 'the id of a duplicate body stays free');
    break;
  }
  assert.equal((await record(delivery(4, 'replayed'))).duplicateOf, null, 'the genuine delivery of that id');
  assert.deepEqual(await select('select count(*) from webhook_events'), [{ count: 6 }]);
  assert.equal(accepted.length, 6);
});

test('a known body under an unsigned id does not block the genuine delivery of that id', async (t) => {
  const { intake, select } = await startIntake(t);
  const record = async (deliveryId: string, bodyByte: number) => {
    const webhookEvent = sampleWebhook({ deliveryId, isIdUnsigned: true, bodySha256: Buffer.alloc(32, bodyByte) });
    const { duplicateOf } = await intake.record({ webhookEvent, events: [{ event: sampleEvent() }] });
    return { id: webhookEvent.id, duplicateOf };
  };
  const first = await record('first', 1);
  const replay = await record('second', 1);
  assert.equal(replay.duplicateOf, null, 'equal bodies under two ids may be two deliveries');
  const genuine = await record('second', 2);
  assert.equal(genuine.duplicateOf, null);
  assert.equal((await record('second', 2)).duplicateOf, genuine.id, 'repeated by its sender');
  assert.equal((await record('second', 1)).duplicateOf, replay.id, 'the replay repeated');
  assert.equal((await record('first', 1)).duplicateOf, first.id);
  assert.equal((await record('first', 3)).duplicateOf, first.id, 'a new body under a known id');
  assert.deepEqual(await select('select count(*) from webhook_events'), [{ count: 3 }]);
});
