/** APIs with an OAuth2 refresh token that their server accepts only once. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import pg from 'pg';
import type { Cleanup } from '../support/cleanup.ts';
import { type Asked, startProxiedApi } from '../support/proxied-api.ts';
import { startTestReplica } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

/** A server that gives a new refresh token with each access token, and ends the grant if an old one is used again. */
async function startConnectedApi(t: Cleanup) {
  const api = await startProxiedApi(t, { ENCRYPTION_KEYS: `main:${randomBytes(32).toString('base64')}` });
  const state = {
    refreshToken: 'canary-refresh-0',
    accessToken: '',
    requests: 0,
    expiresIn: 3600 as number | undefined,
    delayMs: 0,
    isAway: false,
    /** Every answer of the API needs the token, except on these paths. */
    neverLets: '/never',
  };
  const answerToken = ({ headers, body }: Asked): [number, object] => {
    const form = new URLSearchParams(body.toString());
    assert.equal(headers.authorization, `Basic ${Buffer.from('client:canary-client-secret').toString('base64')}`);
    assert.equal(form.get('grant_type'), 'refresh_token');
    state.requests += 1;
    if (state.isAway) return [503, {}];
    if (form.get('refresh_token') !== state.refreshToken) return [400, { error: 'invalid_grant' }];
    state.refreshToken = `canary-refresh-${state.requests}`;
    state.accessToken = `canary-access-${state.requests}`;
    const { refreshToken: refresh_token, accessToken: access_token, expiresIn: expires_in } = state;
    return [200, { access_token, refresh_token, token_type: 'bearer', expires_in }];
  };
  api.answerWith((asked, response) => {
    if (asked.url === '/token') {
      const [status, body] = answerToken(asked);
      setTimeout(() => response.writeHead(status).end(JSON.stringify(body)), state.delayMs);
      return;
    }
    const isLet = asked.headers.authorization === `Bearer ${state.accessToken}` && !asked.url.includes(state.neverLets);
    response.writeHead(isLet ? 200 : 401).end(JSON.stringify({ said: asked.headers.authorization }));
  });
  const credentials = {
    client_id: 'client',
    client_secret: 'canary-client-secret',
    refresh_token: state.refreshToken,
  };
  const config = { auth: { type: 'oauth2_refresh_token', token_url: `http://${api.host}/token` } };
  const id = await api.register('crm', { credentials, config });
  return { ...api, state, credentials, config, id };
}

