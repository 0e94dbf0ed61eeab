import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectOf } from '../../test/contracts/rate-limiter.ts';
import { parseTenantId } from '../ids.ts';
import { remainingOf } from './limits.ts';
import { createShare } from './rate-limit-share.ts';

const tenant = parseTenantId('tenant_a');
const nowMs = Date.UTC(2026, 10, 22, 12);
const perMinute = (maxRequests: number) => [subjectOf('a', [{ windowType: 'minute', maxRequests }])];

function createGranting(replicas: number) {
  const share = createShare(() => replicas);
  const grantsOf = (times: number, maxRequests: number, atMs = nowMs): number => {
    let granted = 0;
    for (let ask = 0; ask < times; ask += 1) {
      if (share.reserve(tenant, perMinute(maxRequests), 1, atMs, false).granted) granted += 1;
    }
    return granted;
  };
  /** Redis reports this total use; `ownUnits` of it were just spent here. */
  const learn = (maxRequests: number, usedRequests: number, ownUnits: number): void => {
    const [subject] = perMinute(maxRequests);
    assert.ok(subject !== undefined);
    const state = {
      subject,
      windowType: 'minute',
      maxRequests,
      usedRequests,
      windowStartMs: 0,
      windowEndMs: 0,
    } as const;
    const subjects = [{ subject, bornMs: nowMs, backOffUntilMs: 0, states: [state] }];
    share.learn(tenant, { nowMs, granted: true, retryAfterMs: 0, refusedBy: null, subjects }, ownUnits, false);
  };
  return { share, grantsOf, learn };
}

test('without Redis, a replica spends the limit divided by the replicas, rounded down', () => {
  assert.equal(createGranting(3).grantsOf(100, 50), 16);
  assert.equal(createGranting(1).grantsOf(100, 50), 50);
});

test('units spent before the outage count against the share', () => {
  const { grantsOf, learn } = createGranting(3);
  learn(60, 15, 15);
  assert.equal(grantsOf(100, 60), 5);
});

test('units that others spent beyond their shares are not spent again', () => {
  const { grantsOf, learn } = createGranting(3);
  learn(60, 54, 0);
  assert.equal(grantsOf(100, 60), 2);
});

test('the share returns as spent units return', () => {
  const { grantsOf, learn } = createGranting(3);
  learn(60, 60, 20);
  assert.equal(grantsOf(100, 60), 0);
  assert.equal(grantsOf(100, 60, nowMs + 62_500), 20);
});

test('a limit below the number of replicas is refused until Redis is back', () => {
  const { share, grantsOf } = createGranting(3);
  assert.equal(grantsOf(10, 2), 0);
  const decision = share.reserve(tenant, perMinute(2), 1, nowMs, false);
  assert.ok(!decision.granted);
  assert.equal(decision.because, 'limit');
  assert.equal(decision.retryAfterMs, 1_000);
  const tooLarge = share.reserve(tenant, perMinute(2), 3, nowMs, false);
  assert.ok(!tooLarge.granted && tooLarge.because === 'too-large');
});

test('units that Redis refuses are returned', () => {
  const { share, grantsOf } = createGranting(2);
  assert.ok(share.reserve(tenant, perMinute(10), 3, nowMs, true).granted);
  share.giveBack(tenant, perMinute(10), 3, nowMs);
  assert.equal(grantsOf(10, 10), 5);
});

test('a state has the share and its remainder, not the remainder of the limit', () => {
  const { share, grantsOf, learn } = createGranting(3);
  learn(60, 54, 10);
  const peekMinute = () => share.peek(tenant, perMinute(60), nowMs, 'redis_away')[0];
  // Six units of the limit remain, and two of them are this replica's.
  assert.deepEqual(peekMinute()?.share, { maxRequests: 12, usedRequests: 10, because: 'redis_away' });
  assert.equal(grantsOf(1, 60), 1);
  const state = peekMinute();
  assert.ok(state !== undefined);
  assert.deepEqual([state.usedRequests, remainingOf(state)], [55, 1]);

  assert.equal(grantsOf(5, 60), 1);
  const refusal = share.reserve(tenant, perMinute(60), 1, nowMs, true);
  assert.ok(!refusal.granted);
  assert.deepEqual(refusal.refusedBy.share, { maxRequests: 12, usedRequests: 12, because: 'redis_returning' });
});

test('a fully spent limit, or the limit of a single replica, is not reported as a share', () => {
  const several = createGranting(3);
  several.learn(60, 60, 20);
  const spent = several.share.reserve(tenant, perMinute(60), 1, nowMs, false);
  assert.ok(!spent.granted && spent.refusedBy.share === undefined);

  const single = createGranting(1);
  single.grantsOf(5, 5);
  const refusal = single.share.reserve(tenant, perMinute(5), 1, nowMs, false);
  assert.ok(!refusal.granted && refusal.refusedBy.share === undefined);
});
