/** An API behind the gateway that records its requests, and answers as a test sets it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Cleanup, closeInReverse } from './cleanup.ts';
import { startTestService, type TestService } from './service.ts';
import { untilServed } from './wait-for.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export async function startProxiedApi(t: Cleanup, more: Record<string, string> = {}) {
  closeInReverse(t);
  const asked: Asked[] = [];
  let answer = (_asked: Asked, response: ServerResponse): void => void response.end('ok');
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, body: Buffer.concat(chunks) };
    asked.push(one);
    answer(one, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { OUTBOUND_ALLOWED_NETWORKS: host, ...more };
  const app = await startTestService(t, env);
  /** Returns the answer to POST /services for an API of this name. */
  const tryToRegister = (name: string, members: Record<string, unknown>) =>
    app.admin('POST', '/services', { service_name: name, service_type: 'api', base_url: `http://${host}`, ...members });

  return {
    app,
    env,
    host,
    asked,
    answerWith(next: typeof answer): void {
      answer = next;
    },
    tryToRegister,
    async register(name: string, members: Record<string, unknown>): Promise<string> {
      const reply = await untilServed('the stores to take the service', () => tryToRegister(name, members));
      assert.equal(reply.status, 201, reply.text);
      return reply.json.id;
    },
    /** `replica`: another replica than the first. */
    ask: (path: string, init: RequestInit = {}, replica: Pick<TestService, 'url'> = app): Promise<Response> =>
      fetch(`${replica.url}/api/v1/proxy/${path}`, {
        redirect: 'manual',
        ...init,
        headers: {
          'x-management-company-id': app.tenant,
          'x-service-token': app.token,
          ...(init.headers as Record<string, string>),
        },
      }),
    last: (): Asked => asked.at(-1) as Asked,
  };
}
