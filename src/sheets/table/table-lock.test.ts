import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../test/support/database.ts';
import { systemClock } from '../../clock.ts';
import { createInProcessStore } from '../../storage/redis/in-process-store.ts';
import { type SharedStore, StoreAway } from '../../storage/redis/shared-store.ts';
import { createTableLocks } from './table-lock.ts';

/** Longer than any test: no test waits for a lock to expire. */
const ttlMs = 600_000;

/**
 * `loses`: decides whether the store's reply to a command gets lost. A lost SET was carried out, a lost DELETE was not.
 */
function locksOver(loses: (command: 'set' | 'delete') => boolean) {
  const inner = createInProcessStore({ clock: systemClock, logger: silentLogger });
  const store: SharedStore = {
    ...inner,
    async setIfAbsent(key, value, ttl) {
      const answer = await inner.setIfAbsent(key, value, ttl);
      if (loses('set')) throw new StoreAway();
      return answer;
    },
    async deleteIfEqual(key, value) {
      if (loses('delete')) throw new StoreAway();
      return inner.deleteIfEqual(key, value);
    },
  };
  const leases = { tryHold: async () => true, renew: async () => true, release: async () => {} };
  return createTableLocks({ store, leases, clock: systemClock, ttlMs });
}

test('a lock whose answer was lost is in nobody’s way', async () => {
  let lost = 1;
  const locks = locksOver((command) => command === 'set' && lost-- > 0);
  const first = await locks.acquire('sheet', Date.now() + 5_000);
  await first?.release();
  const second = await locks.acquire('sheet', Date.now() + 5_000);
  assert.ok(second !== null);
  await second.release();
});

test('a lock that could not be given back at once is given back soon', async () => {
  let lost = 2;
  const locks = locksOver((command) => command === 'delete' && lost-- > 0);
  await (await locks.acquire('sheet', Date.now() + 5_000))?.release();
  const second = await locks.acquire('sheet', Date.now() + 5_000);
  assert.ok(second !== null);
  await second.release();
});
