/** An API echoes its request: the caller gets everything except the credential. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type Cleanup, closeInReverse } from '../support/cleanup.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const key = 'canary/key "5xq1"+';
const token = 'canary-token.77zb';

async function start(t: Cleanup) {
  closeInReverse(t);
  let answer: Answer = (_request, response) => response.end();
  const server = createServer((request, response) => {
    if (request.url === '/token') response.end(JSON.stringify({ access_token: token, expires_in: 3600 }));
    else answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: host });
  const register = async (name: string, members: Record<string, unknown>): Promise<void> => {
    const body = { service_name: name, service_type: 'api', base_url: `http://${host}/v1`, ...members };
    const reply = await app.admin('POST', '/services', body);
    assert.equal(reply.status, 201, reply.text);
  };
  return { app, host, register, answerWith: (next: Answer) => (answer = next) };
}

function ask(app: TestService, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(`${app.url}/api/v1/proxy/${path}`, {
    redirect: 'manual',
    method,
    headers: { 'x-management-company-id': app.tenant, 'x-service-token': app.token, ...headers },
  });
}

/** Everything received, in the encodings that an API may use. */
function echo(request: IncomingMessage): string {
  const heard = { url: request.url, headers: request.headers };
  const basic = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const said = JSON.stringify(heard);
  return [
    said,
    JSON.stringify({ quoted: said }),
    decodeURIComponent(request.url ?? ''),
    encodeURIComponent(said),
    Buffer.from(basic, 'base64').toString(),
    Buffer.from(said).toString('base64'),
    Buffer.from(said).toString('hex'),
    said.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  ].join('\n');
}

/** Fails if the secret appears in any encoding. */
function holdsNone(where: string, text: string): void {
  for (const hidden of ['canary', '5xq1', '77zb', Buffer.from('canary').toString('hex')]) {
    assert.ok(!text.includes(hidden), `${where} holds ${hidden}: ${text.slice(0, 2_000)}`);
  }
  for (const word of text.match(/[\w+/-]{24,}={0,2}/g) ?? []) {
    const plain = Buffer.from(word, 'base64').toString('latin1');
    assert.ok(!/canary|5xq1|77zb/.test(plain), `${where} holds it in base64: ${plain.slice(0, 2_000)}`);
  }
}

const kinds: Readonly<Record<string, Record<string, unknown>>> = {
  bearer: { api_key: key },
  header: { api_key: key, config: { auth: { in: 'header', name: 'x-own-key', prefix: 'Key ' } } },
  query: { api_key: key, config: { auth: { in: 'query', name: 'appid' } } },
  'basic-pair': { credentials: { username: 'user', password: key }, config: { auth: { in: 'basic' } } },
  'basic-key': { api_key: key, config: { auth: { in: 'basic' } } },
  'secret-settings': {
    config: { headers: { 'x-device': key }, query: { sid: token }, secret_headers: ['x-device', 'sid'] },
  },
};

