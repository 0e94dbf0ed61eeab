import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { waitFor } from '../../test/support/wait-for.ts';
import { findFreePort } from '../storage/embedded/free-port.ts';
import type { OutboundRequest } from './dispatch-request.ts';
import { TransportError, type TransportFault } from './exchange.ts';
import { createOutbound, type Outbound, type OutboundOptions } from './http-client.ts';

test('a reply is returned whole, with its status, and redirects are not followed', async (t) => {
  const { ask } = await start(t, (_request, reply) => {
    reply.writeHead(302, { location: 'http://169.254.169.254/', 'set-cookie': ['a=1', 'b=2'] }).end('moved');
  });
  const reply = await ask();
  assert.equal(reply.status, 302);
  assert.equal(reply.body.toString(), 'moved');
  assert.equal(reply.headers['set-cookie'], 'a=1, b=2');
});

test('connections are reused', async (t) => {
  let connections = 0;
  const { ask, server } = await start(t, (_request, reply) => reply.end('ok'));
  server.on('connection', () => {
    connections += 1;
  });
  for (let time = 0; time < 20; time += 1) await ask();
  // A request made in the same turn in which the one before ended may still open a second connection.
  assert.ok(connections <= 2, `${connections} connections`);
});

for (const [encoding, encode] of [
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
] as const) {
  test(`a body in ${encoding} (${encode.name}) is decoded`, async (t) => {
    const { ask } = await start(t, (_request, reply) => {
      reply.writeHead(200, { 'content-encoding': encoding }).end(encode(Buffer.from('Ташкент')));
    });
    const reply = await ask();
    assert.equal(reply.body.toString(), 'Ташкент');
    assert.equal(reply.headers['content-encoding'], undefined);
  });
}

