/**
 * Reports by users of other webhook services about manual retries and replays, tested here. Each test names the report.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTarget } from '../support/webhook-target.ts';
import { postDelivery, startWebhook, type TestWebhook } from '../support/webhooks.ts';

const eventOf = async (app: TestService, id: string) => (await app.admin('GET', `/webhooks/events/${id}`)).json;
const retry = (app: TestService, id: string) => app.admin('POST', `/webhooks/events/${id}/retry`, { to: 'target' });
const post = async (hook: TestWebhook, body: Record<string, unknown>): Promise<string> =>
  (await postDelivery(hook.url, JSON.stringify(body), {})).json.event_id;
const is = (app: TestService, id: string, status: string) =>
  waitFor(`${status} of ${id}`, async () => {
    const event = await eventOf(app, id);
    return event.target?.status === status && event;
  });

test('manual retries, reported by users of other services', async (t) => {
  const app = await startTestService(t, {
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000',
  });
  const hookTo = (name: string, more: Record<string, unknown>) =>
    startWebhook(app, { webhook_name: name, signature_scheme: 'none', ...more });

  // hookdeck/outpost#662: a manual retry got the first attempt's number again, and used up the schedule.
  // hookdeck/outpost#144: the fate of the scheduled retry was not documented.
  await t.test(
    'a manual retry continues the numbering, restores all attempts, and replaces the scheduled one',
    async () => {
      let status = 503;
      const target = await startTarget(t, (_, reply) => void reply.writeHead(status).end());
      const id = await post(await hookTo('numbers', { target_url: target.url }), { id: 'numbers' });
      await waitFor('its first try', async () => (await eventOf(app, id)).attempts.length === 1);
      await app.database.db.querySystem({
        text: 'update webhook_deliveries set tries_since_redrive = 10 where webhook_event_id = $1',
        values: [id],
      });
      await retry(app, id);
      const failed = await waitFor('the failure by hand', async () => {
        const event = await eventOf(app, id);
        return event.attempts.length === 2 && event;
      });
      assert.deepEqual(
        failed.attempts.map((one: Record<string, unknown>) => [one.attempt, one.is_by_hand]),
        [
          [1, false],
          [2, true],
        ],
      );
      assert.equal(failed.target.status, 'pending', 'after the last attempt it has all attempts again');
      status = 200;
      await retry(app, id);
      const done = await is(app, id, 'delivered');
      assert.deepEqual([done.target.next_attempt_at, done.attempts.length, target.received.length], [null, 3, 3]);
    },
  );

  // hookdeck/outpost#670: a second retry after a success silently did nothing.
  await t.test('each manual retry sends, also after successes', async () => {
    const target = await startTarget(t);
    const id = await post(await hookTo('often', { target_url: target.url }), { id: 'often' });
    for (let count = 1; count <= 4; count++) {
      await waitFor(`number ${count}`, () => target.received.length === count);
      await is(app, id, 'delivered');
      assert.equal((await retry(app, id)).status, 200);
    }
    await waitFor('the fifth', () => target.received.length === 5);
    assert.equal((await is(app, id, 'delivered')).targets[0].sent_again_count, 4);
  });

  // frain-dev/convoy#965, #972, #1092 and hookdeck/outpost#611: events that arrived while an endpoint was off could not
  // be retried, or got stuck, and the endpoint stayed off.
  await t.test('sending one again switches on a switched-off target, and waiting deliveries are sent', async () => {
    let isGone = true;
    const target = await startTarget(t, (_, reply) => void reply.writeHead(isGone ? 410 : 200).end());
    const hook = await hookTo('off', { target_url: target.url });
    const first = await post(hook, { id: 'off-1' });
    await is(app, first, 'dead');
    const waiting = await post(hook, { id: 'off-2' });
    assert.equal((await eventOf(app, waiting)).target.status, 'pending');
    isGone = false;
    await retry(app, first);
    await is(app, first, 'delivered');
    await is(app, waiting, 'delivered');
    assert.equal((await app.admin('GET', `/webhooks/${hook.id}`)).json.target_off_at, null);
  });

  // frain-dev/convoy#1092: without remaining retries, a failed manual retry stayed in "processing".
  await t.test('a delivery with one attempt that fails again manually is dead again', async () => {
    const target = await startTarget(t, (_, reply) => void reply.writeHead(500).end());
    const id = await post(await hookTo('one', { targets: [{ url: target.url, max_attempts: 1 }] }), { id: 'one' });
    await is(app, id, 'dead');
    await retry(app, id);
    await waitFor('the second', async () => (await eventOf(app, id)).attempts.length === 2);
    const [state] = (await eventOf(app, id)).targets;
    assert.deepEqual([state.status, state.next_attempt_at, state.attempt_count], ['dead', null, 2]);
  });

  const redrive = async (body: Record<string, unknown>) => {
    const { status, json, text } = await app.admin('POST', '/webhooks/redrives', { to: 'target', ...body });
    assert.equal(status, 201, text);
    return json;
  };
  const end = (id: string) =>
    waitFor('the end of the redrive', async () => {
      const { json } = await app.admin('GET', `/webhooks/redrives/${id}`);
      return json.finished_at !== null && json;
    });

  // frain-dev/convoy#2116: a batch ignored one of its filters. svix/svix-webhooks#1352: `until` was ignored.
  await t.test('a redrive applies each of its filters, and both ends of its time range', async () => {
    const target = await startTarget(t);
    const hook = await hookTo('filters', { target_url: target.url });
    const other = await hookTo('others', { target_url: target.url, source_service: 'custom' });
    const ids: string[] = [];
    for (const type of ['a.one', 'a.two', 'b.one']) ids.push(await post(hook, { id: type, type }));
    ids.push(await post(other, { id: 'a.other', type: 'a.one' }));
    await waitFor('all', () => target.received.length === 4);
    const times = await Promise.all(ids.map(async (id) => (await eventOf(app, id)).received_at as string));
    const later = (iso: string | undefined): string => new Date(Date.parse(iso ?? '') + 1).toISOString();
    const sentBy = async (body: Record<string, unknown>): Promise<string[]> => {
      const before = target.received.length;
      const { id } = await redrive(body);
      const { sent_count: sent } = await end(id);
      await waitFor('what was sent', () => target.received.length === before + sent);
      return target.received.slice(before).map(({ headers }) => String(headers['webhook-id']));
    };
    const chosen = (...indexes: number[]): string[] => indexes.map((index) => ids[index] as string).toSorted();
    const cases: [Record<string, unknown>, string[]][] = [
      [{ webhook_id: hook.id }, chosen(0, 1, 2)],
      [{ webhook_id: hook.id, event_type: 'a' }, chosen(0, 1)],
      [{ event_type: 'a.one', webhook_id: other.id }, chosen(3)],
      [{ webhook_id: hook.id, delivery_id: 'b.one' }, chosen(2)],
      [{ webhook_id: hook.id, to_date: times[1] }, times[0] === times[1] ? [] : chosen(0)],
      [{ webhook_id: hook.id, from_date: later(times[1]) }, times[1] === times[2] ? [] : chosen(2)],
      [{ webhook_id: hook.id, payload_contains: 'a.two', from_date: times[0] }, chosen(1)],
    ];
    for (const [body, expected] of cases) {
      assert.deepEqual((await sentBy(body)).toSorted(), expected, JSON.stringify(body));
    }
  });

  // svix/svix-webhooks#1511: after the endpoint of waiting messages was deleted, the worker failed forever.
  await t.test('a redrive whose webhook is deleted while it waits ends', async () => {
    const target = await startTarget(t);
    const hook = await hookTo('deleted', { target_url: target.url });
    for (let id = 0; id < 5; id++) await post(hook, { id: `deleted-${id}` });
    await waitFor('all', () => target.received.length === 5);
    await app.admin('POST', `/webhooks/${hook.id}/pause-target`, {});
    const { id } = await redrive({ webhook_id: hook.id });
    await waitFor(
      'all to wait',
      async () => (await app.admin('GET', `/webhooks/redrives/${id}`)).json.deliveries.waiting === 5,
    );
    assert.equal((await app.admin('DELETE', `/webhooks/${hook.id}`)).status, 204);
    const { state, deliveries } = await end(id);
    assert.deepEqual([state, deliveries], ['done', { delivered: 0, failed: 0, cancelled: 5, waiting: 0 }]);
    assert.equal(target.received.length, 5);
  });

  // frain-dev/convoy#660: an event that never had a delivery could not be replayed.
  await t.test('a target added later gets the earlier events by a redrive, once each', async () => {
    const hook = await hookTo('later', {});
    const ids: string[] = [];
    for (let id = 0; id < 3; id++) ids.push(await post(hook, { id: `later-${id}` }));
    const target = await startTarget(t);
    await app.admin('PATCH', `/webhooks/${hook.id}`, { target_url: target.url });
    const { id } = await redrive({ webhook_id: hook.id });
    assert.equal((await end(id)).deliveries.delivered, 3);
    assert.deepEqual(target.received.map(({ headers }) => headers['webhook-id']).toSorted(), ids.toSorted());
  });
});
