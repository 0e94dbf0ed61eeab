import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTogether } from './open-together.ts';

function createOwner() {
  const owned: unknown[] = [];
  const own = <Part>(part: Part): Part => {
    owned.push(part);
    return part;
  };
  return { owned, own };
}

test('parts open at once, and are owned in the order given', async () => {
  const { owned, own } = createOwner();
  const slow = { close() {} };
  const quick = { close() {} };
  const gate = Promise.withResolvers<void>();
  const opened = await openTogether(own, {
    slow: () => gate.promise.then(() => slow),
    none: () => null,
    quick() {
      gate.resolve(); // Opened while the first still waits.
      return quick;
    },
  });
  assert.deepEqual([opened.slow, opened.none, opened.quick], [slow, null, quick]);
  assert.deepEqual(owned, [slow, quick]);
});

test('where one does not open, the others are owned, so that they are closed', async () => {
  const { owned, own } = createOwner();
  const part = { close() {} };
  const opening = openTogether(own, {
    broken: () => Promise.reject(new Error('away')),
    late: () => new Promise<typeof part>((resolve) => setImmediate(() => resolve(part))),
  });
  await assert.rejects(opening, /away/);
  assert.deepEqual(owned, [part]);
});
