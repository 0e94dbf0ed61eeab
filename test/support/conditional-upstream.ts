/** An upstream that answers conditional requests, the service in front of it, and a caller. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { startTestService, type TestService } from './service.ts';

export type Headers = Record<string, string>;

/** An upstream with one resource: answers a true condition with 304, and counts the bodies it sends. */
export interface ConditionalUpstream {
  headers: Headers;
  /** Headers of a 304; null: those of a 200. */
  headersOf304: Headers | null;
  body: Buffer;
  /** Answers instead of the resource. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  readonly seen: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }[];
  bodies: number;
}

export async function startBeforeConditionalUpstream(t: Cleanup, env: Headers = {}) {
  closeInReverse(t);
  const upstream: ConditionalUpstream = {
    ...{ headers: {}, headersOf304: null, body: Buffer.from('first'), instead: null, seen: [], bodies: 0 },
  };
  const server = createServer((asked, response) => {
    upstream.seen.push({ method: asked.method ?? '', url: asked.url ?? '', headers: asked.headers });
    if (upstream.instead !== null) return upstream.instead(asked, response);
    const { etag, 'last-modified': modified } = upstream.headers;
    const tags = asked.headers['if-none-match'];
    const since = asked.headers['if-modified-since'];
    const holds = tags === undefined ? since !== undefined && since === modified : tags === '*' || tags === etag;
    if (holds) return response.writeHead(304, upstream.headersOf304 ?? upstream.headers).end();
    upstream.bodies += 1;
    response.writeHead(200, upstream.headers).end(upstream.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const all = {
    OUTBOUND_ALLOWED_NETWORKS: base,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ...env,
  };
  const app = await startTestService(t, all);
  const register = async (name: string, members: Record<string, unknown> = {}): Promise<string> => {
    const body = { service_name: name, service_type: 'api', base_url: `http://${base}`, api_key: 'key', ...members };
    const reply = await app.admin('POST', '/services', body);
    assert.equal(reply.status, 201, reply.text);
    return reply.json.id;
  };
  /** Sets the resource and resets the counts. */
  const has = (headers: Headers, body: Buffer | string = 'first'): void => {
    Object.assign(upstream, { headers, headersOf304: null, body: Buffer.from(body), instead: null, bodies: 0 });
    upstream.seen.length = 0;
  };
  return { app, upstream, register, has, env: all };
}

/** Not `fetch`, which adds `Cache-Control: no-cache` to a conditional request. */
export async function askProxy(
  app: TestService,
  path: string,
  headers: Headers = {},
  method: 'GET' | 'HEAD' | 'PUT' = 'GET',
) {
  const reply = await request(`${app.url}/api/v1/proxy/${path}`, {
    method,
    headers: { 'x-management-company-id': app.tenant, 'x-service-token': app.token, ...headers },
  });
  const body = Buffer.from(await reply.body.arrayBuffer());
  const of = (name: string): string | undefined => reply.headers[name]?.toString();
  return {
    status: reply.statusCode,
    of,
    body,
    get text() {
      return body.toString();
    },
    cache: of('x-cache'),
    age: Number(of('age')),
  };
}

/** Expired on arrival: the answer has been in an earlier cache for long. */
export const expired = { 'cache-control': 'max-age=60', age: '60' };
/** A `Last-Modified` date. */
export const changed = 'Sun, 22 Nov 2026 11:00:00 GMT';