test('a small body that unpacks to a large one is refused', async (t) => {
  const bomb = gzipSync(Buffer.alloc(8_000_000));
  const { ask } = await start(t, (_request, reply) => reply.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
  await fails(ask({ maxReplyBytes: 100_000 }), 'too-large', true);
});

test('if only the status matters, a body that cannot be read whole is cut, and the reply succeeds', async (t) => {
  const answers: Readonly<Record<string, RequestListener>> = {
    '/large': (_request, reply) => reply.writeHead(201, { 'content-length': 50_000_000 }).end(Buffer.alloc(50_000_000)),
    '/short': (_request, reply) => {
      reply.writeHead(202, { 'content-length': 100 }).write('short');
      reply.socket?.end();
    },
    '/endless': (_request, reply) => {
      reply.writeHead(503, { 'retry-after': '7' });
      const timer = setInterval(() => reply.write('more '), 5);
      reply.once('close', () => clearInterval(timer));
    },
    '/silent': (_request, reply) => void reply.writeHead(410).flushHeaders(),
    '/encoded': (_request, reply) => reply.writeHead(200, { 'content-encoding': 'gzip' }).end('not encoded at all'),
    '/unknown': (_request, reply) => reply.writeHead(400, { 'content-encoding': 'exi' }).end('x'),
    '/chunked': (_request, reply) => {
      reply.socket?.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n');
    },
  };
  const { ask } = await start(t, (request, reply) => answers[request.url ?? '']?.(request, reply));
  const replies = await Promise.all(
    Object.keys(answers).map((path) => ask({ path, cutsReply: true, maxReplyBytes: 1_000 })),
  );
  assert.deepEqual(
    replies.map(({ status }) => status),
    [201, 202, 503, 410, 200, 400, 200],
  );
  assert.equal(replies[0]?.body.length, 1_000);
  assert.equal(replies[1]?.body.toString(), 'short');
  assert.equal(replies[2]?.headers['retry-after'], '7');
});

test('an invalid or unrequested content encoding is a fault', async (t) => {
  const encodings = ['gzip', 'exi', 'gzip, gzip, gzip'];
  const { ask } = await start(t, (_request, reply) => {
    reply.writeHead(200, { 'content-encoding': encodings.shift() ?? '' }).end('not encoded at all');
  });
  await fails(ask(), 'encoding', true);
  await fails(ask(), 'encoding', true);
  await fails(ask(), 'encoding', true);
});

test('no more of a reply is read than requested, whether announced or not', async (t) => {
  const { ask } = await start(t, (request, reply) => {
    if (request.url === '/announced') reply.writeHead(200, { 'content-length': '5000' }).write('x');
    else reply.write(Buffer.alloc(2_000), () => reply.write(Buffer.alloc(2_000)));
  });
  await fails(ask({ path: '/announced', maxReplyBytes: 1_000 }), 'too-large', true);
  await fails(ask({ path: '/streamed', maxReplyBytes: 3_000 }), 'too-large', true);
});

test('a request ends at its deadline if nothing or half of the body arrives', async (t) => {
  const { ask } = await start(t, (request, reply) => {
    if (request.url === '/half') reply.writeHead(200, { 'content-length': '10' }).write('half');
  });
  await fails(ask({ path: '/nothing', deadlineMs: 50 }), 'timeout', true);
  await fails(ask({ path: '/half', deadlineMs: 50 }), 'timeout', true);
});

test('a request that is past its deadline or aborted is never sent', async (t) => {
  let requests = 0;
  const { ask } = await start(t, (_request, reply) => {
    requests += 1;
    reply.end();
  });
  await fails(ask({ deadlineMs: -1 }), 'timeout', false);
  await fails(ask({ signal: AbortSignal.abort() }), 'aborted', false);
  assert.equal(requests, 0);
});

test('a request that waited for a socket until its deadline has not reached the provider', async (t) => {
  let requests = 0;
  const { ask } = await start(
    t,
    () => {
      requests += 1;
    },
    { maxConnectionsPerOrigin: 1 },
  );
  const first = ask({ deadlineMs: 200 });
  const second = ask({ deadlineMs: 60 });
  await fails(second, 'timeout', false);
  await fails(first, 'timeout', true);
  assert.equal(requests, 1);
});

test('cancelled requests in the queue do not cost the next request its connection', async (t) => {
  let connections = 0;
  const held: (() => void)[] = [];
  const { ask, server } = await start(
    t,
    (request, reply) => {
      if (request.url === '/slow') held.push(() => reply.end('at last'));
      else reply.end('ok');
    },
    { maxConnectionsPerOrigin: 1 },
  );
  server.on('connection', () => {
    connections += 1;
  });
  const slow = ask({ path: '/slow' });
  const left = Array.from({ length: 50 }, () => fails(ask({ deadlineMs: 20 }), 'timeout', false));
  await Promise.all(left);
  const next = ask();
  for (const release of held) release();
  await slow;
  assert.equal((await next).body.toString(), 'ok');
  assert.equal(connections, 1);
});

test('an abort ends the request at once and closes its connection', async (t) => {
  const controller = new AbortController();
  const { ask, server } = await start(t, () => controller.abort());
  const connected = once(server, 'connection');
  const asked = ask({ signal: controller.signal });
  const [socket] = await connected;
  const closed = once(socket, 'close');
  await fails(asked, 'aborted', true);
  await closed;
});

test('after a reset the request may have arrived, after a refused connection it has not', async (t) => {
  const { ask } = await start(t, (request) => request.socket.destroy());
  await fails(ask(), 'reset', true);

  const port = await findFreePort();
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.1'] });
  t.after(() => outbound.close());
  await fails(outbound.request(get(`http://127.0.0.1:${port}/`)), 'refused', false);
});

test('a failed TLS handshake has its own fault', async (t) => {
  const { ask } = await start(t, (_request, reply) => reply.end());
  await fails(ask({ scheme: 'https' }), 'tls', false);
});

test('a name that does not exist has its own fault', async (t) => {
  const resolve: OutboundOptions['resolve'] = (_hostname, _options, callback) =>
    callback(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []);
  const outbound = createOutbound({ allowedNetworks: [], resolve });
  t.after(() => outbound.close());
  await fails(outbound.request(get('http://nowhere.example/')), 'dns', false);
  await fails(outbound.check('http://nowhere.example/'), 'dns', false);
});

test('messages of transport faults are plain and contain no address', async (t) => {
  const resolve: OutboundOptions['resolve'] = (hostname, _options, callback) =>
    hostname === 'private.example'
      ? callback(null, [{ address: '10.1.2.3', family: 4 }])
      : callback(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []);
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.1'], resolve });
  t.after(() => outbound.close());
  const messageOf = (url: string) => outbound.request(get(url)).then(String, (error: Error) => error.message);
  assert.equal(await messageOf('http://nowhere.example/'), 'its host name cannot be resolved');
  assert.equal(
    await messageOf('http://private.example/'),
    'may not be called: the address is not public, and OUTBOUND_ALLOWED_NETWORKS does not name it',
  );
  assert.equal(await messageOf(`http://127.0.0.1:${await findFreePort()}/`), 'connection refused');
});

test('a name that resolves to a private address after its check is refused', async (t) => {
  let arrived = 0;
  const { port } = await start(t, (_request, reply) => {
    arrived += 1;
    reply.end();
  });
  const answers = ['8.8.8.8', '127.0.0.1'];
  const resolve: OutboundOptions['resolve'] = (_hostname, _options, callback) =>
    callback(null, [{ address: answers.shift() ?? '127.0.0.1', family: 4 }]);
  const outbound = createOutbound({ allowedNetworks: [], resolve });
  t.after(() => outbound.close());
  await outbound.check(`http://rebinding.example:${port}/`);
  await fails(outbound.request(get(`http://rebinding.example:${port}/`)), 'blocked', false);
  assert.equal(arrived, 0);
});

test('a name is checked again for each new connection', async (t) => {
  const { port } = await start(t, (_request, reply) => reply.setHeader('connection', 'close').end('ok'));
  const answers = ['127.0.0.1', '127.0.0.2', '127.0.0.1'];
  const resolve: OutboundOptions['resolve'] = (_hostname, _options, callback) =>
    callback(null, [{ address: answers.shift() ?? '127.0.0.1', family: 4 }]);
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.1'], resolve });
  t.after(() => outbound.close());
  const url = `http://turning.example:${port}/`;
  assert.equal((await outbound.request(get(url))).status, 200);
  await fails(outbound.request(get(url)), 'blocked', false);
  assert.equal((await outbound.request(get(url))).status, 200, 'a refusal is not cached');
});

test('the guard applies to TLS connections', async (t) => {
  const { port } = await start(t, (_request, reply) => reply.end());
  const resolve: OutboundOptions['resolve'] = (_hostname, _options, callback) =>
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  const outbound = createOutbound({ allowedNetworks: [], resolve });
  t.after(() => outbound.close());
  await fails(outbound.request(get(`https://inside.example:${port}/`)), 'blocked', false);
  await fails(outbound.request(get(`https://127.0.0.1:${port}/`)), 'blocked', false);
});

test('the emulator is reachable on the loopback, and no other port is', async (t) => {
  const { port } = await start(t, (_request, reply) => reply.end('ok'));
  const outbound = createOutbound({ allowedNetworks: [], emulatorOrigin: `http://127.0.0.1:${port}` });
  t.after(() => outbound.close());
  assert.equal((await outbound.request(get(`http://127.0.0.1:${port}/`))).body.toString(), 'ok');
  await fails(outbound.request(get(`http://127.0.0.1:${port + 1}/`)), 'blocked', false);
});

test('beyond the bound of one origin, requests are refused at once', async (t) => {
  const { ask } = await start(t, () => undefined, { maxPendingPerOrigin: 2 });
  const held = [ask({ deadlineMs: 200 }), ask({ deadlineMs: 200 })].map((asked) => fails(asked, 'timeout', true));
  await fails(ask(), 'refused', false);
  await Promise.all(held);
});

test('cancelled requests count until the queue drops them, so that it stays within its bound', async (t) => {
  const { ask } = await start(t, () => undefined, { maxConnectionsPerOrigin: 1, maxPendingPerOrigin: 3 });
  const slow = fails(ask({ deadlineMs: 300 }), 'timeout', true);
  await Promise.all([1, 2].map(() => fails(ask({ deadlineMs: 20 }), 'timeout', false)));
  await fails(ask(), 'refused', false);
  await slow;
  await waitFor('the queue to be empty', () =>
    ask({ deadlineMs: 20 }).catch((error: TransportError) => error.fault === 'timeout'),
  );
});

test('at the bound of origins, the least recently used pool is closed and its requests still finish', async (t) => {
  const { ask, port } = await start(
    t,
    (request, reply) => {
      if (request.headers.host?.startsWith('127.0.0.1')) setImmediate(() => reply.end('first'));
      else reply.end('second');
    },
    { maxOrigins: 1, allowedNetworks: ['127.0.0.1', `localhost:0`] },
  );
  const first = ask();
  const second = ask({ url: `http://127.0.0.1:${port}/other` });
  assert.equal((await first).body.toString(), 'first');
  assert.equal((await second).status, 200);
});

test('requests have our User-Agent unless the caller sets its own', async (t) => {
  const agents: (string | undefined)[] = [];
  const { ask } = await start(t, (request, reply) => {
    agents.push(request.headers['user-agent']);
    reply.end();
  });
  await ask();
  await ask({ headers: { 'User-Agent': 'own/1' } });
  assert.match(agents[0] ?? '', /^integration-service\//);
  assert.equal(agents[1], 'own/1');
});

test('closing waits for a request in progress and refuses new ones', async (t) => {
  const waiting: { reply?: () => void } = {};
  const { ask, outbound, server } = await start(t, (_request, reply) => {
    waiting.reply = () => reply.end('done');
  });
  const arrived = once(server, 'request');
  const asked = ask();
  await arrived;
  const closing = outbound.close();
  await fails(ask(), 'aborted', false);
  waiting.reply?.();
  assert.equal((await asked).body.toString(), 'done');
  await closing;
});

interface Ask extends Partial<Omit<OutboundRequest, 'deadlineAtMs'>> {
  readonly path?: string;
  readonly scheme?: 'http' | 'https';
  readonly deadlineMs?: number;
}

async function start(t: TestContext, listener: RequestListener, options: Partial<OutboundOptions> = {}) {
  const server: Server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const outbound: Outbound = createOutbound({ allowedNetworks: ['127.0.0.1'], ...options });
  t.after(async () => {
    await outbound.close(0);
    server.closeAllConnections();
    server.close();
  });
  const ask = ({ path = '/', scheme = 'http', deadlineMs = 5_000, ...rest }: Ask = {}) =>
    outbound.request({
      method: 'GET',
      url: `${scheme}://127.0.0.1:${port}${path}`,
      deadlineAtMs: Date.now() + deadlineMs,
      ...rest,
    });
  return { ask, outbound, server, port };
}

function get(url: string): OutboundRequest {
  return { method: 'GET', url, deadlineAtMs: Date.now() + 5_000 };
}

async function fails(asked: Promise<unknown>, fault: TransportFault, mayHaveArrived: boolean): Promise<void> {
  await assert.rejects(asked, (error: unknown) => {
    assert.ok(error instanceof TransportError, String(error));
    assert.equal(error.fault, fault);
    assert.equal(error.requestMayHaveArrived, mayHaveArrived);
    return true;
  });
}
