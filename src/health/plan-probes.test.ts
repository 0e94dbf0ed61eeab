import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../test/support/clock.ts';
import type { ExternalService } from '../directory/service.ts';
import { createOriginBudget } from './origin-budget.ts';
import { type DueService, planProbes, probesPerOriginAndMinute } from './plan-probes.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const clock = createManualClock();
const nowMs = clock.now();

function due(id: string, members: Partial<DueService> = {}): DueService {
  return {
    service: { id } as ExternalService,
    status: 'healthy',
    checkedAtMs: nowMs - minuteMs,
    usedAtMs: nowMs - minuteMs,
    lastOutcome: 'ok',
    ...members,
  };
}

function plan(services: readonly DueService[], members: Partial<Parameters<typeof planProbes>[0]> = {}) {
  const rules = {
    intervalMs: minuteMs,
    accountKeyOf: (service: ExternalService) => service.id,
    originOf: () => 'https://api.example.com',
    mayAsk: () => true,
    ...members,
  };
  const { groups, putOff } = planProbes(rules, services, nowMs);
  return {
    groups: groups.map((group) => group.map(({ service }) => service.id)),
    putOff: putOff.map(({ due: { service }, dueAtMs }) => [service.id, dueAtMs - nowMs]),
  };
}

test('a healthy service with recent traffic is not probed, an unhealthy one is', () => {
  const checkedAtMs = nowMs - 10_000;
  const services = [
    due('healthy', { checkedAtMs }),
    due('degraded', { checkedAtMs, status: 'degraded' }),
    due('unknown', { checkedAtMs, status: 'unknown' }),
    due('long ago'),
  ];
  assert.deepEqual(plan(services), {
    groups: [['degraded'], ['unknown'], ['long ago']],
    putOff: [['healthy', 44_000]],
  });
});

test('a service without a call for a day is probed at most once an hour, whatever its state', () => {
  const usedAtMs = nowMs - dayMs;
  for (const status of ['healthy', 'degraded', 'down', 'unknown'] as const) {
    const seen = plan([
      due('asked lately', { usedAtMs, status, checkedAtMs: nowMs - 59 * minuteMs }),
      due('asked an hour ago', { usedAtMs, status, checkedAtMs: nowMs - hourMs }),
      due('never asked', { usedAtMs, status, checkedAtMs: null }),
      due('used', { usedAtMs: usedAtMs + 1, status, checkedAtMs: nowMs - 59 * minuteMs }),
    ]);
    assert.deepEqual(seen.groups, [['asked an hour ago'], ['never asked'], ['used']], status);
    assert.deepEqual(seen.putOff, [['asked lately', minuteMs]], status);
  }
});

test('services of one account are probed together', () => {
  const seen = plan([due('a1'), due('b1'), due('a2')], { accountKeyOf: ({ id }) => id.charAt(0) });
  assert.deepEqual(seen.groups, [['a1', 'a2'], ['b1']]);
});

test('probes above an origin’s budget per minute are put off, later ones further', () => {
  const count = 2 * probesPerOriginAndMinute + 1;
  const services = Array.from({ length: count + probesPerOriginAndMinute }, (_, index) => due(`s${index}`));
  const mayAsk = createOriginBudget(clock, probesPerOriginAndMinute);
  const seen = plan([...services, due('elsewhere')], {
    mayAsk,
    originOf: ({ id }) => (id === 'elsewhere' ? 'https://other.example.com' : 'https://api.example.com'),
  });
  assert.equal(seen.groups.length, probesPerOriginAndMinute + 1);
  assert.deepEqual(seen.groups.at(-1), ['elsewhere']);
  const minutes = seen.putOff.map(([, afterMs]) => Number(afterMs) / minuteMs);
  assert.deepEqual([...new Set(minutes)], [1, 2, 3]);
  assert.equal(minutes.filter((minute) => minute === 1).length, probesPerOriginAndMinute);
});

test('the budget of an origin is full again after a minute', () => {
  const own = createManualClock();
  const mayAsk = createOriginBudget(own, 2);
  assert.deepEqual([mayAsk('a'), mayAsk('a'), mayAsk('a'), mayAsk('b')], [true, true, false, true]);
  own.advance(minuteMs - 1);
  assert.equal(mayAsk('a'), false);
  own.advance(1);
  assert.equal(mayAsk('a'), true);
});
