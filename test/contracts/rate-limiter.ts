/** What every limiter must do, wherever it counts. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseTenantId, type TenantId } from '../../src/ids.ts';
import type { LimitDecision, LimitSubject, LimitWindow, RateLimiter } from '../../src/limits/limits.ts';
import type { ManualClock } from '../support/clock.ts';

export interface LimiterUnderTest {
  readonly limiter: RateLimiter;
  readonly clock: ManualClock;
}

export const subjectOf = (
  key: string,
  windows: readonly LimitWindow[],
  extra: Partial<LimitSubject> = {},
): LimitSubject => ({ key, serviceId: null, name: key, windows, ...extra });

const perMinute = (maxRequests: number): LimitWindow => ({ windowType: 'minute', maxRequests });

function refusalOf(decision: LimitDecision) {
  assert.ok(!decision.granted, 'expected a refusal');
  return decision;
}

/** `open` starts its clock at a time that is not near a month's end. */
export function rateLimiterContract(name: string, open: (t: TestContext) => Promise<LimiterUnderTest>): void {
  const tenant = parseTenantId('tenant_a');

  const openWith = async (t: TestContext) => {
    const { limiter, clock } = await open(t);
    const spend = (subjects: readonly LimitSubject[], units = 1, who: TenantId = tenant) =>
      limiter.spend(who, subjects, units);
    const grantsOf = async (times: number, subjects: readonly LimitSubject[], units = 1): Promise<number> => {
      const decisions = await Promise.all(Array.from({ length: times }, () => spend(subjects, units)));
      return decisions.filter(({ granted }) => granted).length;
    };
    return { limiter, clock, spend, grantsOf };
  };

  test(`${name}: the whole limit may be spent at once, and no more`, async (t) => {
    const { grantsOf } = await openWith(t);
    assert.equal(await grantsOf(100, [subjectOf('a', [perMinute(60)])]), 60);
  });

  test(`${name}: each token returns a minute and a margin after it was spent`, async (t) => {
    const { clock, grantsOf } = await openWith(t);
    const subject = [subjectOf('a', [perMinute(60)])];
    assert.equal(await grantsOf(20, subject), 20);
    clock.advance(30_000);
    assert.equal(await grantsOf(100, subject), 40);
    clock.advance(30_500);
    assert.equal(await grantsOf(1, subject), 0);
    clock.advance(2_000);
    assert.equal(await grantsOf(100, subject), 20);
  });

  test(`${name}: a retry after retryAfterMs is granted, one just before it is not`, async (t) => {
    const { clock, spend, grantsOf } = await openWith(t);
    const subject = [
      subjectOf('a', [perMinute(10), { windowType: 'hour', maxRequests: 15 }]),
      subjectOf('b', [perMinute(8)]),
    ];
    assert.equal(await grantsOf(20, subject), 8);
    for (const expected of ['b', 'a']) {
      const refusal = refusalOf(await spend(subject, 2));
      assert.equal(refusal.because, 'limit');
      assert.equal(refusal.refusedBy.subject.key, expected);
      clock.advance(refusal.retryAfterMs - 1);
      refusalOf(await spend(subject, 2));
      clock.advance(1);
      assert.ok((await spend(subject, 2)).granted);
      await grantsOf(20, subject);
    }
  });

  test(`${name}: all windows of all subjects are charged, or none`, async (t) => {
    const { limiter, spend, grantsOf } = await openWith(t);
    const family = subjectOf('family', [perMinute(10)]);
    const service = subjectOf('service', [perMinute(5), { windowType: 'day', maxRequests: 3 }]);
    assert.equal(await grantsOf(10, [family, service]), 3);
    const refusal = refusalOf(await spend([family, service]));
    assert.equal(refusal.refusedBy.windowType, 'day');
    assert.equal(refusal.refusedBy.maxRequests, 3);
    const states = await limiter.peek(tenant, [family, service]);
    assert.deepEqual(
      states.map(({ windowType, usedRequests }) => [windowType, usedRequests]),
      [
        ['minute', 3],
        ['minute', 3],
        ['day', 3],
      ],
    );
  });

  test(`${name}: several units are spent together or not at all`, async (t) => {
    const { spend, grantsOf } = await openWith(t);
    const subject = [subjectOf('a', [perMinute(10)])];
    assert.equal(await grantsOf(5, subject, 3), 3);
    assert.equal(await grantsOf(5, subject, 1), 1);
    const refusal = refusalOf(await spend(subject, 11));
    assert.equal(refusal.because, 'too-large');
    assert.equal(refusal.retryAfterMs, Number.POSITIVE_INFINITY);
  });

  test(`${name}: hour, day and month follow the calendar`, async (t) => {
    const { clock, spend, grantsOf } = await openWith(t);
    const startMs = Date.UTC(2026, 11, 31, 22, 58);
    clock.set(startMs);
    const subject = [
      subjectOf('a', [
        { windowType: 'hour', maxRequests: 2 },
        { windowType: 'day', maxRequests: 3 },
        { windowType: 'month', maxRequests: 4 },
      ]),
    ];
    assert.equal(await grantsOf(5, subject), 2);
    const hour = refusalOf(await spend(subject));
    assert.equal(hour.refusedBy.windowType, 'hour');
    assert.equal(hour.refusedBy.windowEndMs, Date.UTC(2026, 11, 31, 23));
    clock.advance(hour.retryAfterMs);
    assert.equal(await grantsOf(5, subject), 1);
    const day = refusalOf(await spend(subject));
    assert.equal(day.refusedBy.windowStartMs, Date.UTC(2026, 11, 31));
    clock.advance(day.retryAfterMs);
    assert.equal(clock.now(), Date.UTC(2027, 0, 1));
    assert.equal(await grantsOf(5, subject), 2);
  });

  test(`${name}: a month is counted to its end, in leap years too`, async (t) => {
    const { clock, spend, grantsOf } = await openWith(t);
    const subject = [subjectOf('a', [{ windowType: 'month', maxRequests: 1 }])];
    const starts = [Date.UTC(2027, 1, 10), Date.UTC(2028, 1, 29, 23, 59), Date.UTC(2028, 9, 31), Date.UTC(2032, 11, 2)];
    for (const startMs of starts) {
      clock.set(startMs);
      assert.equal(await grantsOf(2, subject), 1);
      const { refusedBy } = refusalOf(await spend(subject));
      const at = new Date(startMs);
      assert.equal(refusedBy.windowStartMs, Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1));
      assert.equal(refusedBy.windowEndMs, Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1));
    }
  });

  test(`${name}: a subject's own offset moves its calendar`, async (t) => {
    const { clock, spend, grantsOf } = await openWith(t);
    clock.set(Date.UTC(2026, 10, 22, 18, 30));
    const tashkent = [subjectOf('a', [{ windowType: 'day', maxRequests: 1 }], { utcOffsetMinutes: 300 })];
    assert.equal(await grantsOf(2, tashkent), 1);
    const { refusedBy, retryAfterMs } = refusalOf(await spend(tashkent));
    assert.equal(refusedBy.windowEndMs, Date.UTC(2026, 10, 22, 19));
    clock.advance(retryAfterMs);
    assert.equal(await grantsOf(2, tashkent), 1);
  });

  test(`${name}: a back-off applies to its subject, with or without windows, and a shorter one does not end it`, async (t) => {
    const { limiter, clock, spend } = await openWith(t);
    for (const subject of [subjectOf('limited', [perMinute(5)]), subjectOf('unlimited', [])]) {
      await limiter.backOff(tenant, subject, clock.now() + 9_000);
      await limiter.backOff(tenant, subject, clock.now() + 2_000);
      const refusal = refusalOf(await spend([subject]));
      assert.equal(refusal.because, 'back-off');
      assert.equal(refusal.retryAfterMs, 9_000);
      assert.equal(refusal.refusedBy.subject.key, subject.key);
      assert.ok((await spend([subjectOf('other', [perMinute(5)])])).granted);
      clock.advance(9_000);
      assert.ok((await spend([subject])).granted);
    }
  });

  test(`${name}: a back-off lasts 15 minutes at most, is visible, and can be ended`, async (t) => {
    const { limiter, clock, spend } = await openWith(t);
    for (const subject of [subjectOf('limited', [perMinute(5)]), subjectOf('unlimited', [])]) {
      assert.equal(await limiter.pausedUntilMs(tenant, [subject]), null);
      await limiter.backOff(tenant, subject, clock.now() + 86_400_000);
      assert.equal(refusalOf(await spend([subject])).retryAfterMs, 900_000);
      assert.equal(await limiter.pausedUntilMs(tenant, [subject]), clock.now() + 900_000);
      await limiter.resume(tenant, subject);
      assert.equal(await limiter.pausedUntilMs(tenant, [subject]), null);
      assert.ok((await spend([subject])).granted);
    }
  });

  test(`${name}: peeking spends nothing, and states show use and end`, async (t) => {
    const { limiter, clock, spend } = await openWith(t);
    const subject = subjectOf('a', [{ windowType: 'hour', maxRequests: 9 }, perMinute(5)]);
    await limiter.peek(tenant, [subject]);
    const decision = await spend([subject], 2);
    const peeked = await limiter.peek(tenant, [subject]);
    for (const states of [decision.states, peeked]) {
      const minute = states.find(({ windowType }) => windowType === 'minute');
      assert.equal(states.length, 2);
      assert.equal(minute?.usedRequests, 2);
      assert.ok(minute !== undefined && minute.windowEndMs > clock.now() + 60_000);
      assert.ok(minute.windowEndMs <= clock.now() + 62_500);
    }
  });

  test(`${name}: tokens of a limit that only this program counts return after exactly a minute`, async (t) => {
    const { limiter, clock, spend, grantsOf } = await openWith(t);
    const subject = subjectOf('family', [perMinute(3)], { isCountedHereAlone: true });
    assert.equal(await grantsOf(1, [subject]), 1);
    clock.advance(730);
    assert.equal(await grantsOf(5, [subject]), 2);
    const refusal = refusalOf(await spend([subject]));
    assert.ok(refusal.retryAfterMs <= 60_000 - 730, `${refusal.retryAfterMs} ms`);
    const [state] = await limiter.peek(tenant, [subject]);
    assert.ok((state?.windowEndMs ?? Number.NaN) <= clock.now() + 60_000);
    clock.advance(refusal.retryAfterMs - 1);
    assert.equal(await grantsOf(1, [subject]), 0);
    clock.advance(1);
    assert.equal(await grantsOf(3, [subject]), 1);
    assert.equal(refusalOf(await spend([subject], 3)).retryAfterMs, 60_000);
    clock.advance(60_000);
    assert.equal(await grantsOf(5, [subject]), 3);
  });

  test(`${name}: a window that is limited later includes what was spent before in it`, async (t) => {
    const { limiter, clock, spend, grantsOf } = await openWith(t);
    assert.equal(await grantsOf(3, [subjectOf('a', [{ windowType: 'hour', maxRequests: 9 }])]), 3);
    clock.advance(1_000);
    assert.equal(await grantsOf(2, [subjectOf('a', [perMinute(10)])]), 2);
    const limited = [
      subjectOf('a', [perMinute(10), { windowType: 'day', maxRequests: 7 }, { windowType: 'month', maxRequests: 6 }]),
    ];
    const states = await limiter.peek(tenant, limited);
    assert.deepEqual(
      states.map(({ windowType, usedRequests }) => [windowType, usedRequests]),
      [
        ['minute', 5],
        ['day', 5],
        ['month', 5],
      ],
    );
    assert.equal(await grantsOf(9, limited), 1);
    assert.equal(refusalOf(await spend(limited)).refusedBy.windowType, 'month');
  });

  test(`${name}: tenants and subjects have separate limits`, async (t) => {
    const { limiter, spend, grantsOf } = await openWith(t);
    const subject = [subjectOf('a', [perMinute(1)])];
    assert.equal(await grantsOf(2, subject), 1);
    assert.equal(await grantsOf(2, [subjectOf('b', [perMinute(1)])]), 1);
    assert.ok((await spend(subject, 1, parseTenantId('tenant_b'))).granted);
    assert.deepEqual(await limiter.spend(tenant, [], 1), { granted: true, states: [] });
    assert.equal(await grantsOf(3, [subjectOf('c', [])]), 3);
  });

  test(`${name}: callers in one turn with different requests each get their own answer`, async (t) => {
    const { spend } = await openWith(t);
    const few = subjectOf('few', [perMinute(2)]);
    const many = subjectOf('many', [perMinute(50), { windowType: 'hour', maxRequests: 60 }]);
    const wishes = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? [few, many] : [many]));
    const decisions = await Promise.all(wishes.map((subjects) => spend(subjects)));
    const granted = (parity: number) => decisions.filter((d, index) => index % 2 === parity && d.granted).length;
    assert.equal(granted(0), 2);
    assert.equal(granted(1), 15);
    for (const [index, decision] of decisions.entries()) assert.equal(decision.states.length, index % 2 === 0 ? 3 : 2);
  });
}
