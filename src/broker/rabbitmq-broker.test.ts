import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { Connection } from 'rabbitmq-client';
import { brokerContract, createTestMessage } from '../../test/contracts/broker.ts';
import { rabbitmqUrl, startTestBroker } from '../../test/support/broker.ts';
import { closeInReverse } from '../../test/support/cleanup.ts';
import { startTcpProxy } from '../../test/support/tcp-proxy.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { openRabbitmqBroker } from './rabbitmq-broker.ts';

brokerContract('RabbitMQ broker', async (t) => (await startTestBroker(t)).broker);

test('a message carries CloudEvents attributes in its headers and is persistent', async (t) => {
  const { broker, delivered } = await startTestBroker(t);
  const message = createTestMessage();
  await broker.publishConfirmed(message);
  await waitFor('the message', () => delivered.length === 1);
  const [seen] = delivered;
  assert.deepEqual(seen?.headers, {
    'cloudEvents:specversion': '1.0',
    'cloudEvents:id': message.eventId,
    'cloudEvents:source': '/integration-service',
    'cloudEvents:type': 'integration.request.completed',
    'cloudEvents:time': '2026-11-22T07:30:00.123Z',
    'cloudEvents:subject': 'service-1',
    'cloudEvents:managementcompanyid': 'uk_company_1',
  });
  assert.equal(seen?.routingKey, 'integration.request.completed');
  assert.equal(seen?.messageId, message.eventId);
  assert.equal(seen?.contentType, 'application/json');
  assert.equal(seen?.durable, true);
  assert.equal(seen?.timestamp, Date.parse('2026-11-22T07:30:00Z') / 1000);
  assert.deepEqual(seen?.body, JSON.parse(message.body.toString()));
});

test('without a subject there is no such header', async (t) => {
  const { broker, delivered } = await startTestBroker(t);
  await broker.publishConfirmed(createTestMessage({ subject: null }));
  await waitFor('the message', () => delivered.length === 1);
  assert.equal('cloudEvents:subject' in (delivered[0]?.headers ?? {}), false);
});

test('after a lost connection the broker reconnects, notifies, and publishes and taps again', async (t) => {
  const proxy = await startTcpProxy(t, rabbitmqUrl);
  const { broker, delivered } = await startTestBroker(t, { url: proxy.through(rabbitmqUrl) });
  let comebacks = 0;
  broker.onAvailable(() => {
    comebacks += 1;
  });
  const heard: string[] = [];
  await broker.tap((message) => heard.push(message.eventId));
  const before = createTestMessage();
  await broker.publishConfirmed(before);

  proxy.cut();
  await waitFor('the cut to be noticed', () => !broker.isAvailable());
  await assert.rejects(broker.publishConfirmed(createTestMessage()), { name: 'BrokerAway' });
  assert.equal(broker.publishUnconfirmed(createTestMessage()), false);

  proxy.resume();
  await waitFor('the broker to come back', () => broker.isAvailable());
  assert.equal(comebacks, 1);
  const after = createTestMessage();
  await broker.publishConfirmed(after);
  await waitFor('both to be delivered', () => delivered.length === 2);
  await waitFor('the tap to receive again', async () => {
    broker.publishUnconfirmed(createTestMessage());
    return heard.length > 2;
  });
});

test('messages that a lost connection leaves unconfirmed are rejected', async (t) => {
  const proxy = await startTcpProxy(t, rabbitmqUrl);
  const { broker } = await startTestBroker(t, { url: proxy.through(rabbitmqUrl) });
  proxy.stall();
  const results = Promise.allSettled(Array.from({ length: 500 }, () => broker.publishConfirmed(createTestMessage())));
  proxy.cut();
  for (const result of await results) assert.equal(result.status, 'rejected');
});

test('the deadline distinguishes a silent server from a slow one', async (t) => {
  const proxy = await startTcpProxy(t, rabbitmqUrl);
  const { broker } = await startTestBroker(t, { url: proxy.through(rabbitmqUrl), confirmDeadlineMs: 100 });
  proxy.stall();
  await assert.rejects(broker.publishConfirmed(createTestMessage()), /no confirmation in 100 ms/);
});

test('messages published while the server accepts none stay within the bounds', async (t) => {
  const proxy = await startTcpProxy(t, rabbitmqUrl);
  const { broker } = await startTestBroker(t, { url: proxy.through(rabbitmqUrl), confirmDeadlineMs: 2_000 });
  proxy.stall();
  const body = Buffer.alloc(64 * 1024, 'x');
  let taken = 0;
  while (taken < 10_000 && broker.publishUnconfirmed(createTestMessage({ body }))) taken += 1;
  assert.ok(taken < 1_000, `${taken} messages of 64 KiB were taken into memory`);

  const results = await Promise.allSettled(
    Array.from({ length: 12_000 }, () => broker.publishConfirmed(createTestMessage())),
  );
  const reasons = results.map((result) => (result.status === 'rejected' ? String(result.reason) : 'confirmed'));
  assert.equal(reasons.filter((reason) => reason.includes('too many messages')).length, 12_000 - 10_200);
});

