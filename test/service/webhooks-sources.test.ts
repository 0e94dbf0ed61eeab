/**
 * Every known sender: its genuine event is accepted, a changed byte is refused, its handshake is answered, and only its
 * own.
 */
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign as signEcdsa } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { webhookSources } from '../../src/webhooks/sources/sources.ts';
import { startTestService } from '../support/service.ts';
import { postDelivery, startWebhook, type TestWebhook } from '../support/webhooks.ts';

type Sent = { readonly body: string; readonly headers: Record<string, string> };
type Sign = (hook: TestWebhook, sample: string) => Sent;

const hmac = (secret: string, text: string, encoding: 'hex' | 'base64' = 'hex', hash = 'sha256') =>
  createHmac(hash, secret).update(text).digest(encoding);
const now = () => String(Math.floor(Date.now() / 1000));
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

const overBody =
  (header: string, prefix = ''): Sign =>
  ({ secret }, body) => ({ body, headers: { [header]: prefix + hmac(secret, body) } });
const stamped =
  (header: string, timeHeader: string): Sign =>
  ({ secret }, body) => ({
    body,
    headers: { [header]: `v0=${hmac(secret, `v0:${now()}:${body}`)}`, [timeHeader]: now() },
  });

/** As described in each sender's documentation. */
const signers: Readonly<Record<string, Sign>> = {
  custom: overBody('x-webhook-signature'),
  bitbucket: overBody('x-hub-signature', 'sha256='),
  dropbox: overBody('x-dropbox-signature'),
  github: overBody('x-hub-signature-256', 'sha256='),
  gitlab: ({ secret }, body) => ({ body, headers: { 'x-gitlab-token': secret } }),
  google_push: ({ secret }, body) => ({ body, headers: { 'x-goog-channel-token': secret } }),
  infrasafe: ({ secret }, body) => ({
    body,
    headers: { 'x-webhook-signature': `t=${now()},v1=${hmac(secret, `${now()}.${body}`)}` },
  }),
  jira: overBody('x-hub-signature', 'sha256='),
  linear: ({ secret }, sample) => {
    const body = sample.replace('{now_ms}', String(Date.now()));
    return { body, headers: { 'linear-signature': hmac(secret, body) } };
  },
  mailgun: ({ secret }, sample) => {
    const [time, token] = [now(), 'a'.repeat(50)];
    const signature = hmac(secret, time + token);
    const body = sample.replace('{timestamp}', time).replace('{token}', token).replace('{signature}', signature);
    return { body, headers: {} };
  },
  meta: overBody('x-hub-signature-256', 'sha256='),
  microsoft_graph: ({ secret }, sample) => ({ body: sample.replace('{secret}', secret), headers: {} }),
  sendgrid: (_, body) => ({
    body,
    headers: {
      'x-twilio-email-event-webhook-timestamp': now(),
      'x-twilio-email-event-webhook-signature': signEcdsa('sha256', Buffer.from(now() + body), privateKey).toString(
        'base64',
      ),
    },
  }),
  sentry: overBody('sentry-hook-signature'),
  shopify: ({ secret }, body) => ({ body, headers: { 'x-shopify-hmac-sha256': hmac(secret, body, 'base64') } }),
  slack: stamped('x-slack-signature', 'x-slack-request-timestamp'),
  standard_webhooks: ({ secret }, body) => {
    const key = Buffer.from(secret.slice(6), 'base64').toString('latin1');
    const signed = createHmac('sha256', Buffer.from(key, 'latin1')).update(
      `msg_p5jXN8AQM9LWM0D4loKWxJek.${now()}.${body}`,
    );
    return { body, headers: { 'webhook-timestamp': now(), 'webhook-signature': `v1,${signed.digest('base64')}` } };
  },
  stripe: ({ secret }, body) => ({
    body,
    headers: { 'stripe-signature': `t=${now()},v1=${hmac(secret, `${now()}.${body}`)}` },
  }),
  telegram: ({ secret }, body) => ({ body, headers: { 'x-telegram-bot-api-secret-token': secret } }),
  trello: ({ secret, publicUrl }, body) => ({
    body,
    headers: { 'x-trello-webhook': hmac(secret, body + publicUrl, 'base64', 'sha1') },
  }),
  twitch: ({ secret }, body) => {
    const time = new Date().toISOString().replace('Z', '123456Z');
    const signature = hmac(secret, `befa7b53-d79d-478f-86b9-120f112b044e${time}${body}`);
    return {
      body,
      headers: {
        'twitch-eventsub-message-timestamp': time,
        'twitch-eventsub-message-signature': `sha256=${signature}`,
      },
    };
  },
  yookassa: (_, body) => ({ body, headers: { 'x-forwarded-for': '185.71.76.5:4711' } }),
  zoom: stamped('x-zm-signature', 'x-zm-request-timestamp'),
};

