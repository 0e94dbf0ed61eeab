/** Any API through the gateway: bytes, credentials, caching, retries, and the protection of its base URL. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import pg from 'pg';
import { type Cleanup, closeInReverse } from '../support/cleanup.ts';
import { startTestReplica, startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Upstream {
  readonly url: string;
  readonly seen: Seen[];
  answer: (seen: Seen, response: ServerResponse) => void;
}

async function startUpstream(t: Cleanup): Promise<Upstream> {
  closeInReverse(t);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const seen: Seen = { method, url, headers, body: Buffer.concat(chunks) };
    upstream.seen.push(seen);
    upstream.answer(seen, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const upstream: Upstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    answer: (_seen, response) => response.end('ok'),
  };
  return upstream;
}

async function start(t: Cleanup, more: Record<string, string> = {}) {
  const upstream = await startUpstream(t);
  const env = { OUTBOUND_ALLOWED_NETWORKS: new URL(upstream.url).host, ...more };
  const app = await startTestService(t, env);
  const register = async (name: string, members: Record<string, unknown> = {}): Promise<string> => {
    const reply = await app.call(
      'POST',
      '/services',
      {
        service_name: name,
        service_type: 'api',
        base_url: `${upstream.url}/base`,
        api_key: 'canary-key-5cd1',
        ...members,
      },
      { authorization: `Bearer ${app.adminToken}` },
    );
    assert.equal(reply.status, 201, reply.text);
    return reply.json.id;
  };
  return { upstream, app, register, env };
}

function ask(app: TestService, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${app.url}/api/v1/proxy/${path}`, {
    redirect: 'manual',
    ...init,
    headers: {
      'x-management-company-id': app.tenant,
      'x-service-token': app.token,
      ...(init.headers as Record<string, string>),
    },
  });
}

/** Sent raw: `fetch` would normalise the path, and sends no body with a GET. */
function askRaw(app: TestService, path: string, body = ''): Promise<number> {
  return askTarget(app, `/api/v1/proxy/${path}`, body);
}

async function askTarget(app: TestService, path: string, body = ''): Promise<number> {
  const { hostname, port } = new URL(app.url);
  const headers = {
    'x-management-company-id': app.tenant,
    'x-service-token': app.token,
    'content-length': Buffer.byteLength(body),
  };
  const request = httpRequest({ hostname, port, path, headers }).end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}

