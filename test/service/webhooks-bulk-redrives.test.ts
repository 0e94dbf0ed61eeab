/** Redrives of all matching events: counted, shown, stopped, and continued by another replica. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { startTestReplica, startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTarget } from '../support/webhook-target.ts';
import { postDelivery, startWebhook, type TestWebhook } from '../support/webhooks.ts';

const env = {
  OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
  RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000',
  ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
};

/** This many events, none of which its paused target accepted. */
async function loseDeliveries(app: TestService, hook: TestWebhook, count: number): Promise<string[]> {
  assert.equal((await app.admin('POST', `/webhooks/${hook.id}/pause-target`, {})).status, 200);
  const ids: string[] = [];
  for (let id = 0; id < count; id++) {
    ids.push((await postDelivery(hook.url, `{"id":"${hook.id}-${id}"}`, {})).json.event_id);
  }
  await app.database.db.querySystem({
    text: `update webhook_deliveries set state = 'dead', next_attempt_at = null, attempt_count = 3
            where webhook_event_id = any($1::uuid[])`,
    values: [ids],
  });
  return ids;
}

const begin = async (app: TestService, body: Record<string, unknown>) => {
  const { status, json, text } = await app.admin('POST', '/webhooks/redrives', body);
  assert.equal(status, body.dry_run === true ? 200 : 201, text);
  return json;
};
const look = async (app: TestService, id: string) => (await app.admin('GET', `/webhooks/redrives/${id}`)).json;
const ended = (app: TestService, id: string) =>
  waitFor('the end of the redrive', async () => {
    const redrive = await look(app, id);
    return redrive.finished_at !== null && redrive.deliveries.waiting === 0 && redrive;
  });

test('all matching events are counted first, sent in order at their target’s pace, and shown to the end', async (t) => {
  const app = await startTestService(t, env);
  const target = await startTarget(t);
  const hook = await startWebhook(app, {
    webhook_name: 'lost',
    signature_scheme: 'none',
    target_url: target.url,
    ordered: true,
  });
  const other = await startWebhook(app, { webhook_name: 'other', signature_scheme: 'none', target_url: target.url });
  const ids = await loseDeliveries(app, hook, 45);
  await loseDeliveries(app, other, 3);
  const filter = { webhook_id: hook.id, delivery_status: 'dead', to: 'failed' };

  const counted = await begin(app, { ...filter, dry_run: true });
  assert.deepEqual(
    [counted.matched_count, counted.sendable_count, counted.is_exact, counted.webhooks],
    [45, 45, true, [{ webhook_id: hook.id, webhook_name: 'lost', sendable_count: 45, target_urls: [target.url] }]],
  );
  assert.ok(counted.oldest_received_at <= counted.newest_received_at && counted.newest_received_at < counted.to_date);
  const states = async (state: string) =>
    (await app.admin('GET', `/webhooks/events?webhook_id=${hook.id}&delivery_status=${state}`)).json.events.length;
  assert.equal(await states('dead'), 45, 'counting changes nothing');
  assert.deepEqual((await app.admin('GET', '/webhooks/redrives')).json, { redrives: [] });

  const { id, state, filter: kept } = await begin(app, { ...filter, to_date: counted.to_date });
  assert.deepEqual([state, kept], ['sending', { webhook_id: hook.id, delivery_status: 'dead' }]);
  const settling = await waitFor('all to be sent', async () => {
    const redrive = await look(app, id);
    return redrive.state === 'settling' && redrive;
  });
  assert.deepEqual(
    [settling.sent_count, settling.deliveries.waiting, settling.finished_at, target.received.length],
    [45, 45, null, 0],
    'they wait for a paused target',
  );
  await app.admin('POST', `/webhooks/${hook.id}/resume-target`, { retry_dead: false });
  const done = await ended(app, id);
  assert.deepEqual([done.state, done.deliveries], ['done', { delivered: 45, failed: 0, cancelled: 0, waiting: 0 }]);
  assert.deepEqual(
    target.received.map(({ headers }) => headers['webhook-id']),
    ids,
    'in order, once each, and none of another webhook',
  );

  const again = await begin(app, { webhook_id: hook.id, to: 'failed' });
  const nothing = await ended(app, again.id);
  assert.deepEqual([nothing.sent_count, nothing.skipped_count, nothing.state], [0, 45, 'done']);
  for (const body of [{}, { to: 'target' }, { all: true, status: 'accepted' }, { webhook: 'x' }]) {
    assert.equal((await app.admin('POST', '/webhooks/redrives', body)).status, 400);
  }
});