/** The expected facts of each sample. */
const named: Readonly<Record<string, readonly [type: string, id: string | null]>> = {
  custom: ['order.paid', 'order-17-paid'],
  bitbucket: ['repo:push', 'c0e8b5e4-2d9b-4f6e-9a83-1a6f6f2d0a11'],
  dropbox: ['list_folder', null],
  github: ['issues.opened', '72d3162e-cc78-11e3-81ab-4c9367dc0958'],
  gitlab: ['push', 'f5e5f430-f57b-4e6e-9fac-d9128cd7232f'],
  google_push: ['update', '4ba78bf0-6a47-11e2-bcfd-0800200c9a66:10'],
  infrasafe: ['building.created', '5f0c7a52-8c0e-5b6a-9d1f-2f6d0b1c7e11'],
  jira: ['jira:issue_updated', '6b1d0c52-a1a8-41a5-95a2-6ff4b6b3d2a1'],
  linear: ['Issue.create', '234d1a4e-b617-4388-90fe-adc3633d6b72'],
  mailgun: ['delivered', 'a'.repeat(50)],
  meta: ['whatsapp_business_account.messages', null],
  microsoft_graph: ['created', null],
  sendgrid: ['delivered', null],
  sentry: ['issue.created', 'd8a1f5a0d7a14c1fb5d1a0e5b2c8f911'],
  shopify: ['orders/create', 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043'],
  slack: ['reaction_added', 'Ev9UQ52YNA'],
  standard_webhooks: ['contact.created', 'msg_p5jXN8AQM9LWM0D4loKWxJek'],
  stripe: ['invoice.paid', 'evt_1NG8Du2eZvKYlo2CUI79vXWy'],
  telegram: ['message', '10000'],
  trello: ['updateBoard', '51f9424bcd6e040f3c002412'],
  twitch: ['channel.follow', 'befa7b53-d79d-478f-86b9-120f112b044e'],
  yookassa: ['payment.succeeded', 'payment.succeeded:22d6d597-000f-5000-9000-145f6df21d6f'],
  zoom: ['meeting.started', null],
};
/** Their signature does not cover the body: the test changes what authenticates them instead. */
const showTheSecret = new Set(['gitlab', 'google_push', 'telegram', 'mailgun', 'microsoft_graph', 'yookassa']);

test('every known sender', async (t) => {
  const app = await startTestService(t, { RATE_LIMIT_WEBHOOKS_PER_MINUTE: '100000', TRUST_PROXY: '127.0.0.0/8' });
  assert.deepEqual(Object.keys(signers).sort(), Object.keys(webhookSources).sort(), 'each is tested');
  const hooks = new Map<string, TestWebhook>();
  for (const source of Object.keys(webhookSources)) {
    const secret =
      source === 'sendgrid' ? { secret_key: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') } : {};
    hooks.set(source, await startWebhook(app, { webhook_name: source, source_service: source, ...secret }));
  }
  const hookOf = (source: string) => hooks.get(source) as TestWebhook;
  const send = (source: string, sent: Sent, url = hookOf(source).url) => {
    const { sample } = webhookSources[source] as (typeof webhookSources)[string];
    return postDelivery(url, sent.body, { 'content-type': sample.contentType, ...sample.headers, ...sent.headers });
  };

  for (const [source, sign] of Object.entries(signers)) {
    await t.test(`${source}: a genuine event is accepted, and one changed byte refused`, async () => {
      const { sample } = webhookSources[source] as (typeof webhookSources)[string];
      const sent = sign(hookOf(source), sample.body);
      const changed = showTheSecret.has(source)
        ? { body: sent.body.replace(hookOf(source).secret || '-', 'x'), headers: spoilt(sent.headers) }
        : { ...sent, body: sent.body.replace(/[a-z](?=[^a-z]*$)/, 'X') };
      if (source === 'mailgun') changed.body = sent.body.replace('aaaa"', 'aaab"');
      const refused = await send(source, changed);
      assert.equal(refused.status, source === 'yookassa' ? 403 : 401, refused.text);
      const accepted = await send(source, sent);
      assert.equal(accepted.json?.status, 'accepted', accepted.text);
      const { json } = await app.admin('GET', `/webhooks/events/${accepted.json.event_id}`);
      const [type, id] = named[source] as (typeof named)[string];
      assert.deepEqual([json.event_type, json.status], [type, 'accepted']);
      if (id === null) assert.match(json.delivery_id, /^sha256:/);
      else assert.equal(json.delivery_id, id);
      const again = await send(source, sign(hookOf(source), sent.body));
      assert.equal(again.json.status, source === 'dropbox' ? 'accepted' : 'duplicate');
    });
  }

  await t.test('handshakes are answered as their senders ask', async () => {
    const get = (source: string, query: string, method = 'GET') => fetch(hookOf(source).url + query, { method });
    const token = hookOf('meta').verifyToken;
    const subscribe = (shown: string) =>
      get('meta', `?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${encodeURIComponent(shown)}`);
    const subscribed = await subscribe(token);
    assert.deepEqual([subscribed.status, await subscribed.text()], [200, '1158201444']);
    assert.match(subscribed.headers.get('content-type') ?? '', /^text\/plain/);
    assert.equal(subscribed.headers.get('x-content-type-options'), 'nosniff');
    const stranger = await subscribe('guess');
    assert.deepEqual([stranger.status, await stranger.text()], [403, '']);

    assert.equal(await (await get('dropbox', '?challenge=abc%20d')).text(), 'abc d');
    assert.equal((await get('dropbox', '?challenge=%3Cscript%3E%00')).status, 400);
    assert.equal((await get('dropbox', `?challenge=${'x'.repeat(1_001)}`)).status, 405);
    assert.equal((await get('trello', '', 'HEAD')).status, 200);

    const graph = await fetch(`${hookOf('microsoft_graph').url}?validationToken=a%3A%20b%2Bc`, { method: 'POST' });
    assert.deepEqual([graph.status, await graph.text()], [200, 'a: b+c']);
    assert.match(graph.headers.get('content-type') ?? '', /^text\/plain/);

    const signed = (source: string, body: string) => (signers[source] as Sign)(hookOf(source), body);
    const slack = await send(
      'slack',
      signed('slack', '{"type":"url_verification","token":"t","challenge":"3eZbrw1a"}'),
    );
    assert.deepEqual([slack.status, slack.text], [200, '3eZbrw1a']);
    const forged = await send('slack', { body: '{"type":"url_verification","challenge":"x"}', headers: {} });
    assert.equal(forged.status, 401);
    const check = await postDelivery(hookOf('slack').url, 'token=t&ssl_check=1', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    assert.deepEqual([check.status, check.text], [200, '']);

    const zoom = await send(
      'zoom',
      signed('zoom', '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8"}}'),
    );
    assert.deepEqual(zoom.json, { plainToken: 'qgg8', encryptedToken: hmac(hookOf('zoom').secret, 'qgg8') });

    const challenge = signed('twitch', '{"challenge":"pogchamp-kappa","subscription":{}}');
    const verification = { 'twitch-eventsub-message-type': 'webhook_callback_verification' };
    const twitch = await send('twitch', { ...challenge, headers: { ...challenge.headers, ...verification } });
    assert.deepEqual([twitch.status, twitch.text], [200, 'pogchamp-kappa']);
  });

  await t.test('no other sender’s webhook echoes any part of a request', async () => {
    const asking = '?validationToken=ECHO&challenge=ECHO&hub.mode=subscribe&hub.challenge=ECHO&hub.verify_token=x';
    for (const source of Object.keys(webhookSources)) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        if (source === 'dropbox' && method === 'GET') continue;
        if (source === 'microsoft_graph' && method === 'POST') continue;
        const reply = await fetch(hookOf(source).url + asking, {
          method,
          headers: { 'x-forwarded-for': '185.71.76.5' },
        });
        assert.ok(!(await reply.text()).includes('ECHO'), `${source} ${method}`);
        const answersGet = source === 'trello' || source === 'meta' || source === 'dropbox';
        if (method !== 'POST' && !answersGet) assert.equal(reply.status, 405, `${source} ${method}`);
      }
      const body =
        '{"type":"url_verification","event":"endpoint.url_validation","challenge":"ECHO","payload":{"plainToken":"ECHO"}}';
      const sent = (signers[source] as Sign)(hookOf(source), body);
      const headers = { 'twitch-eventsub-message-type': 'webhook_callback_verification' };
      const reply = await send(source, { ...sent, headers: { ...headers, ...sent.headers } });
      if (!['slack', 'zoom', 'twitch'].includes(source)) assert.ok(!reply.text.includes('ECHO'), source);
    }
  });

  await t.test('a batch is accepted if any of its events is wanted', async () => {
    const hook = await startWebhook(app, {
      webhook_name: 'batch',
      source_service: 'sendgrid',
      secret_key: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      event_types: ['bounce'],
    });
    const sent = (body: string) => send('sendgrid', (signers.sendgrid as Sign)(hook, body), hook.url);
    assert.equal((await sent('[{"event":"delivered"},{"event":"bounce"}]')).json.status, 'accepted');
    assert.equal((await sent('[{"event":"delivered"},{"event":"open"}]')).json.status, 'ignored');
  });

  await t.test('Mailgun’s repeats, which keep their first time, and a form with a long mail are accepted', async () => {
    const hook = hookOf('mailgun');
    const signed = (token: string, ageSeconds: number) => {
      const timestamp = String(Math.floor(Date.now() / 1000) - ageSeconds);
      return { timestamp, token, signature: hmac(hook.secret, timestamp + token) };
    };
    const event = (token: string, ageSeconds: number) =>
      postDelivery(hook.url, JSON.stringify({ signature: signed(token, ageSeconds) }), {});
    const repeated = await event('repeated', 8 * 3_600);
    assert.equal(repeated.json.status, 'accepted', repeated.text);
    assert.equal((await event('repeated', 8 * 3_600)).json.status, 'duplicate');
    assert.equal((await event('too old', 10 * 3_600)).status, 401);

    const mail = new URLSearchParams({ 'body-plain': 'x'.repeat(5_000_000), ...signed('a mail', 0) });
    const accepted = await postDelivery(hook.url, mail.toString(), {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    });
    assert.equal(accepted.json.status, 'accepted', accepted.text);
    const { json } = await app.admin('GET', '/webhooks/events?delivery_id=a%20mail');
    assert.equal(json.events.length, 1);
  });

  await t.test('a compressed body whose signature is inside it is accepted', async () => {
    for (const source of ['microsoft_graph', 'mailgun']) {
      const { sample } = webhookSources[source] as (typeof webhookSources)[string];
      const { body } = (signers[source] as Sign)(hookOf(source), sample.body.replace('"created"', '"updated"'));
      const sent = (bytes: string) =>
        postDelivery(hookOf(source).url, gzipSync(bytes), {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
        });
      assert.equal((await sent(body)).status, 200, source);
      assert.equal((await sent(body.replace(hookOf(source).secret, 'wrong').replace('aaaa', 'aaab'))).status, 401);
    }
  });

  await t.test('the sources are listed for forms, with samples', async () => {
    const { status, json } = await app.admin('GET', '/webhooks/sources');
    assert.equal(status, 200);
    assert.equal(json.sources.length, Object.keys(webhookSources).length);
    const slack = json.sources.find((one: { source_service: string }) => one.source_service === 'slack');
    assert.deepEqual(
      [slack.signature_scheme, slack.signed_template, slack.retries.timeout_seconds],
      ['signed_template', 'v0:{timestamp}:{body}', 3],
    );
    assert.equal((await app.call('GET', '/webhooks/sources')).status, 403);
  });
});

/** Wrong secrets in headers, and a foreign address. */
function spoilt(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, name === 'x-forwarded-for' ? '192.0.2.1' : `${value}x`]),
  );
}
