/** Every delivery that got 200 is stored once and its event published, whatever is killed or away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../support/wait-for.ts';
import { sendThroughFaults } from '../support/webhook-faults.ts';
import { startTarget } from '../support/webhook-target.ts';

/** Maximum deliveries that a process has in progress to one target. */
const mostUnderWay = 64;

const all = (count: number) => ({ acknowledged: count, stored: count, published: count });

test('killed ten times during two thousand deliveries to three targets', { timeout: 300_000 }, async (t) => {
  const targets = await Promise.all([startTarget(t), startTarget(t), startTarget(t)]);
  const { counts, eventIds, kills } = await sendThroughFaults(
    t,
    2_000,
    async (acknowledged, faults) => {
      if (acknowledged % 180 === 0 && acknowledged <= 1_800) await faults.kill();
    },
    targets.map(({ url }) => url),
  );
  assert.deepEqual(counts, all(2_000));
  for (const [index, target] of targets.entries()) {
    const idsOf = () => target.received.map(({ json }) => String(json.webhook_event_id));
    await waitFor(
      `every event at target ${index}`,
      () => {
        const arrived = new Set(idsOf());
        return eventIds.every((id) => arrived.has(id));
      },
      120_000,
    );
    // Only deliveries in progress when the process was killed may arrive again.
    const again = target.received.length - new Set(idsOf()).size;
    assert.ok(again <= kills * mostUnderWay, `target ${index} got ${again} events again after ${kills} kills`);
  }
});

test('PostgreSQL goes away and returns', async (t) => {
  const { counts } = await sendThroughFaults(t, 1_200, (acknowledged, faults) => {
    if (acknowledged === 200) faults.cutDatabase();
    if (acknowledged === 900) faults.resume();
  });
  assert.deepEqual(counts, all(1_200));
});

test('RabbitMQ goes away and returns', async (t) => {
  const { counts } = await sendThroughFaults(t, 800, (acknowledged, faults) => {
    if (acknowledged === 200) faults.cutBroker();
    if (acknowledged === 600) faults.resume();
  });
  assert.deepEqual(counts, all(800));
});

test('both go away, and the process is killed when they return', async (t) => {
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
