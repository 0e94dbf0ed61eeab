/** Tokens that are bound to services, and tokens with their own limit: on every route and every replica. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApiRoutes, smallestValue } from '../support/routes.ts';
import { readReply, startTestReplica, startTestService, type TestReply, type TestService } from '../support/service.ts';
import { startVendors } from '../support/vendors.ts';
import { waitFor } from '../support/wait-for.ts';

const scopes = ['geocoding', 'sheets:read', 'sheets:write', 'proxy', 'logs:read', 'webhooks:read'];
const address = 'Ташкент, улица Навои, 5';

async function start(t: Parameters<typeof startTestService>[0]) {
  const vendors = await startVendors(t);
  const env = { ...vendors.env, RATE_LIMIT_GEOCODING_PER_MINUTE: '100000' };
  const app = await startTestService(t, env);
  const makeToken = async (more: object): Promise<{ id: string; token: string; etag: string | null }> => {
    const made = await app.admin('POST', '/tokens', { name: 'bound', scopes, ...more });
    assert.equal(made.status, 201, made.text);
    return { id: made.json.id, token: made.json.token, etag: made.headers.get('etag') };
  };
  return { app, env, vendors, makeToken };
}

async function ask(
  { url, tenant }: Pick<TestService, 'url' | 'tenant'>,
  token: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<TestReply> {
  return readReply(
    await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        'x-management-company-id': tenant,
        'x-service-token': token,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

/** The routes that a bound token may use, with the reason; all others refuse it. */
const judged: Readonly<Record<string, string>> = {
  'POST /geocoding/geocode': 'the chain contains only its services',
  'POST /geocoding/forward': 'the chain contains only its services',
  'POST /geocoding/reverse': 'the chain contains only its services',
  'POST /geocoding/batch': 'the chain contains only its services',
  'POST /geocoding/distance': 'the chain contains only its services',
  'POST /geocoding/matrix': 'the chain contains only its services',
  'GET /geocoding/health': 'shows only its services',
  'GET /sheets/health': 'shows only its services',
  'GET /logs': 'shows only its services',
  'GET /logs/export': 'shows only its services',
  'GET /costs': 'counts only its services',
  'GET /stats/series': 'counts only its services',
  'GET /problems': 'shows only problems of its services',
  'GET /rate-limits': 'shows only its services',
  'GET /services': 'shows only its services',
  'POST /hooks/{webhook_token}': 'public: it needs no token',
  'GET /hooks/{webhook_token}': 'public: it needs no token',
};
/** Bodies about a service that the token is not bound to, for routes whose smallest body names no service. */
const bodies: Readonly<Record<string, object>> = {
  'POST /rate-limits/preview': { service_name: 'yandex_maps', limits: { per_minute: 1 }, hours: 1 },
  'POST /services': { service_name: 'fresh', service_type: 'api', base_url: 'https://example.org' },
};

test('every route refuses a bound token whatever is not of its services', async (t) => {
  const { app, makeToken } = await start(t);
  const sheets = {
    service_name: 'sheets_b',
    service_type: 'sheets',
    api_key: 'key',
    config: { adapter: 'google_sheets' },
  };
  assert.equal((await app.admin('POST', '/services', sheets)).status, 201);
  const first = await app.call('POST', '/geocoding/geocode', { address, provider: 'yandex_maps' });
  assert.equal(first.status, 200, first.text);
  const { services } = (await app.admin('GET', '/services')).json;
  const other = services.find(({ service_name }: { service_name: string }) => service_name === 'yandex_maps');
  const [log] = (await app.admin('GET', '/logs?service_name=yandex_maps')).json.logs;
  await app.admin('PATCH', `/services/${other.id}`, { rate_limit_per_minute: 1 });
  let asked = 0;
  await waitFor('the limit to refuse', async () => {
    const another = { address: `${address}/${++asked}`, provider: 'yandex_maps' };
    const reply = await app.call('POST', '/geocoding/geocode', another, { 'x-request-id': `beyond-${asked}` });
    return reply.status === 429;
  });
  const inPath: Readonly<Record<string, string>> = {
    service_name: 'yandex_maps',
    request_id: log.request_id,
    spreadsheet_id: 'journal',
  };
  const { token } = await makeToken({ services: ['google_maps'], scopes: [...scopes, 'admin'] });
  const routes = await readApiRoutes(app.url);
  assert.ok(routes.length > 60, `${routes.length} routes`);
  const unexpected: string[] = [];
  const met = new Set<string>();
  for (const { method, path, bodySchema } of routes) {
    const name = `${method} ${path}`;
    met.add(name);
    if (name in judged) continue;
    const filled = path.replace(/\{([^}]+)\}/g, (_, param: string) =>
      encodeURIComponent(inPath[param] ?? (path.startsWith('/logs') ? log.id : other.id)),
    );
    const query = path === '/rate-limits/explain' ? `?request_id=beyond-${asked}` : '';
    const body = bodies[name] ?? (bodySchema === null ? {} : smallestValue(bodySchema));
    const reply = await ask(app, token, method, `${filled}${query}`, method === 'GET' ? undefined : body);
    if (reply.status !== 403) unexpected.push(`${name}: ${reply.status} ${reply.text.slice(0, 120)}`);
  }
  assert.deepEqual(unexpected, []);
  assert.deepEqual(
    Object.keys(judged).filter((name) => !met.has(name)),
    [],
    'routes that no longer exist',
  );
});