test('an API is reached through the gateway', async (t) => {
  const { upstream, app, register } = await start(t);
  await register('plain');

  await t.test('method, path, query, headers and body arrive as they were sent', async () => {
    const body = randomBytes(70_000);
    upstream.answer = (_seen, response) => {
      response.writeHead(201, { 'content-type': 'application/x-thing', 'x-own': 'kept' }).end(body);
    };
    const reply = await ask(app, 'plain/a%2Fb/%D1%83%D0%BB?q=a+b&q=%20&empty', {
      method: 'PATCH',
      body,
      headers: { 'content-type': 'application/octet-stream', 'x-custom': 'yes' },
    });
    const seen = upstream.seen.at(-1);
    assert.equal(reply.status, 201);
    assert.deepEqual([seen?.method, seen?.url], ['PATCH', '/base/a%2Fb/%D1%83%D0%BB?q=a+b&q=%20&empty']);
    assert.ok(seen?.body.equals(body));
    assert.deepEqual([seen?.headers['content-type'], seen?.headers['x-custom']], ['application/octet-stream', 'yes']);
    assert.ok(Buffer.from(await reply.arrayBuffer()).equals(body));
    assert.equal(reply.headers.get('content-type'), 'application/x-thing');
    assert.deepEqual([reply.headers.get('x-own'), reply.headers.get('x-provider')], ['kept', 'plain']);
  });

  await t.test('every method passes, and HEAD has the length of the body without it', async () => {
    upstream.answer = (_seen, response) => response.writeHead(200, { 'content-length': '2' }).end('ok');
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const reply = await ask(app, 'plain', { method });
      assert.deepEqual([reply.status, await reply.text()], [200, method === 'HEAD' ? '' : 'ok'], method);
      assert.equal(reply.headers.get('content-length'), '2', method);
      assert.deepEqual([upstream.seen.at(-1)?.method, upstream.seen.at(-1)?.url], [method, '/base'], method);
    }
  });

  await t.test('a GET with a body is refused, because the body would be lost', async () => {
    const before = upstream.seen.length;
    assert.equal(await askRaw(app, 'plain/_search', '{"query":{"match":{"city":"Ташкент"}}}'), 400);
    assert.equal(upstream.seen.length, before);
    assert.equal(await askRaw(app, 'plain/_search'), 200);
  });

  await t.test('the caller’s credentials and connection headers are dropped, the account’s are sent', async () => {
    await ask(app, 'plain/x', {
      headers: {
        cookie: 'session=1',
        'x-service-api-key': 'mine',
        'x-forwarded-for': '10.0.0.9',
        'x-api-key': 'mine',
      },
    });
    const headers = upstream.seen.at(-1)?.headers ?? {};
    assert.equal(headers.authorization, 'Bearer canary-key-5cd1');
    for (const name of [
      'cookie',
      'x-service-token',
      'x-service-api-key',
      'x-api-key',
      'x-forwarded-for',
      'x-management-company-id',
    ]) {
      assert.equal(headers[name], undefined, name);
    }
    assert.equal(headers.host, new URL(upstream.url).host);
  });

  await t.test('no header of the caller redirects the upstream to another path, host or proxy', async () => {
    const misleading = {
      'x-original-url': '/admin',
      'x-original-uri': '/admin',
      'x-rewrite-url': '/admin',
      'x-override-url': '/admin',
      'x-forwarded-uri': '/admin',
      'x-forwarded-path': '/admin',
      'x-forwarded-server': 'other.example',
      'x-forwarded-ssl': 'on',
      'x-original-host': 'other.example',
      'x-http-host-override': 'other.example',
      'x-host': 'other.example',
      proxy: 'http://other.example',
      'proxy-authorization': 'Basic bWluZTptaW5l',
    };
    await ask(app, 'plain/x', { headers: { ...misleading, 'x-own-header': 'kept' } });
    const headers = upstream.seen.at(-1)?.headers ?? {};
    for (const name of Object.keys(misleading)) assert.equal(headers[name], undefined, name);
    assert.equal(headers['x-own-header'], 'kept');
  });

  await t.test('the upstream’s cookies, server header and browser directives are not returned', async () => {
    upstream.answer = (_seen, response) =>
      response
        .writeHead(200, {
          'set-cookie': 'a=b',
          server: 'secret/1',
          'access-control-allow-origin': '*',
          'content-security-policy': 'default-src *',
          connection: 'close, x-hop',
          'x-hop': '1',
        })
        .end('<script>alert(1)</script>');
    const reply = await ask(app, 'plain/page');
    for (const name of ['set-cookie', 'server', 'access-control-allow-origin', 'x-hop']) {
      assert.equal(reply.headers.get(name), null, name);
    }
    assert.match(reply.headers.get('content-security-policy') ?? '', /^sandbox/);
  });

  await t.test('refusals of the upstream pass unchanged', async () => {
    for (const status of [400, 403, 404, 409, 422]) {
      upstream.answer = (_seen, response) => response.writeHead(status).end(`said ${status}`);
      const reply = await ask(app, 'plain/refused', { method: 'POST', body: '{}' });
      assert.deepEqual([reply.status, await reply.text()], [status, `said ${status}`]);
    }
  });

  await t.test('a redirect is returned, not followed, and the upstream’s address is not shown', async () => {
    upstream.answer = (_seen, response) => response.writeHead(302, { location: '/base/next?x=1' }).end();
    const own = await ask(app, 'plain/moved', { method: 'POST' });
    assert.deepEqual([own.status, own.headers.get('location')], [302, '/api/v1/proxy/plain/next?x=1']);
    upstream.answer = (_seen, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    const count = upstream.seen.length;
    assert.equal((await ask(app, 'plain/moved', { method: 'POST' })).status, 302);
    assert.equal(upstream.seen.length, count + 1);
  });

  await t.test('no path leads out of the base URL', async () => {
    const count = upstream.seen.length;
    for (const path of [
      'plain/../x',
      'plain/..',
      'plain/a/../../x',
      'plain/%2e%2e/x',
      'plain/%2E./x',
      'plain/..%2fx',
      'plain/a%2f..%2f..%2fx',
      'plain/%252e%252e%252fx',
      'plain/..;/x',
      'plain/..%5cx',
      'plain/.%00./x',
      'plain/a\\..\\x',
      'plain/%zz',
    ]) {
      const status = await askRaw(app, path);
      assert.ok(status === 400 || status === 404, `${path}: ${status}`);
    }
    assert.equal(upstream.seen.length, count, 'nothing was sent');
    upstream.answer = (_seen, response) => response.end('ok');
    for (const path of ['plain//evil.example/x', 'plain/http://evil.example/x', 'plain/@evil.example']) {
      assert.equal(await askRaw(app, path), 200, path);
      assert.ok(upstream.seen.at(-1)?.url.startsWith('/base/'), path);
    }
  });

  await t.test('a missing service or scope is reported', async () => {
    assert.equal((await ask(app, 'nobody/x')).status, 404);
    assert.equal((await ask(app, 'http/x')).status, 404, 'the name of an adapter is not a service');
    assert.equal((await ask(app, 'google_maps/x')).status, 404, 'services of other types are not proxied');
    assert.equal((await ask(app, 'plain/x', { headers: { 'x-management-company-id': 'another' } })).status, 404);
    assert.equal((await ask(app, 'plain/x', { headers: { 'x-service-token': 'wrong' } })).status, 401);
  });

  await t.test('every request is in the log, without its secret', async () => {
    upstream.answer = (_seen, response) => response.end('{"token":"canary-key-5cd1"}');
    await ask(app, 'plain/logged', { method: 'POST', body: 'x', headers: { 'x-request-id': 'find-me' } });
    const logs = await app.call('GET', '/logs?request_id=find-me');
    assert.deepEqual(
      [logs.json.logs.length, logs.json.logs[0].operation, logs.json.logs[0].service_name],
      [1, 'http', 'plain'],
    );
    const whole = await app.call('GET', `/logs/${logs.json.logs[0].id}`);
    assert.ok(!whole.text.includes('canary-key'), whole.text);
  });
});

