/** A caller's own conditions, ranges and HEAD, with cached answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  askProxy as ask,
  changed,
  expired,
  startBeforeConditionalUpstream as start,
} from '../support/conditional-upstream.ts';

test('the caller’s own conditions are answered from the cache', async (t) => {
  const { app, upstream, register, has } = await start(t);
  await register('api');

  await t.test('a fresh answer needs no call', async () => {
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

  await t.test('an expired answer is revalidated first, with its own validator and not the caller’s', async () => {
    has({ ...expired, etag: '"1"' });
    await ask(app, 'api/stale');
    has({ ...expired, etag: '"2"' }, 'second');
    const older = await ask(app, 'api/stale', { 'if-none-match': '"1"' });
    assert.deepEqual([older.status, older.text], [200, 'second'], 'the cached answer is outdated');
    has({ ...expired, etag: '"2"' }, 'second');
    const confirmed = await ask(app, 'api/stale', { 'if-none-match': '"2"' });
    assert.deepEqual([confirmed.status, confirmed.cache, confirmed.of('etag')], [304, 'REVALIDATED', '"2"']);
    has({ ...expired, etag: '"3"' }, 'third');
    const ahead = await ask(app, 'api/stale', { 'if-none-match': '"3"' });
    assert.deepEqual([ahead.status, ahead.text, upstream.bodies], [304, '', 1]);
    assert.equal((await ask(app, 'api/stale')).text, 'third', 'and the new answer is cached');
  });

  await t.test('without a cached answer the upstream decides, and its 304 is not shared', async () => {
    has({ 'cache-control': 'max-age=60', etag: '"1"' });
    const passed = await ask(app, 'api/unknown', { 'if-none-match': '"1"' });
    assert.deepEqual([passed.status, passed.cache, passed.of('etag')], [304, 'MISS', '"1"']);
    const whole = await ask(app, 'api/unknown');
    assert.deepEqual([whole.status, whole.text, whole.cache], [200, 'first', 'MISS']);
    const other = await ask(app, 'api/filled', { 'if-none-match': '"0"' });
    assert.deepEqual([other.status, other.text], [200, 'first']);
    assert.equal((await ask(app, 'api/filled')).cache, 'HIT-MEMORY', 'every 200 is cached');
  });

  await t.test('concurrent callers get each its own answer', async () => {
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

  await t.test('ranges and other conditions are passed to the upstream', async () => {
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
    assert.deepEqual([whole.text, whole.cache], ['first', 'HIT-MEMORY'], 'a part must not be cached as the whole');
  });

  await t.test('a cached GET answers HEAD, and never the other way round', async () => {
    has({ 'cache-control': 'max-age=60', etag: '"1"' });
    const first = await ask(app, 'api/head', {}, 'HEAD');
    assert.deepEqual([first.status, first.cache, upstream.seen.at(-1)?.method], [200, 'MISS', 'HEAD']);
    assert.equal((await ask(app, 'api/head')).text, 'first');
    const known = await ask(app, 'api/head', {}, 'HEAD');
    assert.deepEqual([known.status, known.text, known.cache, known.of('etag')], [200, '', 'HIT-MEMORY', '"1"']);
    assert.equal((await ask(app, 'api/head', { 'if-none-match': '"1"' }, 'HEAD')).status, 304);
    assert.equal(upstream.seen.length, 2);
  });

  await t.test('the age of an answer includes the upstream’s age', async () => {
    has({ 'cache-control': 'max-age=600', age: '100' });
    assert.equal((await ask(app, 'api/aged')).age, 100);
    const { age } = await ask(app, 'api/aged');
    assert.ok(age >= 100 && age < 600, String(age));
  });
});
