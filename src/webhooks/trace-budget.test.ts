import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import { createTraceBudget } from './trace-budget.ts';

const times = (count: number, take: () => boolean) => Array.from({ length: count }, take).filter(Boolean).length;

test('an address has so many failures a minute, and an IPv6 sender’s /64 is one address', () => {
  const clock = createManualClock();
  const budget = createTraceBudget({ clock, failuresPerMinute: 3 });
  assert.equal(
    times(5, () => budget.takeFailure('192.0.2.1')),
    3,
  );
  assert.equal(budget.takeFailure('192.0.2.2'), true);
  let host = 0;
  assert.equal(
    times(5, () => {
      host += 1;
      return budget.takeFailure(`2001:db8::${host}`);
    }),
    3,
  );
  assert.equal(budget.takeFailure('2001:db8:0:1::1'), true);
  clock.advance(60_000);
  assert.equal(budget.takeFailure('192.0.2.1'), true);
});

test('what is ignored takes no room from what is refused', () => {
  const budget = createTraceBudget({ clock: createManualClock(), tracesPerMinute: 2 });
  assert.equal(
    times(4, () => budget.takeTrace('one', 'ignored')),
    2,
  );
  assert.equal(budget.takeTrace('one', 'refused'), true);
});
