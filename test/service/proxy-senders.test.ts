/** What callers send that is unusual, and goes on to an API all the same. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { startProxiedApi } from '../support/proxied-api.ts';
import { startTestService, type TestService } from '../support/service.ts';

function headersOf(app: TestService): string {
  return `Host: gateway\r\nX-Management-Company-Id: ${app.tenant}\r\nX-Service-Token: ${app.token}\r\n`;
}

/** Sends the text, which has `Connection: close`, and returns all that comes back. */
async function sendRaw(app: TestService, text: string): Promise<string> {
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  return Buffer.concat(await socket.toArray()).toString();
}

test('whatever the content type is, the body goes on with it', async (t) => {
  const { app, register, last } = await startProxiedApi(t);
  await register('any', {});
  for (const type of ['json', 'text/html,application/json', 'a b', 'application/json; charset', 'text/plain']) {
    const head = `POST /api/v1/proxy/any/x HTTP/1.1\r\n${headersOf(app)}Content-Type: ${type}\r\n`;
    const answer = await sendRaw(app, `${head}Content-Length: 7\r\nConnection: close\r\n\r\n{"a":1}`);
    assert.match(answer, /^HTTP\/1\.1 200 /, type);
    assert.deepEqual([last().headers['content-type'], last().body.toString()], [type, '{"a":1}']);
  }
});

test('an offer of another protocol is not taken, and the request goes on', async (t) => {
  const { app, register, last } = await startProxiedApi(t);
  await register('any', {});
  for (const offer of [
    'Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk',
    'Connection: close, Upgrade\r\nUpgrade: TLS/1.2',
    'Connection: close, Upgrade\r\nUpgrade: TLS/1.3, HTTP/2.0',
  ]) {
    const head = `POST /api/v1/proxy/any/x HTTP/1.1\r\n${headersOf(app)}${offer}\r\nContent-Length: 4\r\n\r\nbody`;
    assert.match(await sendRaw(app, head), /^HTTP\/1\.1 200 /, offer);
    const { headers, body } = last();
    assert.deepEqual([headers.upgrade, headers['http2-settings'], body.toString()], [undefined, undefined, 'body']);
  }
});

test('an upload that is answered before its end is read to its end', async (t) => {
  const server = createServer((_request, response) => void response.writeHead(413).end('too large'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: host });
  t.after(() => server.close());
  await app.admin('POST', '/services', { service_name: 'small', service_type: 'api', base_url: `http://${host}` });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  /** Writes the whole body before it reads the answer, as many clients do. */
  const upload = async (name: string): Promise<number | undefined> => {
    const request = httpRequest(`${app.url}/api/v1/proxy/${name}/file`, {
      agent,
      method: 'POST',
      headers: { 'x-management-company-id': app.tenant, 'x-service-token': app.token, 'content-length': 16 << 20 },
    });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    for (let mebibytes = 0; mebibytes < 16; mebibytes += 1) {
      await new Promise((written) => request.write(Buffer.alloc(1 << 20), written));
    }
    request.end();
    const [response] = await answered;
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  };
  for (const [name, status] of [
    ['small', 413],
    ['missing', 404],
    ['small', 413],
  ] as const) {
    assert.equal(await upload(name), status);
  }
});
