import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleCaller } from '../../test/support/call-executor.ts';
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import { reportGeocodingHealth } from './health.ts';

type Sample = readonly [name: string, status: HealthStatus, overrides?: Partial<ExternalService>];

const notPaused = { paused_until: null, paused_because: null };

function report(...samples: readonly Sample[]) {
  const services = samples.map(
    ([serviceName, , overrides]) =>
      ({ serviceName, isActive: true, serviceType: 'geocoding', config: {}, ...overrides }) as ExternalService,
  );
  return reportGeocodingHealth(
    {
      ofTenant: async () => services,
      healthOf: ({ serviceName }) => {
        const status = samples.find(([name]) => name === serviceName)?.[1] ?? 'unknown';
        return { status, lastError: status === 'down' ? 'no answer in time' : null };
      },
      pauseOf: async () => notPaused,
      remainingRequests: async ({ serviceName }) => (serviceName === 'google_maps' ? 42 : 50),
    },
    sampleCaller.tenantId,
    null,
  );
}

test('each active geocoding provider is shown with its remaining limit and its last error', async () => {
  const health = await report(
    ['google_maps', 'down'],
    ['yandex_maps', 'healthy', { serviceType: 'maps' }],
    ['tiles', 'down', { serviceType: 'maps', config: { adapter: 'http' } }],
    ['google_sheets', 'down', { serviceType: 'sheets' }],
    ['old_maps', 'down', { isActive: false }],
  );
  assert.deepEqual(health, {
    status: 'degraded',
    providers: {
      google_maps: { status: 'down', rate_limit_remaining: 42, last_error: 'no answer in time', ...notPaused },
      yandex_maps: { status: 'healthy', rate_limit_remaining: 50, last_error: null, ...notPaused },
    },
  });
});

test('the whole is as well as its providers', async () => {
  assert.equal((await report(['a', 'healthy'], ['b', 'unknown'])).status, 'healthy');
  assert.equal((await report(['a', 'unknown'])).status, 'unknown');
  assert.equal((await report(['a', 'degraded'])).status, 'degraded');
  assert.equal((await report(['a', 'down'], ['b', 'down'])).status, 'down');
  assert.equal((await report()).status, 'down');
});

test('a provider that is locked out is not healthy, whatever it answered before', async () => {
  const service = { serviceName: 'a', isActive: true, serviceType: 'geocoding', config: {} } as ExternalService;
  const statusWith = async (paused_because: 'failures' | 'credentials_refused' | 'retry_after' | null, left = 10) => {
    const paused_until = paused_because === null ? null : '2026-11-22T07:30:00.000Z';
    const deps = {
      ofTenant: async () => [service],
      healthOf: () => ({ status: 'healthy', lastError: null }) as const,
      pauseOf: async () => ({ paused_until, paused_because }),
      remainingRequests: async () => left,
    };
    const { status, providers } = await reportGeocodingHealth(deps, sampleCaller.tenantId, null);
    return [status, providers.a?.status];
  };
  assert.deepEqual(await statusWith(null), ['healthy', 'healthy']);
  assert.deepEqual(await statusWith('failures'), ['down', 'down']);
  assert.deepEqual(await statusWith('credentials_refused'), ['down', 'down']);
  assert.deepEqual(await statusWith('retry_after'), ['degraded', 'degraded']);
  assert.deepEqual(await statusWith(null, 0), ['degraded', 'degraded']);
});
