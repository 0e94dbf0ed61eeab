import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { cutSlowBodies } from './slow-bodies.ts';

const boundMs = 1_000;
const dripEveryMs = 100;
/** As many take well over the bound. */
const manyDrips = 25;

async function start(t: { after(end: () => unknown): void }, bound = boundMs) {
  const app = Fastify();
  cutSlowBodies(app, bound);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  const sizeOf = async (body: unknown): Promise<string> => {
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) bytes += chunk.length;
    return String(bytes);
  };
  app.post('/held', async ({ body }) => sizeOf(body));
  app.post('/flowing', { config: { bodyMayFlow: true } }, async ({ body }) => sizeOf(body));
  app.post('/answered', { config: { bodyMayFlow: true } }, async () => 'early');
  app.post('/answered-late', { config: { bodyMayFlow: true } }, async ({ body }) => {
    (body as Readable).resume();
    await sleep(1.1 * bound);
    return 'late';
  });
  // The reader is slow: bytes that wait here are not the sender's fault.
  app.post('/read-late', { config: { bodyMayFlow: true } }, async ({ body }) => {
    await sleep(2.5 * boundMs);
    return sizeOf(body);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  const { port } = app.server.address() as AddressInfo;

  return async (path: string, head: string) => {
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    let text = '';
    socket.on('error', () => {}).on('data', (chunk) => (text += chunk));
    await once(socket, 'connect');
    socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\n${head}\r\n\r\n`);
    return { socket, answer: () => text };
  };
}

async function drip(socket: Socket, piece: string, count: number): Promise<void> {
  for (let n = 0; n < count && socket.writable; n += 1) {
    socket.write(piece);
    await sleep(dripEveryMs);
  }
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
}

test('a body that flows may take any time where it may, and no other', async (t) => {
  const open = await start(t);
  const lengths = [
    [`Content-Length: ${manyDrips}`, 'x', ''],
    ['Transfer-Encoding: chunked', '1\r\nx\r\n', '0\r\n\r\n'],
  ] as const;
  await Promise.all(
    lengths.flatMap(([head, piece, end]) => [
      t.test(`flowing, ${head}`, async () => {
        const { socket, answer } = await open('/flowing', `${head}\r\nConnection: close`);
        await drip(socket, piece, manyDrips);
        socket.write(end);
        await closed(socket);
        assert.match(answer(), /^HTTP\/1.1 200 [\s\S]*25$/);
      }),
      t.test(`elsewhere, ${head}`, async () => {
        const { socket, answer } = await open('/held', head);
        await drip(socket, piece, manyDrips);
        await closed(socket);
        assert.match(answer(), /^HTTP\/1.1 400 [\s\S]*did not arrive in time/);
      }),
      t.test(`silent, ${head}`, async () => {
        const { socket, answer } = await open('/flowing', head);
        socket.write(piece);
        await closed(socket);
        assert.match(answer(), /^HTTP\/1.1 400 [\s\S]*did not arrive in time/);
      }),
    ]),
  );
});

test('who was answered has no more time for the rest than any other', async (t) => {
  const open = await start(t);
  const { socket, answer } = await open('/answered', 'Content-Length: 1000');
  await drip(socket, 'x', manyDrips);
  await closed(socket);
  assert.match(answer(), /^HTTP\/1.1 200 [\s\S]*early$/);
});

test('who was answered late has time for the rest, and the connection serves the next request', async (t) => {
  const bound = 2 * boundMs;
  const open = await start(t, bound);
  const { socket, answer } = await open('/answered-late', 'Transfer-Encoding: chunked');
  while (!answer().endsWith('late') && socket.writable) {
    socket.write('1\r\nx\r\n');
    await sleep(dripEveryMs);
  }
  // Longer than the next check.
  await sleep(0.3 * bound);
  socket.write('0\r\n\r\nPOST /answered HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  await closed(socket);
  assert.match(answer(), /^HTTP\/1.1 200 [\s\S]*lateHTTP\/1.1 200 [\s\S]*early$/);
});

test('a body that waits for its reader is not a slow one', async (t) => {
  const open = await start(t);
  const size = 8 * 1024 * 1024;
  const { socket, answer } = await open('/read-late', `Content-Length: ${size}\r\nConnection: close`);
  socket.write(Buffer.alloc(size));
  await closed(socket);
  assert.match(answer(), new RegExp(`^HTTP/1.1 200 [\\s\\S]*${size}$`));
});
