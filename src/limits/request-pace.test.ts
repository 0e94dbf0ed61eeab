import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import { silentLogger } from '../../test/support/database.ts';
import { redisAtClock } from '../../test/support/redis-at-clock.ts';
import { createInProcessStore } from '../storage/redis/in-process-store.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import { createRequestPace, type RequestPace } from './request-pace.ts';

/** When requests made now by the replicas in turn are sent; null: not sent. */
async function sendTimes(replicas: readonly RequestPace[], count: number): Promise<(number | null)[]> {
  const times: (number | null)[] = [];
  for (let request = 0; request < count; request += 1) {
    times.push((await replicas[request % replicas.length]?.takeTurn('nominatim', 1_000)) ?? null);
  }
  return times;
}

const gaps = (times: readonly (number | null)[]) =>
  times
    .filter((time) => time !== null)
    .sort((one, other) => one - other)
    .map((time, index, all) => time - (all[index - 1] ?? Number.NEGATIVE_INFINITY));

test('one process keeps the interval, and refuses turns that are too far away', async () => {
  const clock = createManualClock();
  const pace = createRequestPace({ store: createInProcessStore({ clock, logger: silentLogger }), clock });
  assert.deepEqual(await sendTimes([pace], 8), [0, 1_000, 2_000, 3_000, 4_000, 5_000, null, null]);
  assert.equal(await pace.takeTurn('another', 1_000), 0);
  clock.advance(6_000);
  assert.equal(await pace.takeTurn('nominatim', 1_000), 0);
});

test('replicas together keep the interval', async (t) => {
  const clock = createManualClock();
  const redis = redisAtClock(t, clock);
  const stores = await Promise.all([redis.openStore(), redis.openStore(), redis.openStore()]);
  const replicas = stores.map((store) => createRequestPace({ store, clock }));
  const times = await sendTimes(replicas, 9);
  assert.equal(times.filter((time) => time !== null).length, 5, 'further ones would wait over five seconds');
  assert.ok(
    gaps(times).every((gap) => gap >= 1_000),
    String(times),
  );
  clock.advance(60_000);
  assert.equal(await replicas[1]?.takeTurn('nominatim', 1_000), 0);
});

test('while Redis is away, each replica takes its share of the turns, after those it knows', async (t) => {
  const clock = createManualClock();
  const redis = redisAtClock(t, clock);
  const opened = await redis.openStore();
  let isAway = false;
  const store: SharedStore = { ...opened, isAvailable: () => !isAway, replicasSeen: () => 3 };
  const pace = createRequestPace({ store, clock });
  assert.deepEqual(await sendTimes([pace], 2), [0, 1_050]);
  isAway = true;
  assert.equal(await pace.takeTurn('nominatim', 1_000), 2_100);
  assert.equal(await pace.takeTurn('nominatim', 1_000), null, 'two other replicas may take the turns between');
  clock.advance(5_000);
  assert.equal(await pace.takeTurn('nominatim', 1_000), 250);
  isAway = false;
  assert.equal(await pace.takeTurn('nominatim', 1_000), 3_400, 'Redis learns of the turns taken without it');
});
