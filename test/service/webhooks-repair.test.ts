/**
 * Repairing a webhook that does not work: its signature explained, its path tested, its refused deliveries accepted.
 */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startTestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTarget } from '../support/webhook-target.ts';
import { postDelivery, startWebhook } from '../support/webhooks.ts';

const sign = (secret: string, body: string) => createHmac('sha256', secret).update(body).digest('hex');

test('repairing a webhook', async (t) => {
  const app = await startTestService(t, {
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000',
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
  });

  await t.test('a wrong signature is explained by the mistake behind it, and no secret is shown', async () => {
    const secret = 'the very secret';
    const hook = await startWebhook(app, { webhook_name: 'explained', secret_key: secret });
    const body = '{"a": 1, "b": "x"}';
    const explain = async (signature: string, sent: string = body, header = 'X-Webhook-Signature') => {
      const reply = await app.admin('POST', `/webhooks/${hook.id}/explain-signature`, {
        headers: { [header]: signature },
        body_base64: Buffer.from(sent).toString('base64'),
      });
      assert.equal(reply.status, 200, reply.text);
      assert.ok(!reply.text.includes(secret) && !reply.text.includes(sign(secret, sent)), reply.text);
      return reply.json;
    };
    const right = await app.admin('POST', `/webhooks/${hook.id}/explain-signature`, {
      headers: { 'X-Webhook-Signature': sign(secret, body) },
      body,
    });
    assert.deepEqual(right.json, {
      matches: true,
      scheme: 'hmac_hex',
      checked: [{ secret: 'current', matches: true }],
      hints: [],
      hints_ru: [],
    });
    const wrong = await explain(sign('another', body));
    assert.deepEqual([wrong.matches, wrong.checked], [false, [{ secret: 'current', matches: false }]]);
    assert.match(wrong.hints.join(' '), /another one/);
    assert.match((await explain(sign(secret, `${body}\n`))).hints[0], /line end/);
    assert.match((await explain(sign(secret, '{"a":1,"b":"x"}'))).hints[0], /without blanks/);
    assert.match((await explain(sign(secret, body), '{"a":1,"b":"x"}')).hints[0], /Python/);
    assert.match((await explain(sign(`${secret}\n`, body))).hints[0], /line end/);
    assert.match((await explain(createHmac('sha1', secret).update(body).digest('hex'))).hints.join(), /hmac_sha1_hex/);
    assert.match(
      (await explain(createHmac('sha256', secret).update(body).digest('base64'))).hints.join(),
      /hmac_base64/,
    );
    assert.match((await explain(sign(secret, body), body, 'X-Signature')).hints.join(), /x-signature/);

    await app.admin('POST', `/webhooks/${hook.id}/rotate-secret`);
    assert.deepEqual((await explain(sign(secret, body))).checked, [
      { secret: 'current', matches: false },
      { secret: 'previous', matches: true },
    ]);
    const both = await app.admin('POST', `/webhooks/${hook.id}/explain-signature`, {
      headers: {},
      body,
      body_base64: '',
    });
    assert.equal(both.status, 400);
  });

  await t.test('a timestamp out of tolerance is distinguished from a wrong signature', async () => {
    const hook = await startWebhook(app, { webhook_name: 'late', signature_scheme: 'timestamped_hmac' });
    const time = Math.floor(Date.now() / 1000) - 4_000;
    const { json } = await app.admin('POST', `/webhooks/${hook.id}/explain-signature`, {
      headers: { 'x-webhook-signature': `t=${time},v1=${sign(hook.secret, `${time}.{}`)}` },
      body: '{}',
    });
    assert.match(json.hints[0], /time is further/);
  });

  await t.test('the mistake behind a wrong signature is found however old the delivery is', async () => {
    const hook = await startWebhook(app, { webhook_name: 'old', source_service: 'stripe', secret_key: 'whsec_abcdef' });
    const time = Math.floor(Date.now() / 1000) - 4_000;
    const explain = async (signature: string, body: string | Buffer) => {
      const reply = await app.admin('POST', `/webhooks/${hook.id}/explain-signature`, {
        headers: {
          'Stripe-Signature': `t=${time},v1=${signature}`,
          ...(typeof body === 'string' ? {} : { 'Content-Encoding': 'gzip' }),
        },
        body_base64: Buffer.from(body).toString('base64'),
      });
      return reply.json;
    };
    const slip = await explain(sign('abcdef', `${time}.{}`), '{}');
    assert.deepEqual([slip.matches, slip.hints.length], [false, 1]);
    assert.match(slip.hints[0], /without whsec_/);
    assert.match((await explain(sign('whsec_abcdef', `${time}.{"a":1}`), '{"a": 1}')).hints[0], /without blanks/);
    const compressed = gzipSync('{"a": 1}');
    assert.match((await explain(sign('whsec_abcdef', `${time}.{"a": 1}`), compressed)).hints[0], /time is further/);
    assert.match((await explain(sign('abcdef', `${time}.{"a": 1}`), compressed)).hints[0], /without whsec_/);
  });

  await t.test('a test event takes every step, marked', async () => {
    const target = await startTarget(t, (_, reply) => void reply.writeHead(200, { 'x-answered': 'yes' }).end());
    const hook = await startWebhook(app, {
      webhook_name: 'tried',
      source_service: 'slack',
      event_types: ['message'],
      target_url: target.url,
    });
    for (let time = 1; time <= 2; time += 1) {
      const { status, json } = await app.admin('POST', `/webhooks/${hook.id}/test`);
      assert.deepEqual([status, json.status], [200, 'accepted']);
      await waitFor('the event at the target', () => target.received.length === time);
      const { test: isTest, webhook_event_type, webhook_event_id } = target.received[time - 1]?.json ?? {};
      assert.deepEqual([isTest, webhook_event_type, webhook_event_id], [true, 'reaction_added', json.event_id]);
      const shown = await waitFor('its record', async () => {
        const event = (await app.admin('GET', `/webhooks/events/${json.event_id}`)).json;
        return event.target.status === 'delivered' && event;
      });
      assert.equal(shown.is_test, true);
      assert.equal(shown.attempts[0].response_headers['x-answered'], 'yes');
    }
    assert.equal((await app.admin('POST', `/webhooks/${randomUUID()}/test`)).status, 404);
  });

  await t.test('every source has a test event', async () => {
    const { json } = await app.admin('GET', '/webhooks/sources');
    for (const { source_service: source } of json.sources) {
      const hook = await startWebhook(app, { webhook_name: `try ${source}`, source_service: source });
      assert.equal((await app.admin('POST', `/webhooks/${hook.id}/test`)).json.status, 'accepted', source);
    }
  });

  await t.test(
    'a refused delivery is accepted once after its secret was corrected, and stored sealed until then',
    async () => {
      const hook = await startWebhook(app, { webhook_name: 'mended', secret_key: 'misspelt', event_types: ['order'] });
      const body = '{"type":"order","id":"refused","note":"canary-text","n":1.10}';
      const headers = { 'x-webhook-signature': sign('right', body), 'content-type': 'application/json' };
      assert.equal((await postDelivery(hook.url, body, headers)).status, 401);
      const { json } = await app.admin('GET', `/webhooks/events?webhook_id=${hook.id}&status=refused`);
      const { id, received_at } = json.events[0];
      const { rows } = await app.database.db.querySystem<{ sealed: Buffer }>({
        text: 'select sealed from webhook_refused_bodies',
      });
      assert.ok(rows.length > 0 && rows.every(({ sealed }) => !sealed.includes('canary-text')));

      const accept = () => app.admin('POST', `/webhooks/events/${id}/accept`);
      assert.equal((await accept()).status, 409, 'the secret is still wrong');
      await app.admin('PATCH', `/webhooks/${hook.id}`, { secret_key: 'right' });
      assert.deepEqual((await accept()).json, { status: 'accepted', event_id: id });
      const event = await waitFor('the event to be published', async () => {
        const shown = (await app.admin('GET', `/webhooks/events/${id}`)).json;
        return shown.is_published && shown;
      });
      assert.deepEqual(
        [event.status, event.event_type, event.signature_verified, event.received_at, event.payload.note],
        ['accepted', 'order', true, received_at, 'canary-text'],
      );
      assert.equal((await accept()).status, 409, 'its body is no longer stored');
      assert.equal((await postDelivery(hook.url, body, headers)).json.status, 'duplicate');
      const config = (await app.admin('GET', `/webhooks/${hook.id}`)).json;
      assert.deepEqual([config.total_successful, config.total_failed], [1, 0]);
      const other = { 'x-management-company-id': 'someone_else' };
      assert.equal((await app.admin('POST', `/webhooks/events/${id}/accept`, undefined, other)).status, 404);
    },
  );

  await t.test('a token with webhooks:read reads full events, and nothing else', async () => {
    const { json } = await app.admin('POST', '/tokens', { name: 'reader', scopes: ['webhooks:read'] });
    const reader = { authorization: `Bearer ${json.token}` };
    const list = await app.call('GET', '/webhooks/events?limit=1', undefined, reader);
    assert.equal(list.status, 200);
    const { id } = list.json.events[0];
    assert.equal((await app.call('GET', `/webhooks/events/${id}`, undefined, reader)).status, 200);
    assert.equal((await app.call('GET', '/webhooks', undefined, reader)).status, 403);
    assert.equal((await app.call('POST', `/webhooks/events/${id}/retry`, undefined, reader)).status, 403);
  });
});
