/** Signing in to the console: the cookie, its rights, and how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService, type TestService } from '../support/service.ts';

async function signIn(service: TestService, body: Record<string, string>, headers: Record<string, string> = {}) {
  const reply = await fetch(`${service.url}/console/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const cookie = reply.headers.get('set-cookie') ?? '';
  const session = (await reply.json()) as Record<string, string> & {
    is_admin: boolean;
    has_every_tenant: boolean;
    code: string;
  };
  return { status: reply.status, cookie, pair: cookie.split(';')[0] ?? '', session };
}

function ask(service: TestService, pair: string, method: string, path: string, headers: Record<string, string> = {}) {
  return fetch(service.url + path, {
    method,
    headers: { cookie: pair, 'x-management-company-id': service.tenant, ...headers },
    ...(method === 'POST' ? { body: '{"name":"from the console","scopes":["geocoding"]}' } : {}),
  });
}

const json = { 'content-type': 'application/json' };

test('a token is exchanged for a cookie that scripts cannot read, and changes need a CSRF token', async (t) => {
  const service = await startTestService(t);
  const { status, cookie, pair, session } = await signIn(service, {
    tenant: service.tenant,
    token: service.adminToken,
  });
  assert.equal(status, 201);
  assert.match(cookie, /; HttpOnly; SameSite=Strict$/);
  assert.ok(!JSON.stringify(session).includes(pair.split('=')[1] as string), 'the secret is outside the cookie');
  assert.equal(session.is_admin, true);
  assert.equal(session.has_every_tenant, true);

  assert.equal((await ask(service, pair, 'GET', '/api/v1/tokens')).status, 200);
  assert.equal((await ask(service, pair, 'POST', '/api/v1/tokens', json)).status, 403, 'without the CSRF token');
  const proof = { 'x-csrf-token': session.csrf_token as string };
  const foreign = { ...json, ...proof, 'sec-fetch-site': 'cross-site' };
  assert.equal((await ask(service, pair, 'POST', '/api/v1/tokens', foreign)).status, 403, 'from another site');
  assert.equal((await ask(service, pair, 'POST', '/api/v1/tokens', { ...json, ...proof })).status, 201);

  assert.equal((await ask(service, pair, 'DELETE', '/console/session')).status, 403);
  assert.equal((await ask(service, pair, 'DELETE', '/console/session', proof)).status, 200);
  assert.equal(
    (await ask(service, pair, 'GET', '/api/v1/tokens')).status,
    401,
    'signing out did not revoke the session',
  );
});

test('a session without admin only reads, and ends with its token', async (t) => {
  const service = await startTestService(t);
  const made = await service.admin('POST', '/tokens', { name: 'reader', scopes: ['logs:read'] });
  const { pair, session } = await signIn(service, { tenant: service.tenant, token: made.json.token });
  assert.equal(session.is_admin, false);
  assert.equal((await ask(service, pair, 'GET', '/api/v1/logs')).status, 200);
  assert.equal((await ask(service, pair, 'GET', '/api/v1/tokens')).status, 403);
  await service.admin('DELETE', `/tokens/${made.json.id}`);
  await t.waitFor(async () => assert.equal((await ask(service, pair, 'GET', '/api/v1/logs')).status, 401));
});

test('an administrator sees who is signed in, and ends a session', async (t) => {
  const service = await startTestService(t);
  const admin = await signIn(service, { tenant: service.tenant, token: service.adminToken });
  const other = await signIn(service, { tenant: service.tenant, token: service.token });
  const listed = await (await ask(service, admin.pair, 'GET', '/console/sessions')).json();
  const { sessions } = listed as { sessions: { id: string; name: string; is_own: boolean }[] };
  assert.deepEqual(sessions.map(({ name }) => name).toSorted(), ['test', 'test-admin']);
  assert.equal((await ask(service, other.pair, 'GET', '/console/sessions')).status, 403);
  const { id } = sessions.find(({ is_own }) => !is_own) as { id: string };
  const proof = { 'x-csrf-token': admin.session.csrf_token as string };
  assert.equal((await ask(service, admin.pair, 'DELETE', `/console/sessions/${id}`, proof)).status, 204);
  assert.equal((await ask(service, other.pair, 'GET', '/api/v1/rate-limits')).status, 401);
});

test('the printed link signs in once; a wrong token, tenant or cookie never does', async (t) => {
  const service = await startTestService(t);
  const code = service.service.makeConsoleCode();
  const first = await signIn(service, { code });
  assert.equal(first.status, 201);
  assert.equal(first.session.tenant, service.tenant);
  assert.equal((await signIn(service, { code })).status, 401);
  assert.equal((await signIn(service, { tenant: service.tenant, token: 'wrong' })).status, 401);
  assert.equal((await signIn(service, { tenant: 'no tenant', token: service.token })).status, 400);
  assert.equal(
    (await signIn(service, { tenant: service.tenant, token: service.token }, { 'sec-fetch-site': 'cross-site' }))
      .status,
    403,
  );
  const other = await service.admin('POST', '/tokens', { name: 'one', scopes: ['admin'] });
  assert.equal((await signIn(service, { tenant: 'another_tenant', token: other.json.token })).status, 403);
  const forged = `integration_session=${'A'.repeat(43)}`;
  assert.equal((await ask(service, forged, 'GET', '/api/v1/logs')).status, 401);
});
