import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../../test/support/clock.ts';
import { createTraceBudget } from './trace-budget.ts';

const times = (count: number, take: () => boolean) => Array.from({ length: count }, take).filter(Boolean).length;

test('an address has so many failures a minute, and an IPv6 sender’s /64 is one address', () => {
  const clock = createManualClock();
  const budget = createTraceBudget({ clock, perMinute: 200 });
  const granted = (address: () => string) => times(150, () => budget.takeFailure(address()));
  assert.equal(
    granted(() => '192.0.2.1'),
    100,
  );
  assert.equal(budget.takeFailure('192.0.2.2'), true);
  let host = 0;
  assert.equal(
    granted(() => {
      host += 1;
      return `2001:db8::${host}`;
    }),
    100,
  );
  assert.equal(budget.takeFailure('2001:db8:0:1::1'), true);
  clock.advance(60_000);
  assert.equal(budget.takeFailure('192.0.2.1'), true);
});

test('failures are half of what the tenant’s deliveries have, and never so few that one mistake hides the next', () => {
  const failuresAt = (perMinute: number) => {
    const budget = createTraceBudget({ clock: createManualClock(), perMinute });
    return times(perMinute, () => budget.takeFailure('192.0.2.1'));
  };
  assert.equal(failuresAt(5_000), 2_500);
  assert.equal(failuresAt(150), 100);
  assert.equal(failuresAt(10), 10);
});

test('what is ignored takes no room from what is refused', () => {
  const budget = createTraceBudget({ clock: createManualClock(), perMinute: 200, tracesPerMinute: 2 });
  assert.equal(
    times(4, () => budget.takeTrace('one', 'ignored')),
    2,
  );
  assert.equal(budget.takeTrace('one', 'refused'), true);
});
