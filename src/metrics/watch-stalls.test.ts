import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStallWatch } from './watch-stalls.ts';

test('a timer that fires late reports a stall; a short delay and a sleeping machine do not', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let nowMs = 0;
  const stalls: number[] = [];
  const watch = startStallWatch({
    metrics: { eventLoopStalled: (durationMs) => stalls.push(durationMs) },
    logger: { warn() {} },
    now: () => nowMs,
  });
  t.after(() => watch.close());
  for (const gapMs of [50, 240, 700, 3_600_000, 50]) {
    nowMs += gapMs;
    t.mock.timers.tick(50);
  }
  assert.deepEqual(stalls, [650]);
});

test('only stalls of the last five minutes are reported', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let nowMs = 0;
  const watch = startStallWatch({
    metrics: { eventLoopStalled() {} },
    logger: { warn() {} },
    now: () => nowMs,
  });
  t.after(() => watch.close());
  for (const gapMs of [550, 50, 1_050]) {
    nowMs += gapMs;
    t.mock.timers.tick(50);
  }
  assert.deepEqual(watch.recent(), { count: 2, longestMs: 1_000 });
  nowMs += 299_500;
  assert.deepEqual(watch.recent(), { count: 1, longestMs: 1_000 });
  nowMs += 1_000;
  assert.deepEqual(watch.recent(), { count: 0, longestMs: 0 });
});

test('what is excused counts as no stall', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let nowMs = 0;
  const watch = startStallWatch({ metrics: { eventLoopStalled() {} }, logger: { warn() {} }, now: () => nowMs });
  t.after(() => watch.close());
  watch.excuse(() => {
    nowMs += 700;
  });
  nowMs += 50;
  t.mock.timers.tick(50);
  assert.equal(watch.recent().count, 0);
});
