import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startIdleMemory } from './idle-memory.ts';

const mebibyte = 1024 ** 2;

/** A process of `residentMiB`, which a collection shrinks to 100 MiB. */
function startProcess(t: TestContext, residentMiB: number) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const state = { nowMs: 0, residentMiB, collections: 0, excused: 0 };
  const memory = startIdleMemory({
    stalls: {
      excuse(run) {
        state.excused += 1;
        run();
      },
    },
    logger: { debug() {} },
    collect() {
      state.collections += 1;
      state.residentMiB = 100;
    },
    residentBytes: () => state.residentMiB * mebibyte,
    now: () => state.nowMs,
  });
  t.after(() => memory.close());
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      state.nowMs += 1_000;
      t.mock.timers.tick(1_000);
    }
  };
  return { state, memory, pass };
}

test('memory is returned ten seconds after a start without a call, once', (t) => {
  const { state, pass } = startProcess(t, 120);
  pass(9);
  assert.equal(state.collections, 0);
  pass(60);
  assert.equal(state.collections, 1);
  assert.equal(state.excused, 1, 'the pause counts as no stall');
});

test('a process that is called now and then is not interrupted, and returns its memory after a minute’s rest', (t) => {
  const { state, memory, pass } = startProcess(t, 120);
  pass(5);
  memory.noteWork();
  for (let call = 0; call < 20; call += 1) {
    pass(55);
    memory.noteWork();
  }
  assert.equal(state.collections, 0);
  pass(59);
  assert.equal(state.collections, 0);
  pass(6);
  assert.equal(state.collections, 1);
});

test('a growth of a few mebibytes is not worth a collection', (t) => {
  const { state, pass } = startProcess(t, 120);
  pass(15);
  state.residentMiB = 107;
  pass(60);
  assert.equal(state.collections, 1);
  state.residentMiB = 109;
  pass(5);
  assert.equal(state.collections, 2);
});