test('a service is called with a refresh token', async (t) => {
  const { app, env, asked, ask, state, register, tryToRegister, config, host } = await startConnectedApi(t);
  const other = await startTestReplica(t, app, env);
  const statusOf = async (path: string, replica = app) => (await ask(path, {}, replica)).status;

  await t.test('concurrent calls use the refresh token once', async () => {
    state.delayMs = 300;
    const paths = Array.from({ length: 10 }, (_, n) => `crm/${n}`);
    const statuses = await Promise.all(paths.flatMap((path) => [statusOf(path), statusOf(path, other)]));
    assert.deepEqual([...new Set(statuses)], [200]);
    assert.equal(state.requests, 1);
    state.delayMs = 0;
  });

  await t.test('the new refresh token is stored: a new replica uses it', async () => {
    const third = await startTestReplica(t, app, env);
    assert.equal(await statusOf('crm/third', third), 200);
    assert.equal(state.requests, 1, 'the access token is shared');
  });

  await t.test('stored tokens are sealed and never shown', async () => {
    const client = new pg.Client({ connectionString: app.database.url });
    await client.connect();
    const { rows } = await client.query('select * from service_grants');
    await client.end();
    assert.equal(rows.length, 1);
    const echoed = await (await ask('crm/echo')).text();
    const logs = await app.admin('GET', '/logs?service_name=crm');
    const services = await app.admin('GET', '/services');
    for (const text of [JSON.stringify(rows), echoed, logs.text, services.text]) {
      assert.ok(!text.includes('canary'), text.slice(0, 2_000));
    }
  });

  await t.test('a path that refuses a new token does not end the grant', async () => {
    const before = state.requests;
    for (let n = 0; n < 3; n += 1) assert.equal(await statusOf('crm/never'), 401);
    assert.equal(state.requests, before);
    assert.equal(asked.filter(({ url }) => url === '/never').length, 3);
  });

  await t.test('an unavailable server does not end the grant', async () => {
    await register('later', {
      credentials: { client_id: 'client', client_secret: 'canary-client-secret', refresh_token: state.refreshToken },
      config: { ...config, max_retries: 0 },
    });
    state.isAway = true;
    assert.equal((await ask('later/x')).status, 502);
    state.isAway = false;
    assert.equal(await statusOf('later/x'), 200);
  });

  await t.test('invalid settings are refused with their place', async () => {
    const faults: readonly [object, string][] = [
      [{ type: 'oauth2_refresh_token' }, 'config.auth.token_url'],
      [{ ...config.auth, client_auth: 'header' }, 'config.auth.client_auth'],
      [{ ...config.auth, refresh_token: 'canary' }, 'config.auth.refresh_token'],
      [{ ...config.auth, audience: 'x' }, 'config.auth.audience'],
      [{ ...config.auth, token_url: 'http://10.0.0.1/token' }, 'config.auth.token_url'],
    ];
    for (const [auth, path] of faults) {
      const reply = await tryToRegister('wrong', { config: { auth } });
      assert.equal(reply.status, 400, JSON.stringify(auth));
      assert.equal(reply.json.errors[0].path, path, reply.text);
    }
    await register('tokenless', { credentials: { client_id: 'client' }, config });
    const reply = await ask('tokenless/x');
    assert.equal(reply.status, 502);
    assert.match(await reply.text(), /need client_id and refresh_token/);
  });

  await t.test('another token URL needs the credentials again', async () => {
    const { json } = await app.admin('GET', '/services');
    const { id } = json.services.find((one: { service_name: string }) => one.service_name === 'crm');
    const patch = { config: { auth: { token_url: `http://${host}/other` } } };
    const reply = await app.admin('PATCH', `/services/${id}`, patch);
    assert.deepEqual([reply.status, reply.json.errors[0].path], [400, 'credentials']);
  });
});

test('an ended grant is requested once, and reported until the service is connected again', async (t) => {
  const { app, ask, state, credentials, id } = await startConnectedApi(t);
  assert.equal((await ask('crm/x')).status, 200);
  const given = state.refreshToken;
  const expire = { client_id: 'client', client_secret: 'canary-client-secret', refresh_token: 'canary-withdrawn' };
  assert.equal((await app.admin('PATCH', `/services/${id}`, { credentials: expire })).status, 200);
  const before = state.requests;
  for (let n = 0; n < 4; n += 1) {
    const refused = await ask('crm/x', { method: n % 2 === 0 ? 'GET' : 'POST' });
    const { code, detail } = (await refused.json()) as { code: string; detail: string };
    assert.deepEqual([refused.status, code], [502, 'RECONNECT_REQUIRED']);
    assert.match(detail, /invalid_grant.*connect the service again.*credentials\.refresh_token/);
  }
  assert.equal((await app.admin('POST', `/services/${id}/check`)).json.ok, false);
  assert.equal(state.requests, before + 1, 'the server is asked once');
  await waitFor('the problem', async () => {
    const { json } = await app.admin('GET', '/problems');
    return json.some(
      (one: { kind: string; service?: string }) => one.kind === 'reconnect_required' && one.service === 'crm',
    );
  });

  const again = { ...credentials, refresh_token: given };
  assert.equal((await app.admin('PATCH', `/services/${id}`, { credentials: again })).status, 200);
  assert.equal((await app.admin('POST', `/services/${id}/check`)).json.ok, true);
  assert.equal((await ask('crm/x')).status, 200);
});

test('a renewal continues when its caller leaves', async (t) => {
  const { ask, state } = await startConnectedApi(t);
  state.delayMs = 600;
  const leaving = new AbortController();
  const left = ask('crm/x', { signal: leaving.signal });
  setTimeout(() => leaving.abort(), 300);
  await assert.rejects(left);
  assert.equal((await ask('crm/y')).status, 200);
  assert.equal(state.requests, 1);
});
