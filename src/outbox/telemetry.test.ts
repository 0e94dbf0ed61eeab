import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import type { BrokerMessage } from '../broker/broker.ts';
import type { TenantId } from '../ids.ts';
import type { TelemetryEvent } from './events.ts';
import { createTelemetryPublisher } from './telemetry.ts';

const miss: TelemetryEvent = {
  type: 'integration.cache.miss',
  tenantId: 'uk_company_1' as TenantId,
  serviceName: 'google_maps',
  correlationId: 'r',
  occurredAtMs: 0,
  aggregateId: 'google_maps',
  fields: { cache_key: 'k', operation: 'geocode', will_populate: true },
};

function createPublisher(options: { maxPerSecond?: number; maxQueued?: number; available?: boolean } = {}) {
  const sent: BrokerMessage[] = [];
  const count = { dropped: 0 };
  const clock = createManualClock();
  const publisher = createTelemetryPublisher({
    broker: {
      isAvailable: () => options.available ?? true,
      publishUnconfirmed: (message) => sent.push(message) > 0,
    },
    clock,
    onDropped: (dropped) => {
      count.dropped += dropped;
    },
    ...options,
  });
  return { publisher, sent, count, clock };
}

test('a telemetry event is sent with the whole envelope, after the request', async () => {
  const { publisher, sent } = createPublisher();
  publisher.publishTelemetry(miss);
  assert.equal(sent.length, 0);
  await publisher.close();
  assert.equal(JSON.parse(sent[0]?.body.toString() ?? '').cache_key, 'k');
});

test('events above the rate are dropped and counted until the next second', async () => {
  const { publisher, sent, count, clock } = createPublisher({ maxPerSecond: 10 });
  for (let i = 0; i < 25; i++) publisher.publishTelemetry(miss);
  assert.equal(count.dropped, 15);
  clock.advance(1_000);
  publisher.publishTelemetry(miss);
  await publisher.close();
  assert.equal(sent.length, 11);
});

test('a full queue drops events and counts them', async () => {
  const { publisher, sent, count } = createPublisher({ maxQueued: 3 });
  for (let i = 0; i < 5; i++) publisher.publishTelemetry(miss);
  await publisher.close();
  assert.deepEqual([sent.length, count.dropped], [3, 2]);
});

test('without a broker, events are dropped and counted', async () => {
  const { publisher, sent, count } = createPublisher({ available: false });
  publisher.publishTelemetry(miss);
  await publisher.close();
  assert.deepEqual([sent.length, count.dropped], [0, 1]);
});
