/** Why a call was refused, and what other limits would have refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rabbitmqUrl } from '../support/broker.ts';
import { consumeEventsOf } from '../support/events.ts';
import { startProxiedApi } from '../support/proxied-api.ts';
import { startTestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

test('a refusal is explained: which limit, who spent it, when it ends', async (t) => {
  const service = await startTestService(t, { EMULATOR: 'on', RATE_LIMIT_GEOCODING_PER_MINUTE: '3' });
  const ask = (number: number, source: string) =>
    service.call(
      'POST',
      '/geocoding/geocode',
      { address: `Ташкент, улица Навои, ${number}` },
      { 'x-service-name': source, 'x-request-id': `ask-${number}` },
    );
  assert.equal((await ask(1, 'requests')).status, 200);
  assert.equal((await ask(2, 'requests')).status, 200);
  assert.equal((await ask(3, 'shifts')).status, 200);
  assert.equal((await ask(4, 'bot')).status, 429);

  const { status, json } = await service.admin('GET', '/rate-limits/explain?request_id=ask-4');
  assert.equal(status, 200);
  assert.deepEqual(json.limit, { kind: 'limit', family: 'geocoding', window_type: 'minute', max_requests: 3 });
  assert.deepEqual(json.spent_by, [
    { source_service: 'requests', operation: 'geocode', requests: 2 },
    { source_service: 'shifts', operation: 'geocode', requests: 1 },
  ]);
  const waitMs = Date.parse(json.free_at) - Date.parse(json.refused_at);
  assert.ok(waitMs > 0 && waitMs <= 60_000, `${waitMs}`);
  assert.equal((await service.admin('GET', '/rate-limits/explain?request_id=ask-1')).json.code, 'NOT_FOUND');
  assert.equal((await service.admin('GET', '/rate-limits/explain')).json.errors[0].path, 'request_id');
  const other = await service.admin('GET', '/rate-limits/explain?request_id=ask-4', undefined, {
    'x-management-company-id': 'another_tenant',
  });
  assert.equal(other.status, 404);
});

test('a service’s own limit is named, and other limits are tested on recorded traffic', async (t) => {
  const service = await startTestService(t, { EMULATOR: 'on' });
  const { json: list } = await service.admin('GET', '/services');
  const google = list.services.find(({ service_name }: { service_name: string }) => service_name === 'google_maps');
  await service.admin('PATCH', `/services/${google.id}`, { rate_limit_per_hour: 2 });
  const statuses: number[] = [];
  for (let number = 1; number <= 4; number++) {
    const body = { address: `Ташкент, улица Навои, ${number}`, provider: 'google_maps' };
    const headers = { 'x-request-id': `own-${number}`, 'x-service-name': number % 2 === 0 ? 'even' : 'odd' };
    statuses.push((await service.call('POST', '/geocoding/geocode', body, headers)).status);
  }
  assert.deepEqual(statuses, [200, 200, 429, 429]);
  const { json: explained } = await service.admin('GET', '/rate-limits/explain?request_id=own-4');
  assert.deepEqual(explained.limit, {
    kind: 'limit',
    service_name: 'google_maps',
    window_type: 'hour',
    max_requests: 2,
  });
  assert.equal(Date.parse(explained.free_at) % 3_600_000, 0);

  const preview = (limits: object) =>
    service.admin('POST', '/rate-limits/preview', { service_name: 'google_maps', limits, hours: 24 });
  const wide = await preview({ per_minute: 10 });
  assert.deepEqual([wide.json.calls, wide.json.refused], [4, 0]);
  const narrow = await preview({ per_minute: 3, per_day: 1_000 });
  assert.deepEqual([narrow.json.calls, narrow.json.refused], [4, 1]);
  assert.deepEqual(narrow.json.by_source[0], { source_service: 'even', calls: 2, refused: 1 });
  assert.equal((await preview({ per_second: 1 })).json.errors[0].path, 'limits.per_second');
  const unknown = { service_name: 'nothing', limits: { per_minute: 1 }, hours: 1 };
  assert.equal((await service.admin('POST', '/rate-limits/preview', unknown)).json.errors[0].path, 'service_name');
});

test('each element of a matrix counts: as spent, and for a limit that is tried', async (t) => {
  const service = await startTestService(t, { EMULATOR: 'on' });
  const { json: list } = await service.admin('GET', '/services');
  const google = list.services.find(({ service_name }: { service_name: string }) => service_name === 'google_maps');
  await service.admin('PATCH', `/services/${google.id}`, { rate_limit_per_hour: 6 });
  const places = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ latitude: 41 + index / 10, longitude: 69 }));
  const matrix = { origins: places(2), destinations: places(5).slice(2), mode: 'driving' };
  assert.equal((await service.call('POST', '/geocoding/matrix', matrix, { 'x-service-name': 'routes' })).status, 200);
  const ask = { address: 'Ташкент, улица Навои, 1', provider: 'google_maps' };
  assert.equal((await service.call('POST', '/geocoding/geocode', ask, { 'x-request-id': 'after' })).status, 429);

  const { json: explained } = await service.admin('GET', '/rate-limits/explain?request_id=after');
  assert.deepEqual(explained.spent_by, [{ source_service: 'routes', operation: 'distance', requests: 6 }]);
  const trial = { service_name: 'google_maps', limits: { per_hour: 5 }, hours: 24 };
  const { json: preview } = await service.admin('POST', '/rate-limits/preview', trial);
  assert.deepEqual([preview.calls, preview.refused], [2, 1]);
});

test('a request counts against a service’s minute until the provider has certainly forgotten it', async (t) => {
  const service = await startTestService(t, { EMULATOR: 'on' });
  const { json: list } = await service.admin('GET', '/services');
  const google = list.services.find(({ service_name }: { service_name: string }) => service_name === 'google_maps');
  await service.admin('PATCH', `/services/${google.id}`, { rate_limit_per_minute: 1 });
  const ask = (number: number) => {
    const body = { address: `Ташкент, улица Навои, ${number}`, provider: 'google_maps' };
    return service.call('POST', '/geocoding/geocode', body, { 'x-request-id': `late-${number}` });
  };
  assert.equal((await ask(1)).status, 200);
  assert.equal((await ask(2)).status, 429);
  // A token of a service is away for 62 to 62.5 s: the second call came when a minute was over, but not the margin.
  await service.database.db.querySystem({
    text: `update integration_logs set started_at =
             (select started_at from integration_logs where request_id = 'late-2') - interval '61 seconds'
            where request_id = 'late-1'`,
    values: [],
  });

  const { json } = await service.admin('GET', '/rate-limits/explain?request_id=late-2');
  assert.equal(json.spent_by.length, 1);
  const waitMs = Date.parse(json.free_at) - Date.parse(json.refused_at);
  assert.ok(waitMs >= 1_000 && waitMs <= 1_500, `${waitMs}`);
  const trial = { service_name: 'google_maps', limits: { per_minute: 1 }, hours: 24 };
  const { json: preview } = await service.admin('POST', '/rate-limits/preview', trial);
  assert.deepEqual([preview.calls, preview.refused], [2, 1]);
});

test('a pause that the provider asked for is named, although the limit is not spent', async (t) => {
  const { app, answerWith, register, ask } = await startProxiedApi(t, { RABBITMQ_URL: rabbitmqUrl });
  const events = await consumeEventsOf(t, app.tenant);
  await register('pausing', { rate_limit_per_minute: 60 });
  answerWith((_asked, response) => response.writeHead(429, { 'retry-after': '30' }).end());
  await ask('pausing/x');
  const refused = await ask('pausing/x', { headers: { 'x-request-id': 'in-pause' } });
  assert.equal(refused.status, 429);
  const problem = (await refused.json()) as { detail: string; limit?: unknown };
  assert.match(problem.detail, /pausing: it asked for a pause/);
  assert.equal(problem.limit, undefined);

  const { json: explained } = await app.admin('GET', '/rate-limits/explain?request_id=in-pause');
  assert.equal(explained.limit.kind, 'pause');
  const { json: log } = await app.admin('GET', '/logs?request_id=in-pause');
  assert.deepEqual(
    log.logs.map(({ error_message }: { error_message: string }) => error_message),
    ['the provider asked for a pause'],
  );
  const event = await waitFor('the event', () =>
    events.all.find(({ event_type }) => event_type === 'integration.rate_limit.exceeded'),
  );
  const { is_pause, max_requests, current_requests } = event as never as Record<string, unknown>;
  assert.deepEqual(
    { is_pause, max_requests, current_requests },
    { is_pause: true, max_requests: 60, current_requests: 1 },
  );
});
