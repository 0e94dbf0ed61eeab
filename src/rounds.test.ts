import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../test/support/wait-for.ts';
import { startRounds } from './rounds.ts';

test('rounds never overlap, continue after a failure, and end with the close, which waits for the running one', async () => {
  let begun = 0;
  let atOnce = 0;
  let mostAtOnce = 0;
  const failures: unknown[] = [];
  let hold = Promise.withResolvers<void>();
  hold.resolve();
  const rounds = startRounds({
    everyMs: 1,
    async round() {
      begun += 1;
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      await hold.promise;
      atOnce -= 1;
      if (begun === 1) throw new Error('the first fails');
    },
    onFailure: (error) => failures.push(error),
  });
  await waitFor('a round after the failed one', async () => begun >= 3);
  assert.equal(failures.length, 1);

  hold = Promise.withResolvers();
  const before = begun;
  await waitFor('a round to be running', async () => begun > before && atOnce === 1);
  rounds.start();
  const closed = rounds.close();
  setImmediate(() => hold.resolve());
  await closed;
  assert.equal(atOnce, 0);
  assert.equal(mostAtOnce, 1);
  const last = begun;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(begun, last);
});

test('waking during a round starts exactly one more round, and none after the close', async () => {
  const held: (() => void)[] = [];
  const rounds = startRounds({
    everyMs: 60_000,
    round: () => new Promise((resolve) => held.push(resolve)),
    onFailure: (error) => assert.fail(String(error)),
  });
  rounds.wake();
  assert.equal(held.length, 1);
  rounds.wake();
  rounds.wake();
  assert.equal(held.length, 1);
  held[0]?.();
  await waitFor('one more round', async () => held.length === 2);

  rounds.wake();
  const closed = rounds.close();
  held[1]?.();
  await closed;
  assert.equal(held.length, 2);
});
