import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStallWatch } from './watch-stalls.ts';

test('a timer that fires late tells of a stall; an everyday delay and a machine that slept do not', (t) => {
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
    watch.look();
  }
  assert.deepEqual(stalls, [650]);
});
