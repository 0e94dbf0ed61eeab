import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nominatim } from '../providers/nominatim/adapter.ts';
import { takeTurn } from './default-pace.ts';
import type { Provider } from './resolve-providers.ts';

const none = { perMinute: null, perHour: null, perDay: null, perMonth: null };
const providerOf = (id: string, rateLimits: object): Provider =>
  ({ service: { id, rateLimits }, adapter: nominatim }) as unknown as Provider;

test('requests to a service without limits of its own keep the vendor’s distance, and too many wait for nothing', () => {
  const provider = providerOf('paced', none);
  const waits = Array.from({ length: 8 }, () => takeTurn(provider, 10_000));
  assert.deepEqual(waits, [0, 1_000, 2_000, 3_000, 4_000, 5_000, null, null]);
  assert.equal(takeTurn(provider, 16_000), 0);
});

test('a service with limits of its own is asked as fast as these allow', () => {
  const provider = providerOf('own', { ...none, perMinute: 6_000 });
  assert.deepEqual([takeTurn(provider, 0), takeTurn(provider, 0)], [0, 0]);
});
