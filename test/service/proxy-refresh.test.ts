/** Kept answers past their time: confirmed by a 304, refreshed behind the caller, and the caller's own conditions. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import { type Cleanup, closeInReverse } from '../support/cleanup.ts';
import { startTestReplica, startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

type Headers = Record<string, string>;

/** An upstream with one resource, that answers a condition which holds with 304 and counts the bodies it sends. */
interface Upstream {
  headers: Headers;
  /** Of a 304; null: those of a 200. */
  headersOf304: Headers | null;
  body: Buffer;
  /** Answers in the place of the resource. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  readonly seen: { readonly method: string; readonly headers: IncomingMessage['headers'] }[];
  bodies: number;
}

async function start(t: Cleanup, env: Headers = {}) {
  closeInReverse(t);
  const upstream: Upstream = {
    ...{ headers: {}, headersOf304: null, body: Buffer.from('first'), instead: null, seen: [], bodies: 0 },
  };
  const server = createServer((asked, response) => {
    upstream.seen.push({ method: asked.method ?? '', headers: asked.headers });
    if (upstream.instead !== null) return upstream.instead(asked, response);
    const { etag, 'last-modified': modified } = upstream.headers;
    const tags = asked.headers['if-none-match'];
    const since = asked.headers['if-modified-since'];
    const holds = tags === undefined ? since !== undefined && since === modified : tags === '*' || tags === etag;
    if (holds) return response.writeHead(304, upstream.headersOf304 ?? upstream.headers).end();
    upstream.bodies += 1;
    response.writeHead(200, upstream.headers).end(upstream.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const all = {
    OUTBOUND_ALLOWED_NETWORKS: base,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ...env,
  };
  const app = await startTestService(t, all);
  const register = async (name: string, members: Record<string, unknown> = {}): Promise<string> => {
    const body = { service_name: name, service_type: 'api', base_url: `http://${base}`, api_key: 'key', ...members };
    const reply = await app.admin('POST', '/services', body);
    assert.equal(reply.status, 201, reply.text);
    return reply.json.id;
  };
  /** The upstream now has this, and nothing of before was counted. */
  const has = (headers: Headers, body: Buffer | string = 'first'): void => {
    Object.assign(upstream, { headers, headersOf304: null, body: Buffer.from(body), instead: null, bodies: 0 });
    upstream.seen.length = 0;
  };
  return { app, upstream, register, has, env: all };
}

/** Not `fetch`, which adds `Cache-Control: no-cache` to a request with conditions. */
async function ask(app: TestService, path: string, headers: Headers = {}, method: 'GET' | 'HEAD' | 'PUT' = 'GET') {
  const reply = await request(`${app.url}/api/v1/proxy/${path}`, {
    method,
    headers: { 'x-management-company-id': app.tenant, 'x-service-token': app.token, ...headers },
  });
  const body = Buffer.from(await reply.body.arrayBuffer());
  const of = (name: string): string | undefined => reply.headers[name]?.toString();
  return { status: reply.statusCode, of, body, text: body.toString(), cache: of('x-cache'), age: Number(of('age')) };
}

/** Past its time when it comes: a cache before the upstream has had it for long. */
const expired = { 'cache-control': 'max-age=60', age: '60' };
const changed = 'Sun, 22 Nov 2026 11:00:00 GMT';