test('a credential that an API echoes does not reach the caller', async (t) => {
  const { app, host, register, answerWith } = await start(t);
  for (const [name, members] of Object.entries(kinds)) await register(name, members);
  await register('oauth', {
    credentials: { client_id: 'client', client_secret: key },
    config: { auth: { in: 'oauth2_client_credentials', token_url: `http://${host}/token` } },
  });
  const names = [...Object.keys(kinds), 'oauth'];

  await t.test('in a body, with its length unchanged', async () => {
    for (const name of names) {
      let sentBytes = 0;
      answerWith((request, response) => {
        const said = echo(request);
        sentBytes = Buffer.byteLength(said);
        response.writeHead(200, { 'content-length': sentBytes, etag: '"1"' }).end(said);
      });
      const reply = await ask(app, `${name}/echo?page=1`);
      const text = await reply.text();
      holdsNone(name, text);
      assert.match(text, /\*{8,}/, name);
      assert.match(text, /page=1/, name);
      assert.equal(Buffer.byteLength(text), sentBytes, name);
      assert.deepEqual([reply.headers.get('content-length'), reply.headers.get('etag')], [`${sentBytes}`, '"1"'], name);
      const { json } = await app.call('GET', `/logs?request_id=${reply.headers.get('x-request-id')}`);
      holdsNone(`the log of ${name}`, (await app.call('GET', `/logs/${json.logs[0].id}`)).text);
    }
  });

  await t.test('in a refusal and in a body of any type', async () => {
    const answers = [
      [400, 'text/html'],
      [401, 'application/json'],
      [403, 'application/octet-stream'],
      [404, 'image/png'],
      [429, 'text/plain'],
      [500, 'multipart/mixed; boundary=x'],
      [503, 'text/html'],
    ] as const;
    for (const [status, type] of answers) {
      answerWith((request, response) => response.writeHead(status, { 'content-type': type }).end(echo(request)));
      for (const kind of ['bearer', 'basic-pair']) {
        // A refusal may pause a service, so each case has its own.
        await register(`${kind}-${status}`, kinds[kind] as Record<string, unknown>);
        const reply = await ask(app, `${kind}-${status}/refused`);
        const text = await reply.text();
        assert.deepEqual([reply.status, reply.headers.get('content-type')], [status, type]);
        holdsNone(`${kind} ${status} ${type}`, text);
        assert.match(text, /\*{8,}/);
      }
    }
  });

  await t.test('in headers, including addresses', async () => {
    for (const name of names) {
      answerWith((request, response) => {
        const heard =
          request.headers['x-own-key'] ?? request.headers['x-device'] ?? request.headers.authorization ?? '';
        const said = encodeURIComponent(`${heard} ${request.url}`);
        response
          .writeHead(302, {
            location: `/v1/next?seen=${said}`,
            link: `<https://other.example/${said}>; rel="next"`,
            'x-seen': `${heard} ${request.url}`,
            'www-authenticate': `Bearer error_description="${heard}"`,
          })
          .end();
      });
      const reply = await ask(app, `${name}/moved`);
      assert.equal(reply.status, 302);
      holdsNone(name, decodeURIComponent(JSON.stringify([...reply.headers])));
      assert.match(reply.headers.get('location') ?? '', new RegExp(`^/api/v1/proxy/${name}/next\\?seen=`));
    }
  });

  await t.test('in a stream, wherever chunks end', async () => {
    for (const name of names) {
      for (const step of [1, 5, 13]) {
        answerWith((request, response) => {
          const said = Buffer.from(echo(request).slice(0, 700));
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          let at = 0;
          const more = (): void => {
            if (at >= said.length) return void response.end();
            response.write(said.subarray(at, at + step));
            at += step;
            setImmediate(more);
          };
          more();
        });
        const reply = await ask(app, `${name}/events`);
        const text = await reply.text();
        holdsNone(`${name} by ${step}`, text);
        assert.match(text, /\*{8,}/, name);
      }
    }
  });

  await t.test('an event without a secret is not delayed', async () => {
    let send: (text: string) => void = () => {};
    answerWith((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      send = (text) => void response.write(text);
    });
    const leaves = new AbortController();
    const reply = await fetch(`${app.url}/api/v1/proxy/bearer/events`, {
      headers: { 'x-management-company-id': app.tenant, 'x-service-token': app.token },
      signal: leaves.signal,
    });
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
    for (const event of ['data: canary bird\n\n', 'data: 2\n\n']) {
      send(event);
      assert.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), event);
    }
    leaves.abort();
  });

  await t.test('no encoding is requested, and an encoded body is decoded', async () => {
    const encodings: readonly [string, (text: string) => Buffer][] = [
      ['gzip', gzipSync],
      ['x-gzip', gzipSync],
      ['deflate', deflateSync],
      ['deflate', deflateRawSync],
      ['br', brotliCompressSync],
      ['zstd', zstdCompressSync],
      ['gzip, br', (text) => brotliCompressSync(gzipSync(text))],
      ['identity', Buffer.from],
      ['unheard-of', Buffer.from],
    ];
    for (const [encoding, encode] of encodings) {
      for (const length of [1, 400]) {
        answerWith((request, response) => {
          assert.equal(request.headers['accept-encoding'], 'identity');
          const body = encode(echo(request).repeat(length));
          response.writeHead(200, { 'content-encoding': encoding, 'content-length': body.length }).end(body);
        });
        // `fetch` would decode a second one.
        const reply = await ask(app, 'bearer/encoded', { 'accept-encoding': 'gzip, br' });
        const text = await reply.text();
        holdsNone(encoding, text);
        assert.match(text, /\*{8,}/, encoding);
        const left = encoding === 'identity' || encoding === 'unheard-of' ? encoding : null;
        assert.equal(reply.headers.get('content-encoding'), left);
      }
    }
    answerWith((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'));
    assert.equal((await ask(app, 'bearer/broken')).status, 502);
  });

  await t.test('an answer without a body is no broken encoding', async () => {
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, br']) {
      for (const status of [201, 302]) {
        answerWith((_request, response) =>
          response.writeHead(status, { 'content-encoding': encoding, location: 'new' }).end(),
        );
        const reply = await ask(app, 'bearer/empty', {}, 'POST');
        assert.deepEqual([reply.status, await reply.text()], [status, ''], encoding);
      }
    }
  });

  await t.test('cached answers are masked too', async () => {
    await register('kept', { api_key: key, config: { cache_ttl_seconds: 60 } });
    answerWith((request, response) =>
      response.writeHead(200, { 'x-seen': String(request.headers.authorization) }).end(echo(request)),
    );
    const first = await (await ask(app, 'kept/echo')).text();
    const again = await waitFor('a hit', async () => {
      const reply = await ask(app, 'kept/echo');
      return reply.headers.get('x-cache')?.startsWith('HIT') ? reply : null;
    });
    holdsNone('its header', JSON.stringify([...again.headers]));
    assert.equal(await again.text(), first);
    holdsNone('its body', first);
  });
});

test('the caller’s own values and secrets too short to recognise are echoed', async (t) => {
  const { app, register, answerWith } = await start(t);
  await register('short', { api_key: 'abc1234', config: { headers: { 'x-open': 'not-a-secret' } } });
  answerWith((request, response) => response.end(JSON.stringify(request.headers)));
  const reply = await ask(app, 'short/echo', { 'x-mine': 'my own secret' });
  const { authorization, ...heard } = (await reply.json()) as Record<string, string>;
  assert.deepEqual(
    [authorization, heard['x-open'], heard['x-mine']],
    ['Bearer abc1234', 'not-a-secret', 'my own secret'],
  );
});