test('only its own services answer a bound token, and it sees only them', async (t) => {
  const { app, makeToken } = await start(t);
  await app.call('POST', '/geocoding/geocode', { address });
  await app.call('POST', '/geocoding/geocode', { address, provider: 'yandex_maps' });
  const { token } = await makeToken({ services: ['yandex_maps', 'later'] });
  const asked = await ask(app, token, 'POST', '/geocoding/geocode', { address });
  assert.equal(asked.json.provider, 'yandex_maps', asked.text);
  assert.equal(asked.headers.get('x-cache'), 'MISS', 'it got an answer that others may use');
  const again = await ask(app, token, 'POST', '/geocoding/geocode', { address });
  assert.match(String(again.headers.get('x-cache')), /^HIT/);
  const named = await ask(app, token, 'POST', '/geocoding/geocode', { address, provider: 'google_maps' });
  assert.deepEqual([named.status, named.json.code], [403, 'FORBIDDEN'], named.text);
  const listed = await ask(app, token, 'GET', '/logs');
  assert.equal(listed.status, 200, listed.text);
  const { logs } = listed.json;
  assert.deepEqual(
    [...new Set(logs.map(({ service_name }: { service_name: string }) => service_name))],
    ['yandex_maps'],
  );
  const exported = (await ask(app, token, 'GET', '/logs/export')).text.trim().split('\n');
  assert.ok(exported.every((line) => JSON.parse(line).service_name === 'yandex_maps'));
  assert.deepEqual(Object.keys((await ask(app, token, 'GET', '/geocoding/health')).json.providers), ['yandex_maps']);
  const limits = (await ask(app, token, 'GET', '/rate-limits')).json.services;
  assert.deepEqual(
    limits.map(({ service_name }: { service_name: string }) => service_name),
    ['yandex_maps'],
  );
  assert.equal((await ask(app, token, 'GET', '/logs?service_name=google_maps')).status, 403);
  const none = await makeToken({ services: ['later'] });
  for (const body of [{ address }, { address, provider: 'google_maps' }]) {
    assert.equal((await ask(app, none.token, 'POST', '/geocoding/geocode', body)).status, 403);
  }
  for (const path of ['/proxy/yandex_maps/x', '/proxy/nowhere/x']) {
    assert.equal((await ask(app, none.token, 'GET', path)).status, 403);
  }
  const batch = await ask(app, none.token, 'POST', '/geocoding/batch', { addresses: [address] });
  assert.match(batch.text, /FORBIDDEN/);
});

