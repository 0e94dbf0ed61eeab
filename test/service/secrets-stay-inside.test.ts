/**
 * Plants a secret in every possible place, among providers that echo it in every form. Afterwards none of them may be
 * found: not in a reply, a log line, a table, an event, a metric or an error. A proxied service's echo of a caller's
 * own secrets belongs to that caller, so only those are not searched for there.
 */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { SignJWT } from 'jose';
import pino from 'pino';
import { startService } from '../../src/composition/start.ts';
import { parseConfig } from '../../src/config/config.ts';
import { describeError } from '../../src/logger.ts';
import { closeInReverse } from '../support/cleanup.ts';
import { createDataDir } from '../support/data-dir.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { startFakeProvider } from '../support/fake-provider.ts';
import { waitFor } from '../support/wait-for.ts';

const canary = (place: string): string => `canary-${place}-${randomBytes(9).toString('hex')}`;

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const planted = {
  'service key': canary('key'),
  'key in a query': canary('query'),
  'basic password': canary('basic'),
  'OAuth token': canary('access'),
  'private key': privateKey.split('\n')[3] as string,
  'webhook secret': canary('webhook'),
  'rotated webhook secret': canary('rotated'),
  'query secret of a caller': canary('caller'),
  'admin token': '',
  'service token': '',
  'webhook token': '',
  'bootstrap token': canary('bootstrap'),
};

/** Every form in which a text could appear. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
    Buffer.from(`user:${secret}`).toString('base64').replace(/=+$/, ''),
  ];
}

function search(where: string, text: string, besides = ''): void {
  for (const [name, secret] of Object.entries(planted)) {
    if (name === besides) continue;
    for (const form of secret === '' ? [] : formsOf(secret)) {
      const at = text.indexOf(form);
      if (at !== -1) assert.fail(`the ${name} is in ${where}: …${text.slice(Math.max(0, at - 200), at + 80)}…`);
    }
  }
}

/** Refuses every request, and echoes everything that it got. */
function echoAndRefuse(request: IncomingMessage, response: ServerResponse): void {
  const heard = `${request.url} ${JSON.stringify(request.headers)}`;
  if (request.url?.includes('/token') === true) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ access_token: planted['OAuth token'], token_type: 'Bearer', expires_in: 3600 }));
    return;
  }
  response.writeHead(request.url?.includes('fail') === true ? 500 : 403, {
    'content-type': 'application/json',
    'set-cookie': `session=${request.headers.authorization ?? 'none'}`,
  });
  const error = { code: 403, message: `refused: ${heard}`, status: 'PERMISSION_DENIED', errors: [{ reason: heard }] };
  response.end(JSON.stringify({ status: 'REQUEST_DENIED', error_message: heard, message: heard, error }));
}

