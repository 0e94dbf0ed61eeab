import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withinTerms } from './storage-rule.ts';

const day = 86_400;
const notPastItsTime = { staleWhileRevalidateSeconds: 0, confirmableSeconds: 0 };
const yandex = { serviceName: 'yandex_maps', config: {} };

test('an answer is cached no longer than its vendor allows, including its time as a stale answer', () => {
  assert.deepEqual(withinTerms(yandex, { ttlSeconds: 3_600, staleSeconds: day }), {
    ttlSeconds: 3_600,
    staleSeconds: day - 3_600,
    ...notPastItsTime,
  });
  assert.deepEqual(withinTerms(yandex, { ttlSeconds: 30 * day, staleSeconds: day }), {
    ttlSeconds: day,
    staleSeconds: 0,
    ...notPastItsTime,
  });
});

test('a second account follows its vendor’s terms, and a service without terms has no limit', () => {
  const second = { serviceName: 'maps_backup', config: { adapter: 'google_maps' } };
  assert.equal(withinTerms(second, { ttlSeconds: 90 * day, staleSeconds: day }).ttlSeconds, 30 * day);
  const unbound = { serviceName: 'offline_gazetteer', config: {} };
  assert.deepEqual(withinTerms(unbound, { ttlSeconds: 90 * day, staleSeconds: day }), {
    ttlSeconds: 90 * day,
    staleSeconds: day,
    ...notPastItsTime,
  });
});

test('expired answers stored for refresh or revalidation follow the vendor’s terms too', () => {
  const wanted = {
    ttlSeconds: 3_600,
    staleSeconds: 0,
    staleWhileRevalidateSeconds: 9 * day,
    confirmableSeconds: 9 * day,
  };
  const { staleWhileRevalidateSeconds, confirmableSeconds } = withinTerms(yandex, wanted);
  assert.deepEqual([staleWhileRevalidateSeconds, confirmableSeconds], [day - 3_600, day - 3_600]);
});
