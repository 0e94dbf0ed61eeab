import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { subjectOf } from '../../test/contracts/rate-limiter.ts';
import { createManualClock } from '../../test/support/clock.ts';
import { parseTenantId } from '../ids.ts';
import type { WindowType } from './limits.ts';
import { createLocalRateLimiter } from './rate-limit-local.ts';

const tenant = parseTenantId('tenant_a');

interface Spent {
  readonly atMs: number;
  readonly units: number;
}

/** The limit by its definition, without slices or counters: sums all units ever spent. */
function spentIn(windowType: WindowType, spent: readonly Spent[], nowMs: number, minuteMs: number): number {
  const counts = (atMs: number): boolean => {
    if (windowType === 'minute') return atMs > nowMs - minuteMs;
    const lengthOfName = { hour: 13, day: 10, month: 7 }[windowType];
    const nameOf = (ms: number): string => new Date(ms).toISOString().slice(0, lengthOfName);
    return nameOf(atMs) === nameOf(nowMs);
  };
  return spent.reduce((sum, { atMs, units }) => sum + (counts(atMs) ? units : 0), 0);
}

const limits = fc.record({ minute: fc.nat(20), hour: fc.nat(60), day: fc.nat(200), month: fc.nat(400) });
const steps = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.nat(400), fc.nat(70_000), fc.nat(4_000_000), fc.nat(100_000_000)),
    asks: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 }),
  }),
  { maxLength: 40 },
);

for (const isAlone of [false, true]) {
  const [name, grantedMs, refusedMs] = isAlone
    ? ['the slice of a second', 60_000, 60_500]
    : ['the margin', 61_000, 62_500];
  test(`grants and refuses exactly what a plain count of each window does, with ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(limits, steps, async (maxima, run) => {
        const clock = createManualClock();
        const limiter = createLocalRateLimiter({ clock });
        const windows = Object.entries(maxima).map(([windowType, maxRequests]) => ({
          windowType: windowType as WindowType,
          maxRequests,
        }));
        const subject = subjectOf('a', windows, isAlone ? { isCountedHereAlone: true } : {});
        const spent: Spent[] = [];

        for (const { waitMs, asks } of run) {
          clock.advance(waitMs);
          const nowMs = clock.now();
          for (const units of asks) {
            const decision = await limiter.spend(tenant, [subject], units);
            const fits = (minuteMs: number): boolean =>
              windows.every(
                ({ windowType, maxRequests }) => spentIn(windowType, spent, nowMs, minuteMs) + units <= maxRequests,
              );
            if (decision.granted) assert.ok(fits(grantedMs), 'granted more than the window allows');
            else assert.ok(!fits(refusedMs), `refused by ${decision.refusedBy.windowType}, though there was room`);
            if (decision.granted) spent.push({ atMs: nowMs, units });
          }
        }
      }),
      { numRuns: 200 },
    );
  });
}

test('retryAfterMs is the first moment at which the same call is granted', async () => {
  const asks = fc.array(fc.record({ waitMs: fc.nat(30_000), units: fc.integer({ min: 1, max: 5 }) }), {
    minLength: 1,
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 5, max: 20 }), asks, async (maxRequests, run) => {
      const clock = createManualClock();
      const limiter = createLocalRateLimiter({ clock });
      const subject = subjectOf('a', [
        { windowType: 'minute', maxRequests },
        { windowType: 'hour', maxRequests: maxRequests * 4 },
      ]);
      for (const { waitMs, units } of run) {
        clock.advance(waitMs);
        const decision = await limiter.spend(tenant, [subject], units);
        if (decision.granted) continue;
        clock.advance(decision.retryAfterMs - 1);
        assert.equal((await limiter.spend(tenant, [subject], units)).granted, false);
        clock.advance(1);
        assert.equal((await limiter.spend(tenant, [subject], units)).granted, true);
      }
    }),
    { numRuns: 100 },
  );
});

test('at the bound the least recently used subject is dropped', async () => {
  const limiter = createLocalRateLimiter({ clock: createManualClock(), maxSubjects: 2 });
  const once = (key: string) => limiter.spend(tenant, [subjectOf(key, [{ windowType: 'minute', maxRequests: 1 }])], 1);
  assert.equal((await once('a')).granted, true);
  assert.equal((await once('b')).granted, true);
  assert.equal((await once('a')).granted, false);
  assert.equal((await once('c')).granted, true);
  assert.equal((await once('a')).granted, false);
  assert.equal((await once('b')).granted, true);
});
