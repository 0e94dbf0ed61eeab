import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import { createRateLimiter } from '../gateway/rate-limiter.ts';
import { parseTenantId } from '../ids.ts';
import { createLogger } from '../logger.ts';
import { createInProcessStore } from '../storage/in-process-store.ts';
import { createWebhookRateLimit } from './rate-limit.ts';

const tenant = parseTenantId('uk_pace');
const logger = createLogger('silent');

function startLimit(perMinute: number, replicas = 1) {
  const clock = createManualClock();
  const limiter = createRateLimiter({ store: createInProcessStore({ clock, logger }), clock, logger });
  return { clock, limit: createWebhookRateLimit({ limiter, clock, perMinute, replicas: () => replicas }) };
}

test('deferred deliveries get places at the limit’s pace, behind one another', async () => {
  const { clock, limit } = startLimit(120);
  for (let count = 0; count < 120; count += 1) assert.equal((await limit.admit(tenant, 'defer')).kind, 'now');
  const places: number[] = [];
  for (let count = 0; count < 50; count += 1) {
    const admission = await limit.admit(tenant, 'defer');
    assert.equal(admission.kind, 'later');
    if (admission.kind === 'later') places.push(admission.notBeforeMs);
  }
  assert.ok((places[0] as number) > clock.now());
  for (const [index, place] of places.slice(1).entries()) assert.equal(place - (places[index] as number), 500);
});

test('while a row waits, what comes later does not overtake it, though the limit has room again', async () => {
  const { clock, limit } = startLimit(60);
  for (let count = 0; count < 60; count += 1) await limit.admit(tenant, 'defer');
  const row = await Promise.all(Array.from({ length: 30 }, () => limit.admit(tenant, 'defer')));
  const last = row.at(-1);
  assert.ok(last?.kind === 'later');
  clock.set(last.notBeforeMs - 1);
  const next = await limit.admit(tenant, 'defer');
  assert.ok(next.kind === 'later' && next.notBeforeMs > last.notBeforeMs && next.exceeded === null);
  clock.set(next.notBeforeMs + 1);
  assert.equal((await limit.admit(tenant, 'defer')).kind, 'now');
});

test('replicas share the pace', async () => {
  const { limit } = startLimit(60, 3);
  for (let count = 0; count < 60; count += 1) await limit.admit(tenant, 'defer');
  const [first, second] = [await limit.admit(tenant, 'defer'), await limit.admit(tenant, 'defer')];
  assert.ok(first.kind === 'later' && second.kind === 'later');
  assert.equal(second.notBeforeMs - first.notBeforeMs, 3_000);
});

test('a row of a day is full: the sender is told to come back', async () => {
  const { limit } = startLimit(1);
  let admission = await limit.admit(tenant, 'defer');
  let deferred = 0;
  for (; deferred < 2_000; deferred += 1) {
    admission = await limit.admit(tenant, 'defer');
    if (admission.kind !== 'later') break;
  }
  assert.equal(admission.kind, 'refused');
  assert.ok(deferred >= 1_430 && deferred <= 1_440, String(deferred));
});

test('a sender that repeats is sent away with the time to wait', async () => {
  const { limit } = startLimit(2);
  await limit.admit(tenant, 'reject');
  await limit.admit(tenant, 'reject');
  const refused = await limit.admit(tenant, 'reject');
  assert.ok(refused.kind === 'refused' && refused.retryAfterSeconds >= 60 && refused.retryAfterSeconds <= 62);
  assert.equal(refused.kind === 'refused' && refused.exceeded.maxRequests, 2);
});
