import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
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
  const held = await Promise.all(
    Array.from({ length: 20 }, () => createLeases(db, randomUUID()).tryHold('relay', minuteMs)),
  );
  assert.equal(held.filter(Boolean).length, 1);
});

test('a holder renews its lease, and may take it once more', async (t) => {
  const { db } = await startTestDatabase(t);
  const leases = createLeases(db, randomUUID());
  assert.equal(await leases.tryHold('relay', minuteMs), true);
  assert.equal(await leases.renew('relay', minuteMs), true);
  assert.equal(await leases.tryHold('relay', minuteMs), true);
});

test('another holder waits until the lease has ended, or was given up', async (t) => {
  const { db } = await startTestDatabase(t);
  const [mine, theirs] = [createLeases(db, randomUUID()), createLeases(db, randomUUID())];
  await mine.tryHold('relay', minuteMs);
  assert.equal(await theirs.tryHold('relay', minuteMs), false);
  assert.equal(await theirs.renew('relay', minuteMs), false);
  await theirs.release('relay');
  assert.equal(await theirs.tryHold('relay', minuteMs), false, 'only the holder can give it up');

  await expire(db, 'relay');
  assert.equal(await mine.renew('relay', minuteMs), false, 'an ended lease is not renewed: another may have worked');
  assert.equal(await theirs.tryHold('relay', minuteMs), true);
  assert.equal(await mine.tryHold('relay', minuteMs), false);

  await theirs.release('relay');
  assert.equal(await mine.tryHold('relay', minuteMs), true);
});

test('a lease without a sensible time is refused', async (t) => {
  const { db } = await startTestDatabase(t);
  const leases = createLeases(db, randomUUID());
  for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(leases.tryHold('relay', ttlMs), RangeError);
  }
});
