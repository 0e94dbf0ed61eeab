/** Expired cached answers: what a 304 confirms, and what it does not. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import {
  askProxy as ask,
  changed,
  expired,
  startBeforeConditionalUpstream as start,
} from '../support/conditional-upstream.ts';
import { startTestReplica } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

test('a 304 revalidates an expired answer, and costs a call but no body', async (t) => {
  const { app, upstream, register, has } = await start(t);
  await register('api');

  await t.test('the caller gets the cached body, and the answer is fresh again', async () => {
    has({ ...expired, etag: '"1"', 'x-count': 'old' });
    assert.deepEqual([(await ask(app, 'api/a')).cache, upstream.bodies], ['MISS', 1]);
    upstream.headersOf304 = { 'cache-control': 'max-age=60', etag: '"1"', 'x-count': 'new' };
    const confirmed = await ask(app, 'api/a');
    assert.deepEqual(
      [confirmed.status, confirmed.text, confirmed.cache, confirmed.age],
      [200, 'first', 'REVALIDATED', 0],
    );
    assert.equal(confirmed.of('x-count'), 'new', 'the headers of the 304 apply');
    const hit = await ask(app, 'api/a');
    assert.deepEqual([hit.text, hit.cache, hit.of('x-count')], ['first', 'HIT-MEMORY', 'new']);
    assert.deepEqual([upstream.seen.length, upstream.bodies], [2, 1]);
  });

  await t.test('a 304 without headers restarts the cached lifetime', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/bare');
    upstream.headersOf304 = {};
    assert.equal((await ask(app, 'api/bare')).cache, 'REVALIDATED');
    assert.equal((await ask(app, 'api/bare')).cache, 'HIT-MEMORY');
  });

  await t.test('thirty GETs of a megabyte that must always be revalidated cost one body', async () => {
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

  await t.test('it is revalidated each time it has expired', async () => {
    has({ ...expired, etag: '"1"', 'last-modified': changed });
    await ask(app, 'api/often');
    for (let n = 0; n < 4; n += 1) assert.equal((await ask(app, 'api/often')).cache, 'REVALIDATED');
    assert.equal(upstream.bodies, 1);
  });

  await t.test('a header repeated by a 304 replaces all its old values', async () => {
    has({ ...expired, etag: '"1"' });
    upstream.instead = (_asked, response) =>
      response.writeHead(200, [...Object.entries(upstream.headers).flat(), 'x-tag', 'a', 'x-tag', 'b']).end('first');
    assert.equal((await ask(app, 'api/tags')).of('x-tag'), 'a, b');
    upstream.instead = null;
    upstream.headersOf304 = { 'x-tag': 'c' };
    assert.equal((await ask(app, 'api/tags')).of('x-tag'), 'c');
  });

  await t.test('a 304 with a forbidden body breaks neither this answer nor the next', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/wordy');
    upstream.instead = ({ socket }) =>
      void socket.write('HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 5\r\n\r\nwords');
    const { status, text } = await ask(app, 'api/wordy');
    assert.deepEqual([status, text], [200, 'first']);
    has({});
    for (let n = 0; n < 3; n += 1) assert.equal((await ask(app, `api/after-${n}`)).text, 'first');
  });

  await t.test('each encoding is cached separately', async () => {
    has({ 'cache-control': 'no-cache', etag: '"plain"' });
    await ask(app, 'api/encoded');
    has({ 'cache-control': 'no-cache', etag: '"zipped"', 'content-encoding': 'gzip' }, gzipSync('first'));
    await ask(app, 'api/encoded', { 'accept-encoding': 'gzip' });
    assert.equal(upstream.seen[0]?.headers['if-none-match'], undefined);
    has({ 'cache-control': 'no-cache', etag: '"plain"' });
    const { cache, of, text } = await ask(app, 'api/encoded');
    assert.deepEqual([cache, of('content-encoding'), text], ['REVALIDATED', undefined, 'first']);
  });

  await t.test('every kind of validator is used, and a weak one is sufficient', async () => {
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

  await t.test('body headers of a 304 do not change the cached answer', async () => {
    const zipped = gzipSync('zipped');
    has({ ...expired, etag: '"1"', 'content-encoding': 'gzip', 'content-length': String(zipped.length) }, zipped);
    await ask(app, 'api/zipped', { 'accept-encoding': 'gzip' });
    upstream.headersOf304 = { etag: 'W/"1"', 'content-length': '0', 'content-type': 'text/plain' };
    const { body, of } = await ask(app, 'api/zipped', { 'accept-encoding': 'gzip' });
    assert.deepEqual([body, of('content-encoding'), of('content-length')], [zipped, 'gzip', String(zipped.length)]);
  });
});

test('the whole answer is requested if nothing confirms the cached one', async (t) => {
  const { app, upstream, register, has } = await start(t);
  await register('api');

  await t.test('an unexpected 304 is not an answer', async () => {
    has({});
    upstream.instead = (_asked, response) => response.writeHead(304, { etag: '"1"' }).end();
    assert.equal((await ask(app, 'api/unasked')).status, 502);
    assert.equal((await ask(app, 'api/unasked', { 'if-none-match': '"1"' })).status, 304);
  });

  await t.test('a 200 replaces it, and an uncacheable answer removes it', async () => {
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
      ['a 304 that varies by anything', { ...expired, etag: '"1"', vary: '*' }],
    ] as const) {
      has({ ...expired, etag: '"1"' });
      await ask(app, `api/${said}`);
      has(headers, headers.etag === '"1"' ? 'first' : 'second');
      const reply = await ask(app, `api/${said}`);
      assert.deepEqual([reply.status, reply.text], [200, headers.etag === '"1"' ? 'first' : 'second'], said);
      await ask(app, `api/${said}`);
      assert.equal(upstream.seen[1]?.headers['if-none-match'], undefined, `${said}: nothing is cached`);
    }
  });

  await t.test('a 304 with another ETag confirms nothing: the whole answer is requested', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/confused');
    upstream.instead = ({ headers }, response) => {
      if (headers['if-none-match'] !== undefined) response.writeHead(304, { etag: '"2"' }).end();
      else response.writeHead(200, { ...expired, etag: '"2"' }).end('second');
    };
    const { status, text, cache } = await ask(app, 'api/confused');
    assert.deepEqual([status, text, cache], [200, 'second', 'MISS']);
  });

  await t.test('without a validator, and with no-cache, the whole answer is requested', async () => {
    has({ ...expired });
    for (let n = 0; n < 2; n += 1) await ask(app, 'api/plain');
    assert.equal(upstream.bodies, 2);
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/anew');
    assert.equal((await ask(app, 'api/anew', { 'cache-control': 'no-cache' })).cache, 'MISS');
    assert.deepEqual([upstream.bodies, upstream.seen[1]?.headers['if-none-match']], [2, undefined]);
  });

  await t.test('an answer dropped by a change is not revalidated', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/changed');
    await ask(app, 'api/changed', {}, 'PUT');
    await ask(app, 'api/changed');
    assert.equal(upstream.seen.at(-1)?.headers['if-none-match'], undefined);
  });
});

test('a revalidation is a call: in the log with its 304, charged, and a miss', async (t) => {
  const { app, register, has } = await start(t);
  await register('priced', { config: { cost_per_request: 0.5 } });
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

test('every layer keeps expired answers, for every replica', async (t) => {
  const { app, upstream, register, has, env } = await start(t);
  await register('api');
  const replica = await startTestReplica(t, app, env);

  await t.test('one replica’s answer is revalidated by another, from Redis', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/a');
    const { cache, text } = await ask(replica, 'api/a');
    assert.deepEqual([cache, text, upstream.bodies], ['REVALIDATED', 'first', 1]);
  });

  await t.test('one refresh over all replicas', async () => {
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

test('an answer cached before a restart is revalidated after it, from PostgreSQL', async (t) => {
  const { app, upstream, register, has, env } = await start(t, { REDIS_URL: '' });
  await register('api');
  has({ ...expired, etag: '"1"' });
  await ask(app, 'api/a');
  await app.service.close();
  const restarted = await startTestReplica(t, app, env);
  const { cache, text } = await ask(restarted, 'api/a');
  assert.deepEqual([cache, text, upstream.bodies], ['REVALIDATED', 'first', 1]);
});
