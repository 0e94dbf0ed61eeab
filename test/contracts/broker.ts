/** What every `Broker` must do. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Broker, BrokerMessage } from '../../src/broker/broker.ts';
import type { Cleanup } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

export function createTestMessage(overrides: Partial<BrokerMessage> = {}): BrokerMessage {
  const eventId = randomUUID();
  return {
    eventId,
    eventType: 'integration.request.completed',
    tenantId: 'uk_company_1',
    occurredAt: '2026-11-22T07:30:00.123Z',
    subject: 'service-1',
    body: Buffer.from(JSON.stringify({ event_id: eventId, note: 'Тошкент, koʻcha' })),
    ...overrides,
  };
}

export function brokerContract(name: string, start: (t: Cleanup) => Promise<Broker>): void {
  test(`${name}: a tap gets every published message unchanged, confirmed or not`, async (t) => {
    const broker = await start(t);
    const heard: BrokerMessage[] = [];
    await broker.tap((message) => heard.push(message));
    const confirmed = createTestMessage();
    const unconfirmed = createTestMessage({ eventType: 'integration.cache.hit', subject: null });
    await broker.publishConfirmed(confirmed);
    assert.equal(broker.publishUnconfirmed(unconfirmed), true);
    await waitFor('both messages', () => heard.length === 2);
    // Two channels: the order of a confirmed and an unconfirmed message is not guaranteed.
    const byId = new Map(heard.map((message) => [message.eventId, message]));
    assert.deepEqual(byId.get(confirmed.eventId), confirmed);
    assert.deepEqual(byId.get(unconfirmed.eventId), unconfirmed);
  });

  test(`${name}: a tap gets every number with its published digits`, async (t) => {
    const broker = await start(t);
    const heard: BrokerMessage[] = [];
    await broker.tap((message) => heard.push(message));
    const numbers = Buffer.from('{ "a": 9007199254740993, "b": 1e400, "c": 1.10, "d": -0.0 }');
    await broker.publishConfirmed(createTestMessage({ body: numbers }));
    await waitFor('the message', () => heard.length === 1);
    assert.equal(heard[0]?.body.toString(), numbers.toString());
  });

  test(`${name}: many confirmed messages arrive in their publishing order`, async (t) => {
    const broker = await start(t);
    const heard: string[] = [];
    await broker.tap((message) => heard.push(message.eventId));
    const messages = Array.from({ length: 1_500 }, () => createTestMessage());
    await Promise.all(messages.map((message) => broker.publishConfirmed(message)));
    await waitFor('all messages', () => heard.length === messages.length);
    assert.deepEqual(
      heard,
      messages.map(({ eventId }) => eventId),
    );
  });

  test(`${name}: a large payload arrives whole`, async (t) => {
    const broker = await start(t);
    const heard: BrokerMessage[] = [];
    await broker.tap((message) => heard.push(message));
    const large = createTestMessage({ body: Buffer.from(JSON.stringify({ payload: 'ў'.repeat(150_000) })) });
    await broker.publishConfirmed(large);
    await waitFor('the message', () => heard.length === 1);
    assert.deepEqual(heard[0]?.body, large.body);
  });

  test(`${name}: a closed tap gets nothing; other taps continue, even if one throws`, async (t) => {
    const broker = await start(t);
    const left: BrokerMessage[] = [];
    const stayed: BrokerMessage[] = [];
    const leave = await broker.tap((message) => left.push(message));
    await broker.tap(() => {
      throw new Error('a fault of the listener');
    });
    await broker.tap((message) => stayed.push(message));
    await leave();
    await broker.publishConfirmed(createTestMessage());
    await waitFor('the other tap', () => stayed.length === 1);
    assert.equal(left.length, 0);
  });

  test(`${name}: a tap may be opened after the last one was closed`, async (t) => {
    const broker = await start(t);
    const leave = await broker.tap(() => {});
    await leave();
    const heard: BrokerMessage[] = [];
    await broker.tap((message) => heard.push(message));
    await broker.publishConfirmed(createTestMessage());
    await waitFor('the message', () => heard.length === 1);
  });

  test(`${name}: a closed broker accepts nothing`, async (t) => {
    const broker = await start(t);
    assert.equal(broker.isAvailable(), true);
    await broker.close();
    assert.equal(broker.isAvailable(), false);
    assert.equal(broker.publishUnconfirmed(createTestMessage()), false);
    await assert.rejects(broker.publishConfirmed(createTestMessage()), { name: 'BrokerAway' });
  });
}