async function start(t: TestContext) {
  closeInReverse(t);
  const provider = await startFakeProvider(t, echoAndRefuse);
  const database = await startTestDatabase(t);
  const tenant = `test_${randomUUID().slice(0, 18)}`;
  const lines: string[] = [];
  const logger = pino(
    { level: 'trace', serializers: { err: (thrown: unknown) => describeError(thrown) } },
    { write: (line: string) => void lines.push(line) },
  );
  const jwtSecret = randomBytes(32).toString('hex');
  planted['admin token'] = await new SignJWT({ sub: 'anna', tenants: '*', scope: 'admin' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(jwtSecret));
  const config = parseConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: database.url,
    DATA_DIR: await createDataDir(t),
    MANAGEMENT_COMPANY_ID: tenant,
    SERVICE_TOKENS: `test:${planted['bootstrap token']}`,
    JWT_SECRET: jwtSecret,
    EMULATOR: 'off',
    OUTBOUND_ALLOWED_NETWORKS: new URL(provider.url).host,
    REQUEST_MAX_RETRIES: '1',
  });
  const service = await startService(config, logger);
  t.after(() => service.close());

  const replies: string[] = [];
  const proxied: string[] = [];
  /** A route that shows a secret once is marked with `shows`; all other replies are searched. */
  const call = async (method: string, path: string, body?: unknown, shows?: string, token = planted['admin token']) => {
    const reply = await fetch(`${service.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'x-management-company-id': tenant,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const isProxied = path.startsWith('/proxy/') && reply.headers.get('content-type')?.includes('problem') !== true;
    const said = `${method} ${path.split('?', 1)}: ${text} ${JSON.stringify([...reply.headers])}`;
    if (shows === undefined) (isProxied ? proxied : replies).push(said);
    return { status: reply.status, text, json: text === '' ? null : JSON.parse(text) };
  };
  return { provider, database, tenant, lines, service, replies, proxied, call };
}

/** Every column of every table, bytes as text and as hex. */
async function searchTables({ db }: TestDatabase): Promise<number> {
  const { rows: tables } = await db.asOwner((tx) =>
    tx.query<{ name: string }>({
      text: `select relname as name from pg_class join pg_namespace n on n.oid = relnamespace
              where n.nspname = 'public' and relkind in ('r', 'p') and not relispartition`,
    }),
  );
  let found = 0;
  for (const { name } of tables) {
    const { rows } = await db
      .querySystem<Record<string, unknown>>({ text: `select * from ${name}` })
      .catch(() => db.asOwner((tx) => tx.query<Record<string, unknown>>({ text: `select * from ${name}` })));
    found += rows.length;
    for (const row of rows) {
      const texts = Object.values(row).map((value) =>
        Buffer.isBuffer(value) ? `${value.toString('latin1')} ${value.toString('hex')}` : JSON.stringify(value),
      );
      search(`the table ${name}`, texts.join(' '));
    }
  }
  return found;
}

test('no planted secret is found anywhere outside', async (t) => {
  const { provider, database, tenant, lines, service, replies, proxied, call } = await start(t);
  const events = await fetch(`${service.url}/api/v1/events/stream`, {
    headers: { authorization: `Bearer ${planted['admin token']}`, 'x-management-company-id': tenant },
  });
  let heard = '';
  const listening = (async () => {
    for await (const chunk of events.body as ReadableStream<Uint8Array>) heard += Buffer.from(chunk).toString();
  })().catch(() => {});

  // Services with every kind of credential, at a provider that echoes its requests.
  const register = async (name: string, type: string, more: object) => {
    const reply = await call('POST', '/services', {
      service_name: name,
      service_type: type,
      base_url: provider.url,
      ...more,
    });
    assert.equal(reply.status, 201, reply.text);
    return reply.json.id as string;
  };
  const ids = [
    await register('hostile_google', 'geocoding', {
      config: { adapter: 'google_maps' },
      api_key: planted['service key'],
    }),
    await register('hostile_yandex', 'geocoding', {
      config: { adapter: 'yandex_maps' },
      api_key: planted['service key'],
    }),
    await register('hostile_sheets', 'sheets', {
      config: { adapter: 'google_sheets' },
      credentials: {
        type: 'service_account',
        project_id: 'p',
        private_key_id: 'k',
        private_key: privateKey,
        client_email: 'robot@example.org',
        token_uri: `${provider.url}/token`,
      },
    }),
    await register('by_header', 'api', { config: { adapter: 'http' }, api_key: planted['service key'] }),
    await register('by_query', 'api', {
      config: { adapter: 'http', auth: { in: 'query', name: 'appid' } },
      api_key: planted['key in a query'],
    }),
    await register('by_basic', 'api', {
      config: { adapter: 'http', auth: { in: 'basic' } },
      credentials: { username: 'user', password: planted['basic password'] },
    }),
    await register('by_oauth', 'api', {
      config: { adapter: 'http', auth: { in: 'oauth2_client_credentials', token_url: `${provider.url}/token` } },
      credentials: { client_id: 'client', client_secret: planted['service key'] },
    }),
  ];
  for (const id of ids) {
    await call('GET', `/services/${id}`);
    await call('PATCH', `/services/${id}`, { description: 'changed' });
    await call('POST', `/services/${id}/check`);
    await call('GET', `/services/${id}/history`);
  }

  // Tokens and webhooks are shown once, to the admin who created them.
  const token = await call('POST', '/tokens', { name: 'bot', scopes: ['geocoding', 'logs:read'] }, 'the token');
  planted['service token'] = token.json.token;
  const webhook = await call(
    'POST',
    '/webhooks',
    {
      webhook_name: 'payments',
      source_service: 'custom',
      signature_scheme: 'hmac_hex',
      signature_header: 'X-Signature',
      secret_key: planted['webhook secret'],
    },
    'the address',
  );
  assert.equal(webhook.status, 201, webhook.text);
  assert.ok(!webhook.text.includes(planted['webhook secret']));
  planted['webhook token'] = new URL(webhook.json.webhook_url).pathname.split('/').at(-1) as string;
  const deliver = async (path: string, secret: string) => {
    const body = JSON.stringify({ type: 'paid', id: randomUUID(), authorization: 'none' });
    const reply = await fetch(`${service.url}/api/v1/hooks/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-signature': createHmac('sha256', secret).update(body).digest('hex'),
        authorization: `Bearer ${planted['query secret of a caller']}`,
        cookie: `session=${planted['query secret of a caller']}`,
      },
      body,
    });
    replies.push(await reply.text());
    return reply.status;
  };
  assert.equal(await deliver(planted['webhook token'], planted['webhook secret']), 200);
  assert.equal(await deliver(planted['webhook token'], 'a wrong secret'), 401);
  assert.equal(await deliver('no-such-token', planted['webhook secret']), 404);
  await call(
    'POST',
    `/webhooks/${webhook.json.id}/rotate-secret`,
    { secret_key: planted['rotated webhook secret'], grace_seconds: 60 },
    'the new secret',
  );

  // Calls, each of which fails at a provider that echoes everything.
  await call('POST', '/geocoding/geocode', { address: 'Ташкент, улица Навои, 1' }, undefined, planted['service token']);
  await call('POST', '/geocoding/geocode', { address: 'fail' }, undefined, planted['bootstrap token']);
  await call('POST', '/geocoding/reverse', { latitude: 41.3, longitude: 69.2 });
  await call('POST', '/geocoding/batch', { addresses: ['Ташкент 1', 'fail'] });
  await call('POST', '/sheets/read', { spreadsheet_id: 'sheet', range: 'A1:B2' });
  await call('POST', '/sheets/append', { spreadsheet_id: 'sheet', range: 'A1', values: [['fail']] });
  const secret = planted['query secret of a caller'];
  for (const name of ['by_header', 'by_query', 'by_basic', 'by_oauth']) {
    await call('GET', `/proxy/${name}/thing?access_token=${secret}&api_key=${secret}&page=1`);
    await call('POST', `/proxy/${name}/fail`, { password: secret, token: secret, name: 'fine' });
  }
  await call('GET', `/logs?cursor=x&token=${planted['service token'].slice(0, 3)}`);
  await call('GET', '/logs', undefined, undefined, `${planted['service token']}x`);

  // Reads everything that can be read.
  const logs = await call('GET', '/logs?limit=1000');
  assert.ok(logs.json.logs.length >= 8, `${logs.json.logs.length} entries`);
  for (const { id } of logs.json.logs) await call('GET', `/logs/${id}`);
  const exported = await fetch(`${service.url}/api/v1/logs/export`, {
    headers: { authorization: `Bearer ${planted['admin token']}`, 'x-management-company-id': tenant },
  });
  replies.push(await exported.text());
  const stored = await call('GET', '/webhooks/events');
  for (const { id } of stored.json.events) await call('GET', `/webhooks/events/${id}`);
  for (const path of ['/services', '/tokens', '/costs', '/cache/stats', '/cache/entries', '/rate-limits', '/budgets']) {
    await call('GET', path);
  }
  for (const path of ['/geocoding/health', '/sheets/health', '/webhooks/health']) await call('GET', path);
  for (const path of ['/metrics', '/health', '/health/detailed', '/openapi.json', '/asyncapi.json', '/docs', '/']) {
    const reply = await fetch(`${service.url}${path}`, {
      headers: { authorization: `Bearer ${planted['admin token']}` },
    });
    replies.push(`${path} ${await reply.text()}`);
  }
  await waitFor('the events have gone out', () => heard.includes('integration.request.failed'));

  for (const text of replies) search('a reply', text);
  assert.equal(proxied.length, 8);
  for (const text of proxied) search('a reply of a proxied service', text, 'query secret of a caller');
  search('an event', heard);
  assert.ok((await searchTables(database)) > 30);
  await service.close();
  await listening;
  assert.ok(lines.length > 20);
  for (const line of lines) search('a log line', line);
});
