import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createManualClock, type ManualClock } from '../../../test/support/clock.ts';
import { redisAtClock } from '../../../test/support/redis-at-clock.ts';
import { parseTenantId } from '../../ids.ts';
import { createRateLimiter } from '../../limits/rate-limiter.ts';
import { createLogger } from '../../logger.ts';
import { createInProcessStore } from '../../storage/redis/in-process-store.ts';
import { type SharedStore, StoreAway } from '../../storage/redis/shared-store.ts';
import { createDeferralRows, type KnownRow, windowMs } from './deferral-row.ts';
import { createWebhookRateLimit, type WebhookRateLimit } from './rate-limit.ts';

const tenant = parseTenantId('uk_pace');
const logger = createLogger('silent');
const perMinute = 120;
const paceMs = windowMs / perMinute;
/** Places are whole milliseconds. */
const isAbout = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= 1, `${actual}, ${expected}`);

interface Replica {
  readonly limit: WebhookRateLimit;
}

type OpenReplica = (perMinute: number, known?: readonly KnownRow[]) => Promise<Replica>;

function replicaOn(
  t: TestContext,
  store: SharedStore,
  clock: ManualClock,
  perMinute: number,
  known?: readonly KnownRow[],
) {
  const limiter = createRateLimiter({ store, clock, logger });
  t.after(() => limiter.close());
  const rows = createDeferralRows({ store, clock, perMinute, ...(known === undefined ? {} : { known }) });
  return { limit: createWebhookRateLimit({ limiter, rows, clock, perMinute }) };
}

function paceContract(name: string, start: (t: TestContext, clock: ManualClock) => OpenReplica) {
  const open = (t: TestContext) => {
    const clock = createManualClock();
    return { clock, openReplica: start(t, clock) };
  };
  const placeOf = async ({ limit }: Replica): Promise<number> => {
    const admission = await limit.admit(tenant, 'defer');
    assert.equal(admission.kind, 'later');
    return admission.kind === 'later' ? admission.notBeforeMs : Number.NaN;
  };

  test(`${name}: deferred deliveries get places at the limit’s pace, behind one another`, async (t) => {
    const { clock, openReplica } = open(t);
    const replica = await openReplica(perMinute);
    for (let count = 0; count < perMinute; count += 1)
      assert.equal((await replica.limit.admit(tenant, 'defer')).kind, 'now');
    const places: number[] = [];
    for (let count = 0; count < 50; count += 1) places.push(await placeOf(replica));
    assert.equal(places[0], clock.now() + windowMs, 'when all that was granted counts no more');
    for (const [index, place] of places.slice(1).entries()) isAbout(place - (places[index] as number), paceMs);
  });

  test(`${name}: while a row waits, what comes later does not overtake it, though the limit has room again`, async (t) => {
    const { clock, openReplica } = open(t);
    const replica = await openReplica(60);
    for (let count = 0; count < 60; count += 1) await replica.limit.admit(tenant, 'defer');
    const row: number[] = [];
    for (let count = 0; count < 30; count += 1) row.push(await placeOf(replica));
    const last = row.at(-1) as number;
    clock.set(last - 1);
    const next = await replica.limit.admit(tenant, 'defer');
    assert.ok(next.kind === 'later' && next.notBeforeMs > last && next.joinsRow);
    clock.set(next.notBeforeMs + 1);
    assert.equal((await replica.limit.admit(tenant, 'defer')).kind, 'now');
  });

  test(`${name}: no rolling minute holds more than the limit, however the deliveries come`, async (t) => {
    const { clock, openReplica } = open(t);
    const limit = 40;
    const replicas = [await openReplica(limit), await openReplica(limit)] as const;
    const publishedAtMs: number[] = [];
    let deferred = 0;
    // Bursts and pauses: over the limit, after a row, in the middle of one, at both replicas.
    const traffic: readonly (readonly [burst: number, pauseMs: number])[] = [
      ...([
        [30, 40_000],
        [30, 25_000],
        [10, 90_000],
        [20, 3_000],
        [5, 300_000],
      ] as const),
      ...([
        [41, 120_000],
        [15, 40_000],
        [10, 60_000],
        [41, 30_000],
        [41, 0],
      ] as const),
    ];
    for (const [index, [burst, pauseMs]] of traffic.entries()) {
      for (let count = 0; count < burst; count += 1) {
        const admission = await (replicas[(index + count) % 2] as Replica).limit.admit(tenant, 'defer');
        assert.notEqual(admission.kind, 'refused');
        publishedAtMs.push(admission.kind === 'later' ? admission.notBeforeMs : clock.now());
        if (admission.kind === 'later') deferred += 1;
      }
      clock.advance(pauseMs);
    }
    assert.ok(deferred > 60 && deferred < publishedAtMs.length - 60, `both happen: ${deferred}`);
    assert.deepEqual(
      publishedAtMs,
      publishedAtMs.toSorted((a, b) => a - b),
      'none overtakes another',
    );
    for (const fromMs of publishedAtMs) {
      const within = publishedAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000).length;
      assert.ok(within <= limit, `${within} within a minute`);
    }
  });

  test(`${name}: a process that knows nothing goes behind what an earlier one left`, async (t) => {
    const { clock, openReplica } = open(t);
    const lastMs = clock.now() + 30_000;
    const known = [{ tenantId: tenant, firstMs: clock.now() - 10_000, lastMs }];
    const replica = await openReplica(perMinute, known);
    isAbout(await placeOf(replica), lastMs + paceMs);
  });

  test(`${name}: a row of a day is full: the sender gets 429 and Retry-After`, async (t) => {
    const { openReplica } = open(t);
    const { limit } = await openReplica(1);
    let admission = await limit.admit(tenant, 'defer');
    let deferred = 0;
    for (; deferred < 2_000; deferred += 1) {
      admission = await limit.admit(tenant, 'defer');
      if (admission.kind !== 'later') break;
    }
    assert.equal(admission.kind, 'refused');
    assert.equal(deferred, Math.floor(86_400_000 / windowMs));
  });

  test(`${name}: a sender that repeats is sent away with the time to wait`, async (t) => {
    const { openReplica } = open(t);
    const { limit } = await openReplica(2);
    await limit.admit(tenant, 'reject');
    await limit.admit(tenant, 'reject');
    const refused = await limit.admit(tenant, 'reject');
    assert.ok(refused.kind === 'refused' && refused.retryAfterSeconds >= 60 && refused.retryAfterSeconds <= 63);
    assert.equal(refused.kind === 'refused' && refused.exceeded.maxRequests, 2);
  });
}

