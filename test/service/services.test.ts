/** A tenant's services: configured over HTTP, without a restart, and no secret is ever returned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rabbitmqUrl } from '../support/broker.ts';
import { consumeEventsOf } from '../support/events.ts';
import { startTestService, type TestReply, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const canary = 'canary-api-key-7f3a';
const canaryCredentials = { client_id: 'shown-to-nobody', client_secret: 'canary-credential-91bd' };

function adminOf(app: TestService) {
  return (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestReply> =>
    app.call(method, path, body, { authorization: `Bearer ${app.adminToken}`, ...headers });
}

const weather = {
  service_name: 'weather',
  service_type: 'api',
  display_name: 'Weather',
  base_url: 'https://8.8.8.8/v1',
  api_key: canary,
  credentials: canaryCredentials,
  config: { auth: { in: 'header', name: 'X-Weather-Key' } },
  rate_limit_per_minute: 30,
  tags: ['outside'],
};

test('services are created, read, replaced, changed and deleted', async (t) => {
  const app = await startTestService(t, { RABBITMQ_URL: rabbitmqUrl });
  const events = await consumeEventsOf(t, app.tenant);
  const admin = adminOf(app);
  const created = await admin('POST', '/services', weather);
  assert.equal(created.status, 201, created.text);
  const { id } = created.json;

  await t.test('a new service is shown in full, with its secrets only as existing', async () => {
    const { created_at, updated_at, ...shown } = created.json;
    assert.deepEqual(shown, {
      id,
      management_company_id: app.tenant,
      service_name: 'weather',
      service_type: 'api',
      display_name: 'Weather',
      base_url: 'https://8.8.8.8/v1',
      has_api_key: true,
      has_credentials: true,
      config: { auth: { in: 'header', name: 'X-Weather-Key' } },
      is_active: true,
      health_status: 'unknown',
      last_health_check: null,
      paused_until: null,
      paused_because: null,
      rate_limit_per_minute: 30,
      rate_limit_per_hour: null,
      rate_limit_per_day: null,
      rate_limit_per_month: null,
      priority: 100,
      fallback_service_id: null,
      description: null,
      tags: ['outside'],
    });
    assert.ok(Date.parse(created_at) > 0 && Date.parse(updated_at) > 0);
    assert.equal(created.headers.get('location'), `/api/v1/services/${id}`);
    assert.deepEqual((await admin('GET', `/services/${id}`)).json, created.json);
  });

  await t.test('lists are filtered and paged', async () => {
    const all = await admin('GET', '/services');
    assert.equal(all.json.total, all.json.services.length);
    assert.ok(all.json.total > 1, 'the services of the environment are missing');
    const apis = await admin('GET', '/services?service_type=api&is_active=true&limit=1&offset=0');
    assert.deepEqual([apis.json.total, apis.json.services[0].id], [1, id]);
    assert.equal((await admin('GET', '/services?is_active=false')).json.total, 0);
    assert.equal((await admin('GET', '/services?limit=1&offset=1')).json.services.length, 1);
    for (const query of ['limit=0', 'limit=x', 'offset=-1', 'is_active=perhaps', 'service_type=none']) {
      const refused = await admin('GET', `/services?${query}`);
      assert.deepEqual([refused.status, refused.json.errors.length], [400, 1], query);
    }
  });

  await t.test('PUT replaces all but the secrets that are not sent', async () => {
    const { api_key: _k, credentials: _c, ...rest } = weather;
    const replaced = await admin('PUT', `/services/${id}`, {
      ...rest,
      tags: undefined,
      rate_limit_per_minute: undefined,
    });
    assert.equal(replaced.status, 200, replaced.text);
    assert.deepEqual([replaced.json.tags, replaced.json.rate_limit_per_minute], [[], null]);
    assert.deepEqual([replaced.json.has_api_key, replaced.json.has_credentials], [true, true]);
    const emptied = await admin('PUT', `/services/${id}`, { ...rest, credentials: null });
    assert.deepEqual([emptied.json.has_api_key, emptied.json.has_credentials], [true, false]);
  });

  await t.test('a read service can be sent back unchanged', async () => {
    const read = await admin('GET', `/services/${id}`);
    const back = await admin('PUT', `/services/${id}`, read.json);
    assert.deepEqual({ ...back.json, updated_at: '' }, { ...read.json, updated_at: '' });
  });

  await t.test('PATCH changes only what it names, also in config', async () => {
    const changed = await admin('PATCH', `/services/${id}`, {
      priority: 5,
      config: { cache_ttl_seconds: 60 },
      description: 'now described',
    });
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(changed.json.config, { auth: { in: 'header', name: 'X-Weather-Key' }, cache_ttl_seconds: 60 });
    assert.deepEqual([changed.json.priority, changed.json.display_name], [5, 'Weather']);
    const without = await admin('PATCH', `/services/${id}`, { config: { cache_ttl_seconds: null }, is_active: false });
    assert.deepEqual(without.json.config, { auth: { in: 'header', name: 'X-Weather-Key' } });
    assert.equal(without.json.is_active, false);
  });

  await t.test('every change is in the history: who, before and after, and no secret', async () => {
    const { json, text } = await admin('GET', `/services/${id}/history`);
    assert.equal(json.changes.at(-1).action, 'created');
    assert.deepEqual(json.changes.at(-1).changed_secrets, ['api_key', 'credentials']);
    assert.equal(json.changes[0].changed_by, 'test-admin');
    assert.deepEqual([json.changes[0].before.is_active, json.changes[0].after.is_active], [true, false]);
    for (const secret of [canary, ...Object.values(canaryCredentials)]) assert.ok(!text.includes(secret));
    const page = await admin('GET', `/services/${id}/history?limit=1`);
    const next = await admin('GET', `/services/${id}/history?limit=1&cursor=${page.json.next_cursor}`);
    assert.equal(next.json.changes[0].id, json.changes[1].id);
  });

  await t.test('it is announced when it is registered, and when an announced member changes', async () => {
    // PATCH changed its priority, then its activity; the other changes were to members that are not announced.
    const announced = () => events.all.filter(({ event_type }) => event_type === 'integration.service.registered');
    const own = () => announced().filter((event) => (event as unknown as { service_id: string }).service_id === id);
    await waitFor('all announcements', () => own().length >= 3);
    assert.deepEqual(
      own().map((event) => {
        const { priority, is_active, created_by, correlation_id } = event as unknown as Record<string, unknown>;
        return { priority, is_active, created_by, hasRequest: typeof correlation_id === 'string' };
      }),
      [
        { priority: 100, is_active: true, created_by: 'test-admin', hasRequest: true },
        { priority: 5, is_active: true, created_by: 'test-admin', hasRequest: true },
        { priority: 5, is_active: false, created_by: 'test-admin', hasRequest: true },
      ],
    );
    assert.ok(!JSON.stringify(events.all).includes('canary'));
  });

  await t.test('a request without a body may have a content type', async () => {
    const json = { 'content-type': 'application/json' };
    assert.equal((await admin('POST', `/services/${id}/check`, undefined, json)).status, 200);
    assert.equal((await admin('POST', '/services', undefined, json)).json.errors[0].path, 'body');
  });

  await t.test('a deleted service is gone, but its history stays', async () => {
    const json = { 'content-type': 'application/json' };
    assert.equal((await admin('DELETE', `/services/${id}`, undefined, json)).status, 204);
    assert.equal((await admin('GET', `/services/${id}`)).status, 404);
    assert.equal((await admin('DELETE', `/services/${id}`)).status, 404);
    const history = await admin('GET', `/services/${id}/history`);
    assert.deepEqual([history.json.changes[0].action, history.json.changes[0].after], ['deleted', null]);
  });
});

test('an invalid service is refused with the place and the reason', async (t) => {
  const app = await startTestService(t);
  const admin = adminOf(app);
  const { id } = (await admin('POST', '/services', weather)).json;
  const geocoder = (await admin('POST', '/services', geocoding('second_google'))).json;

  const cases: readonly [string, Record<string, unknown>, string][] = [
    ['an unknown adapter', { config: { adapter: 'here_maps' } }, 'config.adapter'],
    ['an adapter of another type', { service_type: 'geocoding', config: { adapter: 'http' } }, 'service_type'],
    [
      'a fallback that does not exist',
      { fallback_service_id: '01890000-0000-7000-8000-000000000000' },
      'fallback_service_id',
    ],
    ['a fallback that is no id', { fallback_service_id: 'google_maps' }, 'fallback_service_id'],
    ['a fallback of another type', { fallback_service_id: geocoder.id }, 'fallback_service_id'],
    ['a negative limit', { rate_limit_per_day: -1 }, 'rate_limit_per_day'],
    ['half a limit', { rate_limit_per_hour: 1.5 }, 'rate_limit_per_hour'],
    ['an odd name', { service_name: 'a name/with ../' }, 'service_name'],
    ['the name of no provider', { service_name: 'auto' }, 'service_name'],
    ['an unknown type', { service_type: 'mail' }, 'service_type'],
    ['an unknown member', { api_keys: 'x' }, 'api_keys'],
    ['a private address', { base_url: 'http://10.0.0.1/' }, 'base_url'],
    ['the metadata address', { base_url: 'http://169.254.169.254/latest' }, 'base_url'],
    ['loopback by name', { base_url: 'http://localhost:5432/' }, 'base_url'],
    ['a mapped address', { base_url: 'http://[::ffff:127.0.0.1]/' }, 'base_url'],
    ['another scheme', { base_url: 'ftp://8.8.8.8/' }, 'base_url'],
    ['a secret in the open', { config: { auth: { in: 'basic', password: 'x' } } }, 'config.auth.password'],
    ['an unknown member of config', { config: { auth: { in: 'basic' }, cache_ttl: 5 } }, 'config.cache_ttl'],
    ['an unknown member inside config', { config: { auth: { in: 'header', nmae: 'X' } } }, 'config.auth.nmae'],
    ['a setting of another adapter', { config: { formulas: 'none' } }, 'config.formulas'],
    ['a price below zero', { config: { cost_per_request: { http: -1 } } }, 'config.cost_per_request.http'],
    ['a price whose sum would be infinite', { config: { cost_per_request: 1e308 } }, 'config.cost_per_request'],
    [
      'a price too small to be counted',
      { config: { cost_per_request: { http: 1e-12 } } },
      'config.cost_per_request.http',
    ],
    ['a secret in an open header', { config: { headers: { 'X-Api-Key': 'x' } } }, 'config.headers.X-Api-Key'],
    ['a header of the connection', { config: { headers: { Host: 'other.example' } } }, 'config.headers.Host'],
    ['a header with a line end', { config: { headers: { 'X-A': 'a\r\nX-B: b' } } }, 'config.headers.X-A'],
    ['a header that is a number', { config: { headers: { 'X-A': 5 } } }, 'config.headers.X-A'],
    ['headers as a list', { config: { headers: ['X-A'] } }, 'config.headers'],
    ['a parameter without a name', { config: { query: { '': 'x' } } }, 'config.query.'],
    ['no way at all', { config: { auth: [] } }, 'config.auth'],
    ['an unknown way among several', { config: { auth: [{ in: 'basic' }, { in: 'cookie' }] } }, 'config.auth[1].in'],
    ['two ways in one place', { config: { auth: [{ in: 'basic' }, { in: 'bearer' }] } }, 'config.auth'],
    ['a time-out out of range', { config: { timeout_seconds: 0 } }, 'config.timeout_seconds'],
    ['half a repeat', { config: { max_retries: 0.5 } }, 'config.max_retries'],
    [
      'a breaker that never opens',
      { config: { breaker: { failures_in_a_row: 0 } } },
      'config.breaker.failures_in_a_row',
    ],
    ['credentials that are no object', { credentials: 'not json' }, 'credentials'],
  ];
  for (const [what, members, path] of cases) {
    await t.test(what, async () => {
      const refused = await admin('POST', '/services', { ...weather, service_name: 'new', ...members });
      assert.equal(refused.status, 400, refused.text);
      assert.deepEqual(
        refused.json.errors.map((fault: { path: string }) => fault.path),
        [path],
      );
      assert.ok(!refused.text.includes(canary));
    });
  }

  await t.test('every invalid member is named, with its possible values', async () => {
    const wrong = {
      service_name: 1,
      service_type: 'mail',
      display_name: 2,
      base_url: 3,
      priority: 'x',
      is_active: 'no',
    };
    const refused = await admin('POST', '/services', { ...wrong, tags: 'x', config: [] });
    const faults: { path: string; message: string }[] = refused.json.errors;
    assert.deepEqual(faults.map(({ path }) => path).sort(), [...Object.keys(wrong), 'tags', 'config'].sort());
    const type = faults.find(({ path }) => path === 'service_type');
    assert.equal(type?.message, 'must be one of geocoding, sheets, maps, webhook, api');
  });

  await t.test('a value of the right type gets a specific message, also if null is allowed', async () => {
    const refused = await admin('POST', '/services', { ...weather, base_url: '', rate_limit_per_day: -1, api_key: 1 });
    assert.deepEqual(refused.json.errors, [
      {
        path: 'base_url',
        message: 'must be a string of 1 to 2048 characters',
        message_ru: 'ожидается строка от 1 до 2048 знаков',
      },
      {
        path: 'api_key',
        message: 'must be a string of 1 to 8192 characters without control characters',
        message_ru: 'ожидается строка от 1 до 8192 знаков без управляющих',
      },
      {
        path: 'rate_limit_per_day',
        message: 'must be a whole number from 0 to 2147483647',
        message_ru: 'ожидается целое число от 0 до 2147483647',
      },
    ]);
  });

  await t.test('the reason of the outbound policy is given', async () => {
    const refused = await admin('PATCH', `/services/${id}`, { base_url: 'http://127.0.0.1:6379' });
    assert.match(refused.json.errors[0].message, /may not be called: the address is not public/);
  });

  await t.test('a taken name is a conflict, for a new and for a renamed service', async () => {
    assert.equal((await admin('POST', '/services', weather)).status, 409);
    assert.equal((await admin('PATCH', `/services/${geocoder.id}`, { service_name: 'google_maps' })).status, 409);
  });

  await t.test('fallbacks never make a circle', async () => {
    const third = (await admin('POST', '/services', { ...geocoding('third'), fallback_service_id: geocoder.id })).json;
    const circle = await admin('PATCH', `/services/${geocoder.id}`, { fallback_service_id: third.id });
    assert.deepEqual([circle.status, circle.json.errors[0].path], [400, 'fallback_service_id']);
    const itself = await admin('PATCH', `/services/${geocoder.id}`, { fallback_service_id: geocoder.id });
    assert.equal(itself.status, 400);
  });

  await t.test('another tenant’s service is not found', async () => {
    const other = { 'x-management-company-id': 'another_tenant' };
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/check'],
      ['GET', '/rate-limits'],
      ['GET', '/history'],
    ] as const) {
      const body = method === 'PUT' ? weather : method === 'PATCH' ? { priority: 1 } : undefined;
      const reply = await admin(method, `/services/${id}${path}`, body, other);
      assert.equal(reply.status, 404, `${method} ${path}`);
    }
    const fallback = await admin(
      'POST',
      '/services',
      { ...geocoding('mine'), fallback_service_id: geocoder.id },
      other,
    );
    assert.deepEqual([fallback.status, fallback.json.errors[0].path], [400, 'fallback_service_id']);
    assert.equal((await admin('GET', '/services', undefined, other)).json.total, 1 - 1);
  });

  await t.test('a service token without admin cannot read them', async () => {
    assert.equal((await app.call('GET', '/services')).status, 403);
    assert.equal((await app.call('POST', '/services', weather)).status, 403);
  });

  await t.test('an invalid id is not found', async () => {
    for (const path of ['x', `${id}0`, '%27', '..%2fservices'])
      assert.equal((await admin('GET', `/services/${path}`)).status, 404, path);
  });
});

test('an id may be in upper case on every route', async (t) => {
  const admin = adminOf(await startTestService(t));
  const { id } = (await admin('POST', '/services', weather)).json;
  const path = `/services/${id.toUpperCase()}`;
  for (const [method, url] of [
    ['GET', path],
    ['POST', `${path}/check`],
    ['GET', `${path}/rate-limits`],
    ['GET', `${path}/history`],
  ] as const) {
    const { status, text } = await admin(method, url);
    assert.equal(status, 200, `${url} ${text}`);
  }
  const fallback = { ...weather, service_name: 'other', fallback_service_id: id.toUpperCase() };
  const other = await admin('POST', '/services', fallback);
  assert.equal(other.json.fallback_service_id, id, other.text);
  const patched = await admin('PATCH', `/services/${other.json.id}`, { fallback_service_id: id.toUpperCase() });
  assert.equal(patched.status, 200, patched.text);
  assert.equal((await admin('DELETE', path)).status, 204);
});

test('a webhook sender’s service needs no address', async (t) => {
  const app = await startTestService(t);
  const admin = adminOf(app);
  const sender = { service_name: 'bank', service_type: 'webhook', display_name: 'Bank' };
  const { status, json } = await admin('POST', '/services', sender);
  assert.equal(status, 201);
  assert.equal(json.base_url, null);
  const api = await admin('POST', '/services', { ...sender, service_name: 'api', service_type: 'api' });
  assert.equal(api.json.errors[0].path, 'base_url');
});

test('a POST repeated with one Idempotency-Key creates one service', async (t) => {
  const app = await startTestService(t);
  const admin = adminOf(app);
  const headers = { 'idempotency-key': 'make-weather' };
  const first = await admin('POST', '/services', weather, headers);
  const again = await admin('POST', '/services', weather, headers);
  assert.deepEqual([again.status, again.text], [201, first.text]);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  const other = await admin('POST', '/services', { ...weather, service_name: 'other' }, headers);
  assert.deepEqual([other.status, other.json.code], [422, 'IDEMPOTENCY_KEY_REUSED']);
});

test('a check repeated with one Idempotency-Key asks the provider once', async (t) => {
  const app = await startTestService(t);
  const admin = adminOf(app);
  const { services } = (await admin('GET', '/services?service_type=geocoding')).json;
  const google = services.find((service: { service_name: string }) => service.service_name === 'google_maps');
  const headers = { 'idempotency-key': 'check-google' };
  const first = await admin('POST', `/services/${google.id}/check`, undefined, headers);
  const again = await admin('POST', `/services/${google.id}/check`, undefined, headers);
  assert.deepEqual([again.status, again.text], [200, first.text]);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  const { logs } = (await app.call('GET', '/logs?operation=health_check&service_name=google_maps')).json;
  assert.equal(logs.length, 1);
});

test('no secret is stored unencrypted', async (t) => {
  const app = await startTestService(t);
  const admin = adminOf(app);
  const { id } = (await admin('POST', '/services', weather)).json;
  const { rows } = await app.database.db.querySystem<{ row: string }>({
    text: `select row_to_json(s)::text as row from external_services s where id = $1`,
    values: [id],
  });
  for (const secret of [canary, ...Object.values(canaryCredentials)]) assert.ok(!rows[0]?.row.includes(secret));
});

test('a change takes effect at once on its replica, and soon on every other', async (t) => {
  const app = await startTestService(t);
  const replica = await startTestService(t, { DATABASE_URL: app.database.url, MANAGEMENT_COMPANY_ID: app.tenant });
  const admin = adminOf(app);
  const ask = (on: TestService) =>
    on.call(
      'POST',
      '/geocoding/geocode',
      { address: 'Ташкент', provider: 'second_google' },
      {
        'x-management-company-id': app.tenant,
        'cache-control': 'no-store',
      },
    );
  assert.equal((await ask(replica)).status, 400, 'no service has this name yet');
  const { id } = (await admin('POST', '/services', geocoding('second_google'))).json;
  assert.equal((await ask(app)).json.provider, 'second_google');
  await waitFor('the other replica knows it', async () => (await ask(replica)).status === 200);
  await admin('PATCH', `/services/${id}`, { is_active: false });
  assert.equal((await ask(app)).status, 400);
  await waitFor('the other replica no longer has it', async () => (await ask(replica)).status === 400);
});

test('the use of each window of a service is shown', async (t) => {
  const app = await startTestService(t);
  const admin = adminOf(app);
  const { id } = (
    await admin('POST', '/services', { ...geocoding('metered'), rate_limit_per_minute: 2, rate_limit_per_day: 100 })
  ).json;
  const options = { provider: 'metered' };
  for (const address of ['Самарканд', 'Бухара']) assert.equal((await app.geocode(address, options)).status, 200);
  const { windows } = (await admin('GET', `/services/${id}/rate-limits`)).json;
  assert.deepEqual(
    windows.map(({ window_start, window_end, ...window }: Record<string, string>) => {
      assert.ok(Date.parse(String(window_end)) > Date.parse(String(window_start)));
      return window;
    }),
    [
      { window_type: 'minute', request_count: 2, max_requests: 2, remaining_requests: 0, is_rate_limited: true },
      { window_type: 'day', request_count: 2, max_requests: 100, remaining_requests: 98, is_rate_limited: false },
    ],
  );
  assert.equal((await app.geocode('Хива', options)).status, 429);
  const shown = async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    return /^integration_rate_limit_utilization\{service="metered"\} (\S+)$/m.exec(text)?.[1];
  };
  assert.equal(await shown(), '1', 'the fullest of its windows is shown');
  await admin('PATCH', `/services/${id}`, { rate_limit_per_minute: null });
  assert.equal((await app.geocode('Хива', options)).status, 200);
  assert.equal(await shown(), '0.03', 'a removed limit is no longer shown');
});

function geocoding(name: string) {
  return { service_name: name, service_type: 'geocoding', priority: 900, config: { adapter: 'google_maps' } };
}
