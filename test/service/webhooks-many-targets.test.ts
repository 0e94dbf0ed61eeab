/** One webhook with several targets: each with its own filter, retries, headers and state. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { startTestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Received, startTarget } from '../support/webhook-target.ts';
import { endPauses, postDelivery, startWebhook, type TestWebhook } from '../support/webhooks.ts';

const post = (hook: TestWebhook, body: string) =>
  postDelivery(hook.url, body, {
    'x-webhook-signature': createHmac('sha256', hook.secret).update(body).digest('hex'),
  });
const idsOf = ({ received }: { received: readonly Received[] }) => received.map(({ json }) => json.payload.id);

test('a webhook with several targets', async (t) => {
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000',
  });
  let status = 200;
  const main = await startTarget(t);
  const orders = await startTarget(t);
  const paid = await startTarget(t, (_, reply) => void reply.writeHead(status).end());
  const created = await app.admin('POST', '/webhooks', {
    webhook_name: 'many',
    secret_key: 'many secrets',
    target_url: main.url,
    targets: [
      { url: orders.url, event_types: ['order.*'], headers: { 'X-Key': 'canary-key' }, ordered: true },
      {
        url: paid.url,
        conditions: [
          { path: '$.data.status', equals: 'paid' },
          { path: 'data.items[0].kind', in: ['lift', 'door'] },
          { path: 'data.deleted', exists: false },
        ],
        max_attempts: 1,
        timeout_seconds: 5,
      },
    ],
  });
  assert.equal(created.status, 201, created.text);
  const [first, second] = created.json.targets;
  const hook = {
    id: created.json.id,
    secret: 'many secrets',
    url: `${app.url}${new URL(created.json.webhook_url).pathname}`,
  } as TestWebhook;
  assert.deepEqual([first.headers, created.json.target_count], [{ 'x-key': '[masked]' }, 3]);
  assert.ok(!created.text.includes('canary-key'));

  await t.test('each gets its matching events, signed with its own secret', async () => {
    const item = (id: string, type: string, data: unknown) => JSON.stringify({ id, type, data });
    await post(hook, item('1', 'order.new', { status: 'open' }));
    await post(hook, item('2', 'invoice', { status: 'paid', items: [{ kind: 'lift' }] }));
    await post(hook, item('3', 'invoice', { status: 'paid', items: [{ kind: 'lift' }], deleted: true }));
    await post(hook, item('4', 'order.paid', { status: 'paid', items: [{ kind: 'door', pad: 'x'.repeat(300_000) }] }));
    await waitFor(
      'all of them',
      () => main.received.length === 4 && orders.received.length === 2 && paid.received.length === 2,
    );
    assert.deepEqual(
      [idsOf(main).sort(), idsOf(orders), idsOf(paid).sort()],
      [
        ['1', '2', '3', '4'],
        ['1', '4'],
        ['2', '4'],
      ],
    );
    const [one] = orders.received as [Received];
    assert.equal(one.headers['x-key'], 'canary-key');
    assert.equal(one.json.webhook_id, hook.id);
    new Webhook(created.json.target_secrets[first.id]).verify(one.body, one.headers);
    assert.throws(() => new Webhook(created.json.target_secret).verify(one.body, one.headers));
  });

  await t.test('one target fails, is switched off, paused and resumed without affecting the others', async () => {
    status = 410;
    const body = JSON.stringify({ id: '5', data: { status: 'paid', items: [{ kind: 'lift' }] } });
    const { event_id: id } = (await post(hook, body)).json;
    const off = await waitFor('it to be switched off', async () => {
      const { json } = await app.admin('GET', `/webhooks/${hook.id}`);
      return json.targets[1].off_reason === 'gone' && json;
    });
    assert.deepEqual([off.target_paused, off.targets[0].paused, off.targets[1].paused], [false, false, true]);
    await waitFor('the others', () => idsOf(main).includes('5'));
    const event = await waitFor('all of its targets to be settled', async () => {
      const { json } = await app.admin('GET', `/webhooks/events/${id}`);
      return json.targets.every((one: { status: string }) => one.status !== 'pending') && json;
    });
    assert.equal(event.target.status, 'dead');
    const states = event.targets.map((one: { target_id: string; status: string }) => [one.target_id, one.status]);
    assert.deepEqual(Object.fromEntries(states), { [hook.id]: 'delivered', [second.id]: 'dead' });
    await post(hook, body.replace('"5"', '"6"'));
    status = 200;
    const resumed = await app.admin('POST', `/webhooks/${hook.id}/resume-target`, { target_id: second.id });
    assert.deepEqual([resumed.status, resumed.json.retried_count], [200, 1], resumed.text);
    await waitFor('what it missed', () => idsOf(paid).filter((one) => one === '5' || one === '6').length === 3);
    assert.equal(idsOf(main).filter((one) => one === '5').length, 1);

    const paused = await app.admin('POST', `/webhooks/${hook.id}/pause-target`, { target_id: first.id });
    assert.deepEqual([paused.json.target_paused, paused.json.targets[0].paused], [false, true]);
    const stranger = await app.admin('POST', `/webhooks/${hook.id}/pause-target`, {
      target_id: app.tenant && hook.id.replace(/^.{8}/, '00000000'),
    });
    assert.equal(stranger.status, 409);
  });

  await t.test('one target’s secret is rotated, and a change keeps all other members', async () => {
    const rotated = await app.admin('POST', `/webhooks/${hook.id}/rotate-target-secret`, { target_id: first.id });
    assert.equal(rotated.status, 200, rotated.text);
    const { json } = await app.admin('GET', `/webhooks/${hook.id}`);
    const changed = await app.admin('PATCH', `/webhooks/${hook.id}`, {
      targets: [{ ...json.targets[0], paused: false, headers: { 'x-key': '[masked]' } }],
    });
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(
      [changed.json.targets.length, changed.json.targets[0].id, changed.json.target_secrets],
      [1, first.id, undefined],
    );
    await post(hook, '{"id":"7","type":"order.x"}');
    await waitFor('it', () => idsOf(orders).includes('7'));
    const last = orders.received.at(-1) as Received;
    new Webhook(rotated.json.target_secret).verify(last.body, last.headers);
    new Webhook(created.json.target_secrets[first.id]).verify(last.body, last.headers);
    assert.equal(last.headers['x-key'], 'canary-key');
  });

  await t.test('an event is sent again to the matching targets only', async () => {
    const { event_id: id } = (await post(hook, '{"id":"8","type":"other"}')).json;
    await waitFor('it to be delivered', async () => {
      const { json } = await app.admin('GET', `/webhooks/events/${id}`);
      return json.target.status === 'delivered';
    });
    const seen = orders.received.length;
    assert.equal((await app.admin('POST', `/webhooks/events/${id}/retry`, { to: 'target' })).status, 200);
    await waitFor('it again', () => idsOf(main).filter((one) => one === '8').length === 2);
    assert.equal(orders.received.length, seen);
  });

  await t.test('a batch is sent again to the target of each of its types, whatever its size', async () => {
    const likes = await startTarget(t);
    const feed = await startTarget(t);
    const batch = await startWebhook(app, {
      webhook_name: 'batch',
      source_service: 'meta',
      signature_scheme: 'none',
      targets: [
        { url: likes.url, event_types: ['page.likes'] },
        { url: feed.url, event_types: ['page.feed'] },
      ],
    });
    for (const [index, pad] of ['', 'x'.repeat(300_000)].entries()) {
      const changes = [{ field: 'likes' }, { field: 'feed', pad }];
      const body = JSON.stringify({ object: 'page', entry: [{ changes }] });
      const { event_id: id } = (await postDelivery(batch.url, body, {})).json;
      const both = (count: number) => likes.received.length === count && feed.received.length === count;
      await waitFor('both', () => both(index * 2 + 1));
      const again = await app.admin('POST', `/webhooks/events/${id}/retry`, { to: 'target' });
      assert.equal(again.json.targets?.length, 2, again.text);
      await waitFor('both again', () => both(index * 2 + 2));
    }
  });

  await t.test('filters that never match and forbidden addresses are refused', async () => {
    const refused = async (target: Record<string, unknown>) => {
      const reply = await app.admin('PATCH', `/webhooks/${hook.id}`, { targets: [target] });
      return [reply.status, reply.json.errors?.[0].path];
    };
    assert.deepEqual(await refused({ url: 'http://10.0.0.1/' }), [400, 'targets[0].url']);
    assert.deepEqual(await refused({ url: hook.url }), [400, 'targets[0].url']);
    assert.deepEqual(await refused({ url: main.url, event_types: ['*.x'] }), [400, 'targets[0].event_types[0]']);
    assert.deepEqual(await refused({ url: main.url, conditions: [{ path: 'a' }] }), [400, 'targets[0].conditions[0]']);
    assert.deepEqual(await refused({ url: main.url, conditions: [{ path: 'a[', exists: true }] }), [
      400,
      'targets[0].conditions[0].path',
    ]);
    assert.deepEqual(await refused({ url: main.url, conditions: [{ path: 'a', equals: 1, exists: false }] }), [
      400,
      'targets[0].conditions[0].exists',
    ]);
    assert.deepEqual(await refused({ url: main.url, headers: { host: 'x' } }), [400, 'targets[0].headers.host']);
    const eleven = Array.from({ length: 11 }, (_, index) => ({ url: `${main.url}${index}` }));
    assert.equal((await app.admin('PATCH', `/webhooks/${hook.id}`, { targets: eleven })).status, 400);
  });

  await t.test('a target that moves to another host keeps its id and what waits for it', async () => {
    const old = await startTarget(t, (_, reply) => void reply.writeHead(503).end());
    const next = await startTarget(t);
    const moving = await startWebhook(app, {
      webhook_name: 'moving',
      targets: [{ url: old.url, headers: { 'x-key': 'canary-key' } }],
    });
    const { event_id: event } = (await post(moving, '{"id":"waits"}')).json;
    await waitFor('its failure', async () => (await app.admin('GET', `/webhooks/events/${event}`)).json.attempts[0]);
    const [{ id }] = (await app.admin('GET', `/webhooks/${moving.id}`)).json.targets;
    const moveTo = (more: Record<string, unknown>) =>
      app.admin('PATCH', `/webhooks/${moving.id}`, { targets: [{ id, url: next.url, ...more }] });
    for (const headers of [undefined, { 'x-key': '[masked]' }]) {
      const { status: refused, json } = await moveTo({ headers });
      assert.deepEqual([refused, json.errors[0].path.startsWith('targets[0].headers')], [400, true]);
    }
    const moved = await moveTo({ headers: { 'x-key': 'another' } });
    assert.equal(moved.json.targets?.[0].id, id, moved.text);
    const [got] = await waitFor('what waited', async () => {
      await endPauses(app);
      return next.received.length === 1 && next.received;
    });
    new Webhook(moved.json.target_secrets[id]).verify(got?.body as string, got?.headers as Record<string, string>);
    assert.deepEqual([idsOf(next), got?.headers['x-key']], [['waits'], 'another']);
  });

  await t.test(
    'a target that was switched off is switched on by its pause ended by name, or by another address',
    async () => {
      let answer = 410;
      const gone = await startTarget(t, (_, reply) => void reply.writeHead(answer).end());
      const hook = await startWebhook(app, { webhook_name: 'on', target_url: gone.url, targets: [{ url: gone.url }] });
      const change = async (body: Record<string, unknown>) =>
        (await app.admin('PATCH', `/webhooks/${hook.id}`, body)).json;
      const pausesOf = (json: { target_paused: boolean; targets: [{ paused: boolean }] }) => [
        json.target_paused,
        json.targets[0].paused,
      ];
      const switchOff = async (id: string) => {
        answer = 410;
        await post(hook, JSON.stringify({ id }));
        await waitFor('both to be switched off', async () =>
          pausesOf((await app.admin('GET', `/webhooks/${hook.id}`)).json).every(Boolean),
        );
        answer = 200;
      };
      await switchOff('a');
      const off = await change({ webhook_name: 'still off' });
      assert.deepEqual(pausesOf(off), [true, true]);
      const [{ id, url }] = off.targets;
      assert.deepEqual(pausesOf(await change({ targets: [{ id, url }] })), [true, true]);
      assert.deepEqual(pausesOf(await change({ target_paused: false })), [false, true]);
      assert.deepEqual(pausesOf(await change({ targets: [{ id, url, paused: false }] })), [false, false]);
      await switchOff('b');
      const elsewhere = `${gone.url}/elsewhere`;
      assert.deepEqual(pausesOf(await change({ target_url: elsewhere, targets: [{ id, url: elsewhere }] })), [
        false,
        false,
      ]);
      await post(hook, '{"id":"c"}');
      await waitFor('both', () => idsOf(gone).filter((id) => id === 'c').length === 2);
    },
  );

  await t.test('a late 410 of the former address does not switch off the new one', async () => {
    const held: ServerResponse[] = [];
    const { url } = await startTarget(t, (_, reply) => void held.push(reply));
    const hook = await startWebhook(app, { webhook_name: 'late', target_url: url, targets: [{ url }] });
    const { event_id: event } = (await post(hook, '{"id":"late"}')).json;
    await waitFor('both tries', () => held.length === 2);
    const [{ id }] = (await app.admin('GET', `/webhooks/${hook.id}`)).json.targets;
    const elsewhere = `${url}/elsewhere`;
    const moved = { target_url: elsewhere, targets: [{ id, url: elsewhere }] };
    assert.equal((await app.admin('PATCH', `/webhooks/${hook.id}`, moved)).status, 200);
    for (const reply of held) reply.writeHead(410).end();
    await waitFor(
      'both answers',
      async () => (await app.admin('GET', `/webhooks/events/${event}`)).json.attempts.length === 2,
    );
    const { target_paused, targets } = (await app.admin('GET', `/webhooks/${hook.id}`)).json;
    assert.deepEqual([target_paused, targets[0].paused], [false, false]);
  });

  await t.test('a webhook may have only further targets, which are deleted with it', async () => {
    const lone = await startTarget(t);
    const other = await startWebhook(app, { webhook_name: 'lone', targets: [{ url: lone.url }] });
    await post(other, '{"id":"9"}');
    await waitFor('it', () => lone.received.length === 1);
    assert.equal((await app.admin('DELETE', `/webhooks/${other.id}`)).status, 204);
    const { rows } = await app.database.db.querySystem({
      text: 'select id from webhook_targets where webhook_id = $1',
      values: [other.id],
    });
    assert.equal(rows.length, 0);
  });
});
