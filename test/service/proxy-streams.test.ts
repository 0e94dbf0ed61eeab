/** Streamed bodies through the gateway: large ones, endless ones, and those that are cut. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type Cleanup, closeInReverse } from '../support/cleanup.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function start(t: Cleanup) {
  closeInReverse(t);
  let answer: Answer = (_request, response) => response.end();
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: base });
  const admin = { authorization: `Bearer ${app.adminToken}` };
  const register = async (name: string, config: Record<string, unknown> = {}, apiKey = 'canary-key'): Promise<void> => {
    const body = {
      service_name: name,
      service_type: 'api',
      base_url: `http://${base}/v1`,
      ...(apiKey === '' ? {} : { api_key: apiKey }),
      config,
    };
    const reply = await app.call('POST', '/services', body, admin);
    assert.equal(reply.status, 201, reply.text);
  };
  return {
    app,
    register,
    answerWith: (next: Answer) => (answer = next),
    asked: () => asked,
  };
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

async function* megabytes(count: number): AsyncGenerator<Buffer> {
  for (let n = 0; n < count; n += 1) yield Buffer.alloc(1024 * 1024, n);
}

function digest(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return (async () => {
    const hash = createHash('sha256');
    for await (const chunk of chunks) hash.update(chunk);
    return hash.digest('hex');
  })();
}

async function rowOf(app: TestService, requestId: string | null) {
  return waitFor('its row', async () => {
    const { json } = await app.call('GET', `/logs?request_id=${requestId}`);
    return json.logs[0] ?? null;
  });
}

test('bodies stream through the gateway', async (t) => {
  const { app, register, answerWith, asked } = await start(t);
  await register('big');
  const expected = await digest(megabytes(60));

  await t.test('60 MB down and 60 MB up pass completely, and are never held whole', async () => {
    answerWith((_request, response) => void Readable.from(megabytes(60)).pipe(response));
    const heldBefore = process.memoryUsage().rss;
    let mostHeld = 0;
    const watch = setInterval(() => (mostHeld = Math.max(mostHeld, process.memoryUsage().rss)), 20);
    const down = await ask(app, 'big/file');
    assert.equal(await digest(down.body as unknown as AsyncIterable<Uint8Array>), expected);
    answerWith((request, response) => void digest(request).then((seen) => response.end(seen)));
    const init = { method: 'POST', body: Readable.toWeb(Readable.from(megabytes(60))), duplex: 'half' };
    const up = await ask(app, 'big/upload', init as unknown as RequestInit);
    assert.equal(await up.text(), expected);
    clearInterval(watch);
    // Sender, upstream and receiver are in this process too.
    assert.ok(mostHeld - heldBefore < 300 * 1024 * 1024, `${mostHeld - heldBefore} bytes more`);
    const downRow = await rowOf(app, down.headers.get('x-request-id'));
    assert.match(
      downRow.response_body ?? (await app.call('GET', `/logs/${downRow.id}`)).json.response_body,
      /62914560 bytes/,
    );
    const upRow = await rowOf(app, up.headers.get('x-request-id'));
    assert.match((await app.call('GET', `/logs/${upRow.id}`)).json.request_body, /62914560 bytes/);
  });

  await t.test('an upload states its length if its caller does', async () => {
    answerWith((request, response) => {
      request.resume();
      request.on('end', () => response.end(String(request.headers['content-length'] ?? 'none')));
    });
    const up = await ask(app, 'big/upload', { method: 'PUT', body: Buffer.alloc(3_000_000) });
    assert.equal(await up.text(), '3000000');
  });

  await t.test('a flowing upload has unlimited time, and the upstream’s time-out starts after it', async () => {
    await register('quick', { timeout_seconds: 1 });
    const drips = async function* (): AsyncGenerator<Buffer> {
      for (let n = 0; n < 25; n += 1) {
        yield Buffer.from('x');
        await sleep(100);
      }
    };
    const upload = (): RequestInit =>
      ({ method: 'POST', body: Readable.toWeb(Readable.from(drips())), duplex: 'half' }) as unknown as RequestInit;
    answerWith((request, response) => void request.toArray().then((all) => response.end(`${Buffer.concat(all)}`)));
    const reply = await ask(app, 'quick/upload', upload());
    assert.deepEqual([reply.status, await reply.text()], [200, 'x'.repeat(25)]);
    let isWhole = false;
    answerWith((request) => void request.resume().on('end', () => (isWhole = true)));
    const unanswered = await ask(app, 'quick/upload', upload());
    assert.deepEqual([unanswered.status, isWhole], [504, true]);
  });

  await t.test('the headers of an event stream arrive first, and each event when it is sent', async () => {
    let send: (text: string) => void = () => {};
    let closed = false;
    answerWith((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      response.on('close', () => (closed = true));
      send = (text) => void response.write(text);
    });
    const leaves = new AbortController();
    const reply = await ask(app, 'big/events', { signal: leaves.signal });
    assert.equal(reply.headers.get('content-type'), 'text/event-stream');
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      send(event);
      assert.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), event);
    }
    leaves.abort();
    await waitFor('the upstream to be cut off', async () => closed);
    const row = await rowOf(app, reply.headers.get('x-request-id'));
    assert.deepEqual([row.status, row.response_status_code], ['cancelled', 200]);
  });

  await t.test('an answer cut by the upstream is cut for the caller', async () => {
    for (const headers of [{ 'content-length': '9000000' }, {}]) {
      answerWith((_request, response) => {
        response.writeHead(200, headers);
        response.write(Buffer.alloc(200_000), () => response.destroy());
      });
      const reply = await ask(app, 'big/cut');
      assert.equal(reply.status, 200);
      await assert.rejects(reply.arrayBuffer());
      const row = await rowOf(app, reply.headers.get('x-request-id'));
      assert.deepEqual([row.status, row.error_code], ['error', 'CUT']);
    }
  });

  await t.test('an upload aborted by its caller is aborted at the upstream', async () => {
    let isBroken = false;
    answerWith((request) => {
      request.on('error', () => {});
      request.on('close', () => (isBroken = !request.complete));
      request.resume();
    });
    const { hostname, port } = new URL(app.url);
    const headers = {
      'x-management-company-id': app.tenant,
      'x-service-token': app.token,
      'content-length': 9_000_000,
    };
    const before = asked();
    const upload = httpRequest({ hostname, port, path: '/api/v1/proxy/big/up', method: 'POST', headers });
    upload.on('error', () => {});
    upload.write(Buffer.alloc(2_000_000));
    await waitFor('it is in progress', async () => asked() > before);
    upload.destroy();
    await waitFor('it is aborted', async () => isBroken);
  });

  await t.test('idle time and total time are limited per service', async () => {
    await register('bounded', { idle_timeout_seconds: 1 });
    await register('short', { total_timeout_seconds: 1 });
    answerWith((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('x');
    });
    for (const name of ['bounded', 'short']) {
      const reply = await ask(app, `${name}/silent`);
      await assert.rejects(reply.text());
      assert.equal((await rowOf(app, reply.headers.get('x-request-id'))).status, 'timeout');
    }
  });

  await t.test('without a credential encoded bytes pass unchanged, and the log has their text', async () => {
    await register('open', {}, '');
    const body = gzipSync(Buffer.from('words in the log '.repeat(3)));
    answerWith((request, response) => {
      const encoding = request.headers['accept-encoding'] === 'identity' ? {} : { 'content-encoding': 'gzip' };
      response.writeHead(200, encoding).end('content-encoding' in encoding ? body : 'plain');
    });
    const reply = await ask(app, 'open/gzip', { headers: { 'accept-encoding': 'gzip' } });
    assert.match(await reply.text(), /^words/);
    const row = await rowOf(app, reply.headers.get('x-request-id'));
    assert.match((await app.call('GET', `/logs/${row.id}`)).json.response_body, /^words in the log/);
    assert.equal(await (await ask(app, 'open/gzip', { headers: { 'accept-encoding': 'identity' } })).text(), 'plain');
  });

  await t.test('a WebSocket is refused with an explanation', async () => {
    const { hostname, port } = new URL(app.url);
    const headers = {
      'x-management-company-id': app.tenant,
      'x-service-token': app.token,
      connection: 'Upgrade',
      upgrade: 'websocket',
    };
    const request = httpRequest({ hostname, port, path: '/api/v1/proxy/big/socket', headers }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 400);
    assert.match(String(await response.toArray()), /WebSockets/);
  });
});

test('a cached answer belongs to its request, and a change drops it', async (t) => {
  const { app, register, answerWith, asked } = await start(t);
  await register('kept', { cache_ttl_seconds: 60 });
  answerWith((request, response) => response.end(`${asked()} ${request.headers['stripe-account'] ?? ''}`));

  await t.test('every forwarded header is part of the cache key', async () => {
    const of = async (headers: Record<string, string>) => (await ask(app, 'kept/balance', { headers })).text();
    const [a, b] = [await of({ 'stripe-account': 'A' }), await of({ 'stripe-account': 'B' })];
    assert.notEqual(a, b);
    assert.equal(await of({ 'stripe-account': 'A', 'x-correlation-id': '1' }), a);
    const before = asked();
    for (let n = 0; n < 2; n += 1) await of({ 'x-http-method-override': 'DELETE' });
    assert.equal(asked(), before + 2);
  });

  await t.test('after a PUT a GET gets the new answer, also for the URLs that the change names', async () => {
    for (const [path, named] of [
      ['kept/a', {}],
      ['kept/b?x=1', { location: '/v1/b?x=1' }],
      ['kept/c', { 'content-location': 'c' }],
    ] as const) {
      answerWith((_request, response) => response.end(String(asked())));
      const before = await (await ask(app, path)).text();
      assert.equal(await (await ask(app, path)).text(), before);
      answerWith((_request, response) => response.writeHead(201, named).end());
      await ask(app, Object.keys(named).length === 0 ? path : 'kept/other', { method: 'POST' });
      answerWith((_request, response) => response.end(String(asked())));
      assert.notEqual(await (await ask(app, path)).text(), before, path);
    }
  });

  await t.test('an answer too long for the cache passes, and is requested again', async () => {
    answerWith((_request, response) => void Readable.from(megabytes(4)).pipe(response));
    const before = asked();
    for (let n = 0; n < 2; n += 1)
      assert.equal((await (await ask(app, 'kept/long')).arrayBuffer()).byteLength, 4_194_304);
    assert.equal(asked(), before + 2);
  });
});

test('a request with a key is passed on once, whatever its outcome', async (t) => {
  const { app, register, answerWith, asked } = await start(t);
  await register('once');
  const odd: Record<string, Answer> = {
    reset: (_request, response) => response.destroy(),
    'no status': (_request, response) => void response.socket?.end('HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n'),
    cut: (_request, response) =>
      void response.writeHead(200, { 'content-length': '9' }).write('x', () => response.destroy()),
    '500': (_request, response) => response.writeHead(500).end('half done'),
  };
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    for (const [name, answer] of Object.entries(odd)) {
      answerWith(answer);
      const before = asked();
      const twice = [1, 2].map(
        () => async () =>
          ask(app, 'once/x', { method, headers: { 'idempotency-key': `${method}-${name.replace(' ', '-')}` } }),
      );
      const first = await (twice[0] as () => Promise<Response>)();
      const second = await (twice[1] as () => Promise<Response>)();
      assert.equal(asked(), before + 1, `${method} ${name}`);
      assert.deepEqual([second.status, second.headers.get('idempotency-replayed')], [first.status, 'true']);
      if (name !== '500') assert.equal(((await second.json()) as { outcome: string }).outcome, 'unknown');
    }
  }
});
