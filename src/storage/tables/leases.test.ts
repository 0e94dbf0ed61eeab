import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createManualClock } from '../../../test/support/clock.ts';
import { startTestDatabase } from '../../../test/support/database.ts';
import type { Database } from '../postgres/database.ts';
import { createLeases } from './leases.ts';

const minuteMs = 60_000;

/** As if the lease's time had passed on the database's clock. */
function expire(db: Database, name: string): Promise<unknown> {
  return db.querySystem({
    text: `update leases set expires_at = clock_timestamp() - interval '1 second' where name = $1`,
    values: [name],
  });
}

test('of many replicas that want a lease at once, one gets it', async (t) => {
  const { db } = await startTestDatabase(t);
  const clock = createManualClock();
  const held = await Promise.all(
    Array.from({ length: 20 }, () => createLeases(db, randomUUID(), clock).tryHold('relay', minuteMs)),
  );
  assert.equal(held.filter((lease) => lease !== null).length, 1);
});

test('a holder renews its lease, and its own end is counted from before it asked', async (t) => {
  const { db } = await startTestDatabase(t);
  const clock = createManualClock();
  const leases = createLeases(db, randomUUID(), clock);
  const startMs = clock.now();
  assert.deepEqual(await leases.tryHold('relay', minuteMs), { name: 'relay', heldUntilMs: startMs + minuteMs });
  clock.advance(1_000);
  assert.deepEqual(await leases.renew('relay', minuteMs), { name: 'relay', heldUntilMs: startMs + 1_000 + minuteMs });
  assert.notEqual(await leases.tryHold('relay', minuteMs), null);
});

test('another holder waits until the lease has ended, or was given up', async (t) => {
  const { db } = await startTestDatabase(t);
  const clock = createManualClock();
  const [mine, theirs] = [createLeases(db, randomUUID(), clock), createLeases(db, randomUUID(), clock)];
  await mine.tryHold('relay', minuteMs);
  assert.equal(await theirs.tryHold('relay', minuteMs), null);
  assert.equal(await theirs.renew('relay', minuteMs), null);
  await theirs.release('relay');
  assert.equal(await theirs.tryHold('relay', minuteMs), null, 'only the holder can give it up');

  await expire(db, 'relay');
  assert.equal(await mine.renew('relay', minuteMs), null, 'an ended lease is not renewed: another may have worked');
  assert.notEqual(await theirs.tryHold('relay', minuteMs), null);
  assert.equal(await mine.tryHold('relay', minuteMs), null);

  await theirs.release('relay');
  assert.notEqual(await mine.tryHold('relay', minuteMs), null);
});

test('a lease without a sensible time is refused', async (t) => {
  const { db } = await startTestDatabase(t);
  const leases = createLeases(db, randomUUID(), createManualClock());
  for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(leases.tryHold('relay', ttlMs), RangeError);
  }
});
