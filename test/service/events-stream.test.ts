/** Live events over Server-Sent Events. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signAdminToken, startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

async function listen(app: TestService, query = '', headers: Record<string, string> = {}) {
  const controller = new AbortController();
  const reply = await fetch(`${app.url}/api/v1/events/stream${query}`, {
    headers: {
      authorization: `Bearer ${app.adminToken}`,
      'x-management-company-id': app.tenant,
      ...headers,
    },
    signal: controller.signal,
  });
  let text = '';
  let ended = false;
  const reading = (async () => {
    for await (const chunk of reply.body as ReadableStream<Uint8Array>) text += Buffer.from(chunk).toString();
  })()
    .catch(() => {})
    .finally(() => {
      ended = true;
    });
  return {
    status: reply.status,
    headers: reply.headers,
    text: () => text,
    ended: () => ended,
    events: () =>
      text
        .split('\n\n')
        .filter((block) => block.includes('data: '))
        .map((block) => JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null')),
    async leave() {
      controller.abort();
      await reading;
    },
  };
}

for (const bus of ['in-process', 'RabbitMQ']) {
  test(`events reach only their tenant, as they are published (${bus})`, async (t) => {
    const app = await startTestService(
      t,
      bus === 'RabbitMQ' ? { RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672' } : {},
    );
    const all = await listen(app);
    assert.equal(all.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const completed = await listen(app, '?type=integration.request.completed');
    const other = await listen(app, '', { 'x-management-company-id': 'another_tenant' });
    assert.deepEqual([all.status, completed.status, other.status], [200, 200, 200]);

    assert.equal((await app.geocode('Ташкент, улица Навои, 11')).status, 200);
    const types = await waitFor('the events arrive', () => {
      const seen = all.events().map(({ event_type }) => event_type);
      return seen.includes('integration.request.completed') && seen.includes('integration.cache.miss') && seen;
    });
    assert.ok(types.includes('integration.request.sent'));
    await waitFor('the filtered one too', () => completed.events().length === 1);
    assert.equal(completed.events()[0].management_company_id, app.tenant);
    assert.match(completed.text(), /^id: [0-9a-f-]{36}\nevent: integration\.request\.completed\ndata: \{/m);
    assert.deepEqual(other.events(), []);
    for (const stream of [all, completed, other]) await stream.leave();
  });
}

test('the stream is for admins, and only for known types', async (t) => {
  const app = await startTestService(t);
  assert.equal((await app.call('GET', '/events/stream')).status, 403);
  const wrong = await app.call('GET', '/events/stream?type=nothing', undefined, {
    authorization: `Bearer ${app.adminToken}`,
  });
  assert.deepEqual([wrong.status, wrong.json.errors[0].path], [400, 'type']);
  const foreign = { authorization: `Bearer ${await signAdminToken({ tenants: ['another_tenant'], scope: 'admin' })}` };
  assert.equal((await app.call('GET', '/events/stream', undefined, foreign)).status, 403);
});

test('a revoked token ends its stream, and a shutdown ends all streams', async (t) => {
  const app = await startTestService(t);
  const admin = { authorization: `Bearer ${app.adminToken}` };
  const { token, id } = (await app.call('POST', '/tokens', { name: 'watcher', scopes: ['admin'] }, admin)).json;
  const revoked = await listen(app, '', { authorization: `Bearer ${token}` });
  const staying = await listen(app);
  assert.equal((await app.call('DELETE', `/tokens/${id}`, undefined, admin)).status, 204);
  await waitFor('the stream ends', () => revoked.ended());
  assert.equal(staying.ended(), false);
  await app.service.close();
  await waitFor('the other ends with the service', () => staying.ended());
});