test('a kept answer past its time is confirmed by a 304, which costs a call and no body', async (t) => {
  const { app, upstream, register, has } = await start(t);
  await register('api');
  await register('priced', { config: { cost_per_request: 0.5 } });

  await t.test('the caller gets the kept body, and the answer is fresh again', async () => {
    has({ ...expired, etag: '"1"', 'x-count': 'old' });
    assert.deepEqual([(await ask(app, 'api/a')).cache, upstream.bodies], ['MISS', 1]);
    upstream.headersOf304 = { 'cache-control': 'max-age=60', etag: '"1"', 'x-count': 'new' };
    const confirmed = await ask(app, 'api/a');
    assert.deepEqual(
      [confirmed.status, confirmed.text, confirmed.cache, confirmed.age],
      [200, 'first', 'REVALIDATED', 0],
    );
    assert.equal(confirmed.of('x-count'), 'new', 'what the 304 says, holds');
    const hit = await ask(app, 'api/a');
    assert.deepEqual([hit.text, hit.cache, hit.of('x-count')], ['first', 'HIT-MEMORY', 'new']);
    assert.deepEqual([upstream.seen.length, upstream.bodies], [2, 1]);
  });

  await t.test('a bare 304 begins the lifetime that was kept anew', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/bare');
    upstream.headersOf304 = {};
    assert.equal((await ask(app, 'api/bare')).cache, 'REVALIDATED');
    assert.equal((await ask(app, 'api/bare')).cache, 'HIT-MEMORY');
  });

  await t.test('thirty GETs of a megabyte that must always be confirmed cost one body', async () => {
    const body = randomBytes(1024 * 1024);
    has({ 'cache-control': 'no-cache', etag: '"large"' }, body);
    upstream.headersOf304 = { etag: '"large"', 'content-length': String(body.length) };
    await ask(app, 'api/large');
    for (let round = 0; round < 3; round += 1) {
      const replies = await Promise.all(Array.from({ length: 10 }, () => ask(app, 'api/large')));
      assert.ok(replies.every((reply) => reply.status === 200 && reply.body.equals(body)));
    }
    assert.deepEqual([upstream.bodies, upstream.seen.length], [1, 31]);
  });

  await t.test('every kind of validator is used, and a weak one is enough', async () => {
    for (const validators of [
      { etag: 'W/"1"' },
      { 'last-modified': changed },
      { etag: '"1"', 'last-modified': changed },
    ]) {
      const path = `api/validator-${encodeURIComponent(JSON.stringify(validators))}`;
      for (const rule of ['max-age=0, must-revalidate', 'no-cache', 'max-age=0, proxy-revalidate', 's-maxage=0']) {
        has({ 'cache-control': rule, ...validators });
        await ask(app, `${path}-${rule}`);
        const { cache, text } = await ask(app, `${path}-${rule}`);
        assert.deepEqual([cache, text, upstream.bodies], ['REVALIDATED', 'first', 1], path + rule);
      }
    }
  });

  await t.test('a 200 replaces it, and what may not be kept leaves nothing behind', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/new');
    has({ 'cache-control': 'max-age=60', etag: '"2"' }, 'second');
    const { text, cache } = await ask(app, 'api/new');
    assert.deepEqual([text, cache, upstream.seen[0]?.headers['if-none-match']], ['second', 'MISS', '"1"']);
    assert.deepEqual((await ask(app, 'api/new')).text, 'second');

    for (const [said, headers] of [
      ['a 200', { 'cache-control': 'no-store', etag: '"2"' }],
      ['a 304', { 'cache-control': 'no-store', etag: '"1"' }],
      ['a 304 with a session', { ...expired, etag: '"1"', 'set-cookie': 'a=b' }],
    ] as const) {
      has({ ...expired, etag: '"1"' });
      await ask(app, `api/${said}`);
      has(headers, headers.etag === '"1"' ? 'first' : 'second');
      const reply = await ask(app, `api/${said}`);
      assert.deepEqual([reply.status, reply.text], [200, headers.etag === '"1"' ? 'first' : 'second'], said);
      await ask(app, `api/${said}`);
      assert.equal(upstream.seen[1]?.headers['if-none-match'], undefined, `${said}: nothing is kept of it`);
    }
  });

  await t.test('a 304 that names another answer is no confirmation: all of it is asked for', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/confused');
    upstream.instead = ({ headers }, response) => {
      if (headers['if-none-match'] !== undefined) response.writeHead(304, { etag: '"2"' }).end();
      else response.writeHead(200, { ...expired, etag: '"2"' }).end('second');
    };
    const { status, text, cache } = await ask(app, 'api/confused');
    assert.deepEqual([status, text, cache], [200, 'second', 'MISS']);
  });

  await t.test('what a 304 says of a body that it does not send changes nothing of the kept one', async () => {
    const zipped = gzipSync('zipped');
    has({ ...expired, etag: '"1"', 'content-encoding': 'gzip', 'content-length': String(zipped.length) }, zipped);
    await ask(app, 'api/zipped', { 'accept-encoding': 'gzip' });
    upstream.headersOf304 = { etag: 'W/"1"', 'content-length': '0', 'content-type': 'text/plain' };
    const { body, of } = await ask(app, 'api/zipped', { 'accept-encoding': 'gzip' });
    assert.deepEqual([body, of('content-encoding'), of('content-length')], [zipped, 'gzip', String(zipped.length)]);
  });

  await t.test('without a validator, and for a caller who says no-cache, all of it is asked for', async () => {
    has({ ...expired });
    for (let n = 0; n < 2; n += 1) await ask(app, 'api/plain');
    assert.equal(upstream.bodies, 2);
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/anew');
    assert.equal((await ask(app, 'api/anew', { 'cache-control': 'no-cache' })).cache, 'MISS');
    assert.deepEqual([upstream.bodies, upstream.seen[1]?.headers['if-none-match']], [2, undefined]);
  });

  await t.test('what a change has let go of is not asked after', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/changed');
    await ask(app, 'api/changed', {}, 'PUT');
    await ask(app, 'api/changed');
    assert.equal(upstream.seen.at(-1)?.headers['if-none-match'], undefined);
  });

  await t.test('it is a call: in the log with its 304, charged, and a miss', async () => {
    has({ ...expired, etag: '"1"' });
    for (let n = 0; n < 3; n += 1) await ask(app, 'priced/a');
    const logs = await waitFor('its rows', async () => {
      const { json } = await app.call('GET', '/logs?service_name=priced');
      return json.logs.length === 3 ? json.logs : null;
    });
    const statuses = logs.map((log: { response_status_code: number }) => log.response_status_code).sort();
    assert.deepEqual(statuses, [200, 304, 304]);
    const { json } = await app.call('GET', '/costs?group_by=service');
    const row = json.rows.find(({ service }: { service: string }) => service === 'priced');
    assert.deepEqual([row.request_count, row.total_cost, row.saved_by_cache], [3, 1.5, 0]);
    const metrics = await (await request(`${app.url}/metrics`)).body.text();
    assert.match(metrics, /integration_cache_misses_total\{[^}]*service="priced"[^}]*\} 3/);
  });
});