test('the forwarded path is what follows the name, however the prefix is written', async (t) => {
  const { upstream, app, register } = await start(t);
  await register('plain');
  for (const before of [
    '/api/v1/proxy',
    'http://gateway.example/api/v1/proxy',
    'HTTP://gateway.example:8006/api/v1/proxy',
    '/api/v1/%70roxy',
    '/api/v%31/proxy',
  ]) {
    assert.equal(await askTarget(app, `${before}/pl%61in/a%2Fb/?c=/d`), 200, before);
    assert.equal(upstream.seen.at(-1)?.url, '/base/a%2Fb/?c=/d', before);
  }
});

test('each kind of credential is sent in its place', async (t) => {
  const { upstream, app, register } = await start(t);
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
  const cases: readonly [string, Record<string, unknown>, (seen: Seen) => unknown, unknown][] = [
    [
      'bearer',
      { config: { auth: { in: 'bearer' } } },
      ({ headers }) => headers.authorization,
      'Bearer canary-key-5cd1',
    ],
    [
      'header',
      { config: { auth: { in: 'header', name: 'X-Key' } } },
      ({ headers }) => headers['x-key'],
      'canary-key-5cd1',
    ],
    [
      'prefix',
      { config: { auth: { in: 'header', prefix: 'Token' } } },
      ({ headers }) => headers.authorization,
      'Token canary-key-5cd1',
    ],
    [
      'empty-prefix',
      { config: { auth: { in: 'header', name: 'Authorization', prefix: '' } } },
      ({ headers }) => headers.authorization,
      'canary-key-5cd1',
    ],
    [
      'query',
      { config: { auth: { in: 'query', name: 'apikey' } } },
      ({ url }) => url,
      '/base/x?a=1&apikey=canary-key-5cd1',
    ],
    [
      'basic',
      { config: { auth: { in: 'basic' } }, credentials: { username: 'u', password: 'p:w' } },
      ({ headers }) => headers.authorization,
      basic('u:p:w'),
    ],
    [
      'basic-key',
      { config: { auth: { in: 'basic' } } },
      ({ headers }) => headers.authorization,
      basic('canary-key-5cd1:'),
    ],
    [
      'basic-name',
      { config: { auth: { in: 'basic', name: 'user' } } },
      ({ headers }) => headers.authorization,
      basic('user:canary-key-5cd1'),
    ],
    [
      'basic-header-named',
      { config: { auth: { in: 'basic', name: 'Authorization' } }, api_key: 'user:canary' },
      ({ headers }) => headers.authorization,
      basic('user:canary'),
    ],
    ['none', { api_key: null }, ({ headers }) => headers.authorization, undefined],
  ];
  for (const [name, members, where, expected] of cases) {
    await t.test(name, async () => {
      await register(name, members);
      assert.equal((await ask(app, `${name}/x?a=1&apikey=the+callers&%61pikey=again`)).status, 200);
      const seen = upstream.seen.at(-1) as Seen;
      if (name === 'query') assert.equal(where(seen), expected);
      else assert.deepEqual([where(seen), seen.url], [expected, '/base/x?a=1&apikey=the+callers&%61pikey=again']);
    });
  }

  await t.test('several credentials, each with its own value', async () => {
    upstream.answer = (_seen, response) => response.end('ok');
    await register('several', {
      credentials: { 'x-application': 'canary-app-30', sid: 'canary-sid-31', username: 'u', password: 'canary-pw-32' },
      config: {
        auth: [
          { in: 'header', name: 'X-Key' },
          { in: 'header', name: 'X-Application', prefix: 'App' },
          { in: 'query', name: 'sid' },
          { in: 'basic' },
        ],
      },
    });
    const own = { 'x-application': 'the callers', 'x-key': 'the callers' };
    assert.equal((await ask(app, 'several/x?sid=the+callers&b=2', { headers: own })).status, 200);
    const { headers, url } = upstream.seen.at(-1) as Seen;
    assert.deepEqual([headers['x-key'], headers['x-application']], ['canary-key-5cd1', 'App canary-app-30']);
    assert.deepEqual([headers.authorization, url], [basic('u:canary-pw-32'), '/base/x?b=2&sid=canary-sid-31']);
  });

  await t.test('configured headers and parameters are sent with every request, instead of the caller’s', async () => {
    await register('further', {
      config: {
        headers: { 'X-Api-Version': '2026-01', 'User-Agent': 'Acme/1' },
        query: { api_version: '7 & more', lang: 'uz' },
      },
    });
    const own = { 'x-api-version': 'the callers', 'x-other': 'kept' };
    assert.equal((await ask(app, 'further/x?api%5Fversion=1&a=b', { headers: own, method: 'POST' })).status, 200);
    const { headers, url } = upstream.seen.at(-1) as Seen;
    assert.deepEqual(
      [headers['x-api-version'], headers['user-agent'], headers['x-other'], headers.authorization],
      ['2026-01', 'Acme/1', 'kept', 'Bearer canary-key-5cd1'],
    );
    assert.equal(url, '/base/x?a=b&api_version=7%20%26%20more&lang=uz');
  });

  await t.test(
    'secret headers and parameters are sent, sealed, shown masked, and kept if an update omits them',
    async () => {
      upstream.answer = (_seen, response) => response.end('canary-header-40 canary-query-41');
      const config = {
        headers: { 'X-Device-Code': 'canary-header-40', 'X-Plain': 'open' },
        query: { sid: 'canary-query-41' },
        secret_headers: ['x-device-code', 'sid'],
      };
      const place = `/services/${await register('sealed', { config, credentials: { password: 'canary-pw-42' } })}`;
      const shown = async (): Promise<Record<string, unknown>> => {
        const reply = await app.admin('GET', place);
        assert.ok(!reply.text.includes('canary'), reply.text);
        return reply.json.config;
      };
      const sent = async (): Promise<unknown[]> => {
        assert.equal((await ask(app, 'sealed/x', { method: 'POST' })).status, 200);
        const { headers, url } = upstream.seen.at(-1) as Seen;
        return [headers['x-device-code'], headers['x-plain'], url];
      };
      const change = async (method: string, body: Record<string, unknown>): Promise<void> => {
        const reply = await app.admin(method, place, body);
        assert.equal(reply.status, 200, reply.text);
        assert.ok(!reply.text.includes('canary'), reply.text);
      };
      const whole = { service_name: 'sealed', service_type: 'api', base_url: `${upstream.url}/base` };
      const all = ['canary-header-40', 'open', '/base/x?sid=canary-query-41'];
      const masked = {
        ...config,
        headers: { 'X-Device-Code': '[masked]', 'X-Plain': 'open' },
        query: { sid: '[masked]' },
      };
      assert.deepEqual(await shown(), masked);
      assert.deepEqual(await sent(), all);

      await change('PUT', { ...whole, config: masked });
      assert.deepEqual(await sent(), all);
      await change('PATCH', { credentials: { password: 'canary-pw-43' }, config: { headers: { 'X-Plain': 'other' } } });
      assert.deepEqual(await sent(), ['canary-header-40', 'other', '/base/x?sid=canary-query-41']);
      await change('PUT', whole);
      assert.deepEqual(await sent(), ['canary-header-40', undefined, '/base/x?sid=canary-query-41']);
      await change('PATCH', { credentials: null, config: { headers: { 'X-Device-Code': 'canary-header-44' } } });
      assert.deepEqual(await sent(), ['canary-header-44', undefined, '/base/x?sid=canary-query-41']);

      await withOwner(app.database.url, async (owner) => {
        const { rows } = await owner.query("select * from external_services where service_name = 'sealed'");
        assert.equal(rows.length, 1);
        assert.ok(!JSON.stringify(rows).includes('canary'));
      });
      const history = await app.admin('GET', `${place}/history`);
      assert.ok(!history.text.includes('canary'), history.text);
      const logs = await app.admin('GET', '/logs?service_name=sealed');
      assert.ok(!logs.text.includes('canary-header') && !logs.text.includes('canary-query'), logs.text);

      for (const [wrong, path] of [
        [{ config: { headers: { 'X-New': '[masked]' } } }, 'config.headers.X-New'],
        [{ config: { secret_headers: ['sid'] } }, 'config.headers.X-Device-Code'],
        [
          { config: { secret_headers: ['sid', 'x-device-code', 'x-new'], headers: { 'X-New': '[masked]' } } },
          'config.headers.X-New',
        ],
        [{ base_url: 'https://8.8.8.8/', api_key: 'new', credentials: null }, 'config.headers.X-Device-Code'],
        [{ credentials: { secret_headers: { headers: {} } } }, 'credentials.secret_headers'],
      ] as const) {
        const refused = await app.admin('PATCH', place, wrong);
        assert.equal(refused.status, 400, refused.text);
        assert.equal(refused.json.errors[0].path, path);
      }
      await change('PATCH', { config: { headers: { 'X-Device-Code': null }, query: null, secret_headers: null } });
      assert.deepEqual(await shown(), { headers: {} });
      assert.deepEqual(await sent(), [undefined, undefined, '/base/x']);
      assert.equal((await app.admin('GET', place)).json.has_credentials, false);
    },
  );

  await t.test('OAuth2 client credentials: one token for all, a new one when it is refused', async () => {
    let issued = 0;
    let valid = '';
    upstream.answer = ({ url, headers, body }, response) => {
      if (url === '/token') {
        assert.equal(headers.authorization, basic('client:canary-secret-77'));
        assert.equal(body.toString(), 'grant_type=client_credentials&scope=read');
        issued += 1;
        valid = `token-${issued}`;
        response.end(JSON.stringify({ access_token: valid, token_type: 'bearer', expires_in: 3600 }));
      } else response.writeHead(headers.authorization === `Bearer ${valid}` ? 200 : 401).end();
    };
    await register('oauth', {
      api_key: undefined,
      credentials: { client_id: 'client', client_secret: 'canary-secret-77' },
      config: { auth: { in: 'oauth2_client_credentials', token_url: `${upstream.url}/token`, scope: 'read' } },
    });
    const replies = await Promise.all(Array.from({ length: 10 }, (_, n) => ask(app, `oauth/${n}`, { method: 'POST' })));
    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
    assert.equal(issued, 1);
    valid = 'withdrawn';
    assert.equal((await ask(app, 'oauth/again', { method: 'POST' })).status, 200);
    assert.equal(issued, 2);
  });
});

