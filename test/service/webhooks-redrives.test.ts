/** Sending a delivery again manually, in each of its states, or the reason why not. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTarget } from '../support/webhook-target.ts';
import { postDelivery, startWebhook, type TestWebhook } from '../support/webhooks.ts';

const sign = (hook: TestWebhook, body: string) => ({
  'x-webhook-signature': createHmac('sha256', hook.secret).update(body).digest('hex'),
});
const post = async (hook: TestWebhook, body: string): Promise<string> =>
  (await postDelivery(hook.url, body, sign(hook, body))).json.event_id;

const eventOf = async (app: TestService, id: string) => (await app.admin('GET', `/webhooks/events/${id}`)).json;
const retry = (app: TestService, id: string, body: Record<string, unknown> = {}) =>
  app.admin('POST', `/webhooks/events/${id}/retry`, body);
const settled = (app: TestService, id: string, status: string) =>
  waitFor(`${status} of ${id}`, async () => {
    const event = await eventOf(app, id);
    return event.targets.length > 0 && event.targets.every((one: { status: string }) => one.status === status) && event;
  });

test('each state of a delivery is sent again, or says why not', async (t) => {
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000',
    REQUEST_TIMEOUT_SECONDS: '2',
  });

  await t.test('a delivered event is sent again under the same id, and counted separately', async () => {
    const target = await startTarget(t);
    const hook = await startWebhook(app, { webhook_name: 'done', target_url: `${target.url}?key=s3cret` });
    const id = await post(hook, '{"id":"done"}');
    const first = await settled(app, id, 'delivered');
    assert.deepEqual(
      [first.retry.is_possible, first.retry.reason, first.retry.targets],
      [true, null, [{ target_id: hook.id, target_url: target.url, is_paused: false, status: 'delivered' }]],
    );
    const { status, json } = await retry(app, id, { to: 'target' });
    assert.deepEqual(
      [status, json.event_id, json.published_event_id, json.targets],
      [200, id, null, [{ target_id: hook.id, target_url: target.url, is_paused: false }]],
    );
    await waitFor('the second', () => target.received.length === 2);
    assert.deepEqual(
      target.received.map(({ headers }) => headers['webhook-id']),
      [id, id],
    );
    const again = await waitFor('both attempts', async () => {
      const event = await eventOf(app, id);
      return event.attempts.length === 2 && event;
    });
    assert.deepEqual(
      again.attempts.map((one: Record<string, unknown>) => [
        one.attempt,
        one.is_by_hand,
        one.target_id,
        one.target_url,
      ]),
      [
        [1, false, hook.id, target.url],
        [2, true, hook.id, target.url],
      ],
    );
    assert.deepEqual([again.targets[0].attempt_count, again.targets[0].sent_again_count], [2, 1]);
    const repeated = await postDelivery(hook.url, '{"id":"done"}', sign(hook, '{"id":"done"}'));
    assert.deepEqual(repeated.json, { status: 'duplicate', event_id: id }, 'a duplicate refers to the first event');
  });

  await t.test('of several targets only one gets it, or only those that failed', async () => {
    const good = await startTarget(t);
    let isDown = true;
    const bad = await startTarget(t, (_, reply) => void reply.writeHead(isDown ? 410 : 200).end());
    const picky = await startTarget(t);
    const hook = await startWebhook(app, {
      webhook_name: 'several',
      targets: [{ url: good.url }, { url: bad.url }, { url: picky.url, conditions: [{ path: 'kind', equals: 'x' }] }],
    });
    const id = await post(hook, '{"id":"several"}');
    const event = await waitFor('one delivered, one failed', async () => {
      const one = await eventOf(app, id);
      const states = one.targets.map(({ status }: { status: string }) => status).toSorted();
      return states.join() === 'dead,delivered' && one;
    });
    assert.equal(event.retry.targets.length, 2, 'the target with the filter would not get it');
    const attemptedUrls = event.attempts.map((one: { target_url: string }) => one.target_url).toSorted();
    assert.deepEqual(attemptedUrls, [good.url, bad.url].toSorted());

    isDown = false;
    const failed = await retry(app, id, { to: 'failed' });
    assert.deepEqual(
      failed.json.targets.map((one: { target_url: string }) => one.target_url),
      [bad.url],
    );
    await settled(app, id, 'delivered');
    assert.deepEqual([good.received.length, bad.received.length], [1, 2]);

    const nothing = await retry(app, id, { to: 'failed' });
    assert.deepEqual(
      [nothing.status, nothing.json.code, nothing.json.reason],
      [409, 'CONFLICT', 'nothing_failed'],
      nothing.text,
    );
    assert.match(nothing.json.detail_ru, /приняли/);
    const shown = (await app.admin('GET', `/webhooks/${hook.id}`)).json;
    const [goodId, , pickyId] = shown.targets.map((one: { id: string }) => one.id);
    assert.equal((await retry(app, id, { target_id: pickyId })).json.reason, 'not_wanted');
    assert.equal((await retry(app, id, { to: 'all', target_id: goodId })).status, 400);
    assert.equal((await retry(app, id, { target_id: goodId })).status, 200);
    await waitFor('the working target again', () => good.received.length === 2);

    const { url, event_types } = shown.targets[1];
    const [badId] = [shown.targets[1].id];
    assert.equal((await app.admin('PATCH', `/webhooks/${hook.id}`, { targets: [{ url: good.url }] })).status, 200);
    const removed = await retry(app, id, { target_id: badId });
    assert.deepEqual([removed.status, removed.json.reason], [409, 'target_removed'], `${url} ${event_types}`);
    const kept = await eventOf(app, id);
    const lost = kept.targets.find((one: { target_id: string }) => one.target_id === badId);
    assert.deepEqual([lost.status, lost.target_url], ['delivered', null]);
    assert.ok(
      kept.attempts.some((one: { target_url: string }) => one.target_url === bad.url),
      'an attempt names its target',
    );
  });

  await t.test(
    'a waiting delivery is attempted at once with all its attempts, and a paused target says that it waits',
    async () => {
      let isDown = true;
      const target = await startTarget(t, (_, reply) => void reply.writeHead(isDown ? 503 : 200).end());
      const hook = await startWebhook(app, { webhook_name: 'waiting', target_url: target.url });
      const id = await post(hook, '{"id":"waiting"}');
      await waitFor('its first try', async () => (await eventOf(app, id)).attempts.length === 1);
      isDown = false;
      await app.admin('POST', `/webhooks/${hook.id}/pause-target`, {});
      const paused = await retry(app, id, { to: 'target' });
      assert.equal(paused.json.targets[0].is_paused, true);
      const waiting = await eventOf(app, id);
      assert.deepEqual([waiting.targets[0].status, waiting.targets[0].is_paused], ['pending', true]);
      await app.admin('POST', `/webhooks/${hook.id}/resume-target`, {});
      await settled(app, id, 'delivered');
      assert.equal(target.received.length, 2);
    },
  );

  await t.test('refused and ignored events, and those without a target, say so in both languages', async () => {
    const target = await startTarget(t);
    const hook = await startWebhook(app, {
      webhook_name: 'refusing',
      target_url: target.url,
      event_types: ['wanted'],
    });
    await postDelivery(hook.url, '{"id":"bad"}', { 'x-webhook-signature': 'no' });
    await post(hook, '{"id":"unwanted","type":"other"}');
    const found = await waitFor('both', async () => {
      const { events } = (await app.admin('GET', `/webhooks/events?webhook_id=${hook.id}`)).json;
      return events.length === 2 && (events as { id: string; status: string }[]);
    });
    for (const status of ['refused', 'ignored']) {
      const { id } = found.find((one) => one.status === status) ?? { id: '' };
      const { retry: plan } = await eventOf(app, id);
      assert.deepEqual([plan.is_possible, plan.reason], [false, status]);
      assert.match(plan.message_ru, /^Доставка /);
      const answer = await retry(app, id);
      assert.deepEqual(
        [answer.status, answer.headers.get('content-type'), answer.json.reason, answer.json.detail],
        [409, 'application/problem+json; charset=utf-8', status, plan.message],
      );
    }
    const busOnly = await startWebhook(app, { webhook_name: 'bus only' });
    const onBus = await post(busOnly, '{"id":"bus"}');
    const toBus = await retry(app, onBus);
    assert.deepEqual([toBus.status, toBus.json.is_delivered_again, toBus.json.targets], [200, false, []]);
    assert.notEqual(toBus.json.published_event_id, onBus);
    assert.equal((await retry(app, onBus, { to: 'target' })).json.reason, 'no_target');
    await app.admin('DELETE', `/webhooks/${busOnly.id}`);
    assert.equal((await retry(app, onBus)).status, 200, 'a deleted webhook’s events can still be published');
  });

  await t.test('two concurrent requests make one delivery to a new target', async () => {
    const hook = await startWebhook(app, { webhook_name: 'at once' });
    const id = await post(hook, '{"id":"at once"}');
    const target = await startTarget(t);
    await app.admin('PATCH', `/webhooks/${hook.id}`, { target_url: target.url });
    await app.admin('POST', `/webhooks/${hook.id}/pause-target`, {});
    await Promise.all(Array.from({ length: 6 }, () => retry(app, id, { to: 'target' })));
    const event = await eventOf(app, id);
    assert.deepEqual(
      event.targets.map((one: Record<string, unknown>) => [one.status, one.sent_again_count]),
      [['pending', 6]],
    );
    await app.admin('POST', `/webhooks/${hook.id}/resume-target`, {});
    await settled(app, id, 'delivered');
    assert.equal(target.received.length, 1);
  });
});

test('a deferred delivery is not sent before its turn', async (t) => {
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1',
  });
  const hook = await startWebhook(app, { webhook_name: 'deferring', over_limit_policy: 'defer' });
  await post(hook, '{"id":"first"}');
  const id = await post(hook, '{"id":"second"}');
  const event = await waitFor('the deferred one', async () => {
    const one = await eventOf(app, id);
    return one.status === 'deferred' && one;
  });
  assert.deepEqual([event.is_published, event.retry.reason], [false, 'waiting_for_limit']);
  assert.equal((await retry(app, id)).json.reason, 'waiting_for_limit');
  const bulk = await app.admin('POST', '/webhooks/events/retry', { webhook_id: hook.id, status: 'deferred' });
  assert.deepEqual(bulk.json, { retried_count: 0, is_complete: true });
});
