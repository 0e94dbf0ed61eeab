/** Webhooks end to end: create, sign, post, see the event; every refusal with its reason. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { windowMs } from '../../src/webhooks/receiving/deferral-row.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';
import { postDelivery, startWebhook } from '../support/webhooks.ts';

const sign = (secret: string, body: string | Buffer) => createHmac('sha256', secret).update(body).digest('hex');
const unsignedTargets = { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' };

async function eventsOf(app: TestService, query = ''): Promise<Record<string, unknown>[]> {
  const reply = await app.admin('GET', `/webhooks/events${query}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.json.events;
}

test('webhooks, from creation to the event', async (t) => {
  const app = await startTestService(t, { ...unsignedTargets, RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000' });

  await t.test('a webhook is created with its secret shown once, and read back without it', async () => {
    const created = await app.admin('POST', '/webhooks', { webhook_name: 'orders', source_service: 'custom' });
    assert.equal(created.status, 201, created.text);
    assert.match(created.json.secret_key, /^[\w-]{43}$/);
    assert.match(created.json.webhook_url, /\/api\/v1\/hooks\/whk_[\w-]{43}$/);
    assert.deepEqual([created.json.signature_scheme, created.json.tolerance_seconds], ['hmac_hex', 300]);
    const read = await app.admin('GET', `/webhooks/${created.json.id}`);
    assert.equal(read.json.secret_key, undefined);
    assert.equal(read.json.webhook_url, created.json.webhook_url);
    const list = await app.admin('GET', '/webhooks?limit=1');
    assert.deepEqual([list.json.webhooks[0].id, list.json.total, list.json.next_cursor], [created.json.id, 1, null]);
    assert.equal((await app.call('GET', '/webhooks')).status, 403, 'only admins');
  });

  await t.test('a signed delivery is accepted, stored, published, and a repeated one is a duplicate', async () => {
    const hook = await startWebhook(app, { webhook_name: 'custom' });
    const body = JSON.stringify({ type: 'order.paid', id: 'evt-1', n: 1 });
    const headers = { 'x-webhook-signature': sign(hook.secret, body), 'content-type': 'application/json' };
    const first = await postDelivery(hook.url, body, headers);
    assert.deepEqual([first.status, first.json.status], [200, 'accepted']);
    assert.deepEqual(Object.keys(first.json).sort(), ['event_id', 'status']);
    const second = await postDelivery(hook.url, body, headers);
    assert.deepEqual(second.json, { status: 'duplicate', event_id: first.json.event_id });

    const whole = await app.admin('GET', `/webhooks/events/${first.json.event_id}`);
    assert.equal(whole.status, 200, whole.text);
    assert.deepEqual(whole.json.payload, JSON.parse(body));
    assert.deepEqual(
      [whole.json.event_type, whole.json.delivery_id, whole.json.status, whole.json.signature_verified],
      ['order.paid', 'evt-1', 'accepted', true],
    );
    assert.equal(whole.json.headers['x-webhook-signature'], '[masked]');
    assert.equal(whole.json.matched_secret, 'current');
    await waitFor('the event to be published', async () => {
      const { json } = await app.admin('GET', `/webhooks/events/${first.json.event_id}`);
      return json.is_published;
    });
    const config = await app.admin('GET', `/webhooks/${hook.id}`);
    assert.deepEqual([config.json.total_received, config.json.total_successful], [1, 1]);
  });

  await t.test('settings that could never match are refused', async () => {
    for (const [path, settings] of [
      ['event_types[0]', { event_types: ['*.created'] }],
      ['event_types[1]', { event_types: ['a', 'order.*.paid'] }],
      ['event_types[0]', { event_types: [' order'] }],
      ['event_types[0]', { event_types: ['  '] }],
      ['source_service', { source_service: 'GitHub' }],
      ['source_service', { source_service: 'standard-webhooks' }],
      ['secret_key', { secret_key: '   ' }],
    ] as const) {
      const reply = await app.admin('POST', '/webhooks', { webhook_name: 'never', ...settings });
      assert.deepEqual([reply.status, reply.json.errors?.[0].path], [400, path], reply.text);
    }
  });

  await t.test('the schemes header_token, basic and signed_template', async () => {
    const body = '{"n":1}';
    const statusOf = async (url: string, headers: Record<string, string>) => {
      const reply = await postDelivery(url, `{"id":"${Math.random()}"}`, headers);
      return [reply.status, reply.headers.get('www-authenticate')];
    };
    const token = await startWebhook(app, {
      webhook_name: 'token',
      signature_scheme: 'header_token',
      signature_header: 'X-Token',
      secret_key: 'Bearer abc',
    });
    for (const value of ['abc', 'Bearer abc', 'bearer  abc']) {
      assert.deepEqual(await statusOf(token.url, { 'x-token': value }), [200, null], value);
    }
    assert.deepEqual(await statusOf(token.url, { 'x-token': 'abd' }), [401, null]);

    const basic = await startWebhook(app, { webhook_name: 'basic', signature_scheme: 'basic' });
    const authorization = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    assert.match(basic.secret, /^webhook:/);
    assert.deepEqual(await statusOf(basic.url, authorization(basic.secret)), [200, null]);
    assert.deepEqual(await statusOf(basic.url, authorization('webhook:x')), [401, 'Basic realm="webhook"']);

    const signed = await startWebhook(app, {
      webhook_name: 'template',
      signature_scheme: 'signed_template',
      signed_template: '{timestamp}|{header:X-Id}|{body}',
      timestamp_header: 'X-Time',
    });
    for (const [hash, encoding] of [
      ['sha1', 'hex'],
      ['sha256', 'base64'],
      ['sha512', 'hex'],
    ] as const) {
      const time = String(Date.now());
      const text = `${time}|${hash}|${body}`;
      const signature = `v1=${createHmac(hash, signed.secret).update(text).digest(encoding)}`;
      const headers = { 'x-time': time, 'x-id': hash, 'x-webhook-signature': signature };
      assert.equal((await postDelivery(signed.url, body, headers)).status, 200, hash);
      assert.equal((await postDelivery(signed.url, body, { ...headers, 'x-id': 'other' })).status, 401, hash);
    }
    for (const [path, settings] of [
      ['signed_template', { signature_scheme: 'signed_template' }],
      ['signed_template', { signature_scheme: 'signed_template', signed_template: 'no {payload}' }],
      ['timestamp_header', { signature_scheme: 'signed_template', signed_template: '{timestamp}{body}' }],
      ['timestamp_header', { signature_scheme: 'signed_template', signed_template: '{body}', timestamp_header: 'T' }],
      ['signed_template', { signed_template: '{body}' }],
      ['secret_key', { signature_scheme: 'basic', secret_key: 'no colon' }],
      ['secret_key', { signature_scheme: 'header_token', secret_key: ' padded ' }],
      ['secret_key', { signature_scheme: 'ecdsa_p256', secret_key: 'AAAA' }],
      ['verify_token', { verify_token: 'x' }],
      ['duplicate_window_seconds', { duplicate_window_seconds: 59 }],
    ] as const) {
      const reply = await app.admin('POST', '/webhooks', { webhook_name: 'never', ...settings });
      assert.deepEqual([reply.status, reply.json.errors?.[0].path], [400, path], reply.text);
    }
  });

  await t.test('duplicates are recognised within their window, or not at all', async () => {
    const statusOf = async (hook: { url: string; secret: string }, body: string) =>
      (await postDelivery(hook.url, body, { 'x-webhook-signature': sign(hook.secret, body) })).json.status;
    const never = await startWebhook(app, { webhook_name: 'never', duplicate_by: 'none' });
    assert.deepEqual([await statusOf(never, '{"id":1}'), await statusOf(never, '{"id":1}')], ['accepted', 'accepted']);

    const windowed = await startWebhook(app, { webhook_name: 'windowed', duplicate_window_seconds: 60 });
    assert.deepEqual(
      [await statusOf(windowed, '{"id":1}'), await statusOf(windowed, '{"id":1}')],
      ['accepted', 'duplicate'],
    );
    await app.database.db.querySystem({
      text: `update webhook_deliveries_seen set seen_at = seen_at - interval '61 seconds' where webhook_id = $1`,
      values: [windowed.id],
    });
    assert.deepEqual(
      [await statusOf(windowed, '{"id":1}'), await statusOf(windowed, '{"id":1}')],
      ['accepted', 'duplicate'],
    );
  });

  await t.test('payloads are searched within a time range', async () => {
    const hook = await startWebhook(app, { webhook_name: 'searched' });
    const body = '{"id":"search","city":"Самарканд","n":1.10}';
    await postDelivery(hook.url, body, { 'x-webhook-signature': sign(hook.secret, body) });
    const from = encodeURIComponent(new Date(Date.now() - 60_000).toISOString());
    const found = (text: string) =>
      eventsOf(app, `?webhook_id=${hook.id}&from_date=${from}&payload_contains=${encodeURIComponent(text)}`);
    assert.equal((await found('Самарканд","n":1.10')).length, 1);
    assert.equal((await found('Бухара')).length, 0);
    assert.equal((await app.admin('GET', '/webhooks/events?payload_contains=x')).status, 400);
  });

  await t.test('the alias at the root accepts the same deliveries', async () => {
    const hook = await startWebhook(app, { webhook_name: 'alias' });
    const body = '{"id":1}';
    const reply = await postDelivery(hook.url.replace('/api/v1', ''), body, {
      'x-webhook-signature': sign(hook.secret, body),
    });
    assert.equal(reply.json.status, 'accepted');
  });

  await t.test('a refusal has a reason, and is listed with it but without its body', async () => {
    const hook = await startWebhook(app, {
      webhook_name: 'refusing',
      signature_scheme: 'timestamped_hmac',
      max_payload_size_bytes: 100,
    });
    const now = Math.floor(Date.now() / 1000);
    const stamped = (body: string, at = now, secret = hook.secret) => ({
      'x-webhook-signature': `t=${at},v1=${sign(secret, `${at}.${body}`)}`,
    });
    const body = '{"event":"x"}';
    const answers = [
      await postDelivery(hook.url, body, {}),
      await postDelivery(hook.url, body, { 'x-webhook-signature': 'nonsense' }),
      await postDelivery(hook.url, body, stamped(body, now, 'wrong')),
      await postDelivery(hook.url, '{"event":"y"}', stamped(body)),
      await postDelivery(hook.url, body, stamped(body, now - 301)),
      await postDelivery(hook.url, body, stamped(body, now + 400)),
      await postDelivery(hook.url, 'x'.repeat(101), stamped(body)),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [401, 401, 401, 401, 401, 401, 413],
    );
    for (const { json } of answers) assert.ok(!JSON.stringify(json).includes('whk_'), 'no token in a reply');
    const events = await eventsOf(app, `?webhook_id=${hook.id}&status=refused`);
    assert.deepEqual(events.map(({ refusal_reason }) => refusal_reason).reverse(), [
      'missing_signature',
      'malformed_signature',
      'wrong_signature',
      'wrong_signature',
      'stale_timestamp',
      'stale_timestamp',
      'payload_too_large',
    ]);
    const one = await app.admin('GET', `/webhooks/events/${events[0]?.id}`);
    assert.deepEqual([one.json.payload, one.json.payload_base64], [null, null]);
    assert.equal((await app.admin('POST', `/webhooks/events/${events[0]?.id}/retry`)).status, 409);
    assert.equal((await app.admin('GET', `/webhooks/${hook.id}`)).json.total_failed, 7);
  });

  await t.test('addresses, unknown tokens, wrong methods and paused webhooks', async () => {
    const hook = await startWebhook(app, { webhook_name: 'fenced', allowed_ips: ['10.0.0.0/8', '2001:db8::/32'] });
    assert.equal((await postDelivery(hook.url, '{}', {})).status, 403);
    const unknown = await postDelivery(hook.url.replace(/whk_.*/, `whk_${'A'.repeat(43)}`), '{}', {});
    assert.equal(unknown.status, 404);
    assert.ok(!unknown.text.includes('whk_'));
    assert.equal((await postDelivery(`${app.url}/hooks/short`, '{}', {})).status, 404);
    assert.equal((await fetch(hook.url)).status, 405);
    await app.admin('PATCH', `/webhooks/${hook.id}`, { is_active: false, allowed_ips: [] });
    assert.equal((await postDelivery(hook.url, '{}', {})).status, 404);
  });

  await t.test('a sender’s published ranges are allowed by name, if they are known', async () => {
    const published = ['149.154.160.0/20', '91.108.4.0/22'];
    const create = (source: string) =>
      app.admin('POST', '/webhooks', {
        webhook_name: 'by name',
        source_service: source,
        allowed_ips: ['203.0.113.7', 'published'],
      });
    const { json: telegram } = await create('telegram');
    assert.deepEqual(telegram.allowed_ips, ['203.0.113.7', ...published]);
    const patched = await app.admin('PATCH', `/webhooks/${telegram.id}`, { allowed_ips: ['published'] });
    assert.deepEqual(patched.json.allowed_ips, published);
    const refused = await create('github');
    assert.deepEqual([refused.status, refused.json.errors?.[0]?.path], [400, 'allowed_ips[1]'], refused.text);
  });

  await t.test('a number keeps all its digits, in the id and in the stored event', async () => {
    const hook = await startWebhook(app, { webhook_name: 'digits' });
    const post = (body: string) => postDelivery(hook.url, body, { 'x-webhook-signature': sign(hook.secret, body) });
    const first = await post('{"id":1234567890123456789}');
    const second = await post('{"id":1234567890123456788}');
    assert.deepEqual([first.json.status, second.json.status], ['accepted', 'accepted'], 'two ids, two deliveries');
    const whole = await app.admin('GET', `/webhooks/events/${first.json.event_id}`);
    assert.ok(whole.text.includes('"payload":{"id":1234567890123456789}'), whole.text);
    assert.equal(whole.json.delivery_id, '1234567890123456789');
    const found = await eventsOf(app, '?delivery_id=1234567890123456788');
    assert.deepEqual(
      found.map(({ id }) => id),
      [second.json.event_id],
    );
  });

  await t.test('a scheme sets its own header', async () => {
    const { json } = await app.admin('POST', '/webhooks', { webhook_name: 'scheme', signature_scheme: 'stripe' });
    assert.equal(json.signature_header, 'Stripe-Signature');
    const patched = await app.admin('PATCH', `/webhooks/${json.id}`, { signature_scheme: 'hmac_hex' });
    assert.equal(patched.json.signature_header, 'X-Webhook-Signature');
    const named = { signature_scheme: 'hmac_base64', signature_header: 'X-Shop' };
    assert.equal((await app.admin('PATCH', `/webhooks/${json.id}`, named)).json.signature_header, 'X-Shop');
    const unnamed = await app.admin('PATCH', `/webhooks/${json.id}`, { signature_header: null });
    assert.equal(unnamed.json.signature_header, 'X-Webhook-Signature');
  });

  await t.test('unwanted types are ignored with 200', async () => {
    const hook = await startWebhook(app, { webhook_name: 'choosy', event_types: ['order'] });
    const post = (body: string) => postDelivery(hook.url, body, { 'x-webhook-signature': sign(hook.secret, body) });
    assert.deepEqual((await post('{"type":"user.made"}')).json, { status: 'ignored' });
    assert.equal((await post('{"type":"order.paid"}')).json.status, 'accepted');
    assert.equal((await eventsOf(app, `?webhook_id=${hook.id}&event_type=order`)).length, 1);
  });

  await t.test('a type that ends in * matches every type with that prefix, in webhook and filter', async () => {
    const hook = await startWebhook(app, { webhook_name: 'families', event_types: ['invoice.*', 'payment_*'] });
    const post = async (body: string) =>
      (await postDelivery(hook.url, body, { 'x-webhook-signature': sign(hook.secret, body) })).json.status;
    assert.equal(await post('{"type":"invoice.paid"}'), 'accepted');
    assert.equal(await post('{"type":"payment_intent.succeeded"}'), 'accepted');
    assert.equal(await post('{"type":"invoiceitem.created"}'), 'ignored');
    const found = async (type: string) => (await eventsOf(app, `?webhook_id=${hook.id}&event_type=${type}`)).length;
    assert.deepEqual([await found('invoice.*'), await found('invoice*'), await found('*')], [1, 2, 3]);
  });

  await t.test('five hundred concurrent deliveries with one id are stored once', async () => {
    const hook = await startWebhook(app, { webhook_name: 'flooded' });
    const body = '{"id":"the-same"}';
    const headers = { 'x-webhook-signature': sign(hook.secret, body) };
    const replies = await Promise.all(Array.from({ length: 500 }, () => postDelivery(hook.url, body, headers)));
    assert.equal(replies.filter(({ json }) => json.status === 'accepted').length, 1);
    assert.equal(new Set(replies.map(({ json }) => json.event_id)).size, 1);
    assert.equal((await eventsOf(app, `?webhook_id=${hook.id}`)).length, 1);
  });

  await t.test(
    'a signed body under another id is a new delivery, or a duplicate if the operator chose so',
    async () => {
      const body = '{"zen":"Keep it logically awesome."}';
      const post = (hook: { url: string; secret: string }, id: string, text = body) =>
        postDelivery(hook.url, text, {
          'x-hub-signature-256': `sha256=${sign(hook.secret, text)}`,
          'x-github-event': 'ping',
          'x-github-delivery': id,
        });
      const trusting = await startWebhook(app, { webhook_name: 'trusting', source_service: 'github' });
      assert.equal((await post(trusting, 'one')).json.status, 'accepted');
      assert.equal((await post(trusting, 'two')).json.status, 'accepted');

      const strict = await startWebhook(app, {
        webhook_name: 'strict',
        source_service: 'github',
        duplicate_by: 'delivery_id_or_body',
      });
      const first = await post(strict, 'one');
      assert.equal(first.json.status, 'accepted');
      assert.deepEqual((await post(strict, 'two')).json, { status: 'duplicate', event_id: first.json.event_id });
      assert.deepEqual((await post(strict, 'two')).json, { status: 'duplicate', event_id: first.json.event_id });
      assert.deepEqual((await post(strict, 'one', '{}')).json, { status: 'duplicate', event_id: first.json.event_id });
      assert.equal((await post(strict, 'three', '{}')).json.status, 'accepted');
      const replays = await Promise.all(Array.from({ length: 100 }, (_, index) => post(strict, `${index}`, '{"n":1}')));
      assert.equal(replays.filter(({ json }) => json.status === 'accepted').length, 1);
      assert.equal(new Set(replays.map(({ json }) => json.event_id)).size, 1);
      assert.equal((await eventsOf(app, `?webhook_id=${strict.id}`)).length, 3);

      assert.equal((await app.admin('GET', `/webhooks/${strict.id}`)).json.duplicate_by, 'delivery_id_or_body');
      assert.equal((await app.admin('GET', `/webhooks/${trusting.id}`)).json.duplicate_by, 'delivery_id');
      const changed = await app.admin('PATCH', `/webhooks/${strict.id}`, { duplicate_by: 'delivery_id' });
      assert.equal(changed.json.duplicate_by, 'delivery_id');
      assert.equal((await app.admin('PATCH', `/webhooks/${strict.id}`, { duplicate_by: 'body' })).status, 400);
    },
  );

  await t.test('a grace period ends when a secret or another scheme is set', async () => {
    const hook = await startWebhook(app, { webhook_name: 'graceful' });
    const path = `/webhooks/${hook.id}`;
    const post = (secret: string, id: number) =>
      postDelivery(hook.url, `{"id":${id}}`, { 'x-webhook-signature': sign(secret, `{"id":${id}}`) });
    await app.admin('POST', `${path}/rotate-secret`, { grace_seconds: 3600 });
    assert.equal((await app.admin('PATCH', path, { webhook_name: 'renamed' })).status, 200);
    assert.equal((await post(hook.secret, 1)).status, 200, 'another change must not end it');
    assert.equal((await app.admin('PATCH', path, { secret_key: 'a-new-one' })).json.previous_secret_until, null);
    assert.deepEqual([(await post(hook.secret, 2)).status, (await post('a-new-one', 3)).status], [401, 200]);

    await app.admin('POST', `${path}/rotate-secret`, { grace_seconds: 3600 });
    const github = { signature_scheme: 'github', signature_header: 'X-Hub-Signature-256' };
    assert.equal((await app.admin('PATCH', path, github)).json.previous_secret_until, null);
  });

  await t.test('a public key never becomes a secret', async () => {
    const key = `whpk_${Buffer.alloc(32, 7).toString('base64')}`;
    const hmac = { signature_scheme: 'hmac_hex', signature_header: 'X-Signature' };
    const body = { webhook_name: 'public', source_service: 'standard_webhooks', secret_key: key };
    const { json } = await app.admin('POST', '/webhooks', body);
    for (const refused of [
      await app.admin('PATCH', `/webhooks/${json.id}`, hmac),
      await app.admin('POST', '/webhooks', { ...body, ...hmac, source_service: 'custom', webhook_name: 'forged' }),
    ]) {
      assert.deepEqual([refused.status, refused.json.errors?.[0].path], [400, 'secret_key'], refused.text);
    }
    assert.equal((await app.admin('PATCH', `/webhooks/${json.id}`, { ...hmac, secret_key: 'own' })).status, 200);
  });

  await t.test('secrets rotate with a grace period, tokens without', async () => {
    const hook = await startWebhook(app, { webhook_name: 'rotating' });
    const post = (url: string, secret: string, id: number) =>
      postDelivery(url, `{"id":${id}}`, { 'x-webhook-signature': sign(secret, `{"id":${id}}`) });
    const rotated = await app.admin('POST', `/webhooks/${hook.id}/rotate-secret`, { grace_seconds: 3600 });
    assert.equal(rotated.status, 200, rotated.text);
    const old = await post(hook.url, hook.secret, 1);
    assert.equal(old.json.status, 'accepted');
    assert.equal((await app.admin('GET', `/webhooks/events/${old.json.event_id}`)).json.matched_secret, 'previous');
    assert.equal((await post(hook.url, rotated.json.secret_key, 2)).json.status, 'accepted');
    await app.admin('POST', `/webhooks/${hook.id}/rotate-secret`, { grace_seconds: 0, secret_key: 'third' });
    assert.equal((await post(hook.url, rotated.json.secret_key, 3)).status, 401);
    assert.equal((await post(hook.url, 'third', 4)).json.status, 'accepted');
    const moved = await app.admin('POST', `/webhooks/${hook.id}/rotate-token`);
    assert.equal((await post(hook.url, 'third', 5)).status, 404);
    const { pathname } = new URL(moved.json.webhook_url);
    assert.equal((await post(`${app.url}${pathname}`, 'third', 6)).json.status, 'accepted');
  });

  await t.test('bad configurations are refused by name, and another tenant sees nothing', async () => {
    const faults = async (body: object) =>
      (await app.admin('POST', '/webhooks', { webhook_name: 'x', ...body })).json.errors?.[0]?.path;
    assert.equal(await faults({ allowed_ips: ['10.0.0.0/33'] }), 'allowed_ips[0]');
    assert.equal(await faults({ target_url: 'http://169.254.169.254/' }), 'target_url');
    assert.equal(await faults({ event_type_from: 'query:x' }), 'event_type_from');
    assert.equal(await faults({ signature_scheme: 'magic' }), 'signature_scheme');
    assert.equal(await faults({ unheard: 1 }), 'unheard');
    for (const secret of ['a pass phrase', 'whsec_not base64!', 'whsec_', 'whpk_AAAA', `whsk_${'A'.repeat(43)}=`]) {
      assert.equal(await faults({ signature_scheme: 'standard_webhooks', secret_key: secret }), 'secret_key', secret);
    }
    const rubbish = { target_url: 'https://target.example', target_secret: `whsec_${'!'.repeat(10)}${'A'.repeat(40)}` };
    assert.equal(await faults(rubbish), 'target_secret');
    const hook = await startWebhook(app, { webhook_name: 'mine' });
    const other = { 'x-management-company-id': 'somebody_else' };
    assert.equal((await app.admin('GET', `/webhooks/${hook.id}`, undefined, other)).status, 404);
    assert.equal((await app.admin('DELETE', `/webhooks/${hook.id}`, undefined, other)).status, 404);
    assert.equal((await app.admin('DELETE', `/webhooks/${hook.id}`)).status, 204);
    assert.equal((await postDelivery(hook.url, '{}', {})).status, 404);
  });

  await t.test('the source service belongs to the tenant, and deleting it keeps the webhook', async () => {
    const weather = {
      service_name: 'weather',
      service_type: 'api',
      display_name: 'Weather',
      config: { adapter: 'http' },
    };
    const made = async (headers: Record<string, string> = {}) =>
      (await app.admin('POST', '/services', { ...weather, base_url: 'https://weather.example' }, headers)).json.id;
    const [own, other] = [await made(), await made({ 'x-management-company-id': 'somebody_else' })];
    const create = (id: string) =>
      app.admin('POST', '/webhooks', { webhook_name: 'of a service', source_service_id: id });
    for (const id of [other, '01990000-0000-7000-8000-00000000dead']) {
      const refused = await create(id);
      assert.deepEqual([refused.status, refused.json.errors?.[0]?.path], [400, 'source_service_id'], refused.text);
    }
    const { json: hook } = await create(own);
    assert.equal(hook.source_service_id, own);
    const moved = await app.admin('PATCH', `/webhooks/${hook.id}`, { source_service_id: other });
    assert.deepEqual([moved.status, moved.json.errors?.[0]?.path], [400, 'source_service_id'], moved.text);
    assert.equal((await app.admin('DELETE', `/services/${own}`)).status, 204);
    const left = await app.admin('GET', `/webhooks/${hook.id}`);
    assert.deepEqual([left.status, left.json.source_service_id], [200, null]);
  });

  await t.test('an event is sent again on request, as a new one', async () => {
    const hook = await startWebhook(app, { webhook_name: 'again' });
    const body = '{"id":"r1"}';
    const { json } = await postDelivery(hook.url, body, { 'x-webhook-signature': sign(hook.secret, body) });
    const retried = await app.admin('POST', `/webhooks/events/${json.event_id}/retry`);
    assert.equal(retried.status, 200, retried.text);
    assert.equal(retried.json.is_delivered_again, false);
    assert.notEqual(retried.json.published_event_id, json.event_id);
    const bulk = await app.admin('POST', '/webhooks/events/retry', { webhook_id: hook.id });
    assert.deepEqual(bulk.json, { retried_count: 1, is_complete: true });
    assert.equal((await app.call('GET', '/webhooks/health')).json.status, 'healthy');
  });
});

