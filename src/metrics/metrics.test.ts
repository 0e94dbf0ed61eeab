import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from './metrics.ts';

const clock = { now: () => 1_000_000 };

test('counts appear under the fixed metric names', async () => {
  const metrics = createMetrics({ clock, processMetrics: false });
  metrics.requestSettled('google_maps', 'geocode', 'success', 120);
  metrics.requestSettled('google_maps', 'geocode', 'success', 20_000);
  metrics.cacheHit('google_maps', 'geocode');
  metrics.cacheMiss('google_maps', 'geocode');
  metrics.cacheEvicted();
  metrics.rateLimitExceeded('google_maps');
  metrics.rateLimitUtilization('google_maps', 'id-1', 'all', [{ ratio: 0.5, untilMs: clock.now() + 1000 }]);
  metrics.serviceHealth('google_maps', 'id-1', 'healthy');

  const { text } = await metrics.render();

  for (const line of [
    'integration_requests_total{service="google_maps",operation="geocode",status="success"} 2',
    'integration_request_duration_seconds_bucket{service="google_maps",operation="geocode",le="0.1"} 0',
    'integration_request_duration_seconds_bucket{service="google_maps",operation="geocode",le="0.25"} 1',
    'integration_request_duration_seconds_bucket{service="google_maps",operation="geocode",le="+Inf"} 2',
    'integration_request_duration_seconds_sum{service="google_maps",operation="geocode"} 20.12',
    'integration_request_duration_seconds_count{service="google_maps",operation="geocode"} 2',
    'integration_cache_hits_total{service="google_maps",operation="geocode"} 1',
    'integration_cache_misses_total{service="google_maps",operation="geocode"} 1',
    'integration_cache_evictions_total 1',
    'integration_rate_limits_exceeded_total{service="google_maps"} 1',
    'integration_rate_limit_utilization{service="google_maps"} 0.5',
    'integration_service_health{service="google_maps",status="healthy"} 1',
    'integration_service_health{service="google_maps",status="down"} 0',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line}\nis missing in\n${text}`);
  }
  assert.match(text, /# TYPE integration_request_duration_seconds histogram/);
});

test('the 201st service is counted as other', async () => {
  const metrics = createMetrics({ clock, processMetrics: false });
  for (let index = 0; index < 203; index += 1) metrics.rateLimitExceeded(`service-${index}`);

  const { text } = await metrics.render();

  assert.equal(text.match(/^integration_rate_limits_exceeded_total\{/gm)?.length, 201);
  assert.match(text, /integration_rate_limits_exceeded_total\{service="other"\} 3/);
});

test('a gauge shows the worse of two tenants’ services of one name, and a deleted one disappears', async () => {
  const metrics = createMetrics({ clock, processMetrics: false });
  metrics.serviceHealth('google_maps', 'a', 'down');
  metrics.serviceHealth('google_maps', 'b', 'healthy');
  metrics.breakerState('google_maps', 'a', 'open');
  assert.match((await metrics.render()).text, /integration_service_health\{service="google_maps",status="down"\} 1/);

  metrics.forgetAccount('a');

  const { text } = await metrics.render();
  assert.match(text, /integration_service_health\{service="google_maps",status="healthy"\} 1/);
  assert.doesNotMatch(text, /integration_circuit_breaker_state\{/);
});

test('a limit whose window has passed shows no use', async () => {
  const metrics = createMetrics({ clock, processMetrics: false });
  metrics.rateLimitUtilization('google_maps', 'a', 'all', [{ ratio: 1, untilMs: clock.now() - 1 }]);
  assert.match((await metrics.render()).text, /integration_rate_limit_utilization\{service="google_maps"\} 0\n/);
});

test('the gauge shows the fullest current window of a service’s limits', async () => {
  const metrics = createMetrics({ clock, processMetrics: false });
  const untilMs = clock.now() + 1000;
  const shown = async () =>
    /integration_rate_limit_utilization\{service="google_sheets"\} (\S+)/.exec((await metrics.render()).text)?.[1];
  metrics.rateLimitUtilization('google_sheets', 'a', 'read', [
    { ratio: 1, untilMs },
    { ratio: 0.02, untilMs },
  ]);
  metrics.rateLimitUtilization('google_sheets', 'a', 'write', [{ ratio: 0.1, untilMs }]);
  assert.equal(await shown(), '1');
  metrics.rateLimitUtilization('google_sheets', 'a', 'read', [{ ratio: 0.04, untilMs }]);
  assert.equal(await shown(), '0.1');
  for (const limit of ['read', 'write']) metrics.rateLimitUtilization('google_sheets', 'a', limit, []);
  assert.equal(await shown(), undefined);
});
