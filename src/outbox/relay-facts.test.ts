/** Tests events of calls and deliveries, whose own rows are the outbox. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { createFakeBroker } from '../../test/support/fake-broker.ts';
import { sampleCall, sampleDelivery } from '../../test/support/intake-samples.ts';
import { countUnpublished } from '../../test/support/outbox.ts';
import { silentRelay } from '../../test/support/silent-relay.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { createMasker } from '../audit/mask.ts';
import type { Broker, BrokerMessage } from '../broker/broker.ts';
import { systemClock } from '../clock.ts';
import { newId } from '../ids.ts';
import { createIntake } from '../intake/group-commit.ts';
import type { WebhookEventRecord } from '../intake/intake.ts';
import type { Database, Statement } from '../storage/postgres/database.ts';
import { registerRelayMark } from '../storage/tables/facts.ts';
import { receivedMessage } from '../webhooks/receiving/received-event.ts';
import type { Handover } from './envelope.ts';
import { type OutboxRelayDeps, type RelayForIntake, startOutboxRelay } from './relay.ts';

function intakeOver(t: TestContext, db: Database, relay: RelayForIntake) {
  const intake = createIntake({
    db,
    relay,
    masker: createMasker(),
    clock: systemClock,
    logger: silentLogger,
    spool: null,
  });
  t.after(() => intake.close());
  return intake;
}

async function startReplica(t: TestContext, db: Database, broker: Broker, overrides: Partial<OutboxRelayDeps> = {}) {
  const relay = await startOutboxRelay({
    db,
    broker,
    clock: systemClock,
    logger: silentLogger,
    origin: newId(),
    messageOfDelivery: (row, number) => receivedMessage(row, number, 'http://localhost:8006'),
    pollIntervalMs: 20,
    leaseTtlMs: 500,
    retryPauseMs: 5,
    ...overrides,
  });
  t.after(() => relay.close());
  return { relay, intake: intakeOver(t, db, relay) };
}

/** A delivery event with every kind of member. */
const deliveries: readonly Partial<WebhookEventRecord>[] = [
  {},
  { payload: gzipSync('{"n":[1.10,1e400]}'), headers: { 'content-encoding': 'gzip', 'x-name': 'имя' } },
  { payload: Buffer.from([0xff, 0x00]), isTest: true },
  { payload: Buffer.from('{"a": 9007199254740993, "b":"\\u0000"}'), includesRaw: true },
  { payload: Buffer.from('{"a":"\xe0"}', 'latin1'), contentType: 'application/json; charset=windows-1251' },
];

const jsonOf = ({ body }: BrokerMessage) => JSON.parse(body.toString());
const whenPublished = (db: Database) =>
  waitFor('everything to be published', async () => (await countUnpublished(db)) === 0);
const columnOf = async (db: Database, text: string) =>
  (await db.querySystem<{ value: unknown }>({ text })).rows[0]?.value;

test('the events of a call and of a delivery are published without rows in outbox_events', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, published, state } = createFakeBroker();
  const { intake } = await startReplica(t, db, broker);
  state.available = false;
  const call = sampleCall({ requestId: 'r1' });
  await intake.record({ logs: [call] });
  await intake.record({ logs: [sampleCall({ requestId: 'r2', status: 'error', errorCode: 'TIMEOUT' })] });
  const delivery = sampleDelivery('r3');
  await intake.record(delivery);
  assert.equal(await columnOf(db, 'select count(*)::int as value from outbox_events'), 0);
  state.available = true;
  await whenPublished(db);

  assert.deepEqual(
    published.map((message) => [message.eventType, jsonOf(message).correlation_id]),
    [
      ['integration.request.sent', 'r1'],
      ['integration.request.completed', 'r1'],
      ['integration.request.sent', 'r2'],
      ['integration.request.failed', 'r2'],
      ['integration.webhook.received', 'r3'],
    ],
  );
  const [, completed, , failed, received] = published.map(jsonOf);
  assert.equal(completed.log_id, call.id);
  assert.equal(completed.response_size_bytes, 15);
  assert.equal(failed.will_retry, false);
  assert.equal(received.webhook_event_id, delivery.webhookEvent?.id);
  assert.deepEqual(received.payload, { ref: 'main' });
  assert.equal(new Set(published.map(({ eventId }) => eventId)).size, 5);
});

