import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { Connection } from 'rabbitmq-client';
import { rabbitmqUrl, startTestBroker } from '../../test/support/broker.ts';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { createFakeBroker } from '../../test/support/fake-broker.ts';
import { sampleEvent, sampleTenant } from '../../test/support/intake-samples.ts';
import { silentRelay } from '../../test/support/silent-relay.ts';
import { startTcpProxy } from '../../test/support/tcp-proxy.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { createMasker } from '../audit/mask.ts';
import type { Broker } from '../broker/broker.ts';
import { systemClock } from '../clock.ts';
import { newId } from '../ids.ts';
import { createIntake } from '../intake/group-commit.ts';
import type { Database } from '../storage/postgres/database.ts';
import { receivedMessage } from '../webhooks/receiving/received-event.ts';
import { appendEvent } from './append-event.ts';
import { type OutboxRelayDeps, startOutboxRelay } from './relay.ts';

const fast = { pollIntervalMs: 20, leaseTtlMs: 300, retryPauseMs: 5 };

async function startRelay(t: TestContext, db: Database, broker: Broker, overrides: Partial<OutboxRelayDeps> = {}) {
  const relay = await startOutboxRelay({
    db,
    broker,
    clock: systemClock,
    logger: silentLogger,
    origin: newId(),
    messageOfDelivery: (row, number) => receivedMessage(row, number, 'http://localhost:8006'),
    ...fast,
    ...overrides,
  });
  t.after(() => relay.close());
  const intake = createIntake({
    db,
    relay,
    masker: createMasker(),
    clock: systemClock,
    logger: silentLogger,
    spool: null,
  });
  t.after(() => intake.close());
  const publish = (correlationId: string, aggregateId = 'a', notBeforeMs?: number) =>
    intake.record({
      events: [
        { event: sampleEvent({ correlationId, aggregateId }), ...(notBeforeMs === undefined ? {} : { notBeforeMs }) },
      ],
    });
  return { relay, intake, publish };
}

const correlationOf = ({ body }: { body: unknown }): string =>
  (Buffer.isBuffer(body) ? JSON.parse(body.toString()) : (body as { correlation_id: string })).correlation_id;

async function whenEmpty(db: Database): Promise<void> {
  await waitFor('an empty outbox', async () => {
    const { rows } = await db.querySystem({ text: 'select from outbox_events limit 1' });
    return rows.length === 0;
  });
}

test('an event reaches the broker with its envelope, and its row is deleted', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, published } = createFakeBroker();
  const { publish } = await startRelay(t, db, broker);
  await publish('request-7');
  await whenEmpty(db);
  const [message] = published;
  assert.equal(published.length, 1);
  const body = JSON.parse(message?.body.toString() ?? '');
  assert.equal(body.event_id, message?.eventId);
  assert.equal(body.event_type, 'integration.request.sent');
  assert.equal(body.management_company_id, sampleTenant);
  assert.equal(body.service_name, 'google_maps');
  assert.equal(body.correlation_id, 'request-7');
  assert.equal(body.operation, 'geocode');
  assert.deepEqual(body.metadata, {});
  assert.match(body.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('an event of another transaction is published after its commit, and never after a rollback', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, published } = createFakeBroker();
  await startRelay(t, db, broker, { pollIntervalMs: 3_600_000 }); // Only the notification can wake the relay.
  await assert.rejects(
    db.forTenant(sampleTenant, async (tx) => {
      await appendEvent(tx, sampleEvent({ correlationId: 'rolled-back' }));
      throw new Error('no');
    }),
  );
  await waitFor('its event', async () => {
    if (published.length > 0) return true;
    await db.forTenant(sampleTenant, (tx) => appendEvent(tx, sampleEvent({ correlationId: 'committed' })));
    return published.length > 0;
  });
  assert.ok(published.every((message) => correlationOf(message) === 'committed'));
});