test('a key in the query does not come back in the address of a redirect or of the next page', async (t) => {
  const { upstream, app, register } = await start(t);
  await register('queried', { config: { auth: { in: 'query', name: 'api key' } } });
  const headersFor = async (headers: Record<string, string>) => {
    upstream.answer = (_seen, response) => response.writeHead(302, headers).end();
    return (await ask(app, 'queried/list?page=1')).headers;
  };
  const asked = 'page=1&api%20key=canary-key-5cd1';
  const own = await headersFor({
    location: `/base/list/?${asked}`,
    'content-location': `${upstream.url}/base?${asked}`,
  });
  assert.equal(own.get('location'), '/api/v1/proxy/queried/list/?page=1');
  assert.equal(own.get('content-location'), '/api/v1/proxy/queried?page=1');
  const elsewhere = await headersFor({
    location: `https://api.example/base/list?api+key=canary-key-5cd1#top`,
    link: `<https://api.example/list?api%20key=canary-key-5cd1&page=2>; rel="next", </list?page=9>; rel="last"`,
  });
  assert.equal(elsewhere.get('location'), 'https://api.example/base/list#top');
  assert.equal(elsewhere.get('link'), '<https://api.example/list?page=2>; rel="next", </list?page=9>; rel="last"');
});

test('an invalid status is the upstream’s fault, and no answer', async (t) => {
  const { upstream, app, register } = await start(t);
  await register('odd');
  for (const status of [600, 999]) {
    upstream.answer = (_seen, response) =>
      void response.socket?.end(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
    const reply = await ask(app, 'odd', { method: 'POST' });
    assert.deepEqual([reply.status, ((await reply.json()) as { code: string }).code], [502, 'PROVIDER_ERROR']);
  }
});

test('an answer that is not HTTP is named as such, and is not asked for again', async (t) => {
  const { upstream, app, register } = await start(t);
  await register('other');
  const answers = ['SSH-2.0-OpenSSH_9.2\r\n', '\x15\x03\x01\x00\x02\x02\x0a', 'HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n'];
  for (const [n, text] of answers.entries()) {
    upstream.answer = (_seen, response) => void response.socket?.end(text, 'latin1');
    const reply = await app.call('GET', `/proxy/other/${n}`);
    assert.deepEqual([reply.status, reply.json.code], [502, 'PROVIDER_ERROR']);
    assert.match(reply.json.detail, /its answer is not valid HTTP/);
  }
  assert.equal(upstream.seen.length, answers.length);
});

test('answers are cached as the service says, else as the upstream does', async (t) => {
  const { upstream, app, register } = await start(t);
  await register('kept', { config: { cache_ttl_seconds: 60, cost_per_request: 0.5 } });
  await register('upstream-rules');
  let count = 0;
  const answerWith = (headers: Record<string, string>, status = 200): void => {
    upstream.answer = (_seen, response) => {
      count += 1;
      response.writeHead(status, headers).end(Buffer.from([0xff, 0x00, count]));
    };
  };
  const twice = async (path: string, init: RequestInit = {}) => {
    const replies = [await ask(app, path, init), await ask(app, path, init)];
    const bodies = await Promise.all(
      replies.map(async (reply) => Buffer.from(await reply.arrayBuffer()).toString('hex')),
    );
    return { bodies, outcomes: replies.map((reply) => reply.headers.get('x-cache')) };
  };

  await t.test('config.cache_ttl_seconds caches a GET, bytes unchanged', async () => {
    answerWith({ 'content-type': 'image/x', etag: '"1"' });
    const { bodies, outcomes } = await twice('kept/a?x=1');
    assert.equal(bodies[0], bodies[1]);
    assert.deepEqual(outcomes, ['MISS', 'HIT-MEMORY']);
    const hit = await ask(app, 'kept/a?x=1');
    assert.deepEqual([hit.headers.get('content-type'), hit.headers.get('etag')], ['image/x', '"1"']);
  });

  await t.test(
    'another query, language or method is another cache key; no-cache and max-age=0 request again',
    async () => {
      const before = count;
      for (const [path, init] of [
        ['kept/a?x=2', {}],
        ['kept/a?x=1', { headers: { 'accept-language': 'uz' } }],
        ['kept/a?x=1', { headers: { range: 'bytes=0-1' } }],
        ['kept/a?x=1', { headers: { 'cache-control': 'no-cache' } }],
        ['kept/a?x=1', { headers: { 'cache-control': 'max-age=0' } }],
        // What the Fetch Standard sends for this.
        ['kept/a?x=1', { cache: 'no-cache' }],
        ['kept/a?x=1', { method: 'POST' }],
      ] as const) {
        await ask(app, path, init);
      }
      assert.equal(count, before + 7);
    },
  );

  await t.test('errors, answers with an unknown Vary, and cookies are never cached', async () => {
    for (const [headers, status] of [
      [{}, 404],
      [{ vary: 'Cookie' }, 200],
      [{ vary: 'X-Correlation-Id' }, 200],
      [{ vary: '*' }, 200],
      [{ 'set-cookie': 'a=b' }, 200],
    ] as const) {
      answerWith(headers, status);
      const { outcomes } = await twice(`kept/not-${JSON.stringify(headers).length}-${status}`);
      assert.deepEqual(outcomes, ['MISS', 'MISS'], JSON.stringify(headers));
    }
  });

  await t.test('the upstream’s Cache-Control decides if the service has no setting', async () => {
    for (const [headers, hit] of [
      [{ 'cache-control': 'public, max-age=60' }, true],
      [{ 'cache-control': 'max-age=0, s-maxage=60' }, true],
      [{ 'cache-control': 'max-age=60', age: '60' }, false],
      [{ 'cache-control': 'no-store, max-age=60' }, false],
      [{ 'cache-control': 'private, max-age=60' }, false],
      [{}, false],
    ] as const) {
      answerWith(headers);
      const { outcomes } = await twice(`upstream-rules/${encodeURIComponent(JSON.stringify(headers))}`);
      assert.deepEqual(outcomes, ['MISS', hit ? 'HIT-MEMORY' : 'MISS'], JSON.stringify(headers));
    }
  });

  await t.test('a caller that waited for an answer that may not be shared sends its own request', async () => {
    let waiting: ServerResponse[] = [];
    upstream.answer = (_seen, response) => {
      count += 1;
      if (waiting.push(response) === 1) return;
      response.end(String(count));
    };
    const first = ask(app, 'upstream-rules/own');
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = ask(app, 'upstream-rules/own');
    const third = ask(app, 'upstream-rules/own', { headers: { 'cache-control': 'no-store' } });
    await third;
    waiting[0]?.end('first');
    waiting = [];
    assert.equal(await (await first).text(), 'first');
    assert.notEqual(await (await second).text(), 'first');
  });

  await t.test('the list of cache entries shows an expired answer as stale', async () => {
    answerWith({});
    await register('brief', { config: { cache_ttl_seconds: 1 } });
    await ask(app, 'brief/a');
    const statusOf = async () => {
      const asAdmin = { authorization: `Bearer ${app.adminToken}` };
      const { json } = await app.call('GET', '/cache/entries?service_name=brief', undefined, asAdmin);
      return json.entries[0]?.status;
    };
    const first = await waitFor('the answer is in the database', statusOf);
    assert.ok(first === 'active' || first === 'stale', first);
    await waitFor('its second is over', async () => (await statusOf()) === 'stale');
  });

  await t.test('a cached answer counts its price as saved', async () => {
    const costs = await app.call('GET', '/costs?group_by=service');
    const row = costs.json.rows.find(({ service }: { service: string }) => service === 'kept');
    assert.ok(row.total_cost > 0, costs.text);
  });
});

test('only safe requests are repeated, and a quota is honoured', async (t) => {
  const { upstream, app, register } = await start(t);
  await register('shaky');

  await t.test('a GET is retried after a 5xx, and the last answer passes', async () => {
    let left = 1;
    upstream.answer = (_seen, response) => response.writeHead(left-- > 0 ? 503 : 200).end('done');
    assert.equal((await ask(app, 'shaky/get')).status, 200);
    assert.equal(upstream.seen.length, 2);
  });

  await t.test('a POST is sent once, whatever the answer', async () => {
    upstream.seen.length = 0;
    upstream.answer = (_seen, response) => response.writeHead(500, { 'content-type': 'text/plain' }).end('broken');
    const reply = await ask(app, 'shaky/post', { method: 'POST', body: 'x' });
    assert.deepEqual([reply.status, await reply.text(), upstream.seen.length], [500, 'broken', 1]);
    upstream.answer = (_seen, response) => void response.socket?.resetAndDestroy();
    const cut = await ask(app, 'shaky/post', { method: 'POST', body: 'x' });
    assert.deepEqual([cut.status, ((await cut.json()) as { outcome: string }).outcome], [504, 'unknown']);
    assert.equal(upstream.seen.length, 2);
  });

  await t.test('with an Idempotency-Key the first answer is repeated', async () => {
    upstream.seen.length = 0;
    upstream.answer = (_seen, response) => response.writeHead(201).end(randomBytes(8));
    const init = { method: 'POST', body: 'pay', headers: { 'idempotency-key': 'pay-1' } };
    const first = Buffer.from(await (await ask(app, 'shaky/pay', init)).arrayBuffer());
    const again = await ask(app, 'shaky/pay', init);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.ok(Buffer.from(await again.arrayBuffer()).equals(first));
    assert.equal(upstream.seen.length, 1);
    assert.equal((await ask(app, 'shaky/pay', { ...init, body: 'other' })).status, 422);
  });

  await t.test('with an Idempotency-Key a caller that disconnects gets the answer when it repeats', async () => {
    upstream.seen.length = 0;
    const held = Promise.withResolvers<ServerResponse>();
    upstream.answer = ({ url }, response) => {
      if (url.endsWith('/pay')) held.resolve(response);
      else response.end('pong');
    };
    const init = { method: 'POST', body: 'pay', headers: { 'idempotency-key': 'pay-2' } };
    const leaving = new AbortController();
    const first = ask(app, 'shaky/pay', { ...init, signal: leaving.signal });
    const response = await held.promise;
    leaving.abort();
    await assert.rejects(first);
    assert.equal((await ask(app, 'shaky/ping')).status, 200, 'the gateway has noticed the disconnect');
    response.writeHead(201).end('paid');

    const again = await waitFor('the first answer', async () => {
      const reply = await ask(app, 'shaky/pay', init);
      return reply.status === 409 ? null : reply;
    });
    assert.deepEqual([again.status, await again.text()], [201, 'paid']);
    assert.equal(upstream.seen.filter(({ url }) => url.endsWith('/pay')).length, 1);
  });

  await t.test('the service’s own limit refuses before anything is sent', async () => {
    await register('limited', { rate_limit_per_minute: 2 });
    upstream.seen.length = 0;
    upstream.answer = (_seen, response) => response.end('ok');
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await ask(app, `limited/${n}`, { method: 'PUT' })).status);
    assert.deepEqual([statuses, upstream.seen.length], [[200, 200, 429], 2]);
  });

  await t.test('an upstream’s 429 passes, and nothing more is sent until its Retry-After', async () => {
    await register('pausing');
    upstream.seen.length = 0;
    upstream.answer = (_seen, response) => response.writeHead(429, { 'retry-after': '30' }).end('slow down');
    const reply = await ask(app, 'pausing/x');
    assert.deepEqual([reply.status, await reply.text(), reply.headers.get('retry-after')], [429, 'slow down', '30']);
    assert.equal((await ask(app, 'pausing/x')).status, 429);
    assert.equal(upstream.seen.length, 1);
  });

  await t.test('a Retry-After of a day is cut to 15 minutes, is shown, and ends with a check or a change', async () => {
    const id = await register('patient');
    const admin = { authorization: `Bearer ${app.adminToken}` };
    const windowsOf = async () => (await app.call('GET', `/services/${id}/rate-limits`, undefined, admin)).json;
    for (const end of ['check', 'change']) {
      upstream.answer = (_seen, response) => response.writeHead(429, { 'retry-after': '86400' }).end();
      assert.equal((await ask(app, 'patient/x')).status, 429);
      const refused = await ask(app, 'patient/x');
      const seconds = Number(refused.headers.get('retry-after'));
      assert.ok(refused.status === 429 && seconds > 800 && seconds <= 900, `${refused.status} ${seconds}`);
      const shown = await windowsOf();
      assert.equal(shown.paused_because, 'retry_after');
      assert.equal(shown.windows[0].is_rate_limited, true);
      upstream.answer = (_seen, response) => response.end('again');
      if (end === 'check') await app.call('POST', `/services/${id}/check`, undefined, admin);
      else await app.call('PATCH', `/services/${id}`, { description: 'changed' }, admin);
      assert.equal((await windowsOf()).paused_until, null);
      assert.equal((await ask(app, 'patient/x')).status, 200);
    }
  });

  await t.test('paths that always fail do not block the service’s other paths', async () => {
    await register('mixed');
    const odd: Record<string, (response: ServerResponse) => void> = {
      '500': (response) => response.writeHead(500).end(),
      '401': (response) => response.writeHead(401).end(),
      encoding: (response) => response.writeHead(200, { 'content-encoding': 'UTF-8' }).end('x'),
      cut: (response) => void response.writeHead(200, { 'content-length': '9' }).write('x', () => response.destroy()),
    };
    upstream.answer = ({ url }, response) => {
      const hostile = odd[url.split('/').at(-1) ?? ''];
      if (hostile === undefined) response.end('fine');
      else hostile(response);
    };
    for (let round = 0; round < 3; round += 1) {
      for (const path of Object.keys(odd)) {
        const replies = Array.from({ length: 3 }, () => ask(app, `mixed/${path}`).then((reply) => reply.text()));
        await Promise.allSettled(replies);
        assert.equal((await ask(app, `mixed/healthy-${path}`)).status, 200, path);
      }
    }
  });

  await t.test('a body too large for an Idempotency-Key is refused', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024 + 1);
    const reply = await ask(app, 'shaky/big', { method: 'PUT', body, headers: { 'idempotency-key': 'big' } });
    assert.equal(reply.status, 413);
  });
});

