/** Accepted events on their way to a webhook's target: signed, retried, in order, never delayed by another target. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Received, startTarget } from '../support/webhook-target.ts';
import { endPauses, postDelivery, startWebhook, type TestWebhook } from '../support/webhooks.ts';

const post = (hook: TestWebhook, body: string) =>
  postDelivery(hook.url, body, {
    'x-webhook-signature': createHmac('sha256', hook.secret).update(body).digest('hex'),
  });

/** The published events of a type. */
async function watchEvents(app: TestService, type: string): Promise<Record<string, unknown>[]> {
  const reply = await fetch(`${app.url}/api/v1/events/stream?type=${type}`, {
    headers: { authorization: `Bearer ${app.adminToken}`, 'x-management-company-id': app.tenant },
  });
  const seen: Record<string, unknown>[] = [];
  const ready = Promise.withResolvers<void>();
  const read = async () => {
    let text = '';
    for await (const chunk of reply.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      ready.resolve();
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        if (data !== undefined) seen.push(JSON.parse(data));
        text = text.slice(end + 2);
      }
    }
  };
  read().catch(() => undefined);
  await ready.promise;
  return seen;
}

async function eventOf(app: TestService, id: string) {
  return (await app.admin('GET', `/webhooks/events/${id}`)).json;
}

