import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOf } from './prices.ts';

const atMs = Date.parse('2026-11-22T00:00:00Z');
const google = { serviceName: 'google_maps', config: {} };

test('Google’s list prices hold for a request and for each element of a matrix', () => {
  assert.equal(costOf(google, 'geocode', 1, atMs), 0.005);
  assert.equal(costOf(google, 'reverse', 1, atMs), 0.005);
  assert.equal(costOf(google, 'distance', 4, atMs), 0.02);
});

test('a second account of an adapter has the adapter’s price', () => {
  assert.equal(costOf({ serviceName: 'maps_backup', config: { adapter: 'google_maps' } }, 'geocode', 1, atMs), 0.005);
});

test('an operation without a list price costs nothing', () => {
  assert.equal(costOf({ serviceName: 'yandex_maps', config: {} }, 'geocode', 1, atMs), 0);
  assert.equal(costOf({ serviceName: 'google_sheets', config: {} }, 'sheets_read', 1, atMs), 0);
});

test('a service’s own price takes precedence, for all operations or for one', () => {
  assert.equal(costOf({ ...google, config: { cost_per_request: 0.001 } }, 'geocode', 2, atMs), 0.002);
  assert.equal(costOf({ ...google, config: { cost_per_request: { reverse: 0 } } }, 'reverse', 1, atMs), 0);
  assert.equal(costOf({ ...google, config: { cost_per_request: { reverse: 0 } } }, 'geocode', 1, atMs), 0.005);
});

test('an invalid price is ignored', () => {
  for (const cost_per_request of [-1, Number.NaN, 1e308, 1e-10, 'free', null, { geocode: '1' }]) {
    assert.equal(costOf({ ...google, config: { cost_per_request } }, 'geocode', 1, atMs), 0.005);
  }
});
