/** Health from probes and traffic, over all replicas, announced once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type Cleanup, closeInReverse } from '../support/cleanup.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

async function startUpstream(t: Cleanup) {
  closeInReverse(t);
  const upstream = {
    url: '',
    status: 200,
    requests: [] as string[],
    statusOf: (_method: string | undefined): number => upstream.status,
  };
  const server = createServer((request, response) => {
    upstream.requests.push(`${request.method} ${request.url}`);
    response.writeHead(upstream.statusOf(request.method)).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return upstream;
}

type Json = Record<string, unknown>;

async function register(app: TestService, members: Json): Promise<string> {
  const reply = await admin(app, 'POST', '/services', { service_name: 'api', service_type: 'api', ...members });
  assert.equal(reply.status, 201, reply.text);
  return reply.json.id;
}

function admin(app: TestService, method: string, path: string, body?: unknown, tenant = app.tenant) {
  return app.call(method, path, body, {
    authorization: `Bearer ${app.adminToken}`,
    'x-management-company-id': tenant,
  });
}

/** All events of one service, including published ones: a trigger keeps a copy. */
async function keepEvents(app: TestService): Promise<() => Promise<Json[]>> {
  await app.database.db.asOwner(async (tx) => {
    await tx.query({ text: 'create table kept_events (n bigserial, event_type text, body json)' });
    await tx.query({ text: 'grant all on kept_events, kept_events_n_seq to public' });
    await tx.query({
      text: `create function keep_event() returns trigger language plpgsql as $$
             begin insert into kept_events (event_type, body) values (new.event_type, new.body); return null; end $$`,
    });
    await tx.query({
      text: 'create trigger keep_events after insert on outbox_events for each row execute function keep_event()',
    });
  });
  return async () => {
    const { rows } = await app.database.db.asOwner((tx) =>
      tx.query<{ body: Json }>({
        text: `select body from kept_events where event_type like 'integration.health.%' order by n`,
      }),
    );
    return rows.map(({ body }) => body);
  };
}

test('a service becomes degraded, down and healthy by probes on demand', async (t) => {
  const upstream = await startUpstream(t);
  const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host });
  const events = await keepEvents(app);
  const id = await register(app, { base_url: upstream.url, config: { health_path: '/up' }, api_key: 'canary-key-11' });
  const check = async () => (await admin(app, 'POST', `/services/${id}/check`)).json;
  const statuses = async (count: number): Promise<string[]> => {
    const seen: string[] = [];
    for (let n = 0; n < count; n += 1) seen.push((await check()).health_status);
    return seen;
  };

  assert.deepEqual(await statuses(2), ['unknown', 'healthy']);
  assert.deepEqual(upstream.requests, ['GET /up', 'GET /up']);
  upstream.status = 503;
  assert.deepEqual(await statuses(6), ['healthy', 'healthy', 'degraded', 'degraded', 'degraded', 'down']);
  const down = await check();
  assert.deepEqual([down.ok, down.last_error], [false, 'HTTP 503']);
  const shown = (await admin(app, 'GET', `/services/${id}`)).json;
  assert.equal(shown.health_status, 'down');
  assert.equal(shown.last_health_check, down.last_health_check);
  upstream.status = 404;
  assert.deepEqual(await statuses(2), ['down', 'healthy'], 'any answer counts as healthy');

  const [degraded, gone, recovered, ...more] = await events();
  assert.deepEqual(more, []);
  assert.deepEqual(
    [degraded, gone, recovered].map((event) => [event?.event_type, event?.previous_status, event?.health_status]),
    [
      ['integration.health.degraded', 'healthy', 'degraded'],
      ['integration.health.degraded', 'degraded', 'down'],
      ['integration.health.recovered', 'down', 'healthy'],
    ],
  );
  assert.deepEqual([degraded?.service_id, degraded?.consecutive_failures, gone?.consecutive_failures], [id, 3, 6]);
  assert.deepEqual([degraded?.error_rate_percent, degraded?.fallback_service_id], [60, null]);
  assert.equal(typeof degraded?.avg_response_time_ms, 'number');
  assert.ok(Number(recovered?.downtime_seconds) >= 0);

  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  assert.match(metrics, /integration_service_health\{service="api",status="healthy"\} 1/);
  assert.match(metrics, /integration_service_health\{service="api",status="down"\} 0/);

  const logs = await app.call('GET', '/logs?operation=health_check&service_name=api');
  assert.equal(logs.json.logs.length, 11);
  assert.ok(!logs.text.includes('canary-key'));
});

