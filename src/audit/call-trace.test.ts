import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCallTrace, type KeptTrace, renderTrace } from './call-trace.ts';

const attempt = (at: number, service = 'google_maps', number = 1) =>
  ({ kind: 'attempt', at_ms: at, duration_ms: 5, service_name: service, number, outcome: 'ok', requests: [] }) as const;

test('repeated waits for one limit are one wait until a provider is asked', () => {
  const trace = createCallTrace(1_000);
  for (const at of [0, 100, 250]) {
    trace.addSkipped({ at_ms: at, service_name: 'google_maps', reason: 'limit', until_ms: at + 90 });
    trace.addWait({ at_ms: at, duration_ms: 50, for: 'limit' });
  }
  trace.add(attempt(300));
  trace.addWait({ at_ms: 310, duration_ms: 20, for: 'limit' });
  assert.deepEqual(trace.kept(), {
    started_at_ms: 1_000,
    steps: [
      { kind: 'skipped', at_ms: 0, service_name: 'google_maps', reason: 'limit', until_ms: 340, times: 3 },
      { kind: 'wait', at_ms: 0, duration_ms: 300, for: 'limit', times: 3 },
      attempt(300),
      { kind: 'wait', at_ms: 310, duration_ms: 20, for: 'limit' },
    ],
  });
});

test('another provider or another reason is a separate step', () => {
  const trace = createCallTrace(0);
  trace.addSkipped({ at_ms: 1, service_name: 'google_maps', reason: 'limit' });
  trace.addSkipped({ at_ms: 2, service_name: 'yandex_maps', reason: 'limit' });
  trace.addSkipped({ at_ms: 3, service_name: 'google_maps', reason: 'breaker' });
  assert.deepEqual(
    trace.kept().steps.map(({ at_ms }) => at_ms),
    [1, 2, 3],
  );
});

test('a streamed body extends its attempt', () => {
  const trace = createCallTrace(0);
  trace.add({
    ...attempt(10),
    requests: [{ at_ms: 10, connect_ms: 1, first_byte_ms: 4, body_ms: 0, status_code: 200 }],
  });
  trace.endedLater(100);
  assert.deepEqual(trace.kept().steps, [
    {
      ...attempt(10),
      duration_ms: 90,
      requests: [{ at_ms: 10, connect_ms: 1, first_byte_ms: 4, body_ms: 85, status_code: 200 }],
    },
  ]);
});

for (const [steps, name] of [
  [10, 'x'],
  [60, 'x'],
  [500, 'x'],
  [60, 'ж'.repeat(100)],
] as const) {
  test(`${steps} attempts at a service whose name has ${name.length} letters take at most 2 KiB, and the first and last steps remain`, () => {
    const trace = createCallTrace(0);
    for (let number = 0; number < steps; number += 1) trace.add(attempt(number, name, number + 1));
    const text = renderTrace(trace.kept());
    const kept = JSON.parse(text) as KeptTrace;
    assert.ok(Buffer.byteLength(text) <= 2_048, `${Buffer.byteLength(text)}`);
    assert.equal(kept.steps.length + (kept.cut ?? 0), steps);
    assert.deepEqual([kept.steps[0]?.at_ms, kept.steps.at(-1)?.at_ms], [0, steps - 1]);
  });
}