test('deliveries to targets', async (t) => {
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000',
    REQUEST_TIMEOUT_SECONDS: '2',
  });

  await t.test('an event reaches its target, signed according to Standard Webhooks', async () => {
    const target = await startTarget(t);
    const hook = await startWebhook(app, { webhook_name: 'signed', target_url: target.url });
    const { json, headers } = await post(hook, '{"id":"a","type":"order.paid"}');
    const requestId = headers.get('x-request-id');
    await waitFor('the delivery', () => target.received.length === 1);
    const [first] = target.received as [Received];
    new Webhook(hook.targetSecret).verify(first.body, first.headers);
    assert.throws(() => new Webhook(hook.targetSecret).verify(first.body.replace('paid', 'Paid'), first.headers));
    assert.equal(first.headers['webhook-id'], json.event_id);
    assert.deepEqual(
      [first.json.webhook_event_id, first.json.event_type, first.json.payload],
      [json.event_id, 'integration.webhook.received', { id: 'a', type: 'order.paid' }],
    );
    const {
      target: state,
      attempts,
      request_id: shown,
    } = await waitFor('its record', async () => {
      const event = await eventOf(app, json.event_id);
      return event.target.status === 'delivered' && event;
    });
    assert.deepEqual([first.json.correlation_id, shown], [requestId, requestId]);
    assert.deepEqual([state.attempt_count, attempts.length, attempts[0].response_status_code], [1, 1, 200]);
  });

  await t.test('a payload too large for RabbitMQ arrives in full', async () => {
    const target = await startTarget(t);
    const hook = await startWebhook(app, { webhook_name: 'large', target_url: target.url });
    await post(hook, JSON.stringify({ id: 'large', text: 'x'.repeat(300_000) }));
    await waitFor('the delivery', () => target.received.length === 1);
    assert.equal(target.received[0]?.json.payload.text.length, 300_000);
  });

  await t.test('every digit and byte of a delivery reaches its target', async () => {
    const target = await startTarget(t);
    const hook = await startWebhook(app, { webhook_name: 'exact', target_url: target.url });
    const numbers = '{"id":"exact", "n":[1.10, 1e400, 1e-400, 9007199254740993]}';
    await post(hook, numbers);
    await waitFor('the numbers', () => target.received.length === 1);
    assert.ok(target.received[0]?.body.includes(`"payload":${numbers}`));
    const bytes = Buffer.from([0, 0xff, 0x80, 0x01]);
    await postDelivery(hook.url, bytes, {
      'x-webhook-signature': createHmac('sha256', hook.secret).update(bytes).digest('hex'),
      'content-type': 'image/x-none',
      'x-own': Buffer.from('ключ').toString('latin1'),
    });
    await waitFor('the bytes', () => target.received.length === 2);
    const { payload, payload_raw_base64, headers } = target.received[1]?.json ?? {};
    assert.deepEqual([payload, payload_raw_base64], [null, bytes.toString('base64')]);
    assert.deepEqual(
      [headers['content-type'], headers['x-webhook-signature'], headers['x-own']],
      ['image/x-none', '[masked]', 'ключ'],
    );
  });

  await t.test('a 200 counts as success, whatever its body', async () => {
    const target = await startTarget(t, (_, reply, count) => {
      if (count === 1) reply.writeHead(200, { 'content-length': 9_000_000 }).end(Buffer.alloc(9_000_000));
      else if (count === 2) reply.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip');
      else reply.writeHead(200, { 'content-length': 10 }).write('x', () => reply.socket?.end());
    });
    const hook = await startWebhook(app, { webhook_name: 'bodies', target_url: target.url, ordered: true });
    const ids: string[] = [];
    for (const id of ['large', 'encoded', 'short']) ids.push((await post(hook, `{"id":"${id}"}`)).json.event_id);
    await waitFor('all three', async () => (await eventOf(app, ids[2] as string)).target.status === 'delivered');
    assert.equal(target.received.length, 3);
  });

  await t.test('a failure is retried after a pause, Retry-After is honoured, 410 ends the attempts', async () => {
    const answers = [503, 500, 200];
    const target = await startTarget(t, (_, reply, count) => {
      reply.writeHead(answers[count - 1] ?? 200, count === 1 ? { 'retry-after': '7200' } : {}).end('not now');
    });
    const hook = await startWebhook(app, { webhook_name: 'repeating', target_url: target.url });
    const { json } = await post(hook, '{"id":"b"}');
    const afterTry = (count: number) =>
      waitFor(`try ${count}`, async () => {
        const event = await eventOf(app, json.event_id);
        return event.attempts.length === count && event;
      });
    const first = await afterTry(1);
    const pauseSeconds = (Date.parse(first.target.next_attempt_at) - Date.parse(first.attempts[0].started_at)) / 1000;
    assert.ok(pauseSeconds > 7_190 && pauseSeconds < 7_230, String(pauseSeconds));
    assert.deepEqual([first.attempts[0].response_body, first.target.status], ['not now', 'pending']);
    await endPauses(app);
    const second = await afterTry(2);
    assert.ok(Date.parse(second.target.next_attempt_at) - Date.parse(second.attempts[1].started_at) < 60_000);
    await endPauses(app);
    assert.equal((await afterTry(3)).target.status, 'delivered');
    assert.equal(new Set(target.received.map(({ headers }) => headers['webhook-id'])).size, 1);

    const gone = await startTarget(t, (_, reply) => void reply.writeHead(410).end());
    const goneHook = await startWebhook(app, { webhook_name: 'gone', target_url: gone.url });
    const goneEvent = (await post(goneHook, '{"id":"c"}')).json.event_id;
    await waitFor('the end', async () => (await eventOf(app, goneEvent)).target.status === 'dead');
  });

  await t.test('after the last failure it is dead, and a single or bulk request sends it again', async () => {
    let isDown = true;
    const target = await startTarget(t, (_, reply) => void reply.writeHead(isDown ? 500 : 200).end());
    const hook = await startWebhook(app, { webhook_name: 'dying', target_url: target.url });
    const ids = [(await post(hook, '{"id":"d1"}')).json.event_id, (await post(hook, '{"id":"d2"}')).json.event_id];
    const dead = `/webhooks/events?webhook_id=${hook.id}&delivery_status=dead`;
    await waitFor('a try of each', () => target.received.length === 2);
    await app.database.db.querySystem({
      text: `update webhook_deliveries set tries_since_redrive = 10 where state = 'pending' and webhook_id = $1`,
      values: [hook.id],
    });
    await waitFor('both to be dead', async () => {
      await endPauses(app);
      return (await app.admin('GET', dead)).json.events.length === 2;
    });
    assert.ok((await eventOf(app, ids[0])).attempts.length >= 2);
    assert.equal((await app.call('GET', '/webhooks/health')).json.status, 'degraded');
    isDown = false;
    const one = await app.admin('POST', `/webhooks/events/${ids[0]}/retry`);
    assert.equal(one.json.is_delivered_again, true);
    await waitFor('the first', async () => (await eventOf(app, ids[0])).target.status === 'delivered');
    const rest = await app.admin('POST', '/webhooks/events/retry', { webhook_id: hook.id, delivery_status: 'dead' });
    assert.deepEqual(rest.json, { retried_count: 1, is_complete: true });
    await waitFor('the second', async () => (await eventOf(app, ids[1])).target.status === 'delivered');
  });

  await t.test('events are sent again, oldest first, only to the target on request', async () => {
    const target = await startTarget(t);
    const hook = await startWebhook(app, { webhook_name: 'again', target_url: target.url, ordered: true });
    for (let id = 0; id < 25; id += 1) await post(hook, `{"id":${id}}`);
    await waitFor('all', () => target.received.length === 25);
    const again = await app.admin('POST', '/webhooks/events/retry', { webhook_id: hook.id, to: 'target' });
    assert.deepEqual([again.json.retried_count, again.json.is_complete], [25, true]);
    await waitFor('all again', () => target.received.length === 50);
    assert.deepEqual(
      target.received.slice(25).map(({ json }) => json.payload.id),
      Array.from({ length: 25 }, (_, id) => id),
    );
    const { rows } = await app.database.db.querySystem<{ count: number }>({
      text: `select count(*)::int as count from outbox_events where aggregate_id = $1 and body::text like '%is_retry%'`,
      values: [hook.id],
    });
    assert.equal(rows[0]?.count, 0, 'an event was published to RabbitMQ');
  });

  await t.test('all events are sent again only if requested explicitly, and no filter is ignored', async () => {
    const retry = async (body: unknown) => (await app.admin('POST', '/webhooks/events/retry', body)).status;
    assert.deepEqual(
      [await retry({}), await retry({ to: 'target' }), await retry({ webhook: 'x' }), await retry({ all: false })],
      [400, 400, 400, 400],
    );
    assert.equal((await app.admin('GET', '/webhooks/events?webhook=x')).status, 400);
    assert.equal((await app.admin('POST', '/webhooks/events/retry', { all: true, status: 'accepted' })).status, 400);
  });

  await t.test('a dead delivery is retried if its sender posts it again', async () => {
    let isGone = true;
    const target = await startTarget(t, (_, reply) => void reply.writeHead(isGone ? 410 : 200).end());
    const hook = await startWebhook(app, { webhook_name: 'redelivered', target_url: target.url });
    const { event_id: id } = (await post(hook, '{"id":"redelivered"}')).json;
    await waitFor('its end', async () => (await eventOf(app, id)).target.status === 'dead');
    isGone = false;
    const second = await post(hook, '{"id":"redelivered"}');
    assert.deepEqual(second.json, { status: 'duplicate', event_id: id });
    await waitFor('the delivery', async () => (await eventOf(app, id)).target.status === 'delivered');
    await post(hook, '{"id":"redelivered"}');
    assert.equal(target.received.length, 2, 'a delivered event is not sent again');
  });

  await t.test('deliveries to a paused target wait in order, and are sent when it is resumed', async () => {
    const target = await startTarget(t);
    const hook = await startWebhook(app, {
      webhook_name: 'paused',
      target_url: target.url,
      ordered: true,
      target_headers: { 'X-Api-Key': 'canary-key', 'X-Kind': 'mail' },
      target_timeout_seconds: 5,
    });
    const paused = await app.admin('POST', `/webhooks/${hook.id}/pause-target`);
    assert.deepEqual([paused.status, paused.json.target_paused], [200, true]);
    const ids: string[] = [];
    for (let id = 0; id < 5; id += 1) ids.push((await post(hook, `{"id":${id}}`)).json.event_id);
    const other = await startTarget(t);
    await post(await startWebhook(app, { webhook_name: 'beside', target_url: other.url }), '{"id":"beside"}');
    await waitFor('another target’s delivery', () => other.received.length === 1);
    assert.equal(target.received.length, 0);
    assert.equal((await eventOf(app, ids[0] as string)).target.status, 'pending');

    const rotated = await app.admin('POST', `/webhooks/${hook.id}/rotate-target-secret`, { grace_seconds: 600 });
    assert.match(rotated.json.target_secret, /^whsec_/);
    const resumed = await app.admin('POST', `/webhooks/${hook.id}/resume-target`);
    assert.deepEqual([resumed.json.target_paused, resumed.json.retried_count], [false, 0]);
    await waitFor('all of them', () => target.received.length === 5);
    assert.deepEqual(
      target.received.map(({ json }) => json.payload.id),
      [0, 1, 2, 3, 4],
    );
    const [first] = target.received as [Received];
    new Webhook(hook.targetSecret).verify(first.body, first.headers);
    new Webhook(rotated.json.target_secret).verify(first.body, first.headers);
    assert.deepEqual([first.headers['x-api-key'], first.headers['x-kind']], ['canary-key', 'mail']);

    const shown = await app.admin('GET', `/webhooks/${hook.id}`);
    assert.deepEqual(shown.json.target_headers, { 'x-api-key': '[masked]', 'x-kind': '[masked]' });
    const changed = await app.admin('PUT', `/webhooks/${hook.id}`, {
      ...shown.json,
      target_headers: { 'x-api-key': '[masked]', 'x-kind': 'letter' },
    });
    assert.equal(changed.status, 200, changed.text);
    await post(hook, '{"id":5}');
    await waitFor('one more', () => target.received.length === 6);
    assert.deepEqual(
      [target.received[5]?.headers['x-api-key'], target.received[5]?.headers['x-kind']],
      ['canary-key', 'letter'],
    );
    for (const name of ['webhook-id', 'Content-Type', 'host', 'a b']) {
      const refused = await app.admin('PATCH', `/webhooks/${hook.id}`, { target_headers: { [name]: 'x' } });
      assert.equal(refused.status, 400, name);
    }
    const moved = await app.admin('PATCH', `/webhooks/${hook.id}`, { target_url: 'https://elsewhere.example/in' });
    assert.deepEqual(
      moved.json.errors.map(({ path }: { path: string }) => path),
      ['target_secret', 'target_headers'],
    );
  });

  await t.test(
    'a target that answers 410, or fails for three days, is switched off with an event, and catches up later',
    async () => {
      let status = 410;
      const target = await startTarget(t, (_, reply) => void reply.writeHead(status).end());
      const stream = await watchEvents(app, 'integration.webhook.delivery_failed');
      const hook = await startWebhook(app, {
        webhook_name: 'off',
        target_url: `${target.url}?key=canary`,
        ordered: true,
      });
      const first = (await post(hook, '{"id":1}')).json.event_id;
      await waitFor('its end', async () => (await eventOf(app, first)).target.status === 'dead');
      const [told] = await waitFor(
        'the event',
        () => stream.filter((one) => one.webhook_id === hook.id).length > 0 && stream,
      );
      assert.deepEqual(
        [told?.webhook_event_id, told?.target_url, told?.attempts, told?.last_status_code, told?.metadata],
        [first, target.url, 1, 410, { target_switched_off: 'gone' }],
      );
      const off = (await app.admin('GET', `/webhooks/${hook.id}`)).json;
      assert.deepEqual([off.target_paused, off.target_off_reason], [true, 'gone']);
      await post(hook, '{"id":2}');
      status = 200;
      const resumed = await app.admin('POST', `/webhooks/${hook.id}/resume-target`);
      assert.deepEqual([resumed.json.target_off_at, resumed.json.retried_count], [null, 1]);
      await waitFor('both', () => target.received.length === 3);
      assert.deepEqual(
        target.received.slice(1).map(({ json }) => json.payload.id),
        [1, 2],
      );

      status = 500;
      await post(hook, '{"id":3}');
      await waitFor('its failure', () => target.received.length === 4);
      const since = (text: string) =>
        app.database.db.querySystem({
          text: `update webhook_configs set target_failing_since = now() - $2::interval where id = $1 and target_failing_since is not null`,
          values: [hook.id, text],
        });
      await waitFor('it to be noted', async () => (await since('73 hours')).rowCount === 1);
      await waitFor('it to be switched off', async () => {
        await endPauses(app);
        return (await app.admin('GET', `/webhooks/${hook.id}`)).json.target_off_reason === 'failing';
      });
      await waitFor('the second event', () => stream.filter((one) => one.webhook_id === hook.id).length === 2);
    },
  );

  await t.test('a webhook of this service cannot be a target, under any of its addresses', async () => {
    const hook = await startWebhook(app, { webhook_name: 'own' });
    const path = new URL(hook.url).pathname;
    for (const url of [
      hook.url,
      `http://127.0.0.1:1/x/..${path}`,
      `http://localhost:8006/${path.replace('whk', '%77hk')}`,
    ]) {
      const reply = await app.admin('PATCH', `/webhooks/${hook.id}`, { target_url: url });
      assert.deepEqual([reply.status, reply.json.errors[0].path], [400, 'target_url'], reply.text);
    }
  });

  await t.test(
    'after the target or the webhook is removed, its undelivered events no longer count as failing',
    async () => {
      const owner = { 'x-management-company-id': 'targets_taken_away' };
      const admin = (method: string, path: string, body?: unknown) => app.admin(method, path, body, owner);
      const gone = await startTarget(t, (_, reply) => void reply.writeHead(410).end());
      const health = async () => {
        const { json } = await admin('GET', '/webhooks/health');
        return [json.status, json.targets.pending, json.targets.dead];
      };
      const takingAway = [
        (id: string) => admin('PATCH', `/webhooks/${id}`, { target_url: null }),
        (id: string) => admin('DELETE', `/webhooks/${id}`),
      ];
      for (const [index, takeAway] of takingAway.entries()) {
        const hook = await startWebhook({ admin, url: app.url }, { webhook_name: 'short', target_url: gone.url });
        const eventId = (await post(hook, `{"id":"away-${index}"}`)).json.event_id;
        await waitFor('its end', async () => (await health())[2] === 1);
        assert.equal((await health())[0], 'degraded');
        await takeAway(hook.id);
        assert.deepEqual(await health(), ['healthy', 0, 0]);
        const { json } = await admin('GET', `/webhooks/events/${eventId}`);
        assert.deepEqual([json.target.status, json.attempts.length], ['cancelled', 1]);
      }
    },
  );

  await t.test('a target that does not answer delays no other deliveries', async () => {
    const silent = await startTarget(t, () => {});
    const quick = await startTarget(t);
    const silentHook = await startWebhook(app, { webhook_name: 'silent', target_url: silent.url });
    const quickHook = await startWebhook(app, { webhook_name: 'quick', target_url: quick.url });
    await Promise.all(Array.from({ length: 60 }, (_, id) => post(silentHook, `{"id":${id}}`)));
    await Promise.all(Array.from({ length: 20 }, (_, id) => post(quickHook, `{"id":${id}}`)));
    await waitFor('all quick ones', () => quick.received.length === 20);
    assert.ok(silent.received.length <= 9, 'eight at first, then one at a time');
  });

  await t.test('an ordered webhook’s deliveries arrive one by one, and a failing one delays the rest', async () => {
    let busy = 0;
    let overlaps = 0;
    const target = await startTarget(t, ({ json }, reply, count) => {
      busy += 1;
      if (busy > 1) overlaps += 1;
      setImmediate(() => {
        busy -= 1;
        reply.writeHead(json.payload.id === 3 && count < 6 ? 503 : 200).end();
      });
    });
    const hook = await startWebhook(app, { webhook_name: 'ordered', target_url: target.url, ordered: true });
    for (let id = 0; id < 12; id += 1) await post(hook, `{"id":${id}}`);
    await waitFor(
      'all of them',
      async () => {
        await endPauses(app);
        return target.received.length >= 14 && target.received.at(-1)?.json.payload.id === 11;
      },
      30_000,
    );
    assert.equal(overlaps, 0);
    const seen = target.received.map(({ json }) => json.payload.id as number);
    assert.deepEqual(
      [...new Set(seen)],
      Array.from({ length: 12 }, (_, id) => id),
    );
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
  });

  await t.test('an internal address is never called, whatever the webhook says', async () => {
    await app.database.db.querySystem({ text: 'select 1' });
    const reply = await app.admin('POST', '/webhooks', { webhook_name: 'inside', target_url: 'http://10.0.0.1/' });
    assert.deepEqual([reply.status, reply.json.errors[0].path], [400, 'target_url']);
  });
});
