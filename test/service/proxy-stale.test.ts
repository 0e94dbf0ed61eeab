/** Expired answers that are served: during a refresh, and if an upstream fails. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  askProxy as ask,
  type ConditionalUpstream,
  startBeforeConditionalUpstream as start,
} from '../support/conditional-upstream.ts';
import { waitFor } from '../support/wait-for.ts';

test('an expired answer is served during a refresh, if its upstream allows it', async (t) => {
  const { app, upstream, register, has } = await start(t);
  await register('api');
  const granted = { 'cache-control': 'max-age=0, stale-while-revalidate=600', etag: '"1"' };

  /** Refreshes of earlier requests may still be retried. */
  const seenOf = (path: string) => upstream.seen.filter(({ url }) => url.endsWith(path)).length;

  await t.test('at once, with one refresh for all callers', async () => {
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
      'meanwhile the old answer is served',
    );
    release();
    await waitFor('the new one', async () => (await ask(app, 'api/a')).text === 'second');
    assert.equal((await ask(app, 'api/a')).cache, 'HIT-MEMORY');
    assert.equal(upstream.seen.length, 1);
  });

  await t.test('a 304 and a streamed body refresh it too', async () => {
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

  await t.test('a failed refresh is no caller’s error, and is not retried at every request', async () => {
    for (const [name, fail] of [
      ['error', (_asked, response) => response.writeHead(503).end('down')],
      ['cut', (_asked, response) => response.destroy()],
    ] as const satisfies readonly (readonly [string, ConditionalUpstream['instead']])[]) {
      has(granted);
      await ask(app, `api/fails-${name}`);
      upstream.instead = fail;
      for (let n = 0; n < 10; n += 1) {
        const { status, text, cache } = await ask(app, `api/fails-${name}`);
        assert.deepEqual([status, text, cache], [200, 'first', 'STALE'], name);
      }
      const tried = seenOf(`/fails-${name}`) - 1;
      assert.ok(tried >= 1 && tried <= 4, `${name}: ${tried} attempts of one refresh`);
      has(granted);
    }
  });

  await t.test('a refresh counts as a call, and a limit may refuse it', async () => {
    await register('limited', { rate_limit_per_minute: 2 });
    has(granted);
    await ask(app, 'limited/a');
    assert.equal((await ask(app, 'limited/a')).cache, 'STALE');
    await waitFor('the refresh', () => seenOf('/a') === 2);
    await ask(app, 'limited/b').then(({ status }) => assert.equal(status, 429));
    const logs = await waitFor('its row', async () => {
      const { json } = await app.call('GET', '/logs?service_name=limited&operation=http');
      return json.logs.some((log: { response_status_code: number }) => log.response_status_code === 304) && json.logs;
    });
    assert.ok(logs.length >= 2);
    has({ ...granted, etag: '"2"' }, 'second');
    for (let n = 0; n < 3; n += 1) assert.equal((await ask(app, 'limited/a')).text, 'first');
    assert.equal(seenOf('/a'), 0);
  });

  await t.test('directives that forbid it are honoured', async () => {
    for (const rule of ['must-revalidate', 'proxy-revalidate', 'no-cache']) {
      has({ ...granted, 'cache-control': `${granted['cache-control']}, stale-if-error=600, ${rule}` });
      await ask(app, `api/${rule}`);
      assert.equal((await ask(app, `api/${rule}`)).cache, 'REVALIDATED', rule);
      upstream.instead = (_asked, response) => response.writeHead(503).end('down');
      assert.equal((await ask(app, `api/${rule}`)).status, 503, rule);
    }
  });

  await t.test('stale-if-error replaces a failing upstream, only if it is allowed', async () => {
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