test('the caller’s own conditions are answered from what is kept', async (t) => {
  const { app, upstream, register, has } = await start(t);
  await register('api');

  await t.test('while it is fresh, without a call', async () => {
    has({ 'cache-control': 'max-age=60', etag: 'W/"1"', 'last-modified': changed, 'x-own': '1' });
    await ask(app, 'api/a');
    for (const [headers, status] of [
      [{ 'if-none-match': '"1"' }, 304],
      [{ 'if-none-match': '"0", W/"1"' }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-modified-since': changed }, 304],
      [{ 'if-none-match': '"0"', 'if-modified-since': changed }, 200],
      [{ 'if-none-match': '"0"' }, 200],
      [{ 'if-modified-since': 'Sun, 22 Nov 2026 10:59:59 GMT' }, 200],
      [{ 'if-modified-since': 'yesterday' }, 200],
    ] as const) {
      const reply = await ask(app, 'api/a', headers);
      const said = JSON.stringify(headers);
      assert.deepEqual(
        [reply.status, reply.cache, reply.text],
        [status, 'HIT-MEMORY', status === 304 ? '' : 'first'],
        said,
      );
      assert.deepEqual(
        [reply.of('etag'), reply.of('cache-control'), reply.of('last-modified')],
        ['W/"1"', 'max-age=60', changed],
        said,
      );
    }
    assert.equal(upstream.seen.length, 1);
  });

  await t.test('past its time it is confirmed first, by its own validator and not by the caller’s', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/stale');
    has({ ...expired, etag: '"2"' }, 'second');
    const older = await ask(app, 'api/stale', { 'if-none-match': '"1"' });
    assert.deepEqual([older.status, older.text], [200, 'second'], 'what was kept is not true any more');
    has({ ...expired, etag: '"2"' }, 'second');
    const confirmed = await ask(app, 'api/stale', { 'if-none-match': '"2"' });
    assert.deepEqual([confirmed.status, confirmed.cache, confirmed.of('etag')], [304, 'REVALIDATED', '"2"']);
    has({ ...expired, etag: '"3"' }, 'third');
    const ahead = await ask(app, 'api/stale', { 'if-none-match': '"3"' });
    assert.deepEqual([ahead.status, ahead.text, upstream.bodies], [304, '', 1]);
    assert.equal((await ask(app, 'api/stale')).text, 'third', 'and what came is kept');
  });

  await t.test('where nothing is kept the upstream judges, and its 304 is no answer for others', async () => {
    has({ 'cache-control': 'max-age=60', etag: '"1"' });
    const passed = await ask(app, 'api/unknown', { 'if-none-match': '"1"' });
    assert.deepEqual([passed.status, passed.cache, passed.of('etag')], [304, 'MISS', '"1"']);
    const whole = await ask(app, 'api/unknown');
    assert.deepEqual([whole.status, whole.text, whole.cache], [200, 'first', 'MISS']);
    const other = await ask(app, 'api/filled', { 'if-none-match': '"0"' });
    assert.deepEqual([other.status, other.text], [200, 'first']);
    assert.equal((await ask(app, 'api/filled')).cache, 'HIT-MEMORY', 'a 200 is kept whoever asked for it');
  });

  await t.test('callers at the same time get each what it asked for', async () => {
    has({ 'cache-control': 'max-age=60', etag: '"1"' });
    const replies = await Promise.all([
      ask(app, 'api/together', { 'if-none-match': '"1"' }),
      ask(app, 'api/together'),
      ask(app, 'api/together', { 'if-none-match': '"0"' }),
    ]);
    assert.deepEqual(
      replies.map(({ status, text }) => [status, text]),
      [
        [304, ''],
        [200, 'first'],
        [200, 'first'],
      ],
    );
  });

  await t.test('parts and other conditions are the upstream’s to judge', async () => {
    has({ 'cache-control': 'max-age=60', etag: '"1"', 'accept-ranges': 'bytes' });
    await ask(app, 'api/parts');
    upstream.instead = ({ headers }, response) => {
      if (headers['if-match'] === '"0"') return response.writeHead(412).end();
      response.writeHead(206, { 'content-range': 'bytes 0-1/5', ...upstream.headers }).end('fi');
    };
    for (const [headers, status] of [
      [{ range: 'bytes=0-1' }, 206],
      [{ range: 'bytes=0-1', 'if-range': '"1"' }, 206],
      [{ range: 'bytes=0-1', 'if-none-match': '"9"' }, 206],
      [{ 'if-match': '"0"' }, 412],
    ] as const) {
      assert.equal((await ask(app, 'api/parts', headers)).status, status, JSON.stringify(headers));
    }
    const whole = await ask(app, 'api/parts');
    assert.deepEqual([whole.text, whole.cache], ['first', 'HIT-MEMORY'], 'no part is taken for the whole');
  });

  await t.test('HEAD is answered by what a GET has left, and never the other way round', async () => {
    has({ 'cache-control': 'max-age=60', etag: '"1"' });
    const first = await ask(app, 'api/head', {}, 'HEAD');
    assert.deepEqual([first.status, first.cache, upstream.seen.at(-1)?.method], [200, 'MISS', 'HEAD']);
    assert.equal((await ask(app, 'api/head')).text, 'first');
    const known = await ask(app, 'api/head', {}, 'HEAD');
    assert.deepEqual([known.status, known.text, known.cache, known.of('etag')], [200, '', 'HIT-MEMORY', '"1"']);
    assert.equal((await ask(app, 'api/head', { 'if-none-match': '"1"' }, 'HEAD')).status, 304);
    assert.equal(upstream.seen.length, 2);
  });

  await t.test('the age of an answer counts from where it was made', async () => {
    has({ 'cache-control': 'max-age=600', age: '100' });
    assert.equal((await ask(app, 'api/aged')).age, 100);
    const { age } = await ask(app, 'api/aged');
    assert.ok(age >= 100 && age < 600, String(age));
  });
});

