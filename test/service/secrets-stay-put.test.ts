/**
 * A secret is bound to its destination: pointing a service, a target or a collector to another host needs the secret
 * again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';
import { startWebhook } from '../support/webhooks.ts';

const here = 'http://127.0.0.1:9';
const elsewhere = 'http://127.0.0.1:10';

test('a secret is not sent to another host', async (t) => {
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.1/32',
    GOOGLE_MAPS_API_KEY: 'canary-of-the-operator',
  });
  const refusedPaths = async (method: string, path: string, body: unknown): Promise<string[]> => {
    const { status, json, text } = await app.admin(method, path, body);
    assert.equal(status, 400, text);
    return json.errors.map((fault: { path: string }) => fault.path);
  };
  const make = async (members: Record<string, unknown>): Promise<string> => {
    const created = await app.admin('POST', '/services', { service_type: 'api', base_url: `${here}/v1`, ...members });
    assert.equal(created.status, 201, created.text);
    return `/services/${created.json.id}`;
  };

  await t.test('a base URL of another host needs the key again; another path of the host does not', async () => {
    const service = await make({ service_name: 'keyed', api_key: 'canary-key', credentials: { password: 'canary' } });
    assert.deepEqual(await refusedPaths('PATCH', service, { base_url: elsewhere }), ['api_key', 'credentials']);
    assert.deepEqual(await refusedPaths('PATCH', service, { base_url: elsewhere, api_key: 'new' }), ['credentials']);
    const put = { service_name: 'keyed', service_type: 'api', base_url: elsewhere };
    assert.deepEqual(await refusedPaths('PUT', service, put), ['api_key', 'credentials']);
    assert.equal((await app.admin('PATCH', service, { base_url: `${here}/v2` })).status, 200);
    const moved = { base_url: elsewhere, api_key: 'new', credentials: null };
    assert.equal((await app.admin('PATCH', service, moved)).status, 200);
  });

  await t.test('secret headers alone are asked for by name, and not as credentials that never were', async () => {
    const config = { secret_headers: ['X-Key'], headers: { 'X-Key': 'canary' } };
    const service = await make({ service_name: 'headers', config });
    assert.deepEqual(await refusedPaths('PATCH', service, { base_url: elsewhere }), ['config.headers.X-Key']);
    const again = { base_url: elsewhere, config: { headers: { 'X-Key': 'canary' } } };
    const moved = await app.admin('PATCH', service, again);
    assert.equal(moved.status, 200, moved.text);
  });

  await t.test('a token URL is part of the destination, with its path', async () => {
    const auth = { in: 'oauth2_client_credentials', token_url: `${here}/tenant-a/token` };
    const credentials = { client_id: 'id', client_secret: 'canary' };
    const service = await make({ service_name: 'oauth', credentials, config: { auth } });
    for (const token_url of [`${elsewhere}/tenant-a/token`, `${here}/tenant-b/token`]) {
      const patch = { config: { auth: { ...auth, token_url } } };
      assert.deepEqual(await refusedPaths('PATCH', service, patch), ['credentials']);
      assert.equal((await app.admin('PATCH', service, { ...patch, credentials })).status, 200);
      assert.equal((await app.admin('PATCH', service, { config: { auth }, credentials })).status, 200);
    }
    const adding = await make({ service_name: 'without', credentials });
    assert.deepEqual(await refusedPaths('PATCH', adding, { config: { auth } }), ['credentials']);
  });

  await t.test('a service of the environment cannot be pointed elsewhere with the operator’s key', async () => {
    const { json } = await app.admin('GET', '/services');
    const maps = json.services.find((service: { service_name: string }) => service.service_name === 'google_maps');
    assert.deepEqual(await refusedPaths('PATCH', `/services/${maps.id}`, { base_url: elsewhere }), ['api_key']);
    assert.equal((await app.admin('PATCH', `/services/${maps.id}`, { priority: 90 })).status, 200);
  });

  await t.test('a target and a collector need their secrets again', async () => {
    const hook = await startWebhook(app, {
      webhook_name: 'hook',
      source_service: 'github',
      target_url: `${here}/in`,
      collector: { base_url: here, repository: 'a/b', hook_id: 1, token: 'canary' },
    });
    const path = `/webhooks/${hook.id}`;
    assert.deepEqual(await refusedPaths('PATCH', path, { target_url: elsewhere }), ['target_secret']);
    assert.equal((await app.admin('PATCH', path, { target_headers: { 'x-key': 'canary' } })).status, 200);
    const both = ['target_secret', 'target_headers'];
    assert.deepEqual(await refusedPaths('PATCH', path, { target_url: elsewhere }), both);
    assert.equal((await app.admin('PATCH', path, { target_url: null })).status, 200);
    const without = await app.admin('GET', path);
    assert.deepEqual([without.status, without.json.target_headers], [200, { 'x-key': '[masked]' }], without.text);
    assert.deepEqual(await refusedPaths('PATCH', path, { target_url: elsewhere }), ['target_headers']);
    const again = { target_url: `${here}/in`, target_headers: { 'x-key': 'canary' }, target_secret: hook.targetSecret };
    assert.equal((await app.admin('PATCH', path, again)).status, 200);
    assert.equal((await app.admin('PATCH', path, { target_headers: {} })).status, 200);
    const collector = { base_url: elsewhere, repository: 'a/b', hook_id: 1 };
    assert.deepEqual(await refusedPaths('PATCH', path, { collector }), ['collector.token']);
    assert.equal((await app.admin('PATCH', path, { target_url: `${here}/other` })).status, 200);
    const given = {
      target_url: elsewhere,
      target_secret: hook.targetSecret,
      collector: { ...collector, token: 'new' },
    };
    assert.equal((await app.admin('PATCH', path, given)).status, 200);
  });
});
