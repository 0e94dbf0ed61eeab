/** Many concurrent event streams through the proxy, also of one address, each flowing from its first event. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const manyStreams = 200;

for (const [name, headers, config] of [
  ['without cache headers', {}, {}],
  ['that may be cached', { 'cache-control': 'max-age=60' }, {}],
  ['of a service with a cache', {}, { cache_ttl_seconds: 60 }],
] as const) {
  test(`two hundred readers of one event stream ${name} each have their own, and close it`, async (t) => {
    const open = new Set<ServerResponse>();
    const upstream = createServer((_request, response) => {
      open.add(response);
      response.on('close', () => open.delete(response));
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers }).write('data: 1\n\n');
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    t.after(() => {
      upstream.closeAllConnections();
      upstream.close();
    });
    const { port } = upstream.address() as AddressInfo;
    const app = await startTestService(t, { OUTBOUND_ALLOWED_NETWORKS: `127.0.0.1:${port}` });
    const api = { service_name: 'news', service_type: 'api', base_url: `http://127.0.0.1:${port}`, config };
    assert.equal((await app.admin('POST', '/services', api)).status, 201);

    const leaves = new AbortController();
    const readers = await Promise.all(
      Array.from({ length: manyStreams }, async () => {
        const reply = await fetch(`${app.url}/api/v1/proxy/news/events`, {
          headers: { 'x-management-company-id': app.tenant, 'x-service-token': app.token },
          signal: leaves.signal,
        });
        assert.equal(reply.status, 200);
        return (reply.body as ReadableStream<Uint8Array>).getReader();
      }),
    );
    const next = () =>
      Promise.all(readers.map(async (reader) => String(Buffer.from((await reader.read()).value ?? []))));
    // The second event is sent when all readers have the first.
    assert.deepEqual(new Set(await next()), new Set(['data: 1\n\n']));
    assert.equal(open.size, manyStreams);
    for (const response of open) response.write('data: 2\n\n');
    assert.deepEqual(new Set(await next()), new Set(['data: 2\n\n']));
    leaves.abort();
    await waitFor('every stream to end at the upstream', () => open.size === 0);
  });
}
