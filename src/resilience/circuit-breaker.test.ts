import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BreakerPolicy,
  type BreakerState,
  type CircuitBreaker,
  createCircuitBreaker,
  type Permit,
} from './circuit-breaker.ts';
import { createCircuitBreakers } from './circuit-breakers.ts';

const policy: BreakerPolicy = {
  failuresInARow: 3,
  failureShare: 0.5,
  minimumAttempts: 10,
  windowMs: 10_000,
  openMs: 1_000,
  openMsMax: 8_000,
  deniedMsMax: 300_000,
  deniedMs: 10_000,
  probeLeaseMs: 30_000,
};

function createManual(random = 0) {
  let nowMs = 1_000_000;
  const changes: BreakerState['kind'][] = [];
  const breaker = createCircuitBreaker({
    clock: { now: () => nowMs },
    policy,
    random: () => random,
    onChange: (state) => changes.push(state.kind),
  });
  const enter = (): Permit => {
    const entry = breaker.tryEnter();
    assert.ok(entry.entered, 'expected a permit');
    return entry;
  };
  const refusedForMs = (): number => {
    const entry = breaker.tryEnter();
    assert.ok(!entry.entered, 'expected a refusal');
    return entry.openUntilMs - nowMs;
  };
  const fail = (times: number): void => {
    for (let index = 0; index < times; index += 1) enter().failed();
  };
  return { breaker, changes, enter, refusedForMs, fail, advance: (ms: number) => (nowMs += ms) };
}

test('failures in a row open the breaker; a success restarts the count', () => {
  const { breaker, enter, fail, refusedForMs } = createManual();
  fail(2);
  enter().succeeded();
  fail(2);
  assert.deepEqual(breaker.state(), { kind: 'closed', consecutiveFailures: 2 });
  fail(1);
  assert.equal(breaker.state().kind, 'open');
  assert.equal(refusedForMs(), 500);
});

test('a clock that is set back does not keep the breaker open', () => {
  const { breaker, enter, fail, advance } = createManual();
  fail(3);
  advance(-3_600_000);
  assert.deepEqual(breaker.state(), { kind: 'half-open', probing: false });
  enter().succeeded();
  assert.equal(breaker.state().kind, 'closed');
});

test('a breaker closed by hand lets all calls in and ignores earlier permits', () => {
  const { breaker, changes, enter } = createManual();
  const [first, late] = [enter(), enter()];
  first.denied();
  const entry = breaker.tryEnter();
  assert.equal(!entry.entered && entry.because, 'denied');

  breaker.close();
  late.denied();

  assert.deepEqual(breaker.state(), { kind: 'closed', consecutiveFailures: 0 });
  assert.deepEqual(changes, ['open', 'closed']);
});

test('a high share of failures opens the breaker, but not below the minimum volume or outside the window', () => {
  const { breaker, enter, advance } = createManual();
  const alternate = (times: number): void => {
    for (let index = 0; index < times; index += 1) {
      const permit = enter();
      if (index % 2 === 0) permit.succeeded();
      else permit.failed();
    }
  };
  alternate(9);
  assert.equal(breaker.state().kind, 'closed');
  advance(11_000);
  alternate(9);
  assert.equal(breaker.state().kind, 'closed');
  enter().failed();
  assert.equal(breaker.state().kind, 'open');
});

test('a half-open breaker lets exactly one probe through, and its success closes the breaker', () => {
  const { breaker, enter, fail, refusedForMs, advance, changes } = createManual();
  fail(3);
  advance(500);
  assert.deepEqual(breaker.state(), { kind: 'half-open', probing: false });
  const probe = enter();
  assert.equal(probe.isProbe, true);
  assert.deepEqual(breaker.state(), { kind: 'half-open', probing: true });
  assert.equal(refusedForMs(), policy.probeLeaseMs);
  probe.succeeded();
  assert.deepEqual(breaker.state(), { kind: 'closed', consecutiveFailures: 0 });
  assert.deepEqual(changes, ['open', 'half-open', 'closed']);
});

test('each failed probe doubles the open time, with jitter, up to the cap', () => {
  const { enter, fail, refusedForMs, advance } = createManual(0.5);
  fail(3);
  const waits = [refusedForMs()];
  for (let probe = 0; probe < 5; probe += 1) {
    advance(waits.at(-1) as number);
    enter().failed();
    waits.push(refusedForMs());
  }
  assert.deepEqual(waits, [750, 1_500, 3_000, 6_000, 6_000, 6_000]);
});