paceContract('one process', (t, clock) => {
  const store = createInProcessStore({ clock, logger });
  let only: Promise<Replica> | undefined;
  return (perMinute, known) => {
    only ??= Promise.resolve(replicaOn(t, store, clock, perMinute, known));
    return only;
  };
});

paceContract('replicas over Redis', (t, clock) => {
  const redis = redisAtClock(t, clock);
  return async (perMinute, known) => replicaOn(t, await redis.openStore(), clock, perMinute, known);
});

test('while Redis is away a replica goes on behind what it knows at its share, and tells Redis afterwards', async (t) => {
  const clock = createManualClock();
  const redis = redisAtClock(t, clock);
  let isAway = false;
  const shared = await redis.openStore();
  const store: SharedStore = {
    ...shared,
    replicasSeen: () => 3,
    runScript: (...call) => (isAway ? Promise.reject(new StoreAway()) : shared.runScript(...call)),
  };
  const rows = createDeferralRows({ store, clock, perMinute });
  const others = createDeferralRows({ store: await redis.openStore(), clock, perMinute });
  const place = async (of: typeof rows): Promise<number> => {
    const answer = await of.joinOrBegin(tenant, 1_000);
    assert.equal(answer.kind, 'place');
    return answer.kind === 'place' ? answer.notBeforeMs : Number.NaN;
  };
  const first = await place(others);
  isAbout(await place(rows), first + paceMs);
  isAway = true;
  isAbout(await place(rows), first + 4 * paceMs);
  isAway = false;
  isAbout(await place(rows), first + 5 * paceMs);
  isAbout(await place(others), first + 6 * paceMs);
});