test('events that do not fit into memory wait in the table, and the order holds', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, published, state } = createFakeBroker();
  const { publish, relay } = await startRelay(t, db, broker, { maxInMemory: 20 });
  state.available = false;
  const expected: string[] = [];
  for (let i = 0; i < 100; i++) {
    expected.push(`e${i}`);
    await publish(`e${i}`);
  }
  assert.ok(relay.stats().inMemory <= 20);
  state.available = true;
  for (let i = 100; i < 200; i++) {
    expected.push(`e${i}`);
    await publish(`e${i}`);
  }
  await whenEmpty(db);
  assert.deepEqual(published.map(correlationOf), expected);
});

test('one living process publishes the events of a dead one, in order and once', async (t) => {
  const { db, openAnother } = await startTestDatabase(t);
  const dead = createIntake({
    db,
    relay: silentRelay(),
    masker: createMasker(),
    clock: systemClock,
    logger: silentLogger,
    spool: null,
  });
  const expected = Array.from({ length: 600 }, (_, index) => `e${index}`);
  await dead.record({ events: expected.map((correlationId) => ({ event: sampleEvent({ correlationId }) })) });
  await dead.close();

  const { broker, published } = createFakeBroker();
  await startRelay(t, db, broker);
  await startRelay(t, openAnother(), broker);
  await whenEmpty(db);
  assert.deepEqual(published.map(correlationOf), expected);
});

test('a process does not publish the rows of another living process', async (t) => {
  const { db, openAnother } = await startTestDatabase(t);
  const away = createFakeBroker();
  away.state.available = false;
  const first = await startRelay(t, db, away.broker);
  await first.publish('mine');
  const { broker, published } = createFakeBroker();
  const second = await startRelay(t, openAnother(), broker);
  await second.publish('yours');
  await waitFor('the second process to publish', () => published.length > 0);
  away.state.available = true;
  await whenEmpty(db);
  assert.deepEqual(away.published.map(correlationOf), ['mine']);
  assert.deepEqual(published.map(correlationOf), ['yours']);
});

test('a process whose clock is set back keeps its rows', async (t) => {
  const { db, openAnother } = await startTestDatabase(t);
  const away = createFakeBroker();
  away.state.available = false;
  let aheadMs = 0;
  const first = await startRelay(t, db, away.broker, {
    clock: { now: () => Date.now() + aheadMs },
    leaseTtlMs: 1_500,
  });
  await first.publish('mine');
  aheadMs = -3_600_000;
  const { rows } = await db.querySystem<{ ends: string }>({
    text: `select expires_at::text as ends from leases where name = 'relay:' || '${first.relay.origin}'`,
  });
  await waitFor('the old lease to expire', async () => {
    const passed = await db.querySystem({ text: `select where now() > '${rows[0]?.ends}'` });
    return passed.rows.length > 0;
  });

  // Rows are picked up in the order of their commits: when the last has arrived, so has the first.
  const { broker, published } = createFakeBroker();
  await db.forTenant(sampleTenant, (tx) => appendEvent(tx, sampleEvent({ correlationId: 'ownerless' })));
  await startRelay(t, openAnother(), broker);
  await waitFor('the second process to publish', () => published.map(correlationOf).includes('ownerless'));
  assert.deepEqual(published.map(correlationOf), ['ownerless']);
});

test('a process keeps its rows during a long read-back', async (t) => {
  const { db, openAnother } = await startTestDatabase(t);
  const slowToRead: Database = {
    ...db,
    async querySystem(statement) {
      if (statement.name === 'outbox_find_own') await delay(250);
      return db.querySystem(statement);
    },
  };
  const own = createFakeBroker();
  const first = await startRelay(t, slowToRead, own.broker, { maxInMemoryChars: 1, leaseTtlMs: 1_000 });
  const { broker, published } = createFakeBroker();
  await startRelay(t, openAnother(), broker);

  const expected = Array.from({ length: 6_000 }, (_, index) => `e${index}`);
  await first.intake.record({ events: expected.map((correlationId) => ({ event: sampleEvent({ correlationId }) })) });
  await whenEmpty(db);
  assert.deepEqual(published.map(correlationOf), []);
  assert.deepEqual(own.published.map(correlationOf), expected);
});

