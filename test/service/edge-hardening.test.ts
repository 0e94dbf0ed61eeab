/** Headers of every answer, and what an administrator of one tenant cannot see. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signAdminToken, startTestService } from '../support/service.ts';

test('every answer forbids caching and content sniffing', async (t) => {
  const app = await startTestService(t);
  for (const [path, headers] of [
    ['/api/v1/services', { authorization: `Bearer ${app.adminToken}`, 'x-management-company-id': app.tenant }],
    ['/api/v1/services', {}],
    ['/api/v1/nowhere', {}],
    ['/health', {}],
    ['/metrics', {}],
  ] as const) {
    const reply = await fetch(app.url + path, { headers });
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(reply.headers.get('cache-control'), 'no-store', path);
  }
});

test('a token with more tenants than its reader’s is neither shown nor revoked', async (t) => {
  const app = await startTestService(t);
  const narrow = { authorization: `Bearer ${await signAdminToken({ tenants: [app.tenant], scope: 'admin' })}` };
  const make = async (tenants: string[] | undefined) =>
    (await app.admin('POST', '/tokens', { name: 'made', scopes: ['geocoding'], ...(tenants && { tenants }) })).json.id;
  const own = await make(undefined);
  const wider = [await make([app.tenant, 'uk_other']), await make(['uk_other'])];
  const listed = await app.call('GET', '/tokens', undefined, narrow);
  assert.deepEqual(
    listed.json.tokens.map(({ id }: { id: string }) => id),
    [own],
  );
  for (const id of wider) assert.equal((await app.call('DELETE', `/tokens/${id}`, undefined, narrow)).status, 404);
  assert.equal((await app.call('DELETE', `/tokens/${own}`, undefined, narrow)).status, 204);
  assert.equal((await app.admin('GET', '/tokens')).json.tokens.length, 3);
  for (const id of wider) assert.equal((await app.admin('DELETE', `/tokens/${id}`)).status, 204);
});

test('a webhook refuses secrets that can be guessed', async (t) => {
  const app = await startTestService(t);
  for (const [signature_scheme, secret_key] of [
    ['hmac_hex', ' '],
    ['hmac_hex', 'a'],
    ['github', '     x     '],
    ['standard_webhooks', 'whsec_AA=='],
    ['standard_webhooks', `whsec_${Buffer.alloc(8, 'k').toString('base64')}`],
  ]) {
    const body = { webhook_name: 'weak', source_service: 'custom', signature_scheme, secret_key };
    const { status, json } = await app.admin('POST', '/webhooks', body);
    assert.deepEqual([status, json.errors?.[0]?.path], [400, 'secret_key'], secret_key);
  }
});

test('security.txt names the operator’s contact if it is set', async (t) => {
  const app = await startTestService(t, { SECURITY_CONTACT: 'mailto:security@example.com,https://example.com/report' });
  const reply = await fetch(`${app.url}/.well-known/security.txt`);
  const text = await reply.text();
  assert.match(reply.headers.get('content-type') ?? '', /^text\/plain/);
  assert.match(text, /^Contact: mailto:security@example\.com\nContact: https:\/\/example\.com\/report\nExpires: /);
  const expires = Date.parse(/^Expires: (.*)$/m.exec(text)?.[1] ?? '');
  assert.ok(expires > Date.now() && expires < Date.now() + 366 * 86_400_000);
});
