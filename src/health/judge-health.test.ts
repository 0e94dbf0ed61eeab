import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterAttempt, type HealthState, latelyOf, unknownHealth } from './judge-health.ts';

/** Runs one attempt a second (`+` a success, `-` a failure) and returns the status after each. */
function run(outcomes: string, from: HealthState = unknownHealth, startMs = 1_000_000) {
  let state = from;
  const statuses = Array.from(outcomes, (outcome, index) => {
    const ok = outcome === '+';
    state = afterAttempt(state, { ok, atMs: startMs + index * 1000, durationMs: 100, fault: ok ? null : 'HTTP 500' });
    return state.status;
  });
  return { state, statuses, last: statuses.at(-1) };
}

test('two successes make an unknown service healthy, one does not', () => {
  assert.deepEqual(run('++').statuses, ['unknown', 'healthy']);
  assert.deepEqual(run('+-+').statuses, ['unknown', 'unknown', 'unknown']);
});

test('three failures in a row degrade a service, six take it down, and one success changes nothing', () => {
  assert.deepEqual(run('++------').statuses.slice(2), [
    'healthy',
    'healthy',
    'degraded',
    'degraded',
    'degraded',
    'down',
  ]);
  assert.equal(run('++--+--').last, 'healthy');
  assert.deepEqual(run('++------+-').statuses.slice(-2), ['down', 'down'], 'only two successes end the status down');
  assert.deepEqual(run('++------+---').last, 'down');
});

test('two successes in a row recover any service, and earlier failures no longer count', () => {
  const recovered = run('++----------++');
  assert.equal(recovered.last, 'healthy');
  assert.equal(run('-++', recovered.state, 1_014_000).last, 'healthy');
  assert.equal(latelyOf(recovered.state).attempts, 0);
});

test('failures of a fifth of at least ten attempts in a minute degrade a service', () => {
  assert.equal(run('++++++++-').last, 'healthy');
  assert.equal(run('++++++++-+-').last, 'healthy', 'two of eleven are less than a fifth');
  assert.equal(run('++++++++--').last, 'degraded');
  assert.equal(run('++++++--').last, 'healthy', 'eight attempts are too few');
});

test('attempts older than a minute no longer count', () => {
  const before = run('-+++++++').state;
  assert.equal(run('+-', before, 1_070_000).last, 'healthy');
  assert.deepEqual(latelyOf(run('+', before, 1_070_000).state), { attempts: 1, failures: 0, durationMs: 100 });
});

test('downtime begins with the first status that is not healthy and ends with recovery', () => {
  const { state } = run('++------');
  assert.equal(state.unhealthySinceMs, 1_004_000);
  assert.deepEqual([state.lastError, state.checkedAtMs], ['HTTP 500', 1_007_000]);
  assert.equal(run('++', state, 1_100_000).state.unhealthySinceMs, null);
});