test('another process publishes the facts of a dead one, in order, with the same ids and bodies', async (t) => {
  const { db, openAnother } = await startTestDatabase(t);
  const handedOver: Handover[] = [];
  const relay = silentRelay((handover) => void handedOver.push(handover));
  await registerRelayMark(db, relay.origin, 0, Date.now() - 60_000);
  const dying = intakeOver(t, db, relay);
  for (let number = 0; number < 300; number++) {
    await dying.record(
      number % 3 === 0
        ? sampleDelivery(`r${number}`, deliveries[(number / 3) % deliveries.length])
        : { logs: [sampleCall({ requestId: `r${number}` })] },
    );
  }
  const { broker, published } = createFakeBroker();
  await startReplica(t, db, broker);
  await startReplica(t, openAnother(), broker);
  await whenPublished(db);
  const expected = handedOver.flatMap(({ messages }) => messages);
  assert.deepEqual(
    published.map(jsonOf),
    expected.map(({ body }) => JSON.parse(body)),
  );
  assert.deepEqual(
    published.map(({ eventId }) => eventId),
    expected.map(({ id }) => id),
  );
});

test('events confirmed before the process died are not published again', async (t) => {
  const { db } = await startTestDatabase(t);
  const first = createFakeBroker();
  const dying = await startReplica(t, db, first.broker);
  for (let number = 0; number < 50; number++) await dying.intake.record({ logs: [sampleCall()] });
  await whenPublished(db);
  // It stops as after a crash: its leases are not released.
  await db.querySystem({ text: "update leases set expires_at = now() - interval '1 hour'" });
  const second = createFakeBroker();
  const { intake } = await startReplica(t, db, second.broker);
  await intake.record({ logs: [sampleCall({ requestId: 'new' })] });
  await whenPublished(db);
  assert.deepEqual(
    second.published.map((message) => jsonOf(message).correlation_id),
    ['new', 'new'],
  );
});

test('facts that do not fit into memory are read back in order', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, published, state } = createFakeBroker();
  const { intake, relay } = await startReplica(t, db, broker, { maxInMemory: 20 });
  state.available = false;
  const expected: string[] = [];
  const record = async (name: string) => {
    expected.push(name);
    await intake.record(sampleDelivery(name));
  };
  for (let number = 0; number < 100; number++) await record(`e${number}`);
  assert.ok(relay.stats().inMemory <= 20);
  state.available = true;
  for (let number = 100; number < 200; number++) await record(`e${number}`);
  await whenPublished(db);
  assert.deepEqual(
    published.map((message) => jsonOf(message).correlation_id),
    expected,
  );
});

test('a commit whose answer was lost is published and counted once', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, published } = createFakeBroker();
  let lost = 0;
  const losing: Database = {
    ...db,
    async querySystem<Row>(statement: Statement) {
      const result = await db.querySystem<Row>(statement);
      if (statement.name?.startsWith('intake_') && lost++ === 0) {
        throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      }
      return result;
    },
  };
  const { intake } = await startReplica(t, losing, broker);
  await Promise.all([intake.record({ logs: [sampleCall({ requestId: 'r1' })] }), intake.record(sampleDelivery('r2'))]);
  await whenPublished(db);
  const ids = new Set(published.map(({ eventId }) => eventId));
  assert.equal(ids.size, 3);
  assert.equal(await columnOf(db, 'select sum(request_count)::int as value from usage_daily'), 1);
});

test('rows of an earlier try of a commit get the numbers of the later try', async (t) => {
  const { db } = await startTestDatabase(t);
  const early = silentRelay();
  const call = sampleCall({ requestId: 'r1' });
  const delivery = sampleDelivery('r2');
  const record = { ...delivery, logs: [call] };
  await intakeOver(t, db, early).record(record);
  const late = silentRelay();
  await registerRelayMark(db, late.origin, 0, Date.now() - 60_000);
  const { duplicateOf } = await intakeOver(t, db, late).record(record);
  assert.equal(duplicateOf, null);
  for (const table of ['integration_logs', 'webhook_events']) {
    assert.equal(await columnOf(db, `select origin::text as value from ${table}`), late.origin, table);
  }
  const { broker, published } = createFakeBroker();
  await startReplica(t, db, broker);
  await whenPublished(db);
  assert.deepEqual(
    published.map(({ eventType }) => eventType),
    ['integration.webhook.received', 'integration.request.sent', 'integration.request.completed'],
  );
});

test('a duplicate releases its number: the mark moves on', async (t) => {
  const { db } = await startTestDatabase(t);
  const { broker, published } = createFakeBroker();
  const { intake, relay } = await startReplica(t, db, broker);
  for (let number = 0; number < 20; number++) await intake.record(sampleDelivery('same'));
  await intake.record(sampleDelivery('another'));
  await whenPublished(db);
  assert.equal(published.length, 2);
  const mark = await columnOf(
    db,
    `select published_up_to::int as value from relay_marks where origin = '${relay.origin}'`,
  );
  assert.equal(mark, 21);
});
