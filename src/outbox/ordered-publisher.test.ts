import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { waitFor } from '../../test/support/wait-for.ts';
import type { TenantId } from '../ids.ts';
import type { OutboxMessage } from './envelope.ts';
import { createOrderedPublisher } from './ordered-publisher.ts';

function message(key: string, number: number): OutboxMessage {
  return {
    id: `${key}${number}`,
    type: 'integration.request.sent',
    tenantId: 't' as TenantId,
    aggregateId: key,
    occurredAt: '2026-11-22T00:00:00.000Z',
    body: '{}',
    notBefore: null,
    factNumber: null,
  };
}

/** A broker that treats each message as the test decides, and records what it accepted. */
function createFakeBroker(windowSize = 100) {
  const sent: { id: string; confirm(): void; refuse(): void }[] = [];
  const confirmed: string[] = [];
  const broker = { available: true };
  const publisher = createOrderedPublisher({
    windowSize,
    retryPauseMs: 1,
    isAvailable: () => broker.available,
    publish: ({ id }) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      sent.push({ id, confirm: resolve, refuse: () => reject(new Error('refused')) });
      return promise;
    },
    onConfirmed: ({ id }) => void confirmed.push(id),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { publisher, sent, confirmed, broker, settled, sentIds: () => sent.map(({ id }) => id) };
}

test('many messages are in flight at once, and no more than the window', () => {
  const { publisher, sent } = createFakeBroker(100);
  publisher.submit(Array.from({ length: 250 }, (_, index) => message('a', index)));
  assert.equal(sent.length, 100);
  sent[0]?.confirm();
});

test('a refused message is sent again before later messages of its key', async () => {
  const { publisher, sent, sentIds, settled } = createFakeBroker();
  publisher.submit([message('a', 1), message('b', 1)]);
  sent[0]?.refuse();
  await settled();
  publisher.submit([message('a', 2), message('b', 2)]);
  await waitFor('the second sending', () => sentIds().lastIndexOf('a1') > 0);
  assert.ok(sentIds().includes('b2')); // The other key is not held back.
  assert.ok(!sentIds().includes('a2'));
  sent[sentIds().lastIndexOf('a1')]?.confirm();
  await waitFor('the message that waited', () => sentIds().includes('a2'));
});

test('several failed messages are sent again oldest first, one at a time', async () => {
  const { publisher, sent, sentIds, settled } = createFakeBroker();
  publisher.submit([1, 2, 3, 4].map((number) => message('a', number)));
  sent[2]?.refuse();
  sent[1]?.refuse();
  sent[3]?.refuse();
  await settled();
  assert.equal(sent.length, 4); // The first is still in flight.
  sent[0]?.confirm();
  await waitFor('the first repeated message', () => sent.length === 5);
  await settled();
  assert.deepEqual(sentIds().slice(4), ['a2']);
  sent[4]?.confirm();
  await waitFor('the second repeated message', () => sent.length === 6);
  assert.deepEqual(sentIds().slice(4), ['a2', 'a3']);
});

test('after an outage, the broker gets all messages in order', async () => {
  const { publisher, sent, sentIds, settled, broker, confirmed } = createFakeBroker(10);
  publisher.submit(Array.from({ length: 30 }, (_, index) => message('a', index)));
  broker.available = false;
  for (const each of sent) each.refuse();
  await settled();
  publisher.submit([message('a', 30)]);
  assert.equal(sent.length, 10);
  broker.available = true;
  const seen = sent.length;
  publisher.resume();
  let answered = seen;
  await waitFor('all messages', () => {
    for (; answered < sent.length; answered++) sent[answered]?.confirm();
    return confirmed.length === 31;
  });
  assert.deepEqual(
    sentIds().slice(seen),
    Array.from({ length: 31 }, (_, index) => `a${index}`),
  );
  assert.equal(publisher.size(), 0);
});

test('closing waits for messages in flight and then sends nothing more', async () => {
  const { publisher, sent } = createFakeBroker(1);
  publisher.submit([message('a', 1)]);
  const closing = publisher.close(10_000);
  sent[0]?.confirm();
  await closing;
  publisher.submit([message('a', 2)]);
  assert.equal(sent.length, 1);
});

test('confirmed messages are released from memory', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const { publisher, sent, settled } = createFakeBroker();
  const submitted = Array.from({ length: 100 }, (_, index) => {
    const one = message('a', index);
    publisher.submit([one]);
    return new WeakRef(one);
  });
  for (const { confirm } of sent.splice(0)) confirm();
  await settled();
  assert.equal(publisher.size(), 0);
  await settled();
  collectGarbage();
  assert.equal(submitted.filter((one) => one.deref() !== undefined).length, 0);
});
