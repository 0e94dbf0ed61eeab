import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { silentLogger, startTestDatabase } from '../../test/support/database.ts';
import { systemClock } from '../clock.ts';
import { parseTenantId } from '../ids.ts';
import { appendEvent } from '../outbox/append-event.ts';
import { createHttpAdapter } from '../providers/http/adapter.ts';
import type { KeptGrant, ProviderAccount, ProviderHttp, ProviderReply } from '../providers/provider.ts';
import { createKeyring } from '../secrets/keyring.ts';
import { keptGrantOf } from './kept-grants.ts';
import { createService, type ServiceDraft } from './manage-services.ts';

const tenant = parseTenantId('uk_one');
const keyring = createKeyring([{ id: 'k1', key: Buffer.alloc(32, 'grants-test') }]);

const draft: ServiceDraft = {
  service_name: 'crm',
  service_type: 'api',
  display_name: 'CRM',
  base_url: 'https://api.example.com',
  config: { auth: { type: 'oauth2_refresh_token', token_url: 'https://id.example.com/token' } },
  is_active: true,
  rate_limit_per_minute: null,
  rate_limit_per_hour: null,
  rate_limit_per_day: null,
  rate_limit_per_month: null,
  priority: 100,
  fallback_service_id: null,
  description: null,
  tags: [],
  api_key: undefined,
};

async function start(t: TestContext) {
  const { db, openAnother } = await startTestDatabase(t);
  const context = { changedBy: 'admin', requestId: 'req-1' };
  const { id: serviceId } = await createService(
    { db, keyring, appendEvent, clock: systemClock },
    tenant,
    draft,
    context,
  );
  const owner = { serviceId, tenantId: tenant };
  const grantOf = (database: typeof db): KeptGrant =>
    keptGrantOf({ db: database, keyring, logger: silentLogger }, owner);
  return { db, serviceId, one: grantOf(db), other: grantOf(openAnother()) };
}

/** Two processes with separate memory and connections, and one server that accepts a refresh token once. */
function replicas(serviceId: string, grants: readonly KeptGrant[], startMs = 1_700_000_000_000) {
  const server = { refreshToken: 'given-0', access: '', requests: 0, expiresIn: 3600 as number | undefined };
  const clock = { nowMs: startMs };
  const used: (string | undefined)[] = [];
  const http: ProviderHttp = {
    mask: () => {},
    async open({ headers }) {
      const { authorization } = headers ?? {};
      used.push(authorization);
      const status = authorization === `Bearer ${server.access}` ? 200 : 401;
      return { status, headers: {}, body: Readable.from([Buffer.from('{}')]) };
    },
    async send({ body }): Promise<ProviderReply> {
      const asked = new URLSearchParams(String(body)).get('refresh_token');
      server.requests += 1;
      const isRefused = asked !== server.refreshToken;
      if (!isRefused) {
        server.refreshToken = `given-${server.requests}`;
        server.access = `access-${server.requests}`;
      }
      const given = { access_token: server.access, refresh_token: server.refreshToken, expires_in: server.expiresIn };
      const reply = isRefused ? { error: 'invalid_grant' } : given;
      return { status: isRefused ? 400 : 200, headers: {}, body: Buffer.from(JSON.stringify(reply)) };
    },
  };
  const ask = grants.map((grant) => {
    const account: ProviderAccount = {
      serviceId,
      serviceName: 'crm',
      baseUrl: draft.base_url,
      apiKey: null,
      credentials: { client_id: 'client', refresh_token: 'given-0' },
      config: draft.config,
      grant,
    };
    const attempt = createHttpAdapter(() => clock.nowMs).attempts.http;
    return (changes: Partial<ProviderAccount> = {}) =>
      attempt?.({ method: 'GET', path: 'x', query: '', headers: {}, body: null }, { ...account, ...changes }, http);
  });
  return { server, clock, used, ask };
}

test('replicas that need a token at once use the refresh token once, and share what it gave', async (t) => {
  const { one, other, serviceId } = await start(t);
  const { server, clock, ask } = replicas(serviceId, [one, other]);
  const askAll = () => Promise.all(Array.from({ length: 20 }, (_, n) => ask[n % 2]?.()));
  const kindsOf = async () => [...new Set((await askAll()).map((verdict) => verdict?.kind))];
  assert.deepEqual(await kindsOf(), ['ok']);
  assert.equal(server.requests, 1);
  clock.nowMs += 3_560_000; // Less than a minute of its life is left.
  assert.deepEqual(await kindsOf(), ['ok']);
  clock.nowMs += 1_000;
  assert.deepEqual(await kindsOf(), ['ok']);
  assert.equal(server.requests, 2);
});

test('a token that is refused before its time is replaced once for all replicas', async (t) => {
  const { one, other, serviceId } = await start(t);
  const { server, clock, used, ask } = replicas(serviceId, [one, other]);
  assert.equal((await ask[0]?.())?.kind, 'ok');
  assert.equal((await ask[1]?.())?.kind, 'ok');
  clock.nowMs += 120_000;
  server.access = 'withdrawn';
  assert.equal((await ask[0]?.())?.kind, 'ok');
  assert.equal((await ask[1]?.())?.kind, 'ok', 'it takes what the first has been given');
  assert.equal(server.requests, 2);
  assert.deepEqual(used.slice(-2), ['Bearer access-1', 'Bearer access-2']);
});

test('without expires_in a token is taken to last five minutes', async (t) => {
  const { one, serviceId } = await start(t);
  const { server, clock, ask } = replicas(serviceId, [one]);
  server.expiresIn = undefined;
  await ask[0]?.();
  clock.nowMs += 230_000;
  await ask[0]?.();
  assert.equal(server.requests, 1);
  clock.nowMs += 20_000;
  await ask[0]?.();
  assert.equal(server.requests, 2);
});

test('a stored grant is used after a restart and after a new client secret; another refresh token discards it', async (t) => {
  const { one, other, serviceId } = await start(t);
  const { server, clock, ask } = replicas(serviceId, [one, other]);
  await ask[0]?.();
  clock.nowMs += 3_600_000;
  const renamed = { client_id: 'client', client_secret: 'new', refresh_token: 'given-0' };
  assert.equal((await ask[1]?.({ credentials: renamed }))?.kind, 'ok');
  assert.equal(server.requests, 2);
  const ended = await ask[1]?.({ credentials: { client_id: 'client', refresh_token: 'of another day' } });
  assert.ok(ended?.kind === 'denied' && /invalid_grant/.test(ended.message));
  await ask[0]?.({ credentials: { client_id: 'client', refresh_token: 'of another day' } });
  assert.equal(server.requests, 3, 'the other replica knows it, too');
  const again = { client_id: 'client', refresh_token: server.refreshToken };
  assert.equal((await ask[0]?.({ credentials: again }))?.kind, 'ok');
});

test('one has the right to renew at a time, until it saves or lets go', async (t) => {
  const { db, one, other } = await start(t);
  assert.equal(await one.read(), null);
  const claim = await one.claim();
  assert.equal(claim?.kept, null);
  assert.equal(await other.claim(), null);
  await claim?.save('first');
  assert.equal(await other.read(), 'first');
  const next = await other.claim();
  assert.equal(next?.kept, 'first');
  await next?.release();
  // The claim of a replica that died in the meantime.
  await one.claim();
  await db.querySystem({ text: "update service_grants set claimed_until = now() - interval '1 second'" });
  assert.equal((await other.claim())?.kept, 'first');
});
