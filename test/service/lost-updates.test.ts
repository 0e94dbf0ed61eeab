/**
 * Two admins who change one resource never overwrite each other: `ETag` and `If-Match`, and a PATCH that changes only
 * what it names.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService, type TestReply } from '../support/service.ts';

const service = {
  service_name: 'shop',
  service_type: 'api',
  base_url: 'https://8.8.8.8/v1',
  api_key: 'canary-key-81f0',
  config: {
    auth: { in: 'header', name: 'X-Key', prefix: 'Token' },
    breaker: { failures_in_a_row: 3, open_seconds: 5 },
    cost_per_request: { http: 0.01 },
  },
};
const webhook = { webhook_name: 'orders', source_service: 'custom', target_url: 'https://8.8.8.8/hook' };

test('a change based on an old version is refused', async (t) => {
  const app = await startTestService(t);
  const admin = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    app.call(method, path, body, { authorization: `Bearer ${app.adminToken}`, ...headers });
  const etagOf = (reply: TestReply): string => {
    const etag = reply.headers.get('etag');
    assert.match(etag ?? '', /^"[\w-]+"$/);
    return etag as string;
  };
  const isStale = (reply: TestReply) => {
    assert.equal(reply.status, 412, reply.text);
    assert.equal(reply.json.code, 'PRECONDITION_FAILED');
  };
  const shop = await admin('POST', '/services', service);
  assert.equal(shop.status, 201, shop.text);
  const hook = await admin('POST', '/webhooks', webhook);
  assert.equal(hook.status, 201, hook.text);
  const budget = await admin('PUT', '/budgets/shop', { monthly_limit_usd: 10 });
  assert.equal(budget.status, 200, budget.text);

  const kinds = [
    {
      path: '/budgets/shop',
      first: etagOf(budget),
      methods: ['PUT'],
      bodyOf: (turn: number) => ({ monthly_limit_usd: turn }),
    },
    {
      path: `/services/${shop.json.id}`,
      first: etagOf(shop),
      methods: ['PATCH', 'PUT'],
      bodyOf: (turn: number) => ({ ...service, priority: turn }),
    },
    {
      path: `/webhooks/${hook.json.id}`,
      first: etagOf(hook),
      methods: ['PATCH', 'PUT'],
      bodyOf: (turn: number) => ({ ...webhook, webhook_name: `orders ${turn}` }),
    },
  ];
  for (const { path, first, methods, bodyOf } of kinds) {
    await t.test(path.replace(/[0-9a-f-]{36}/, '{id}'), async () => {
      const read = await admin('GET', path);
      assert.equal(etagOf(read), first, 'the ETag of the change differs from that of a read');
      let current = first;
      let turn = 1;
      for (const method of methods) {
        for (const match of [current, `W/${current}`, `"another", ${current}`, '*']) {
          turn += 1;
          const given = match.replace(current, etagOf(await admin('GET', path)));
          const changed = await admin(method, path, bodyOf(turn), { 'if-match': given });
          assert.equal(changed.status, 200, changed.text);
          assert.notEqual(etagOf(changed), current);
        }
        for (const match of [current, '"another"', 'another', '']) {
          isStale(await admin(method, path, bodyOf(0), { 'if-match': match }));
        }
        current = etagOf(await admin('GET', path));
      }
      const [one, other] = await Promise.all(
        [100, 200].map((of) => admin(methods[0] as string, path, bodyOf(of), { 'if-match': current })),
      );
      assert.deepEqual(
        [one?.status, other?.status].sort(),
        [200, 412],
        'one of two concurrent changes must be refused',
      );
      isStale(await admin('DELETE', path, undefined, { 'if-match': current }));
      current = etagOf(await admin('GET', path));
      assert.equal((await admin('DELETE', path, undefined, { 'if-match': current })).status, 204);
      assert.equal((await admin('DELETE', path, undefined, { 'if-match': '*' })).status, 404);
    });
  }

  await t.test('a missing budget meets no condition', async () => {
    isStale(await admin('PUT', '/budgets/*', { monthly_limit_usd: 5 }, { 'if-match': '*' }));
    assert.equal((await admin('GET', '/budgets/*')).status, 404);
  });

  await t.test('PATCH keeps members that it does not name, at any depth', async () => {
    const { json } = await admin('POST', '/services', { ...service, service_name: 'deep' });
    const place = `/services/${json.id}`;
    const patched = async (config: unknown) => {
      const reply = await admin('PATCH', place, { config });
      assert.equal(reply.status, 200, reply.text);
      return reply.json.config;
    };
    assert.deepEqual(await patched({ breaker: { open_seconds: 9 } }), {
      ...service.config,
      breaker: { failures_in_a_row: 3, open_seconds: 9 },
    });
    assert.deepEqual(await patched({ breaker: { failures_in_a_row: null }, auth: { prefix: 'Key' } }), {
      ...service.config,
      auth: { in: 'header', name: 'X-Key', prefix: 'Key' },
      breaker: { open_seconds: 9 },
    });
    assert.deepEqual(await patched({ cost_per_request: 0.5, breaker: null, auth: { in: 'query', prefix: null } }), {
      auth: { in: 'query', name: 'X-Key' },
      cost_per_request: 0.5,
    });
    await Promise.all([patched({ timeout_seconds: 5 }), patched({ max_retries: 1 })]);
    const { config } = (await admin('GET', place)).json;
    assert.deepEqual(
      [config.timeout_seconds, config.max_retries],
      [5, 1],
      'two concurrent changes of different members are both applied',
    );
  });
});
