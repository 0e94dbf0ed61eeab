/** Tests the webhook edge over real sockets, with a webhook in memory and an intake that can be full. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDataDir } from '../../../../test/support/data-dir.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { createMasker } from '../../../audit/mask.ts';
import { systemClock } from '../../../clock.ts';
import { parseTenantId } from '../../../ids.ts';
import { IntakeFull, type IntakeRecord } from '../../../intake/intake.ts';
import type { LimitState } from '../../../limits/limits.ts';
import { createLogger } from '../../../logger.ts';
import { DatabaseAway } from '../../../storage/postgres/database.ts';
import { createTraceBudget } from '../../../webhooks/receiving/trace-budget.ts';
import {
  createUnverifiedBodies,
  type UnverifiedBodies,
  type UnverifiedBodiesOptions,
} from '../../../webhooks/receiving/unverified-bodies.ts';
import type { Webhook } from '../../../webhooks/webhook.ts';
import { buildApp } from '../../app.ts';
import { createRateLimitHeaders } from '../../reply/rate-limit-headers.ts';
import { hooksRoute } from './receive-webhook.ts';

const logger = createLogger('silent');
const token = `whk_${'t'.repeat(43)}`;
const webhook: Webhook = {
  id: '01990000-0000-7000-8000-000000000001',
  tenantId: parseTenantId('uk_edge'),
  name: 'edge',
  sourceService: 'custom',
  wantedEventTypes: ['*'],
  allowedRanges: [],
  scheme: 'hmac_hex',
  schemeSettings: { signatureHeader: 'x-webhook-signature', toleranceSeconds: 300 },
  secret: 's',
  previousSecret: null,
  maxPayloadSizeBytes: 1_000,
  eventTypeFrom: [],
  deliveryIdFrom: [],
  takesBodyOnce: false,
  overLimitPolicy: 'reject',
  targets: [],
  includesRaw: false,
  signedHeaders: [],
  handshake: null,
  verifyToken: null,
  tellsDuplicates: true,
  duplicateWindowSeconds: null,
};

const untouched: LimitState = {
  subject: { key: 'family:webhooks', serviceId: null, name: 'webhooks', windows: [] },
  windowType: 'minute',
  maxRequests: 200,
  usedRequests: 1,
  windowStartMs: 0,
  windowEndMs: 60_000,
};

async function startEdge(
  t: TestContext,
  fault: Error | null = null,
  find: () => Webhook | null | Promise<Webhook> = () => webhook,
  bodies: UnverifiedBodies | null = null,
) {
  const records: IntakeRecord[] = [];
  const app = await buildApp({
    tokenLimit: { admit: async () => {} },
    trustedProxies: [],
    publicBaseUrl: 'http://public',
    corsOrigins: [],
    tenantFromToken: false,
    authenticator: {
      identify() {
        throw new Error('nobody is asked who they are');
      },
    },
    metrics: { httpRequest() {} },
    logger,
    apiRoutes: [],
    publicRoutes: [
      hooksRoute({
        webhooks: { find },
        bodies: bodies ?? (await createBodies(t, { maxFileBytes: 100_000 })),
        intake: {
          async record(record) {
            if (fault !== null) throw fault;
            records.push(record);
            return { duplicateOf: null, storedIn: 'database' };
          },
        },
        rateLimit: { admit: async () => ({ kind: 'now', state: untouched }) },
        traceBudget: createTraceBudget({ clock: systemClock, perMinute: 200 }),
        shouldAnnounce: () => true,
        masker: createMasker(),
        metrics: { webhookDelivery() {}, rateLimitExceeded() {}, rateLimitUtilization() {} },
        clock: systemClock,
        logger,
        publicBaseUrl: 'http://public',
        onTargetDelivery() {},
        onSentAgain() {},
        async keepRefused() {},
        trustedProxies: [],
        limits: createRateLimitHeaders('webhooks', 200, systemClock),
      }),
    ],
  });
  t.after(async () => {
    const closed = app.close();
    app.server.closeAllConnections();
    await closed;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return { server: app.server, records, port, url: `http://127.0.0.1:${port}/hooks/${token}` };
}

type Room = Pick<UnverifiedBodiesOptions, 'maxFileBytes'> & Partial<UnverifiedBodiesOptions>;

async function createBodies(t: TestContext, room: Room): Promise<UnverifiedBodies> {
  return createUnverifiedBodies({ path: join(await createDataDir(t), 'unverified'), logger, ...room });
}

const sign = (body: string | Buffer) => ({
  'x-webhook-signature': createHmac('sha256', 's').update(body).digest('hex'),
});

test('what can be stored nowhere is not acknowledged: 503, and when to come back', async (t) => {
  const { url } = await startEdge(t, new IntakeFull('spool_full'));
  const reply = await fetch(url, { method: 'POST', body: '{}', headers: sign('{}') });
  assert.equal(reply.status, 503);
  assert.ok(Number(reply.headers.get('retry-after')) >= 1);
  assert.equal(((await reply.json()) as { code: string }).code, 'SERVICE_UNAVAILABLE');
});

test('a webhook that is not in memory cannot be judged while the database is away: 503, no 404', async (t) => {
  const { url } = await startEdge(t, null, () => {
    throw new DatabaseAway('it is away');
  });
  const reply = await fetch(url, { method: 'POST', body: '{}' });
  assert.deepEqual([reply.status, reply.headers.has('retry-after')], [503, true]);
});

test('a body without an announced length is refused at the bound, before its end, and its sender gets to read 413', async (t) => {
  const { port, records } = await startEdge(t);
  const sending = request({ port, path: `/hooks/${token}`, method: 'POST', headers: sign('x') });
  sending.write('x'.repeat(1_001));
  const [reply] = await once(sending, 'response');
  assert.equal(reply.statusCode, 413);
  reply.resume();
  for (let kilobytes = 0; kilobytes < 3_000; kilobytes += 1) sending.write('x'.repeat(1_000));
  await new Promise<void>((resolve) => sending.end(resolve));
  const { refusalReason, payload, payloadSizeBytes } = records[0]?.webhookEvent ?? {};
  assert.deepEqual([refusalReason, payload, payloadSizeBytes], ['payload_too_large', null, 1_001]);
});

test('a body that announces itself as too large is refused before it comes, with the size that it announced', async (t) => {
  const { port, records } = await startEdge(t);
  const sending = request({ port, path: `/hooks/${token}`, method: 'POST', headers: { 'content-length': 5_000_000 } });
  sending.flushHeaders();
  const [reply] = await once(sending, 'response');
  assert.equal(reply.statusCode, 413);
  reply.resume();
  sending.end('x'.repeat(5_000_000));
  await once(sending, 'close');
  assert.equal(records[0]?.webhookEvent?.payloadSizeBytes, 5_000_000);
});

test('a sender that writes everything before it reads gets to read 413 too, and its next delivery is taken', async (t) => {
  const { port } = await startEdge(t);
  const socket = connect(port, '127.0.0.1');
  const [[name, value]] = Object.entries(sign('ok')) as [[string, string]];
  const post = (body: string) =>
    `POST /hooks/${token} HTTP/1.1\r\nHost: x\r\n${name}: ${value}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  socket.pause();
  socket.write(post('x'.repeat(8_000_000)));
  await new Promise<void>((resolve) => socket.write(post('ok'), () => resolve()));
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.resume();
  await waitFor('both answers', () => text.includes('"accepted"'));
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413', 'HTTP/1.1 200']);
  socket.destroy();
});

test('a sender that wants its connection closed gets to read 413 after everything that it writes', async (t) => {
  const { port } = await startEdge(t);
  for (const head of ['HTTP/1.1\r\nHost: x\r\nConnection: close', 'HTTP/1.0']) {
    const socket = connect(port, '127.0.0.1');
    socket.write(`POST /hooks/${token} ${head}\r\nContent-Length: 8000000\r\n\r\n${'x'.repeat(4_000_000)}`);
    await new Promise<void>((resolve) => socket.write('x'.repeat(4_000_000), () => resolve()));
    let text = '';
    for await (const chunk of socket) text += chunk;
    assert.match(text, /^HTTP\/1\.1 413/);
  }
});

test('a sender that is gone before its webhook is known keeps no request waiting', async (t) => {
  const found = Promise.withResolvers<Webhook>();
  const asked = Promise.withResolvers<void>();
  const { server, port, records } = await startEdge(t, null, () => {
    asked.resolve();
    return found.promise;
  });
  const accepted = once(server, 'connection');
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST /hooks/${token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n`);
  const [served] = await accepted;
  await asked.promise;
  const gone = new Promise<void>((resolve) => served.once('close', () => resolve()));
  socket.resetAndDestroy();
  await gone;
  found.resolve(webhook);
  await waitFor('its trace', () => records[0]?.webhookEvent?.refusalReason === 'payload_too_large');
});

test('a body that never ends is cut off', async (t) => {
  const { port } = await startEdge(t);
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.write(`POST /hooks/${token} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = `100000\r\n${'x'.repeat(1_048_576)}\r\n`;
  let sentBytes = 0;
  while (!socket.closed && sentBytes < 200_000_000) {
    sentBytes += chunk.length;
    if (!socket.write(chunk)) {
      await new Promise<void>((resolve) => socket.once('drain', resolve).once('close', () => resolve()));
    }
  }
  assert.ok(sentBytes < 100_000_000, `${sentBytes} bytes were read`);
});

test('a body that announces itself as far too large is not read', async (t) => {
  const { port } = await startEdge(t);
  const sending = request({ port, path: `/hooks/${token}`, method: 'POST', headers: { 'content-length': 10 ** 12 } });
  sending.flushHeaders();
  sending.on('error', () => {});
  const [reply] = await once(sending, 'response');
  assert.deepEqual([reply.statusCode, reply.headers.connection], [413, 'close']);
  reply.resume();
  sending.destroy();
});

test('exactly as large as is taken, in odd pieces, is taken whole', async (t) => {
  const { port, records } = await startEdge(t);
  const body = Buffer.alloc(1_000, 'ю');
  const sending = request({ port, path: `/hooks/${token}`, method: 'POST', headers: sign(body) });
  for (let at = 0; at < body.length; at += 7) sending.write(body.subarray(at, at + 7));
  sending.end();
  const [reply] = await once(sending, 'response');
  reply.resume();
  assert.equal(reply.statusCode, 200);
  assert.deepEqual(records[0]?.webhookEvent?.payload, body);
});

test('a sender that breaks off in the middle leaves nothing behind, however well it signed the beginning', async (t) => {
  const { port, url, records } = await startEdge(t);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const [[name, value]] = Object.entries(sign('half')) as [[string, string]];
  socket.write(`POST /hooks/${token} HTTP/1.1\r\nHost: x\r\n${name}: ${value}\r\nContent-Length: 8\r\n\r\nhalf`);
  // A later delivery on another connection was served, so the first one has been looked up by now and waits for its
  // body.
  assert.equal((await fetch(url, { method: 'POST', body: 'a', headers: sign('a') })).status, 200);
  socket.resetAndDestroy();
  assert.equal((await fetch(url, { method: 'POST', body: 'b', headers: sign('b') })).status, 200);
  await waitFor('both whole ones', () => records.length === 2);
  assert.ok(records.every(({ webhookEvent }) => webhookEvent?.payload?.length === 1));
});

test('the token stands in no reply, wherever in the path it is and however it is spelt', async (t) => {
  const { url, port } = await startEdge(t, null, () => null);
  const origin = `http://127.0.0.1:${port}`;
  const spelt = `%77hk${token.slice(3)}`;
  const addresses = [
    url,
    url.replace('/hooks/', '/api/v1/hooks/'),
    ...[
      `//api/v1/hooks/${token}`,
      `/API/V1/hooks/${token}`,
      `/api//v1/Hooks/${token}`,
      `/api/v1/webhook/${token}/x`,
    ].map((path) => origin + path),
    ...[`/${spelt}`, `/api/v1/hook/%25${spelt.slice(1)}`, `/x/${token.slice(0, 30)}`, `/WHK${token.slice(3)}`].map(
      (path) => origin + path,
    ),
  ];
  for (const address of addresses) {
    for (const method of ['POST', 'GET']) {
      const text = await (await fetch(address, { method })).text();
      assert.ok(!text.includes(token.slice(4, 30)) && text.includes('{webhook_token}'), `${address} ${text}`);
    }
  }
});

test('a wrong signature is answered 401 without asking for a bearer token', async (t) => {
  const { url } = await startEdge(t);
  const reply = await fetch(url, { method: 'POST', body: '{}', headers: sign('{ }') });
  assert.deepEqual([reply.status, reply.headers.get('www-authenticate')], [401, null]);
});

test('large bodies without a signature fill a bounded file, not the memory; small ones pass, and so does a genuine one after', async (t) => {
  const bodies = await createBodies(t, { smallBytes: 1_000, maxFileBytes: 200_000 });
  let keptBytes = 0;
  const counted: UnverifiedBodies = {
    open(tenantId) {
      const body = bodies.open(tenantId);
      const add = async (chunk: Buffer) => {
        const isKept = await body.add(chunk);
        keptBytes += chunk.length;
        return isKept;
      };
      return { ...body, add };
    },
  };
  let tenant = 0;
  const find = () => ({ ...webhook, maxPayloadSizeBytes: 100_000, tenantId: parseTenantId(`uk_${tenant++ % 2}`) });
  const { port, url, records } = await startEdge(t, null, find, counted);
  const open = (body: string) => {
    const sending = request({ port, path: `/hooks/${token}`, method: 'POST', headers: { 'content-length': 100_000 } });
    sending.on('error', () => {});
    sending.write(body);
    return sending;
  };
  const held = [open('x'.repeat(90_000)), open('x'.repeat(90_000))];
  await waitFor('both to be kept as far as they came', () => keptBytes === 180_000);
  const crowded = await fetch(url, { method: 'POST', body: 'y'.repeat(60_000), headers: sign('y'.repeat(60_000)) });
  assert.equal(crowded.status, 503);
  assert.ok(Number(crowded.headers.get('retry-after')) >= 1);
  assert.equal((await fetch(url, { method: 'POST', body: 'small', headers: sign('small') })).status, 200);

  for (const sending of held) sending.destroy();
  const body = Buffer.alloc(100_000, 'ю');
  await waitFor('the room to be free again', async () => {
    const reply = await fetch(url, { method: 'POST', body: new Uint8Array(body), headers: sign(body) });
    return reply.status === 200;
  });
  assert.deepEqual(records.at(-1)?.webhookEvent?.payload, body, 'whole, by way of its file');
});

test('one tenant’s unfinished bodies leave room for another’s', async (t) => {
  const bodies = await createBodies(t, { maxFileBytes: 100_000, maxMemoryBytes: 1_000 });
  const flood = Array.from({ length: 20 }, () => bodies.open('flooding'));
  const kept = await Promise.all(flood.map((body) => body.add(Buffer.alloc(10_000))));
  assert.equal(kept.filter((isKept) => isKept).length, 7);
  const other = bodies.open('other');
  assert.equal(await other.add(Buffer.from('first ')), true);
  assert.equal(await other.add(Buffer.alloc(10_000, 'z')), true);
  assert.equal((await other.whole())?.toString(), `first ${'z'.repeat(10_000)}`);
  for (const body of [...flood, other]) body.release();
  const next = bodies.open('flooding');
  assert.equal(await next.add(Buffer.alloc(70_000)), true, 'what was released is free');
  next.release();
});
