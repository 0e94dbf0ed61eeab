import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createDeadlines, DeadlinePassed } from './deadline.ts';

function createWheel(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const deadlines = createDeadlines({ tickMs: 10, monotonicNow: () => Date.now() });
  t.after(() => deadlines.close());
  return deadlines;
}

test('a deadline fires once, not early, and at most a tick late', (t) => {
  const deadlines = createWheel(t);
  let fired = 0;
  t.mock.timers.tick(3);
  deadlines.after(50, () => fired++);
  t.mock.timers.tick(49);
  assert.equal(fired, 0);
  t.mock.timers.tick(20);
  assert.equal(fired, 1);
  t.mock.timers.tick(20_000);
  assert.equal(fired, 1);
  assert.equal(deadlines.size(), 0);
});

test('a cleared deadline does not fire, and clearing again is harmless', (t) => {
  const deadlines = createWheel(t);
  const clear = deadlines.after(50, () => assert.fail('fired'));
  clear();
  clear();
  t.mock.timers.tick(10_000);
  assert.equal(deadlines.size(), 0);
});

test('a deadline cleared by another of the same turn does not fire', (t) => {
  const deadlines = createWheel(t);
  let fired = 0;
  const clears: (() => void)[] = [];
  const clearAll = (): void => {
    fired += 1;
    for (const clear of clears) clear();
  };
  clears.push(deadlines.after(50, clearAll), deadlines.after(50, clearAll));
  t.mock.timers.tick(100);
  assert.equal(fired, 1);
});

test('deadlines beyond one turn of the wheel fire in their own turn', (t) => {
  const deadlines = createWheel(t);
  let fired = 0;
  deadlines.after(12_000, () => fired++);
  t.mock.timers.tick(11_999);
  assert.equal(fired, 0);
  t.mock.timers.tick(20);
  assert.equal(fired, 1);
});

test('random deadlines, set and cleared at random times, fire within their tick', (t) => {
  const deadlines = createWheel(t);
  // Mock time jumps to the end of a tick before timers run, so it is moved in steps finer than the wheel's.
  const advance = (ms: number): void => {
    for (let passedMs = 0; passedMs < ms; passedMs += 5) t.mock.timers.tick(5);
  };
  const step = fc.record({ waitMs: fc.nat(2000), durationMs: fc.nat(9000), cleared: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let wrong = 0;
      for (const { waitMs, durationMs, cleared } of steps) {
        advance(waitMs);
        const dueMs = Date.now() + durationMs;
        const clear = deadlines.after(durationMs, () => {
          const lateMs = Date.now() - dueMs;
          if (cleared || lateMs < 0 || lateMs > 30) wrong += 1;
        });
        if (cleared) clear();
      }
      advance(9_100);
      assert.equal(wrong, 0);
      assert.equal(deadlines.size(), 0);
    }),
    { numRuns: 30 },
  );
});

test('a deadline signal tells whether the time or the parent aborted it', (t) => {
  const deadlines = createWheel(t);
  const timed = deadlines.signalAfter(30);
  t.mock.timers.tick(50);
  assert.equal(timed.expired(), true);
  assert.ok(timed.signal.reason instanceof DeadlinePassed);

  const parent = new AbortController();
  const followed = deadlines.signalAfter(30, parent.signal);
  parent.abort(new Error('the caller left'));
  assert.equal(followed.signal.aborted, true);
  assert.equal(followed.expired(), false);
  assert.match(String(followed.signal.reason), /the caller left/);
  assert.equal(deadlines.size(), 0);

  assert.equal(deadlines.signalAfter(30, parent.signal).signal.aborted, true);
  assert.equal(deadlines.size(), 0);
});

test('a deadline signal waits longer if its deadline was extended', (t) => {
  const deadlines = createWheel(t);
  let leftMs = 40;
  const extended = deadlines.signalAfter(30, undefined, () => leftMs);
  t.mock.timers.tick(50);
  assert.equal(extended.signal.aborted, false);
  leftMs = 0;
  t.mock.timers.tick(50);
  assert.deepEqual([extended.expired(), deadlines.size()], [true, 0]);

  const cleared = deadlines.signalAfter(30, undefined, () => 1_000);
  t.mock.timers.tick(50);
  cleared.clear();
  assert.equal(deadlines.size(), 0);
});

test('a cleared deadline signal ignores its parent', (t) => {
  const deadlines = createWheel(t);
  const parent = new AbortController();
  const cleared = deadlines.signalAfter(30, parent.signal);
  cleared.clear();
  parent.abort();
  t.mock.timers.tick(100);
  assert.equal(cleared.signal.aborted, false);
});