test('an answer is given past its time while it is refreshed, where its upstream grants that', async (t) => {
  const { app, upstream, register, has } = await start(t);
  await register('api');
  const granted = { 'cache-control': 'max-age=0, stale-while-revalidate=600', etag: '"1"' };

  await t.test('at once, and refreshed once behind all who were given it', async () => {
    has(granted);
    await ask(app, 'api/a');
    has({ 'cache-control': 'max-age=600', etag: '"2"' }, 'second');
    let release = (): void => {};
    upstream.instead = (_asked, response) => {
      release = () => response.writeHead(200, upstream.headers).end(upstream.body);
    };
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(app, 'api/a')));
    for (const { status, text, cache } of replies) assert.deepEqual([status, text, cache], [200, 'first', 'STALE']);
    await waitFor('the refresh', () => upstream.seen.length === 1);
    assert.equal(upstream.seen[0]?.headers['if-none-match'], '"1"');
    assert.equal(
      (await ask(app, 'api/a', { 'if-none-match': '"1"' })).status,
      304,
      'meanwhile the old one is what there is',
    );
    release();
    await waitFor('the new one', async () => (await ask(app, 'api/a')).text === 'second');
    assert.equal((await ask(app, 'api/a')).cache, 'HIT-MEMORY');
    assert.equal(upstream.seen.length, 1);
  });

  await t.test('a 304 refreshes it as well, and a body that streams', async () => {
    has(granted);
    await ask(app, 'api/b');
    upstream.headersOf304 = { 'cache-control': 'max-age=600' };
    assert.equal((await ask(app, 'api/b')).cache, 'STALE');
    await waitFor('a hit', async () => (await ask(app, 'api/b')).cache === 'HIT-MEMORY');
    assert.equal(upstream.bodies, 1);

    has({ ...granted });
    await ask(app, 'api/long');
    const long = randomBytes(512 * 1024);
    has({ 'cache-control': 'max-age=600', etag: '"2"' }, long);
    assert.equal((await ask(app, 'api/long')).text, 'first');
    await waitFor('the long one', async () => (await ask(app, 'api/long')).body.equals(long));
  });

  await t.test('a refresh that fails is no caller’s error, and is not tried at every question', async () => {
    for (const [name, fail] of [
      ['error', (_asked, response) => response.writeHead(503).end('down')],
      ['cut', (_asked, response) => response.destroy()],
    ] as const satisfies readonly (readonly [string, Upstream['instead']])[]) {
      has(granted);
      await ask(app, `api/fails-${name}`);
      upstream.instead = fail;
      for (let n = 0; n < 10; n += 1) {
        const { status, text, cache } = await ask(app, `api/fails-${name}`);
        assert.deepEqual([status, text, cache], [200, 'first', 'STALE'], name);
      }
      const tried = upstream.seen.length - 1;
      assert.ok(tried >= 1 && tried <= 4, `${name}: ${tried} attempts of one refresh`);
      has(granted);
    }
  });

  await t.test('a refresh that a limit refuses is none, and it counts as a call', async () => {
    await register('limited', { rate_limit_per_minute: 2 });
    has(granted);
    await ask(app, 'limited/a');
    assert.equal((await ask(app, 'limited/a')).cache, 'STALE');
    await waitFor('the refresh', () => upstream.seen.length === 2);
    await ask(app, 'limited/b').then(({ status }) => assert.equal(status, 429));
    const logs = await waitFor('its row', async () => {
      const { json } = await app.call('GET', '/logs?service_name=limited&operation=http');
      return json.logs.some((log: { response_status_code: number }) => log.response_status_code === 304) && json.logs;
    });
    assert.ok(logs.length >= 2);
    has({ ...granted, etag: '"2"' }, 'second');
    for (let n = 0; n < 3; n += 1) assert.equal((await ask(app, 'limited/a')).text, 'first');
    assert.equal(upstream.seen.length, 0);
  });

  await t.test('rules that forbid it are heeded', async () => {
    for (const rule of ['must-revalidate', 'proxy-revalidate', 'no-cache']) {
      has({ ...granted, 'cache-control': `${granted['cache-control']}, stale-if-error=600, ${rule}` });
      await ask(app, `api/${rule}`);
      assert.equal((await ask(app, `api/${rule}`)).cache, 'REVALIDATED', rule);
      upstream.instead = (_asked, response) => response.writeHead(503).end('down');
      assert.equal((await ask(app, `api/${rule}`)).status, 503, rule);
    }
  });

  await t.test('stale-if-error stands in for an upstream that fails, and only where it is said', async () => {
    for (const [rule, isStale] of [
      ['max-age=60, stale-if-error=600', true],
      ['max-age=60', false],
    ] as const) {
      has({ 'cache-control': rule, age: '60', etag: '"1"' });
      await ask(app, `api/${rule}`);
      upstream.instead = (_asked, response) => response.writeHead(503).end('down');
      const { status, text, cache } = await ask(app, `api/${rule}`);
      assert.deepEqual([status, text, cache], isStale ? [200, 'first', 'STALE'] : [503, 'down', 'MISS'], rule);
    }
  });
});

