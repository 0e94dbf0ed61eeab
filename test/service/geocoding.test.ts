/** Geocoding end to end: HTTP, the pipeline, real stores, and the emulated providers over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestReplica, startTestService } from '../support/service.ts';
import { startVendors } from '../support/vendors.ts';
import { waitFor } from '../support/wait-for.ts';

test('geocoding, with all its stores and providers', async (t) => {
  const app = await startTestService(t);

  await t.test('an address in Tashkent is found once and then answered from memory', async () => {
    const first = await app.geocode('Ташкент, улица Навои, 5');
    assert.equal(first.status, 200, first.text);
    assert.equal(first.headers.get('x-cache'), 'MISS');
    assert.equal(first.json.provider, 'google_maps');
    assert.deepEqual(first.json.attempted_providers, ['google_maps']);
    assert.ok(Math.abs(first.json.latitude - 41.3) < 0.2 && Math.abs(first.json.longitude - 69.25) < 0.3);
    const second = await app.geocode('ташкент,  ул. Навои 5');
    assert.equal(second.headers.get('x-cache'), 'HIT-MEMORY');
    assert.deepEqual(second.json, { ...first.json, cached: true });
  });

  await t.test('the call is in the audit log, and its events are published', async () => {
    await app.geocode('Ташкент, проспект Амира Темура, 15');
    const { rows } = await app.database.db.querySystem<{ operation: string; status: string; endpoint: string }>({
      text: 'select operation, status, endpoint from integration_logs where management_company_id = $1',
      values: [app.tenant],
    });
    assert.ok(rows.some(({ operation, status }) => operation === 'geocode' && status === 'success'));
    assert.ok(
      rows.every(({ endpoint }) => !endpoint?.includes('emulated-key')),
      'the key is masked',
    );
    await waitFor('the outbox is drained', async () => {
      const left = await app.database.db.querySystem<{ n: number }>({
        text: 'select count(*)::int as n from outbox_events',
      });
      return left.rows[0]?.n === 0;
    });
  });

  await t.test('/forward is another name of /geocode', async () => {
    assert.equal((await app.call('POST', '/geocoding/forward', { address: 'Самарканд' })).status, 200);
  });

  await t.test('a named provider is the only one asked, and an unknown one is an input error', async () => {
    const yandex = await app.geocode('Ташкент, улица Шота Руставели, 1', { provider: 'yandex' });
    assert.equal(yandex.json.provider, 'yandex_maps');
    const unknown = await app.geocode('Ташкент', { provider: 'nobody' });
    assert.deepEqual([unknown.status, unknown.json.errors[0].path], [400, 'provider']);
  });

  await t.test('a point is reverse geocoded, and a distance is measured in three ways', async () => {
    const reverse = await app.call('POST', '/geocoding/reverse', { latitude: 41.311081, longitude: 69.240562 });
    assert.equal(reverse.status, 200, reverse.text);
    assert.ok(reverse.json.formatted_address.length > 0);
    const ends = {
      origin: { latitude: 41.311, longitude: 69.24 },
      destination: { latitude: 39.654, longitude: 66.975 },
    };
    const straight = await app.call('POST', '/geocoding/distance', ends);
    assert.deepEqual([straight.json.straight_line, straight.json.provider], [true, 'geodesic']);
    const driving = await app.call('POST', '/geocoding/distance', { ...ends, mode: 'driving' });
    assert.equal(driving.status, 200, driving.text);
    assert.ok(driving.json.distance_meters > straight.json.distance_meters);
    assert.ok(driving.json.duration_seconds > 0);
  });

  await t.test('a batch answers in order, asks once per address, and streams lines on request', async () => {
    const addresses = ['Ташкент, улица Навои, 30', '', 'ТАШКЕНТ, ул. Навои 30', 'Бухара'];
    const whole = await app.call('POST', '/geocoding/batch', { addresses });
    assert.deepEqual([whole.status, whole.json.success_count, whole.json.failure_count], [200, 3, 1]);
    assert.deepEqual(
      whole.json.results.map(({ address }: { address: string }) => address),
      addresses,
    );
    assert.equal(whole.json.results[0].place_id, whole.json.results[2].place_id);
    const lines = await app.call('POST', '/geocoding/batch', { addresses }, { accept: 'application/x-ndjson' });
    assert.equal(lines.text.trimEnd().split('\n').length, 4);
  });

  await t.test('nothing found at any provider is 404', async () => {
    const reply = await app.geocode('qqqqzzzz 999999 xxxwww');
    assert.deepEqual([reply.status, reply.json.code], [404, 'ADDRESS_NOT_FOUND']);
  });

  await t.test('a tenant’s settings complete its requests', async () => {
    const settings = {
      city: 'Самарканд',
      bounds: { south: 39.5, west: 66.8, north: 39.8, east: 67.1 },
      street_aliases: [{ from: 'Пушкина', to: 'Мирзо Улугбека' }],
    };
    const refused = await app.call('PUT', '/geocoding/settings', settings);
    assert.equal(refused.status, 403);
    const asAdmin = { authorization: `Bearer ${app.adminToken}` };
    const unknown = await app.call('PUT', '/geocoding/settings', { town: 'x' }, asAdmin);
    assert.equal(unknown.status, 400);
    const put = await app.call('PUT', '/geocoding/settings', settings, asAdmin);
    assert.equal(put.status, 200, put.text);
    assert.deepEqual((await app.call('GET', '/geocoding/settings', undefined, asAdmin)).json, settings);
    const found = await app.geocode('ул. Пушкина, 5');
    assert.equal(found.json.components.city, 'Самарканд', found.text);
    await app.call('PUT', '/geocoding/settings', {}, asAdmin);
    assert.deepEqual((await app.call('GET', '/geocoding/settings', undefined, asAdmin)).json, { street_aliases: [] });
  });

  await t.test('a matrix counts once in the tenant’s limit, and its elements are cached', async () => {
    const distancesAsked = async (): Promise<number> => {
      const { rows } = await app.database.db.querySystem<{ n: number }>({
        text: `select count(*)::int as n from integration_logs where management_company_id = $1 and operation = 'distance'`,
        values: [app.tenant],
      });
      return rows[0]?.n ?? 0;
    };
    const before = await distancesAsked();
    const ends = [41.3, 41.31, 41.32].map((latitude) => ({ latitude, longitude: 69.25 }));
    const body = { origins: ends, destinations: ends, mode: 'driving' };
    const first = await app.call('POST', '/geocoding/matrix', body);
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(
      first.json.rows.map((row: unknown[]) => row.length),
      [3, 3, 3],
    );
    assert.ok(first.json.rows[0][1].distance_meters > 1_000 && first.json.rows[0][1].provider === 'google_maps');
    const again = await app.call('POST', '/geocoding/matrix', body);
    assert.deepEqual(again.json.rows, first.json.rows);
    assert.equal((await distancesAsked()) - before, 1, 'all elements were asked for in one request');
  });

  await t.test('the quality report counts each provider by city, and compares a sample with the next one', async () => {
    const asAdmin = { authorization: `Bearer ${app.adminToken}` };
    const { services } = (await app.call('GET', '/services', undefined, asAdmin)).json;
    const google = services.find(({ service_name }: { service_name: string }) => service_name === 'google_maps');
    const wrong = await app.call('PATCH', `/services/${google.id}`, { config: { shadow_share: 2 } }, asAdmin);
    assert.equal(wrong.status, 400);
    const set = await app.call('PATCH', `/services/${google.id}`, { config: { shadow_share: 1 } }, asAdmin);
    assert.equal(set.status, 200, set.text);
    await app.geocode('Ташкент, улица Навои, 77');
    interface Row {
      provider: string;
      city: string;
      good: number;
      compared: number;
      disagreed_over_100m: number;
    }
    await waitFor('the answers are compared', async () => {
      const report = await app.call('GET', '/geocoding/quality', undefined, asAdmin);
      assert.equal(report.status, 200, report.text);
      const row = report.json.rows.find(
        ({ provider, city }: Row) => provider === 'google_maps' && city === 'Ташкент',
      ) as Row | undefined;
      return row !== undefined && row.good > 0 && row.compared === 1 && row.disagreed_over_100m === 0;
    });
    await app.call('PATCH', `/services/${google.id}`, { config: { shadow_share: null } }, asAdmin);
    const reversed = '/geocoding/quality?from_date=2026-11-02&to_date=2026-11-01';
    const refused = await app.call('GET', reversed, undefined, asAdmin);
    assert.deepEqual([refused.status, refused.json.errors[0].path], [400, 'to_date']);
    const day = await app.call('GET', reversed.replace('11-02', '11-01'), undefined, asAdmin);
    assert.equal(day.status, 200, day.text);
  });

  await t.test('health names each provider, and details are for admins only', async () => {
    const health = await app.call('GET', '/geocoding/health');
    assert.deepEqual(Object.keys(health.json.providers), [
      'google_maps',
      'yandex_maps',
      'two_gis',
      'offline_gazetteer',
    ]);
    const detailed = await fetch(`${app.url}/health/detailed`, {
      headers: { authorization: `Bearer ${app.adminToken}` },
    });
    const { database, cache, providers } = (await detailed.json()) as Record<string, Record<string, unknown>>;
    assert.deepEqual([database?.status, cache?.kind], ['up', 'redis']);
    assert.ok(Array.isArray(providers) && providers.length === 5);
  });

  await t.test('metrics have the names that dashboards query', async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    for (const name of ['integration_requests_total', 'integration_cache_hits_total', 'integration_service_health']) {
      assert.match(text, new RegExp(`^${name}\\{`, 'm'));
    }
    assert.ok(!text.includes(app.tenant));
  });
});

test('the tenant’s own limit refuses with Retry-After, and a cache hit is free', async (t) => {
  const app = await startTestService(t, { RATE_LIMIT_GEOCODING_PER_MINUTE: '2' });
  const left = async () =>
    (await app.call('GET', '/geocoding/health')).json.providers.google_maps.rate_limit_remaining as number;
  assert.equal(await left(), 2, 'an account without limits of its own may be asked as often as the tenant may ask');
  assert.equal((await app.geocode('Самарканд')).headers.get('ratelimit-policy'), '"geocoding";q=2;w=60');
  assert.match(String((await app.geocode('Бухара')).headers.get('ratelimit')), /^"geocoding";r=0;t=\d+$/);
  const refused = await app.geocode('Хива');
  assert.deepEqual([refused.status, refused.json.code], [429, 'RATE_LIMIT_EXCEEDED']);
  assert.equal(await left(), 0);
  const waitSeconds = Number(refused.headers.get('retry-after'));
  assert.ok(waitSeconds >= 1 && waitSeconds <= 63, String(waitSeconds));
  assert.equal((await app.geocode('Самарканд')).status, 200);

  await waitFor('the use of the limit to be written down', async () => {
    const { rows } = await app.database.db.querySystem<{ max_requests: number; is_rate_limited: boolean }>({
      text: `select max_requests, is_rate_limited from api_rate_limits
              where management_company_id = $1 and service_name = 'geocoding' and window_type = 'minute'`,
      values: [app.tenant],
    });
    return rows.some((row) => row.max_requests === 2 && row.is_rate_limited);
  });
});

test('emulated answers are no longer served once the environment names a real account', async (t) => {
  const vendors = await startVendors(t);
  const { ENCRYPTION_KEYS } = vendors.env as { ENCRYPTION_KEYS: string };
  const emulated = await startTestService(t, { ENCRYPTION_KEYS });
  const address = 'Ташкент, улица Навои, 5';
  await emulated.geocode(address);
  assert.equal((await emulated.geocode(address)).headers.get('x-cache'), 'HIT-MEMORY');

  const real = await startTestReplica(t, emulated, vendors.env);
  const first = await real.geocode(address);
  assert.deepEqual([first.status, first.headers.get('x-cache'), vendors.received('google_maps')], [200, 'MISS', 1]);
  const again = await startTestReplica(t, emulated, vendors.env);
  assert.equal(
    (await again.geocode(address)).headers.get('x-cache'),
    'HIT-REDIS',
    'an unchanged account keeps its answers',
  );
});

/** alexreisner/geocoder#872 and #1148, CyrusNuevoDia/geocoder#89, geocoder-php/GeocoderLaravel#203, nchaulet/node-geocoder#73. */
test('faults of other caches', async (t) => {
  const vendors = await startVendors(t);
  const app = await startTestService(t, vendors.env);

  await t.test('an outage is not an empty answer, and is not cached', async () => {
    const address = 'Ташкент, улица Навои, 91';
    for (const vendor of ['google_maps', 'yandex_maps']) vendors.control.fail({ vendor, mode: '503' });
    const failed = await app.geocode(address, { provider: 'google_maps' });
    assert.deepEqual([failed.status, failed.json.code], [502, 'PROVIDER_ERROR'], failed.text);
    vendors.control.heal();
    const found = await app.geocode(address, { provider: 'google_maps' });
    assert.deepEqual([found.status, found.headers.get('x-cache')], [200, 'MISS'], found.text);
  });

  await t.test('two addresses of one city keep their own answers', async () => {
    const [one, other] = ['Ташкент, улица Навои, 11', 'Ташкент, улица Мукими, 11'];
    const first = await app.geocode(one);
    const second = await app.geocode(other);
    const again = await app.geocode(one);
    assert.notEqual(first.json.place_id, second.json.place_id);
    assert.equal(again.json.place_id, first.json.place_id);
  });

  await t.test('the signs of coordinates are part of the cache key', async () => {
    const ask = async (latitude: number, longitude: number) => {
      const reply = await app.call('POST', '/geocoding/reverse', { latitude, longitude });
      return reply.headers.get('x-cache');
    };
    assert.equal(await ask(41.31, 69.24), 'MISS');
    assert.notEqual(await ask(-41.31, -69.24), 'HIT-MEMORY');
    assert.equal(await ask(41.31, 69.24), 'HIT-MEMORY');
  });

  await t.test('one address of a batch that is found nowhere fails alone', async () => {
    const addresses = ['Ташкент, улица Навои, 12', 'qqqqzzzz 999999 xxxwww', 'Самарканд'];
    const { json } = await app.call('POST', '/geocoding/batch', { addresses });
    assert.deepEqual(
      json.results.map(({ success }: { success: boolean }) => success),
      [true, false, true],
    );
  });
});
