import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfterMs, pauseAfterMs } from './retry-schedule.ts';

test('eleven tries fill a day and no more, with pauses that grow', () => {
  const pauses: number[] = [];
  for (let failed = 1; ; failed += 1) {
    const pauseMs = pauseAfterMs(failed, null, () => 0);
    if (pauseMs === null) break;
    pauses.push(pauseMs);
  }
  assert.equal(pauses.length, 10);
  assert.deepEqual(
    pauses,
    [...pauses].sort((a, b) => a - b),
  );
  const totalHours = pauses.reduce((sum, pause) => sum + pause, 0) / 3_600_000;
  assert.ok(totalHours > 23 && totalHours <= 24, String(totalHours));
});

test('jitter shortens a pause by a fifth at most', () => {
  assert.equal(
    pauseAfterMs(3, null, () => 0),
    120_000,
  );
  assert.equal(
    pauseAfterMs(3, null, () => 1),
    96_000,
  );
});

test('Retry-After is a lower bound, and a day the upper', () => {
  assert.equal(pauseAfterMs(1, 60_000), 60_000);
  assert.equal(pauseAfterMs(1, 10 * 86_400_000), 86_400_000);
  assert.ok((pauseAfterMs(5, 1_000) as number) > 1_000_000);
  assert.equal(pauseAfterMs(11, 1_000), null);
});

test('Retry-After is read as seconds and as a date, and rubbish is passed over', () => {
  const nowMs = Date.UTC(2026, 10, 22, 12);
  assert.equal(parseRetryAfterMs('120', nowMs), 120_000);
  assert.equal(parseRetryAfterMs('Sun, 22 Nov 2026 12:01:00 GMT', nowMs), 60_000);
  assert.equal(parseRetryAfterMs('Sun, 22 Nov 2026 11:00:00 GMT', nowMs), 0);
  for (const rubbish of [undefined, '', '-5', '1.5', 'soon', '2026-11-22']) {
    assert.equal(parseRetryAfterMs(rubbish, nowMs), null);
  }
});