test('every layer keeps an answer past its time, for every replica', async (t) => {
  const { app, upstream, register, has, env } = await start(t);
  await register('api');
  const replica = await startTestReplica(t, app, env);

  await t.test('what one replica was given another confirms, from Redis', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/a');
    const { cache, text } = await ask(replica, 'api/a');
    assert.deepEqual([cache, text, upstream.bodies], ['REVALIDATED', 'first', 1]);
  });

  await t.test('one refresh over all of them', async () => {
    has({ 'cache-control': 'max-age=0, stale-while-revalidate=600', etag: '"1"' });
    await ask(app, 'api/b');
    let release = (): void => {};
    upstream.instead = (_asked, response) => {
      release = () => response.writeHead(200, { 'cache-control': 'max-age=600' }).end('second');
    };
    for (let n = 0; n < 5; n += 1) {
      for (const one of [app, replica]) assert.equal((await ask(one, 'api/b')).text, 'first');
    }
    await waitFor('the refresh', () => upstream.seen.length === 2);
    release();
    for (const one of [app, replica]) {
      await waitFor('the new one', async () => (await ask(one, 'api/b')).text === 'second');
    }
    assert.equal(upstream.seen.length, 2);
  });
});

test('what was kept before a restart is confirmed after it, from PostgreSQL', async (t) => {
  const { app, upstream, register, has, env } = await start(t, { REDIS_URL: '' });
  await register('api');
  has({ ...expired, etag: '"1"' });
  await ask(app, 'api/a');
  await app.service.close();
  const restarted = await startTestReplica(t, app, env);
  const { cache, text } = await ask(restarted, 'api/a');
  assert.deepEqual([cache, text, upstream.bodies], ['REVALIDATED', 'first', 1]);
});
