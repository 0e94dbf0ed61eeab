/** Every delivery that got 200 is stored once and its event published, whoever is killed and whatever is away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendThroughFaults } from '../support/webhook-faults.ts';

const all = (count: number) => ({ acknowledged: count, stored: count, published: count });

test('killed ten times in the middle of two thousand deliveries', { timeout: 300_000 }, async (t) => {
  const { counts } = await sendThroughFaults(t, 2_000, async (acknowledged, faults) => {
    if (acknowledged % 180 === 0 && acknowledged <= 1_800) await faults.kill();
  });
  assert.deepEqual(counts, all(2_000));
});

test('PostgreSQL goes away and comes back', async (t) => {
  const { counts } = await sendThroughFaults(t, 1_200, (acknowledged, faults) => {
    if (acknowledged === 200) faults.cutDatabase();
    if (acknowledged === 900) faults.resume();
  });
  assert.deepEqual(counts, all(1_200));
});

test('RabbitMQ goes away and comes back', async (t) => {
  const { counts } = await sendThroughFaults(t, 800, (acknowledged, faults) => {
    if (acknowledged === 200) faults.cutBroker();
    if (acknowledged === 600) faults.resume();
  });
  assert.deepEqual(counts, all(800));
});

test('both go away, the process is killed when they are back', async (t) => {
  const { counts } = await sendThroughFaults(t, 1_000, async (acknowledged, faults) => {
    if (acknowledged === 200) {
      faults.cutDatabase();
      faults.cutBroker();
    }
    if (acknowledged === 600) {
      faults.resume();
      await faults.kill();
    }
  });
  assert.deepEqual(counts, all(1_000));
});