test('above the limit `reject` refuses, `defer` stores and publishes at the limit’s pace', async (t) => {
  const app = await startTestService(t, {
    ...unsignedTargets,
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '60',
    REDIS_URL: '',
  });
  const rejecting = await startWebhook(app, { webhook_name: 'rejecting' });
  const deferring = await startWebhook(app, {
    webhook_name: 'deferring',
    over_limit_policy: 'defer',
    target_url: 'http://127.0.0.1:9/',
  });
  const post = (hook: { url: string; secret: string }, id: number) =>
    postDelivery(hook.url, `{"id":${id}}`, { 'x-webhook-signature': sign(hook.secret, `{"id":${id}}`) });
  const first = await post(rejecting, 0);
  assert.equal(first.headers.get('ratelimit-policy'), '"webhooks";q=60;w=60');
  assert.match(first.headers.get('ratelimit') ?? '', /^"webhooks";r=59;t=\d+$/);
  for (let id = 1; id < 60; id += 1) assert.equal((await post(rejecting, id)).status, 200);
  const forged = await postDelivery(rejecting.url, '{}', { 'x-webhook-signature': '0'.repeat(64) });
  assert.deepEqual([forged.status, forged.headers.get('ratelimit')], [401, null]);
  const refused = await post(rejecting, 60);
  assert.deepEqual([refused.status, refused.json.code], [429, 'RATE_LIMIT_EXCEEDED']);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal(refused.headers.get('ratelimit-policy'), '"webhooks";q=60;w=60');
  assert.equal(refused.headers.get('ratelimit'), `"webhooks";r=0;t=${refused.headers.get('retry-after')}`);
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  assert.match(metrics, /^integration_rate_limit_utilization\{service="webhooks"\} 1$/m);
  const deferred = await post(deferring, 1);
  assert.deepEqual([deferred.status, deferred.json.status], [200, 'accepted']);
  assert.match(deferred.headers.get('ratelimit') ?? '', /^"webhooks";r=0;t=\d+$/);
  await post(deferring, 2);
  const { rows } = await app.database.db.querySystem<{ gap: number }>({
    text: `select extract(epoch from max(not_before) - min(not_before))::float8 as gap from outbox_events
            where not_before is not null`,
  });
  assert.ok(Math.abs((rows[0]?.gap ?? 0) - windowMs / 60_000) < 0.01, 'one second plus a margin apart, at 60 a minute');
  const one = await app.admin('GET', `/webhooks/events/${deferred.json.event_id}`);
  assert.deepEqual([one.json.status, one.json.is_published], ['deferred', false]);
  const targets = await app.database.db.querySystem({
    text: `select d.id from webhook_deliveries d
             join outbox_events o on o.id = d.webhook_event_id and o.not_before = d.next_attempt_at
            where d.attempt_count = 0`,
  });
  assert.equal(targets.rows.length, 2, 'the target gets them at the pace too');
});

test('a flood of failed signatures does not affect a genuine sender', async (t) => {
  const app = await startTestService(t, { REDIS_URL: '' });
  const hook = await startWebhook(app, { webhook_name: 'flooded' });
  const statuses = new Map<number, number>();
  for (let round = 0; round < 10; round += 1) {
    const replies = await Promise.all(
      Array.from({ length: 25 }, () => postDelivery(hook.url, '{}', { 'x-webhook-signature': sign('wrong', '{}') })),
    );
    for (const { status } of replies) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assert.deepEqual([statuses.get(401), statuses.get(429)], [100, 150]);
  const body = '{"id":"genuine"}';
  assert.equal((await postDelivery(hook.url, body, { 'x-webhook-signature': sign(hook.secret, body) })).status, 200);
  assert.equal((await eventsOf(app, '?status=refused&limit=1000')).length, 100, 'the rest is counted only');
});