test('a changed or recreated API is asked again, whatever was cached of it', async (t) => {
  const { upstream, app, register } = await start(t);
  const id = await register('catalog', { config: { cache_ttl_seconds: 600 } });
  upstream.answer = ({ url, headers }, response) => response.end(`${url} as ${headers.authorization?.slice(-4)}`);
  const look = async () => {
    const reply = await ask(app, 'catalog/prices');
    return [reply.headers.get('x-cache'), await reply.text()];
  };
  const change = (members: Record<string, unknown>) => app.admin('PATCH', `/services/${id}`, members);
  await look();
  const kept = await look();
  assert.deepEqual(kept, ['HIT-MEMORY', '/base/prices as 5cd1']);

  await change({ description: 'the price list', priority: 7, config: { cost_per_request: 0.01 } });
  assert.deepEqual(await look(), kept, 'a change that affects no answer drops none');
  await change({ base_url: `${upstream.url}/new` });
  assert.deepEqual(await look(), ['MISS', '/new/prices as 5cd1']);
  await change({ api_key: 'canary-key-7e02' });
  assert.deepEqual(await look(), ['MISS', '/new/prices as 7e02']);

  const removed = await app.admin('DELETE', `/services/${id}`);
  assert.equal(removed.status, 204, removed.text);
  await register('catalog', { config: { cache_ttl_seconds: 600 } });
  assert.deepEqual(await look(), ['MISS', '/base/prices as 5cd1']);
});

test('a replica notified late of a changed API sends nothing to the old address', async (t) => {
  const keys = { ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}` };
  const { upstream, app, register, env } = await start(t, keys);
  const replica = await startTestReplica(t, app, env);
  const id = await register('catalog', { config: { cache_ttl_seconds: 600 } });
  upstream.answer = ({ url }, response) => response.end(url);
  const look = async () => (await ask(replica, 'catalog/prices')).text();
  await waitFor('the replica to know it', async () => (await look()) === '/base/prices');
  await withOwner(app.database.url, (owner) =>
    // As if the replica's listening connection had just been lost.
    owner.query('alter table external_services disable trigger external_services_notify_update'),
  );

  await app.admin('PATCH', `/services/${id}`, { base_url: `${upstream.url}/new` });

  assert.equal(await look(), '/new/prices');
});

async function withOwner(url: string, work: (owner: pg.Client) => Promise<unknown>): Promise<void> {
  const owner = new pg.Client(url);
  await owner.connect();
  try {
    await work(owner);
  } finally {
    await owner.end();
  }
}