test('an exchange of another kind is named once, and used as soon as it is right', async (t) => {
  closeInReverse(t);
  const connection = new Connection({ url: rabbitmqUrl, acquireTimeout: 10_000 });
  t.after(() => connection.close());
  const exchange = `test.events.${randomUUID()}`;
  await connection.exchangeDeclare({ exchange, type: 'fanout', autoDelete: false });
  t.after(() => connection.exchangeDelete({ exchange }));
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) });
  const broker = await openRabbitmqBroker({ urls: [rabbitmqUrl], logger, exchange });
  t.after(() => broker.close());
  assert.equal(broker.isAvailable(), false);
  assert.match(
    broker.problem?.() ?? '',
    new RegExp(`^RABBITMQ_URL: no messages to ${exchange}: .*PRECONDITION_FAILED`),
  );
  // By now it was tried four times.
  assert.ok(lines.length > 0 && lines.length <= 2, lines.join(''));

  await connection.exchangeDelete({ exchange });
  await waitFor('the broker', () => broker.isAvailable());
  assert.equal(broker.problem?.(), null);
});

test('an alarm of the server makes the broker unavailable, with the reason, until it ends', async (t) => {
  const proxy = await startTcpProxy(t, rabbitmqUrl);
  const { broker } = await startTestBroker(t, { url: proxy.through(rabbitmqUrl) });
  await broker.publishConfirmed(createTestMessage());
  // Connection.Blocked and Connection.Unblocked (RabbitMQ's extension of AMQP 0-9-1: class 10, methods 60 and 61).
  const frame = (method: number, ...args: Buffer[]): Buffer => {
    const payload = Buffer.concat([Buffer.from([0, 10, 0, method]), ...args]);
    const head = Buffer.from([1, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(payload.length, 3);
    return Buffer.concat([head, payload, Buffer.from([0xce])]);
  };
  const reason = 'low on disk';
  proxy.inject(frame(60, Buffer.from([reason.length]), Buffer.from(reason)));
  await waitFor('the alarm', () => !broker.isAvailable());
  assert.equal(broker.problem?.(), 'RABBITMQ_URL: RabbitMQ blocks publishers: low on disk');
  await assert.rejects(broker.publishConfirmed(createTestMessage()), /BrokerAway|no connection/);
  proxy.inject(frame(61));
  await waitFor('its end', () => broker.isAvailable());
  assert.equal(broker.problem?.(), null);
  await broker.publishConfirmed(createTestMessage());
});

test('a broker opens without RabbitMQ and becomes available with it', async (t) => {
  const proxy = await startTcpProxy(t, rabbitmqUrl);
  proxy.cut();
  const { broker, delivered } = await startTestBroker(t, { url: proxy.through(rabbitmqUrl) });
  assert.equal(broker.isAvailable(), false);
  proxy.resume();
  await waitFor('the broker to be available', () => broker.isAvailable());
  await broker.publishConfirmed(createTestMessage());
  await waitFor('the message', () => delivered.length === 1);
});

test('an exchange that was deleted is declared again', async (t) => {
  const { broker, delivered, exchange } = await startTestBroker(t);
  const connection = new Connection(rabbitmqUrl);
  t.after(() => connection.close());
  await connection.exchangeDelete({ exchange });
  await assert.rejects(broker.publishConfirmed(createTestMessage()), { name: 'BrokerAway' });
  await waitFor('the exchange to be there again', () => broker.isAvailable());
  await broker.publishConfirmed(createTestMessage());
  assert.equal(delivered.length, 0, 'bindings were deleted with the old exchange');
});

/** Counts the socket writes during `work`. */
async function countWrites(t: TestContext, work: () => Promise<unknown>): Promise<number> {
  const socket = Socket.prototype as unknown as { _write(): void; _writev(): void };
  const counted = [t.mock.method(socket, '_writev'), t.mock.method(socket, '_write')];
  await work();
  return counted.reduce((sum, { mock }) => sum + mock.callCount(), 0);
}

test('messages of one turn of the event loop are sent in one write', async (t) => {
  const { broker, delivered } = await startTestBroker(t);
  const taken = await countWrites(t, () =>
    Promise.all(Array.from({ length: 50 }, () => broker.publishConfirmed(createTestMessage()))),
  );
  await waitFor('the messages', () => delivered.length === 50);
  assert.ok(taken <= 5, `${taken} writes to sockets for fifty messages`);
});

test('messages delayed by a full socket are sent together', async (t) => {
  const { broker, delivered } = await startTestBroker(t);
  const body = Buffer.from(JSON.stringify({ filler: 'x'.repeat(4_000) }));
  const taken = await countWrites(t, () =>
    Promise.all(Array.from({ length: 150 }, () => broker.publishConfirmed({ ...createTestMessage(), body }))),
  );
  await waitFor('the messages', () => delivered.length === 150);
  assert.ok(taken <= 30, `${taken} writes to sockets for 150 messages of 4 kB`);
});