test('a redrive does not delay new deliveries, and stops on request', async (t) => {
  const app = await startTestService(t, env);
  const held: ServerResponse[] = [];
  let isHeld = true;
  const target = await startTarget(t, (_, reply) => void (isHeld ? held.push(reply) : reply.end()));
  const hook = await startWebhook(app, { webhook_name: 'flood', signature_scheme: 'none', target_url: target.url });
  await loseDeliveries(app, hook, 240);
  await app.admin('POST', `/webhooks/${hook.id}/resume-target`, { retry_dead: false });
  const { id } = await begin(app, { webhook_id: hook.id, delivery_status: 'dead', to: 'failed' });
  await waitFor('the target to be full', () => held.length === 8);
  const live = (await postDelivery(hook.url, '{"id":"live"}', {})).json.event_id;
  const sending = await waitFor('a hundred to be due', async () => {
    const redrive = await look(app, id);
    return redrive.sent_count >= 100 && redrive;
  });
  assert.deepEqual(
    [sending.state, sending.sent_count],
    ['sending', 100],
    'no more become due until some are delivered',
  );
  isHeld = false;
  for (const reply of held) reply.end();
  await waitFor('the new delivery', () => target.received.some(({ headers }) => headers['webhook-id'] === live));
  assert.ok(target.received.length < 240, `it came as number ${target.received.length}`);

  // Held again, so that something is left to stop.
  isHeld = true;
  const stopped = (await app.admin('POST', `/webhooks/redrives/${id}/stop`)).json;
  isHeld = false;
  for (const reply of held) reply.end();
  assert.ok(['stopped', 'done'].includes(stopped.state), stopped.state);
  const end = await ended(app, id);
  assert.deepEqual([end.sent_count, end.deliveries.delivered], [stopped.sent_count, stopped.sent_count]);
  assert.equal((await app.admin('POST', `/webhooks/redrives/${id}/stop`)).json.state, end.state, 'stopping twice');
});

test('a redrive continues after its replica was killed, and two replicas send nothing twice', async (t) => {
  const first = await startTestService(t, env);
  const second = await startTestReplica(t, first, env);
  let mayAnswer = false;
  const held: ServerResponse[] = [];
  const target = await startTarget(t, (_, reply) => void (mayAnswer ? reply.end() : held.push(reply)));
  const hook = await startWebhook(second, { webhook_name: 'killed', signature_scheme: 'none', target_url: target.url });
  const ids = await loseDeliveries(second, hook, 150);
  await second.admin('POST', `/webhooks/${hook.id}/resume-target`, { retry_dead: false });
  const { id } = await begin(first, { webhook_id: hook.id, delivery_status: 'dead', to: 'failed' });
  await waitFor('the middle', () => held.length >= 8);
  assert.equal((await look(second, id)).state, 'sending');
  const closing = first.service.close();
  mayAnswer = true;
  for (const reply of held) reply.end();
  await closing;
  const done = await ended(second, id);
  assert.deepEqual([done.state, done.sent_count, done.deliveries.delivered], ['done', 150, 150]);
  assert.deepEqual(
    [...new Set(target.received.map(({ headers }) => headers['webhook-id']))].toSorted(),
    ids.toSorted(),
  );
  const { rows } = await second.database.db.querySystem<{ again: number }>({
    text: 'select distinct sent_again_count as again from webhook_deliveries where webhook_id = $1',
    values: [hook.id],
  });
  assert.deepEqual(rows, [{ again: 1 }]);
});

test('failures are counted, a bad target delays no other, and another tenant sees nothing', async (t) => {
  const app = await startTestService(t, env);
  const good = await startTarget(t);
  const bad = await startTarget(t, (_, reply) => void reply.writeHead(500).end());
  const hook = await startWebhook(app, {
    webhook_name: 'mixed',
    signature_scheme: 'none',
    targets: [{ url: good.url }, { url: bad.url, max_attempts: 1 }],
  });
  await loseDeliveries(app, hook, 12);
  const shown = (await app.admin('GET', `/webhooks/${hook.id}`)).json;
  const stranger = { 'x-management-company-id': 'somebody_else' };
  const { id } = await begin(app, { webhook_id: hook.id, delivery_status: 'dead', to: 'failed' });
  for (const [method, path] of [
    ['GET', `/webhooks/redrives/${id}`],
    ['POST', `/webhooks/redrives/${id}/stop`],
    ['GET', '/webhooks/redrives/no-id'],
  ] as const) {
    assert.equal((await app.admin(method, path, undefined, stranger)).status, 404);
  }
  assert.deepEqual((await app.admin('GET', '/webhooks/redrives', undefined, stranger)).json, { redrives: [] });
  const foreign = await app.admin('POST', '/webhooks/redrives', { webhook_id: hook.id, dry_run: true }, stranger);
  assert.equal(foreign.json.matched_count, 0);
  assert.equal((await app.call('POST', '/webhooks/redrives', { all: true })).status, 403);

  for (const { id: target } of shown.targets) {
    await app.admin('POST', `/webhooks/${hook.id}/resume-target`, { target_id: target, retry_dead: false });
  }
  const done = await ended(app, id);
  assert.deepEqual(done.deliveries, { delivered: 12, failed: 12, cancelled: 0, waiting: 0 });
  assert.equal(good.received.length, 12);
});

test('a tenant may run at most ten redrives at once', async (t) => {
  const app = await startTestService(t, env);
  const target = await startTarget(t);
  const hook = await startWebhook(app, { webhook_name: 'many', signature_scheme: 'none', target_url: target.url });
  await loseDeliveries(app, hook, 1);
  const began: string[] = [];
  for (let count = 0; count < 10; count++) began.push((await begin(app, { webhook_id: hook.id, to: 'target' })).id);
  const refused = await app.admin('POST', '/webhooks/redrives', { webhook_id: hook.id, to: 'target' });
  assert.deepEqual([refused.status, refused.json.reason], [409, 'too_many_redrives'], refused.text);
  assert.match(refused.json.detail_ru, /10 массовых/);
  assert.equal((await app.admin('POST', `/webhooks/redrives/${began[0]}/stop`)).json.state, 'stopped');
  await begin(app, { webhook_id: hook.id, to: 'target' });
});
