/**
 * The proxy's memory while large bodies pass, and an upstream that is killed. The service is a separate process; its
 * callers are here. Run alone with `MEMORY_TABLE=1` it prints the table of `docs/proxy.md`.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { type Cleanup, closeInReverse } from '../support/cleanup.ts';
import { startTestDatabase } from '../support/database.ts';
import { redisUrl } from '../support/redis.ts';
import { startReplicaProcess } from '../support/replica-process.ts';
import { jwtSecretOfTests, signAdminToken } from '../support/service.ts';

const mebibyte = 1024 ** 2;
const largeMebibytes = 60;
const pageBytes = 4_096;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function start(t: Cleanup) {
  closeInReverse(t);
  const upstream = { answer: ((_request, response) => response.end()) as Answer };
  const server = createServer((request, response) => upstream.answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const tenant = `limits_${randomUUID().slice(0, 18)}`;
  const database = await startTestDatabase(t);
  const service = await startReplicaProcess(t, {
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    EMULATOR: 'off',
    MANAGEMENT_COMPANY_ID: tenant,
    SERVICE_TOKENS: 'test:token-of-the-limits-test',
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    JWT_SECRET: jwtSecretOfTests,
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.1/32',
  });
  const register = async (name: string, port: number): Promise<void> => {
    const reply = await fetch(`${service.url}/api/v1/services`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await signAdminToken({ tenants: '*', scope: 'admin' })}`,
        'x-management-company-id': tenant,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ service_name: name, service_type: 'api', base_url: `http://127.0.0.1:${port}` }),
    });
    assert.equal(reply.status, 201, await reply.text());
  };
  await register('here', (server.address() as AddressInfo).port);
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${service.url}/api/v1/proxy/${path}`, {
      ...init,
      headers: { 'x-management-company-id': tenant, 'x-service-token': 'token-of-the-limits-test' },
    });
  return { upstream, service, register, ask };
}

const residentBytes = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;

async function* megabytes(count: number): AsyncGenerator<Buffer> {
  for (let n = 0; n < count; n += 1) yield Buffer.alloc(mebibyte, n);
}

async function lengthOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

function upload(count: number): RequestInit {
  const body = Readable.toWeb(Readable.from(megabytes(count)));
  return { method: 'POST', body, duplex: 'half' } as unknown as RequestInit;
}

test('60 MB up and down need less than 64 MiB of additional memory', async (t) => {
  const { upstream, service, ask } = await start(t);
  const download = async (count: number): Promise<void> => {
    upstream.answer = (_request, response) => void Readable.from(megabytes(count)).pipe(response);
    const reply = await ask('here/file');
    assert.equal(await lengthOf(reply.body as unknown as AsyncIterable<Uint8Array>), count * mebibyte);
  };
  const send = async (count: number): Promise<void> => {
    upstream.answer = (request, response) => void lengthOf(request).then((bytes) => response.end(String(bytes)));
    assert.equal(await (await ask('here/upload', upload(count))).text(), String(count * mebibyte));
  };
  await download(4);
  await send(4);
  for (const [name, pass] of [
    ['down', download],
    ['up', send],
  ] as const) {
    const before = residentBytes(service.pid);
    const curve: number[] = [];
    const watch = setInterval(() => curve.push(residentBytes(service.pid) - before), 50);
    await pass(largeMebibytes);
    clearInterval(watch);
    const most = Math.max(...curve, residentBytes(service.pid) - before);
    if (process.env.MEMORY_TABLE) {
      const shown = curve.map((bytes) => (bytes / mebibyte).toFixed(1)).join(', ');
      process.stdout.write(`${name}: ${(before / mebibyte).toFixed(0)} MiB before, and more: ${shown}\n`);
    }
    assert.ok(most < 64 * mebibyte, `${name}: ${(most / mebibyte).toFixed(1)} MiB more`);
  }
});

test('an upstream that is killed leaves its caller a cut answer', async (t) => {
  const { register, service, ask } = await start(t);
  const program = `require('node:http').createServer((_, r) => { r.writeHead(200, {'content-length': 9e6}); r.write('x'.repeat(200000)); })
    .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
  const child = spawn(process.execPath, ['-e', program]);
  t.after(() => child.kill('SIGKILL'));
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  await register('mortal', Number(String(port)));
  const reply = await ask('mortal/file');
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
  assert.ok(((await reader.read()).value?.length ?? 0) > 0);
  child.kill('SIGKILL');
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  });
  assert.equal((await fetch(`${service.url}/health/live`)).status, 200);
});