test('a refused credential and a refused connection are failures', async (t) => {
  const upstream = await startUpstream(t);
  const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.1' });
  upstream.status = 401;
  const id = await register(app, { base_url: upstream.url, api_key: 'wrong' });
  assert.equal((await admin(app, 'POST', `/services/${id}/check`)).json.ok, false);
  const nobody = await register(app, { service_name: 'nobody', base_url: 'http://127.0.0.1:1' });
  const refused = (await admin(app, 'POST', `/services/${nobody}/check`)).json;
  assert.deepEqual([refused.ok, refused.last_error], [false, 'connection refused']);
});

test('failures seen by several replicas add up, and are announced once', async (t) => {
  const upstream = await startUpstream(t);
  const env = { OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host, REQUEST_MAX_RETRIES: '0' };
  const one = await startTestService(t, env);
  const two = await startTestService(t, { ...env, DATABASE_URL: one.database.url, MANAGEMENT_COMPANY_ID: one.tenant });
  const events = await keepEvents(one);
  const id = await register(one, { base_url: upstream.url });
  upstream.status = 500;
  let asked = 0;
  // Failures of one path alone do not count against the service, so each call uses another path.
  const ask = (app: TestService) =>
    app.call('PUT', `/proxy/api/${'x'.repeat(++asked)}`, undefined, { 'x-management-company-id': one.tenant });
  await waitFor('the other replica knows the service', async () => (await ask(two)).status === 500);
  for (const app of [one, two, one, two, one, two]) await ask(app);
  await waitFor('both know that it is down', async () => {
    const seen = await Promise.all(
      [one, two].map((app) => app.url).map(async (url) => (await fetch(`${url}/metrics`)).text()),
    );
    return seen.every((text) => /integration_service_health\{service="api",status="down"\} 1/.test(text));
  });
  assert.equal((await admin(two, 'GET', `/services/${id}`, undefined, one.tenant)).json.health_status, 'down');
  assert.deepEqual(
    (await events()).map(({ health_status }) => health_status),
    ['degraded', 'down'],
  );
});

test('calls alone mark a service as down, and then it is not asked for a while', async (t) => {
  const upstream = await startUpstream(t);
  const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host });
  const id = await register(app, { base_url: upstream.url });
  upstream.status = 503;
  for (const path of ['x', 'y', 'z']) await app.call('GET', `/proxy/api/${path}`);
  const asked = upstream.requests.length;
  assert.equal((await app.call('GET', '/proxy/api/x')).status, 503);
  assert.equal(upstream.requests.length, asked);
  await waitFor('the service to be down', async () => {
    return (await admin(app, 'GET', `/services/${id}`)).json.health_status === 'down';
  });
});

test('a server that refuses HEAD is probed with GET, and later with GET only', async (t) => {
  const upstream = await startUpstream(t);
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host,
    HEALTH_CHECK_INTERVAL_SECONDS: '3600',
  });
  const id = await register(app, { base_url: upstream.url });
  for (const [head, get, health, requests] of [
    [405, 200, 'healthy', ['HEAD /', 'GET /']],
    [501, 200, 'healthy', ['HEAD /', 'GET /']],
    [501, 503, 'unhealthy', ['HEAD /', 'GET /']],
    [404, 200, 'healthy', ['HEAD /']],
    [200, 503, 'healthy', ['HEAD /']],
  ] as const) {
    upstream.statusOf = (method) => (method === 'HEAD' ? head : get);
    upstream.requests.length = 0;
    const reply = await admin(app, 'POST', `/services/${id}/check`);
    assert.deepEqual(
      [reply.json.ok, upstream.requests],
      [health === 'healthy', requests],
      `${head} ${get}: ${reply.text}`,
    );
  }
});