test('a deferred event is published when it is due, and not before', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, published } = createFakeBroker();
  const { publish } = await startRelay(t, db, broker);
  await publish('far', 'far', Date.now() + 3_600_000);
  await publish('due', 'due', Date.now() - 1);
  await publish('now', 'now');
  await waitFor('both', () => published.length >= 2);
  assert.deepEqual(published.map(correlationOf).toSorted(), ['due', 'now']);
  const { rows } = await db.querySystem({ text: 'select aggregate_id from outbox_events' });
  assert.deepEqual(
    rows.filter(({ aggregate_id }) => aggregate_id === 'far'),
    [{ aggregate_id: 'far' }],
  );
});

test('a RabbitMQ outage under traffic loses no event and keeps the order per tenant and aggregate', async (t) => {
  const proxy = await startTcpProxy(t, rabbitmqUrl);
  const { broker, delivered } = await startTestBroker(t, {
    url: proxy.through(rabbitmqUrl),
    confirmDeadlineMs: 1_000,
  });
  const { db } = await startTestDatabase(t);
  const { publish, relay } = await startRelay(t, db, broker, { maxInMemory: 300 });
  const sent = new Map<string, string[]>();
  let number = 0;
  const traffic = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 20) {
      await Promise.all(
        Array.from({ length: 20 }, () => {
          const key = `key${number % 7}`;
          const id = `${key}-${number++}`;
          sent.set(key, [...(sent.get(key) ?? []), id]);
          return publish(id, key);
        }),
      );
    }
  };
  await traffic(200);
  proxy.cut();
  await traffic(600);
  assert.ok(relay.stats().inMemory <= 300); // The others wait in the table.
  proxy.resume();
  await traffic(200);
  await waitFor(
    'an empty outbox',
    async () => {
      const { rows } = await db.querySystem({ text: 'select from outbox_events limit 1' });
      return rows.length === 0;
    },
    20_000,
  );

  const firstSeen = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const { body } of delivered) {
    const id = correlationOf({ body });
    if (seen.has(id)) continue; // Published again.
    seen.add(id);
    const key = id.slice(0, id.indexOf('-'));
    firstSeen.set(key, [...(firstSeen.get(key) ?? []), id]);
  }
  for (const [key, ids] of sent) assert.deepEqual(firstSeen.get(key), ids);
});

test('a connected broker that refuses events says why in the log, once, and gets them when it accepts again', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, exchange, delivered } = await startTestBroker(t);
  const consumer = new Connection({ url: rabbitmqUrl, acquireTimeout: 10_000 });
  t.after(() => consumer.close());
  const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' } as const;
  const { queue } = await consumer.queueDeclare({ queue: `full.${newId()}`, arguments: full });
  t.after(() => consumer.queueDelete({ queue }));
  await consumer.queueBind({ queue, exchange, routingKey: '#' });
  const warnings: string[] = [];
  let refusals = 0;
  const counting: Broker = {
    ...broker,
    publishConfirmed: (message) =>
      broker.publishConfirmed(message).catch((error) => {
        refusals += 1;
        throw error;
      }),
  };
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  const { publish } = await startRelay(t, db, counting, { logger });
  for (const name of ['first', 'second', 'third']) await publish(name);
  await waitFor('several refusals', () => refusals >= 5);
  assert.equal(warnings.length, 1, warnings.join(''));
  const { msg, err, event_type } = JSON.parse(warnings[0] ?? '');
  assert.equal(msg, 'the broker did not confirm an event; will retry');
  assert.match(err.stack, /message rejected by server/);
  assert.equal(event_type, 'integration.request.sent');

  await consumer.queueUnbind({ queue, exchange, routingKey: '#' });
  await whenEmpty(db);
  await waitFor('all events', () => new Set(delivered.map(correlationOf)).size === 3);
});
