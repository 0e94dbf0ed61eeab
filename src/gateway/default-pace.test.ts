import assert from 'node:assert/strict';
import { test } from 'node:test';
import { googleMaps } from '../providers/google_maps/adapter.ts';
import { nominatim } from '../providers/nominatim/adapter.ts';
import { takeTurn } from './default-pace.ts';
import type { Provider } from './resolve-providers.ts';

const none = { perMinute: null, perHour: null, perDay: null, perMonth: null };

test('a vendor’s pace applies only to services without their own limits', async () => {
  const asked: unknown[] = [];
  const pace = {
    async takeTurn(account: string, intervalMs: number) {
      asked.push([account, intervalMs]);
      return 700;
    },
  };
  const providerOf = (id: string, rateLimits: object, adapter = nominatim): Provider =>
    ({ service: { id, rateLimits }, adapter }) as unknown as Provider;
  assert.equal(await takeTurn(pace, providerOf('paced', none)), 700);
  assert.equal(await takeTurn(pace, providerOf('own', { ...none, perMinute: 6_000 })), 0);
  assert.equal(await takeTurn(pace, providerOf('other', none, googleMaps)), 0);
  assert.deepEqual(asked, [['paced', 1_000]]);
});