test('after an abandoned probe, the next call becomes the probe', () => {
  const { enter, fail, refusedForMs, advance } = createManual();
  fail(3);
  advance(500);
  enter().abandoned();
  const second = enter();
  assert.equal(second.isProbe, true);
  refusedForMs();
});

test('a probe that never settles stops blocking others after its lease', () => {
  const { breaker, enter, fail, advance } = createManual();
  fail(3);
  advance(500);
  const lost = enter();
  advance(policy.probeLeaseMs);
  const second = enter();
  lost.failed();
  assert.equal(breaker.state().kind, 'half-open');
  second.succeeded();
  assert.equal(breaker.state().kind, 'closed');
});

test('a refused key opens the breaker, twice as long each time, up to a bound', () => {
  const { enter, refusedForMs, advance } = createManual();
  for (const pauseMs of [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
    enter().denied();
    assert.equal(refusedForMs(), pauseMs);
    advance(pauseMs);
  }
  enter().succeeded();
  enter().denied();
  assert.equal(refusedForMs(), 10_000);
});

function failPart(breaker: CircuitBreaker, key: string, mayPassOpenBreaker = true): number {
  const entry = breaker.tryEnter({ key, mayPassOpenBreaker });
  return entry.entered ? entry.failed(true) : -1;
}

test('failures of one part alone do not count and do not open the breaker', () => {
  const { breaker, enter } = createManual();
  for (let n = 0; n < 50; n += 1) assert.equal(failPart(breaker, 'odd'), 0);
  enter().succeeded();
  // It failed while others were answered, so it is broken itself: its failures do not count even when another part
  // fails too.
  for (let n = 0; n < 50; n += 1) {
    assert.equal(failPart(breaker, 'odd'), 0);
    assert.equal(failPart(breaker, 'other'), 0);
  }
  assert.equal(breaker.state().kind, 'closed');
});

test('failures of several parts count, at most two per part', () => {
  const { breaker } = createManual();
  assert.equal(failPart(breaker, 'a', false), 0);
  assert.equal(failPart(breaker, 'a', false), 0);
  assert.equal(failPart(breaker, 'b', false), 3);
  assert.equal(breaker.state().kind, 'open');
  assert.equal(failPart(breaker, 'c', false), -1);
});

test('while failed parts keep the breaker open, calls to other parts go through, and their success closes it', () => {
  const { breaker } = createManual();
  for (const key of ['a', 'b', 'a', 'b']) failPart(breaker, key);
  assert.equal(breaker.state().kind, 'open');
  assert.equal(failPart(breaker, 'a'), -1);
  const healthy = breaker.tryEnter({ key: 'healthy', mayPassOpenBreaker: true });
  assert.ok(healthy.entered);
  healthy.succeeded();
  assert.equal(breaker.state().kind, 'closed');
  // A refused connection concerns the whole service: no call goes through.
  for (let n = 0; n < 3; n += 1) breaker.tryEnter().entered && (breaker.tryEnter() as Permit).failed();
  assert.equal(failPart(breaker, 'healthy'), -1);
});

test('permits from before a change of state are ignored', () => {
  const { breaker, enter, fail, advance } = createManual();
  const early = [enter(), enter(), enter(), enter()];
  fail(3);
  const opened = breaker.state();
  early[0]?.succeeded();
  early[1]?.failed();
  assert.deepEqual(breaker.state(), opened);
  advance(500);
  enter().succeeded();
  early[2]?.failed();
  early[3]?.denied();
  assert.deepEqual(breaker.state(), { kind: 'closed', consecutiveFailures: 0 });
});

test('a permit counts once', () => {
  const { breaker, enter } = createManual();
  const permit = enter();
  permit.failed();
  permit.failed();
  permit.denied();
  assert.deepEqual(breaker.state(), { kind: 'closed', consecutiveFailures: 1 });
});

test('each service has its breaker, and at the bound the least recently used one is dropped', () => {
  const changed: string[] = [];
  const breakers = createCircuitBreakers({
    clock: { now: () => 0 },
    policy: { ...policy, failuresInARow: 1 },
    maxBreakers: 2,
    onChange: (serviceId) => changed.push(serviceId),
  });
  const first = breakers.breakerFor('a');
  breakers.breakerFor('b');
  assert.equal(breakers.breakerFor('a'), first);
  breakers.breakerFor('c');
  assert.equal(breakers.stateOf('b'), null);
  const entry = breakers.breakerFor('c').tryEnter();
  if (entry.entered) entry.failed();
  assert.deepEqual(changed, ['c']);
  assert.equal(breakers.stateOf('c')?.kind, 'open');
  assert.equal(breakers.stateOf('a')?.kind, 'closed');
});
