import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSpending, forecastOf } from './spending.ts';

test('a forecast says when a quota ends at the present rate, and who spends most of it', () => {
  let nowMs = 1_000_000;
  const spending = createSpending({ now: () => nowMs } as never);
  for (let at = 0; at < 30; at++) spending.note('k', at % 3 === 0 ? 'b' : 'a');
  const seen = spending.lastMinute('k');
  const limit = { maxRequests: 60, usedRequests: 30 };
  assert.deepEqual(forecastOf('read', seen, limit), {
    kind: 'read',
    requests_per_minute: 120,
    spent_in_seconds: 15,
    most_from: { source_service: 'a', requests: 20 },
  });
  // Two replicas with equal spending: the limiter counts twice what this one saw.
  assert.equal(forecastOf('read', seen, { maxRequests: 60, usedRequests: 60 }).spent_in_seconds, 0);
  nowMs += 20_000;
  assert.equal(forecastOf('read', spending.lastMinute('k'), limit).spent_in_seconds, null);
  nowMs += 60_000;
  assert.equal(spending.lastMinute('k').most, null);
});