test('a change of a token takes effect on every replica within a second, and one of two concurrent changes is refused', async (t) => {
  const { app, env, makeToken } = await start(t);
  const replica = await startTestReplica(t, app, env);
  const { id, token, etag } = await makeToken({});
  const use = () => ask(replica, token, 'POST', '/geocoding/geocode', { address, provider: 'google_maps' });
  assert.equal((await use()).status, 200);
  const bound = await app.admin('PATCH', `/tokens/${id}`, { services: ['yandex_maps'] }, { 'if-match': String(etag) });
  assert.deepEqual([bound.status, bound.json.services], [200, ['yandex_maps']], bound.text);
  await waitFor('the replica to refuse it', async () => (await use()).status === 403, 1_000);
  const stale = await app.admin('PATCH', `/tokens/${id}`, { services: null }, { 'if-match': String(etag) });
  assert.equal(stale.json.code, 'PRECONDITION_FAILED', stale.text);
  const shown = await app.admin('GET', `/tokens/${id}`);
  assert.equal(shown.headers.get('etag'), bound.headers.get('etag'));
  const lifted = await app.admin('PATCH', `/tokens/${id}`, { services: null, name: 'free', scopes: ['geocoding'] });
  assert.deepEqual([lifted.json.services, lifted.json.name], [null, 'free']);
  await waitFor('the replica to allow it', async () => (await use()).status === 200, 1_000);
  for (const [body, path] of [
    [{ services: [] }, 'services'],
    [{ rate_limit_per_minute: 0 }, 'rate_limit_per_minute'],
    [{ service: ['x'] }, 'service'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ scopes: ['everything'] }, 'scopes[0]'],
  ] as const) {
    const refused = await app.admin('PATCH', `/tokens/${id}`, body);
    assert.deepEqual([refused.status, refused.json.errors?.[0]?.path], [400, path], refused.text);
  }
});

test('a token never exceeds its own limit per minute, over all replicas, and the refusal is explained', async (t) => {
  const { app, env, makeToken } = await start(t);
  const replica = await startTestReplica(t, app, env);
  const { token } = await makeToken({ name: 'slow', rate_limit_per_minute: 4 });
  const use = (at: TestService, requestId: string) =>
    ask(at, token, 'POST', '/geocoding/geocode', { address }, { 'x-request-id': requestId, 'x-service-name': 'bot' });
  for (const number of [1, 2, 3, 4]) {
    const reply = await use(number % 2 === 0 ? app : replica, `slow-${number}`);
    assert.equal(reply.status, 200, reply.text);
  }
  for (const at of [app, replica]) {
    const refused = await use(at, 'slow-5');
    assert.deepEqual([refused.status, refused.json.code], [429, 'RATE_LIMIT_EXCEEDED'], refused.text);
    const wait = Number(refused.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 60, String(wait));
    assert.match(String(refused.headers.get('ratelimit')), /^"token";r=0;t=\d+$/);
  }
  const why = await app.admin('GET', '/rate-limits/explain?request_id=slow-5');
  const { limit, spent_by } = why.json;
  assert.deepEqual(limit, { kind: 'token', token: 'slow', window_type: 'minute', max_requests: 4 }, why.text);
  assert.deepEqual(spent_by, [{ source_service: 'bot', operation: 'geocode', requests: 1 }]);
  assert.equal(
    (await app.call('POST', '/geocoding/geocode', { address })).status,
    200,
    'other tokens are not affected',
  );
});

test('a rotated token keeps its rights, and the old text stays valid for the grace period', async (t) => {
  const { app, makeToken } = await start(t);
  const old = await makeToken({ services: ['yandex_maps'], rate_limit_per_minute: 50 });
  const use = (token: string) => ask(app, token, 'POST', '/geocoding/geocode', { address });
  const stale = await app.admin('POST', `/tokens/${old.id}/rotate`, {}, { 'if-match': '"other"' });
  assert.equal(stale.json.code, 'PRECONDITION_FAILED');
  const made = await app.admin('POST', `/tokens/${old.id}/rotate`, { grace_seconds: 3_600 });
  assert.equal(made.status, 201, made.text);
  const { services, rate_limit_per_minute: limit, name, replaces, token } = made.json;
  assert.deepEqual([services, limit, name, replaces.id], [['yandex_maps'], 50, 'bound', old.id]);
  assert.notEqual(token, old.token);
  assert.deepEqual([(await use(token)).status, (await use(old.token)).status], [200, 200], 'both are valid meanwhile');
  const leftMs = Date.parse(replaces.expires_at) - Date.parse(made.json.created_at);
  assert.ok(Math.abs(leftMs - 3_600_000) < 60_000, String(leftMs));

  const again = await app.admin('POST', `/tokens/${old.id}/rotate`, { grace_seconds: 604_800 });
  assert.equal(again.json.replaces.expires_at, replaces.expires_at, 'a grace period never extends a token’s life');
  const last = await app.admin('POST', `/tokens/${made.json.id}/rotate`, { grace_seconds: 0 });
  await waitFor('its end', async () => (await use(token)).status === 401);
  assert.equal((await use(last.json.token)).status, 200);
  assert.equal((await app.admin('POST', `/tokens/${made.json.id}/rotate`, {})).status, 404);
  const foreign = { 'x-management-company-id': 'somebody_else' };
  assert.equal((await app.admin('POST', `/tokens/${last.json.id}/rotate`, {}, foreign)).status, 404);
});

