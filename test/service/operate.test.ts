/** An operator's data end to end: logs, costs, cache, rate limits and tokens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signAdminToken, startTestService, type TestReply } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

test('logs, costs, cache, limits and tokens of one tenant', async (t) => {
  const app = await startTestService(t);
  const asAdmin = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    app.call(method, path, body, { authorization: `Bearer ${app.adminToken}`, ...headers });
  const streets = ['Навои', 'Амира Темура', 'Шота Руставели', 'Бабура', 'Мукими'];
  for (const street of streets) {
    const reply = await app.geocode(`Ташкент, улица ${street}, 7`);
    assert.equal(reply.status, 200, reply.text);
  }
  await app.geocode('Ташкент, улица Навои, 7');

  const faultOf = ({ status, json }: TestReply) => [status, json.code, json.errors?.[0]?.path];

  await t.test('the log pages from newest to oldest and ends', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page: TestReply = await app.call('GET', `/logs?limit=2${query}`);
      assert.equal(page.status, 200, page.text);
      seen.push(...page.json.logs.map(({ id }: { id: string }) => id));
      cursor = page.json.next_cursor;
    } while (cursor !== null);
    assert.equal(new Set(seen).size, streets.length);
    assert.deepEqual(seen, seen.toSorted().reverse());
    const counted = await app.call('GET', '/logs?with_total=true&limit=1');
    assert.deepEqual([counted.json.total, counted.json.total_is_capped], [streets.length, false]);
  });

  await t.test('filters apply, and one entry is shown in full', async () => {
    const of = async (query: string) => (await app.call('GET', `/logs?${query}`)).json.logs.length;
    assert.equal(await of('service_name=google_maps&operation=geocode&status=success'), streets.length);
    assert.equal(await of('status=error'), 0);
    assert.equal(await of('status=error,success'), streets.length);
    assert.equal(await of('status=timeout&status=success&status=success'), streets.length);
    assert.equal(await of('status=error,timeout'), 0);
    assert.equal(await of('service_name=yandex_maps'), 0);
    assert.equal(await of(`from_date=${new Date(Date.now() + 60_000).toISOString()}`), 0);
    assert.equal(await of(`to_date=${new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)}`), streets.length);
    assert.equal(await of('min_duration_ms=600000'), 0);
    assert.equal(await of('response_status_code=200&exclude_operation=health_check'), streets.length);
    assert.equal(await of('exclude_operation=geocode'), 0);
    assert.equal(await of('min_cost_usd=1000'), 0);
    assert.equal(await of('source_service=nobody'), 0);
    assert.equal(await of('cache=miss'), streets.length);
    assert.equal(await of('cache=miss&operation=health_check'), 0);
    const [first] = (await app.call('GET', '/logs?limit=1')).json.logs;
    assert.deepEqual(await of(`request_id=${first.request_id}`), 1);
    const whole = await app.call('GET', `/logs/${first.id}`);
    assert.equal(whole.json.id, first.id);
    assert.equal(whole.json.response_body.status, 'OK');
    assert.equal(first.response_body, null);
  });

  await t.test('an invalid log query is 400 with its place, an unknown id 404', async () => {
    const wrong: [string, string][] = [
      ['from_date=yesterday', 'from_date'],
      ['from_date=2026-02-30', 'from_date'],
      ['to_date=0000-01-01', 'to_date'],
      ['from_date=2026-11-22&to_date=2026-11-21', 'to_date'],
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['limit=ten', 'limit'],
      ['cursor=rubbish', 'cursor'],
      [
        `cursor=${Buffer.from('0000-01-01T00:00:00.000Z 019aa000-0000-7000-8000-000000000000').toString('base64url')}`,
        'cursor',
      ],
      ['status=fine', 'status'],
      ['status=', 'status'],
      ['status=error,', 'status'],
      ['status=error&status=fine', 'status'],
      ['min_duration_ms=-1', 'min_duration_ms'],
      ['min_duration_ms=99999999999', 'min_duration_ms'],
      ['min_cost_usd=-0.1', 'min_cost_usd'],
      ['response_status_code=99', 'response_status_code'],
      ['cache=hit', 'cache'],
    ];
    for (const [query, path] of wrong) {
      assert.deepEqual(faultOf(await app.call('GET', `/logs?${query}`)), [400, 'INVALID_REQUEST', path], query);
    }
    const unknown = await app.call('GET', '/logs?status=error,fine');
    assert.match(unknown.json.detail, /^status: must be of success, error, .*; "fine" is none of them$/);
    for (const id of ['no-id', 'ffffffff-ffff-7fff-bfff-ffffffffffff', '019aa000-0000-7000-8000-000000000000']) {
      assert.equal((await app.call('GET', `/logs/${id}`)).status, 404, id);
    }
  });

  await t.test('an export has one line of JSON per row, with bodies', async () => {
    const reply = await app.call('GET', '/logs/export?service_name=google_maps');
    assert.equal(reply.headers.get('content-type'), 'application/x-ndjson; charset=utf-8');
    const lines = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, streets.length);
    assert.ok(lines.every(({ response_body }) => response_body.status === 'OK'));
    assert.equal((await app.call('GET', '/logs/export?status=error')).text, '');
  });

  await t.test('costs are the provider’s price and the savings of the cache', async () => {
    const report = await waitFor('the hit is counted', async () => {
      const reply = await app.call('GET', '/costs');
      assert.equal(reply.status, 200, reply.text);
      return reply.json.saved_by_cache > 0 && reply.json;
    });
    const day = new Date().toISOString().slice(0, 10);
    assert.deepEqual([report.currency, report.total_cost, report.saved_by_cache], ['USD', 0.025, 0.005]);
    assert.deepEqual(report.rows, [
      {
        service: 'google_maps',
        service_name: 'google_maps',
        operation: 'geocode',
        day,
        request_count: 6,
        cached_count: 1,
        total_cost: 0.025,
        saved_by_cache: 0.005,
      },
    ]);
    assert.deepEqual(report.unpriced, []);
    const all = await asAdmin('GET', '/costs?tenants=all&group_by=service', undefined, {
      'x-management-company-id': 'uk_of_nothing',
    });
    assert.equal(all.status, 200, all.text);
    const ofOurs = all.json.rows.filter((row: Record<string, unknown>) => row.management_company_id === app.tenant);
    assert.deepEqual(
      ofOurs.map(({ service, total_cost }: Record<string, unknown>) => [service, total_cost]),
      [['google_maps', 0.025]],
    );
    const ofOneTenant = await signAdminToken({ tenants: [app.tenant], scope: 'admin' });
    const noAdmin = await signAdminToken({ tenants: '*', scope: 'logs:read' });
    for (const token of [ofOneTenant, noAdmin, app.token]) {
      const refused = await app.call('GET', '/costs?tenants=all', undefined, { authorization: `Bearer ${token}` });
      assert.equal(refused.status, 403, refused.text);
    }
    assert.equal((await asAdmin('GET', '/costs?tenants=some')).status, 400);
    const byService = await app.call('GET', '/costs?group_by=service');
    assert.deepEqual(Object.keys(byService.json.rows[0]).toSorted().includes('day'), false);
    assert.deepEqual((await app.call('GET', '/costs?to_date=2020-01-31&from_date=2020-01-01')).json.rows, []);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const ahead = await app.call('GET', `/costs?from_date=${tomorrow}`);
    assert.deepEqual([ahead.status, ahead.json.to_date, ahead.json.rows], [200, tomorrow, []]);
    assert.deepEqual(faultOf(await app.call('GET', '/costs?group_by=tenant')), [400, 'INVALID_REQUEST', 'group_by']);
    assert.deepEqual(faultOf(await app.call('GET', '/costs?from_date=2020-01-01')), [
      400,
      'INVALID_REQUEST',
      'from_date',
    ]);
  });

  await t.test('the cache lists its entries and drops them', async () => {
    const stats = (await asAdmin('GET', '/cache/stats')).json;
    assert.deepEqual([stats.hits, stats.misses, stats.hit_rate], [1, 5, 0.1667]);
    assert.equal(stats.layers[0].entries, 5);
    const google = stats.services.find(({ service_name }: { service_name: string }) => service_name === 'google_maps');
    assert.deepEqual([google.hits, google.misses, google.hit_rate], [1, 5, 0.1667]);
    const stored = await waitFor('the answers are in the database', async () => {
      const { json } = await asAdmin('GET', '/cache/entries?limit=3');
      return json.next_cursor !== null && json;
    });
    assert.equal(stored.entries[0].operation, 'geocode');
    const rest = (await asAdmin('GET', `/cache/entries?limit=3&cursor=${stored.next_cursor}`)).json;
    assert.deepEqual([rest.entries.length, rest.next_cursor], [2, null]);
    assert.deepEqual(faultOf(await asAdmin('GET', '/cache/entries?cursor=x')), [400, 'INVALID_REQUEST', 'cursor']);

    const nothing = await asAdmin('POST', '/cache/invalidate', { pattern: 'yandex_maps:*' });
    assert.deepEqual([nothing.status, nothing.json.invalidated_count], [200, 0]);
    const gone = await asAdmin('POST', '/cache/invalidate', { pattern: 'google_maps:geocode:*', reason: 'a test' });
    assert.equal(gone.json.invalidated_count, 5);
    assert.equal((await app.geocode('Ташкент, улица Навои, 7')).headers.get('x-cache'), 'MISS');
    for (const body of [{}, { all: false }, { reason: 'x' }, { all: true, operation: 'geocode' }]) {
      assert.equal((await asAdmin('POST', '/cache/invalidate', body)).status, 400);
    }
    assert.equal((await asAdmin('POST', '/cache/invalidate', { all: true })).status, 200);
    const wrong = await asAdmin('POST', '/cache/invalidate', { patern: '*' });
    assert.deepEqual(faultOf(wrong), [400, 'INVALID_REQUEST', 'patern']);
    assert.equal((await app.call('GET', '/cache/stats')).status, 403);
  });

  await t.test('the limits show their use', async () => {
    const { json } = await app.call('GET', '/rate-limits');
    const geocoding = json.families.find(({ family }: { family: string }) => family === 'geocoding').windows[0];
    assert.deepEqual([geocoding.window_type, geocoding.request_count, geocoding.max_requests], ['minute', 6, 50]);
    assert.equal(geocoding.remaining_requests, 44);
    assert.deepEqual(
      json.families.map(({ family }: { family: string }) => family),
      ['geocoding', 'sheets', 'webhooks'],
    );
    for (const { windows } of [...json.families, ...json.services]) {
      for (const { window_type, window_start, window_end } of windows) {
        const lengthMs = Date.parse(window_end) - Date.parse(window_start);
        const expectedMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[window_type as string];
        if (expectedMs !== undefined)
          assert.equal(lengthMs, expectedMs, `${window_type}: ${window_start} to ${window_end}`);
        assert.ok(Date.parse(window_start) <= Date.now() + 1_000, 'it has begun, within the difference of two clocks');
      }
    }
    const sheets = json.services.find(({ service_name }: { service_name: string }) => service_name === 'google_sheets');
    assert.deepEqual(
      new Set(sheets.windows.map(({ limit }: { limit: string }) => limit.split(' ').at(-1))),
      new Set(['read', 'write']),
    );
  });

  await t.test('a token works at once, is shown once, and stops working when it is revoked', async () => {
    const made = await asAdmin('POST', '/tokens', { name: 'billing', scopes: ['geocoding', 'logs:read'] });
    assert.equal(made.status, 201, made.text);
    const { token, id } = made.json;
    assert.deepEqual(made.json.tenants, [app.tenant]);
    const asToken = (path: string, tenant = app.tenant) =>
      app.call('GET', path, undefined, { 'x-service-token': token, 'x-management-company-id': tenant });
    assert.equal((await asToken('/logs')).status, 200);
    assert.equal((await asToken('/tokens')).status, 403);
    assert.equal((await asToken('/logs', 'another_tenant')).status, 403);

    const listed = await asAdmin('GET', '/tokens');
    assert.ok(!listed.text.includes(token));
    assert.deepEqual([listed.json.tokens[0].id, listed.json.next_cursor], [id, null]);
    assert.equal((await asAdmin('DELETE', `/tokens/${id}`)).status, 204);
    await waitFor('the token is refused', async () => (await asToken('/logs')).status === 401);
    assert.equal((await asAdmin('DELETE', `/tokens/${id}`)).status, 404);
    assert.equal((await asAdmin('DELETE', '/tokens/no-id')).status, 404);
  });

  await t.test('an administrator cannot grant more than their own rights, and a past expiry is refused', async () => {
    const ownOnly = { authorization: `Bearer ${await signAdminToken({ tenants: [app.tenant], scope: 'admin' })}` };
    const wrong: [unknown, string][] = [
      [{ name: 'x', scopes: ['root'] }, 'scopes[0]'],
      [{ name: 'x', scopes: [] }, 'scopes'],
      [{ name: ' ', scopes: ['admin'] }, 'name'],
      [{ name: 'x', scopes: ['admin'], expires_at: '2020-01-01' }, 'expires_at'],
      [{ name: 'x', scopes: ['admin'], expires_at: 'soon' }, 'expires_at'],
    ];
    for (const [body, path] of wrong) {
      assert.deepEqual(faultOf(await app.call('POST', '/tokens', body, ownOnly)), [400, 'INVALID_REQUEST', path]);
    }
    const beyond: [string[], string][] = [
      [['another_tenant'], 'tenants[0]'],
      [[app.tenant, '*'], 'tenants[1]'],
    ];
    for (const [tenants, path] of beyond) {
      const refused = await app.call('POST', '/tokens', { name: 'x', scopes: ['admin'], tenants }, ownOnly);
      assert.deepEqual(faultOf(refused), [403, 'FORBIDDEN', path]);
    }
  });

  await t.test('an expired token is refused', async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const { token } = (
      await asAdmin('POST', '/tokens', { name: 'short', scopes: ['logs:read'], expires_at: expiresAt })
    ).json;
    const status = async () => (await app.call('GET', '/rate-limits', undefined, { 'x-service-token': token })).status;
    assert.equal(await status(), 200);
    await waitFor('it expires', async () => (await status()) === 401);
  });
});

test('each log entry names the owner of the credential, and can be found by it', async (t) => {
  const app = await startTestService(t);
  const made = await app.admin('POST', '/tokens', { name: 'map of the district', scopes: ['geocoding'] });
  const asked = [
    ['Навои', { 'x-service-token': made.json.token }, 'token:map of the district'],
    ['Бабура', { authorization: `Bearer ${app.adminToken}` }, 'jwt:test-admin'],
  ] as const;
  for (const [street, credential, principal] of asked) {
    const address = `Ташкент, улица ${street}, 7`;
    const reply = await app.call('POST', '/geocoding/geocode', { address }, credential);
    assert.equal(reply.status, 200, reply.text);
    const found = await app.call('GET', `/logs?principal=${encodeURIComponent(principal)}`);
    assert.deepEqual(
      found.json.logs.map((log: { principal: string; request_id: string }) => [log.principal, log.request_id]),
      [[principal, reply.headers.get('x-request-id')]],
    );
    const exported = await app.call('GET', `/logs/export?principal=${encodeURIComponent(principal)}`);
    assert.equal(JSON.parse(exported.text).principal, principal);
    const call = await app.call('GET', `/calls/${reply.headers.get('x-request-id')}`);
    assert.equal(call.json.principal, principal);
    assert.ok(!found.text.includes(made.json.token));
  }
  assert.deepEqual((await app.call('GET', '/logs?principal=token:nobody')).json.logs, []);
});

test('reports include everything done before they were requested', async (t) => {
  const app = await startTestService(t);
  const asAdmin = (path: string) => app.admin('GET', path);
  await app.geocode('Ташкент, улица Навои, 5');
  assert.equal((await asAdmin('/cache/entries')).json.entries.length, 1);

  await app.geocode('Ташкент, улица Навои, 7');
  const { layers, services } = (await asAdmin('/cache/stats')).json;
  assert.equal(layers.find(({ layer }: { layer: string }) => layer === 'postgres').entries, 2);
  assert.equal(services[0].operations[0].entries, 2);

  for (const hits of [1, 2, 3]) {
    assert.equal((await app.geocode('Ташкент, улица Навои, 7')).headers.get('x-cache'), 'HIT-MEMORY');
    const { rows, saved_by_cache } = (await app.call('GET', '/costs')).json;
    assert.deepEqual([rows[0].request_count, rows[0].cached_count, saved_by_cache], [2 + hits, hits, 0.005 * hits]);
  }
});
