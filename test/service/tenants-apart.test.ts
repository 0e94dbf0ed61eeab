/**
 * Every route of the API, called by another tenant's admin and tokens for the first tenant's objects. The routes come
 * from the service's own description: a new route is included, and one with a new kind of id fails here until it is
 * named.
 */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type ApiRoute, readApiRoutes, smallestValue } from '../support/routes.ts';
import { signAdminToken, startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** In every name and text of the first tenant: another tenant must never read it. */
const marker = `mark${randomUUID().replaceAll('-', '')}`;
const spreadsheetId = 'nobody-owns-a-spreadsheet-id';

/** The first tenant's object for each path parameter, by the beginning of the path. */
type Owned = Readonly<Record<string, string>>;

async function fillTenant(app: TestService): Promise<Owned> {
  const admin = { authorization: `Bearer ${app.adminToken}` };
  const post = async (path: string, body: unknown) => {
    const reply = await app.call('POST', path, body, admin);
    assert.equal(reply.status, 201, reply.text);
    return reply.json;
  };
  const service = await post('/services', {
    service_name: marker,
    service_type: 'api',
    display_name: marker,
    base_url: 'https://example.org',
    config: { adapter: 'http' },
    api_key: `key-${marker}`,
  });
  const webhook = await post('/webhooks', {
    webhook_name: marker,
    source_service: 'custom',
    signature_scheme: 'hmac_hex',
    signature_header: 'X-Signature',
    secret_key: `secret-${marker}`,
  });
  const token = await post('/tokens', { name: marker, scopes: ['geocoding', 'logs:read'] });
  assert.equal((await app.call('PUT', `/budgets/${marker}`, { monthly_limit_usd: 5 }, admin)).status, 200);
  assert.equal((await app.geocode(`Ташкент, улица ${marker}, 1`)).status < 500, true);
  assert.equal((await app.geocode('Ташкент, улица Навои, 1')).status, 200);
  const payload = JSON.stringify({ type: 'payment', id: marker, note: marker });
  const delivered = await fetch(new URL(new URL(webhook.webhook_url).pathname, app.url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-signature': createHmac('sha256', `secret-${marker}`).update(payload).digest('hex'),
    },
    body: payload,
  });
  assert.equal(delivered.status, 200);
  const event = await waitFor('the delivery is stored', async () => {
    const { json } = await app.call('GET', '/webhooks/events', undefined, admin);
    return json.events?.[0];
  });
  const redrive = await post('/webhooks/redrives', { webhook_id: webhook.id, delivery_status: 'dead' });
  const [log] = (await app.call('GET', '/logs?limit=1')).json.logs;
  return {
    '/services/{id}': service.id,
    '/webhooks/events/{id}': event.id,
    '/webhooks/redrives/{id}': redrive.id,
    '/webhooks/{id}': webhook.id,
    '/tokens/{id}': token.id,
    '/logs/{id}': log.id,
    '/calls/{request_id}': log.request_id,
    '/budgets/{service_name}': marker,
    '/proxy/{service_name}': marker,
    '/sheets/metadata/{spreadsheet_id}': spreadsheetId,
  };
}

function addressOf(route: ApiRoute, owned: Owned): string {
  const kind = Object.keys(owned).find((beginning) => route.path.startsWith(beginning));
  assert.ok(kind !== undefined, `${route.path}: name here the first tenant's object for its parameters`);
  return route.path.replace(/\{[^}]+\}/, owned[kind] as string).replace('{*}', 'anything');
}

function bodyOf(route: ApiRoute): unknown {
  return route.bodySchema === null || route.method === 'GET' ? undefined : smallestValue(route.bodySchema);
}

/** `instance` repeats the request's path, which the caller knows already. */
function withoutInstance(text: string): string {
  return text.replaceAll(/"instance":"[^"]*"/g, '');
}

test('another tenant’s admin and tokens reach nothing of this one on any route', async (t) => {
  const app = await startTestService(t);
  const owned = await fillTenant(app);
  const other = `other_${randomUUID().slice(0, 18)}`;
  const otherAdmin = { authorization: `Bearer ${await signAdminToken({ tenants: [other], scope: 'admin' })}` };
  const made = await app.call(
    'POST',
    '/tokens',
    { name: 'theirs', scopes: ['geocoding', 'sheets:read', 'sheets:write', 'proxy', 'logs:read'] },
    { ...otherAdmin, 'x-management-company-id': other },
  );
  const otherToken = { authorization: `Bearer ${made.json.token}` };
  // An event stream never ends: a separate test covers it.
  const routes = (await readApiRoutes(app.url)).filter(
    ({ path }) => path !== '/events/stream' && !path.startsWith('/hooks/'),
  );
  assert.ok(routes.length > 40, `${routes.length} routes`);
  const admin = { authorization: `Bearer ${app.adminToken}` };
  /** The state that only requests change; health and counts change by themselves. */
  const stateOf = async () => {
    const texts: string[] = [];
    for (const path of ['/services', '/webhooks', '/tokens', '/budgets']) {
      const { text } = await app.call('GET', path, undefined, admin);
      texts.push(text.replaceAll(/"(?:health_status|last_[a-z_]+|total_[a-z]+|spent_usd)":[^,}]*,?/g, ''));
    }
    return texts;
  };
  const before = await stateOf();
  assert.ok(before.filter((text) => text.includes(marker)).length === 4, before.join('\n'));

  for (const [who, credential] of [
    ['admin', otherAdmin],
    ['token', otherToken],
  ] as const) {
    for (const route of routes) {
      const what = `${who}: ${route.method} ${route.path}`;
      const path = route.params.length === 0 ? route.path : addressOf(route, owned);
      const foreign = await app.call(route.method, path, bodyOf(route), credential);
      assert.equal(foreign.status, 403, `${what}, in the name of the first tenant: ${foreign.text}`);

      const own = await app.call(route.method, path, bodyOf(route), {
        ...credential,
        'x-management-company-id': other,
      });
      assert.ok(!withoutInstance(own.text).includes(marker), `${what} shows ${own.text}`);
      if (route.params.length === 0) continue;
      const isOurId = !path.includes(spreadsheetId);
      const isRefused =
        own.status === 403 || own.status === 404 || (!isOurId && own.json?.code === 'SERVICE_UNAVAILABLE');
      assert.ok(isRefused, `${what} by its id: ${own.status} ${own.text}`);
    }
  }
  assert.deepEqual(await stateOf(), before, 'an object of the first tenant has changed');
});