test('costs, series and problems show a bound token only its services', async (t) => {
  const { app, makeToken } = await start(t);
  const { services } = (await app.admin('GET', '/services')).json;
  const { id } = services.find(({ service_name }: { service_name: string }) => service_name === 'yandex_maps');
  await app.admin('PATCH', `/services/${id}`, { config: { cost_per_request: 0.25 } });
  for (const provider of ['google_maps', 'google_maps', 'yandex_maps']) {
    const asked = { address: `${address}/${Math.random()}`, provider };
    assert.equal((await app.call('POST', '/geocoding/geocode', asked)).status, 200);
  }
  for (const name of ['google_maps', 'yandex_maps', '*']) {
    const budget = { monthly_limit_usd: 0.01, action: 'alert' };
    assert.equal((await app.admin('PUT', `/budgets/${encodeURIComponent(name)}`, budget)).status, 200);
  }
  // A webhook may have the name of a service, but it is not that service, and the token may not see its target.
  const hook = { webhook_name: 'yandex_maps', signature_scheme: 'none', target_url: 'https://target.example/in' };
  const { webhook_url: url } = (await app.admin('POST', '/webhooks', hook)).json;
  await fetch(`${app.url}${new URL(url).pathname}`, { method: 'POST', body: '{"id":"1"}' });
  await app.database.db.querySystem({ text: `update webhook_deliveries set state = 'dead'` });

  const { token } = await makeToken({ services: ['yandex_maps', '*'], scopes: [...scopes, 'admin'] });
  const see = (path: string) => ask(app, token, 'GET', path);
  const whole = (await app.admin('GET', '/costs')).json;
  assert.equal(whole.total_cost, 0.26, JSON.stringify(whole));
  for (const groups of ['service,operation,day', 'day', 'operation', 'service']) {
    const { status, json, text } = await see(`/costs?group_by=${groups}`);
    assert.deepEqual([status, json?.total_cost, json?.rows.length], [200, 0.25, 1], text);
    assert.deepEqual([json.rows[0].request_count, json.unpriced], [1, []], groups);
    assert.doesNotMatch(text, /google/i);
  }
  assert.equal((await see('/costs?tenants=all')).status, 403);

  const sumOf = async (query: string): Promise<number> => {
    const { json, text } = await see(`/stats/series?${query}`);
    assert.doesNotMatch(text, /google|webhook"/i);
    const points = json.series.flatMap((one: { points: [string, number][] }) => one.points);
    return points.reduce((sum: number, [, value]: [string, number]) => sum + value, 0);
  };
  for (const step of ['minute', 'hour', 'day']) {
    for (const group of ['', '&group_by=service', '&group_by=service,operation']) {
      assert.equal(await sumOf(`metric=calls&step=${step}${group}`), 1);
      assert.equal(await sumOf(`metric=cost&step=${step}${group}`), 0.25);
    }
  }
  assert.equal((await see('/stats/series?metric=webhooks')).status, 403);

  const all = (await app.admin('GET', '/problems')).json as { kind: string; message: string }[];
  const kinds = new Set(all.map(({ kind }) => kind));
  assert.ok(kinds.has('deliveries_dead') && all.some(({ message }) => /google/i.test(message)), JSON.stringify(all));
  const told = await see('/problems');
  assert.equal(told.status, 200, told.text);
  assert.deepEqual(
    told.json.map(({ kind, service }: Record<string, string>) => [kind, service]),
    all.filter(({ message }) => /yandex_maps|Yandex/.test(message)).map(({ kind }) => [kind, 'yandex_maps']),
    `${told.text} of ${JSON.stringify(all)}`,
  );
  assert.equal(told.json.length, 1);
  assert.doesNotMatch(told.text, /google|target\.example|2gis/i);
  const none = await makeToken({ services: ['later'] });
  const empty = await ask(app, none.token, 'GET', '/costs');
  assert.deepEqual([empty.json.total_cost, empty.json.rows], [0, []]);
  assert.deepEqual((await ask(app, none.token, 'GET', '/problems')).json, []);
});