test('one replica at a time probes the services, at no cost, without a request', async (t) => {
  const upstream = await startUpstream(t);
  const env = { OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host, HEALTH_CHECK_INTERVAL_SECONDS: '1' };
  const one = await startTestService(t, env);
  await startTestService(t, { ...env, DATABASE_URL: one.database.url, MANAGEMENT_COMPANY_ID: one.tenant });
  const id = await register(one, { base_url: upstream.url });
  await waitFor('every service is healthy', async () => {
    const { services } = (await admin(one, 'GET', '/services')).json;
    return services.every(({ health_status }: Json) => health_status === 'healthy');
  });
  const { rows } = await one.database.db.querySystem<{ holder: string }>({
    text: `select holder from leases where name = 'health-prober'`,
  });
  assert.equal(rows.length, 1);
  assert.ok(upstream.requests.every((request) => request === 'HEAD /'));
  const { rows: costs } = await one.database.db.querySystem<{ cost: number }>({
    text: `select coalesce(sum(estimated_cost), 0)::float8 as cost from integration_logs where operation = 'health_check'`,
  });
  assert.equal(costs[0]?.cost, 0);
  await admin(one, 'DELETE', `/services/${id}`);
});

test('scheduled probes leave an audit row only if their outcome changes', async (t) => {
  const upstream = await startUpstream(t);
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host,
    HEALTH_CHECK_INTERVAL_SECONDS: '1',
  });
  await register(app, { base_url: upstream.url });
  const rows = async (): Promise<string[]> => {
    const { logs } = (await app.call('GET', '/logs?operation=health_check&service_name=api')).json;
    return logs.map(({ status }: Json) => status);
  };
  const askedTimes = (count: number) => {
    const until = upstream.requests.length + count;
    return waitFor('further probes', async () => upstream.requests.length >= until);
  };

  await askedTimes(3);
  await waitFor('the first outcome', async () => (await rows()).length > 0);
  assert.deepEqual(await rows(), ['success']);
  upstream.status = 503;
  await askedTimes(3);
  assert.deepEqual(await rows(), ['error', 'success']);
  upstream.status = 200;
  await askedTimes(2);
  await waitFor('the recovery', async () => (await rows()).length > 2);
  assert.deepEqual(await rows(), ['success', 'error', 'success']);
});

test('services of several tenants at one address share one probe', async (t) => {
  const upstream = await startUpstream(t);
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host,
    HEALTH_CHECK_INTERVAL_SECONDS: '1',
  });
  const tenants = ['uk_shared_1', 'uk_shared_2', 'uk_shared_3', 'uk_shared_4'];
  for (const tenant of tenants) {
    const body = { service_name: 'api', service_type: 'api', base_url: upstream.url };
    assert.equal((await admin(app, 'POST', '/services', body, tenant)).status, 201);
  }
  const statusOf = async (tenant: string) =>
    (await admin(app, 'GET', '/services', undefined, tenant)).json.services[0].health_status;
  await waitFor('all to be healthy', async () => {
    const seen = await Promise.all(tenants.map(statusOf));
    return seen.every((status) => status === 'healthy');
  });
  assert.ok(upstream.requests.length < 2 * tenants.length, `${upstream.requests.length} probes`);
});

test('a probe counts against the account’s limit, so no minute has a request too many', async (t) => {
  const upstream = await startUpstream(t);
  const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host });
  const id = await register(app, { base_url: upstream.url, rate_limit_per_minute: 2 });

  const checks = [1, 2, 3].map(() => admin(app, 'POST', `/services/${id}/check`));
  const statuses = (await Promise.all(checks)).map(({ status }) => status).sort();

  assert.deepEqual(statuses, [200, 200, 429]);
  assert.equal(upstream.requests.length, 2);
});

test('the metrics show a service from the start, as unknown, until it is deleted or switched off', async (t) => {
  const upstream = await startUpstream(t);
  const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host });
  const metrics = async () => (await fetch(`${app.url}/metrics`)).text();
  const health = (name: string) => `integration_service_health{service="${name}",status="unknown"} 1`;

  assert.ok((await metrics()).includes(health('google_maps')), 'a service of the environment is missing at readiness');

  const ids = [
    await register(app, { base_url: upstream.url }),
    await register(app, { service_name: 'b', base_url: upstream.url }),
  ];
  await waitFor('the new services', async () => {
    const text = await metrics();
    return text.includes(health('api')) && text.includes(health('b'));
  });
  await admin(app, 'DELETE', `/services/${ids[0]}`);
  await admin(app, 'PATCH', `/services/${ids[1]}`, { is_active: false });
  await waitFor('their end', async () => !/service_health\{service="(api|b)"/.test(await metrics()));
});
