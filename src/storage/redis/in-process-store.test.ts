import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedStoreContract } from '../../../test/contracts/shared-store.ts';
import { createManualClock } from '../../../test/support/clock.ts';
import { silentLogger } from '../../../test/support/database.ts';
import { createInProcessStore } from './in-process-store.ts';

sharedStoreContract('in-process store', async (t) => {
  const clock = createManualClock();
  const store = createInProcessStore({ clock, logger: silentLogger });
  t.after(() => store.close());
  return { store, other: store, pass: async (durationMs) => clock.advance(durationMs) };
});

test('at the bound of entries, what was not used for longest goes first', async () => {
  const store = createInProcessStore({ clock: createManualClock(), logger: silentLogger, maxEntries: 3 });
  for (const key of ['a', 'b', 'c']) await store.set(key, Buffer.from(key), 1_000);
  await store.get('a');
  await store.set('d', Buffer.from('d'), 1_000);
  assert.equal(await store.get('b'), null);
  assert.equal((await store.get('a'))?.toString(), 'a');
});

test('memory stays within the bound of bytes, also for one value above it', async () => {
  const store = createInProcessStore({ clock: createManualClock(), logger: silentLogger, maxBytes: 10_000 });
  for (let index = 0; index < 100; index++) await store.set(`key-${index}`, Buffer.alloc(1_000), 1_000);
  const kept = await Promise.all(Array.from({ length: 100 }, (_, index) => store.get(`key-${index}`)));
  const count = kept.filter((value) => value !== null).length;
  assert.ok(count >= 1 && count <= 8, `${count} kept`);

  await store.set('huge', Buffer.alloc(20_000), 1_000);
  assert.equal(await store.get('huge'), null);
});

test('a value holds its own bytes alone, and not the block that they came in', async () => {
  const store = createInProcessStore({ clock: createManualClock(), logger: silentLogger });
  await store.set('small', Buffer.alloc(65_536, '7').subarray(10, 13), 1_000);

  const kept = await store.get('small');
  assert.equal(kept?.toString(), '777');
  assert.equal(kept?.buffer.byteLength, 3);
});

test('a script is refused: its in-process counterpart is to be used', async () => {
  const store = createInProcessStore({ clock: createManualClock(), logger: silentLogger });
  await assert.rejects(store.runScript({ name: 'any', lua: 'return 1' }, [], []), /in-process counterpart/);
});
