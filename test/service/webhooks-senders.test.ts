/** The senders' own libraries sign: their deliveries are accepted, and with one changed byte refused. */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import githubExamples from '@octokit/webhooks-examples' with { type: 'json' };
import { sign as signGithub } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { fixturesMissing, listRecordings, readRecordedJson, readRecording } from '../support/fixtures.ts';
import { startTestService } from '../support/service.ts';
import { postDelivery, startWebhook, type TestWebhook } from '../support/webhooks.ts';

// Its types describe the module as if it had no default export.
const examples = githubExamples as unknown as readonly { name: string; examples: readonly object[] }[];

/** Changes one byte of the body, at a varying place. */
function tampered(body: Buffer, seed: number): Buffer {
  const changed = Buffer.from(body);
  const at = (seed * 7919) % changed.length;
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
}

test('deliveries signed by the senders’ own libraries', async (t) => {
  const app = await startTestService(t, { RATE_LIMIT_WEBHOOKS_PER_MINUTE: '1000000', TRUST_PROXY: '127.0.0.0/8' });
  let sender = 0;
  /** A different address for each refusal: too many from one address would be cut off. */
  const fromAnother = () => {
    sender += 1;
    return { 'x-forwarded-for': `203.0.${sender >> 8}.${sender & 255}` };
  };

  async function acceptAndRefuse(
    hook: TestWebhook,
    body: Buffer,
    headers: Record<string, string>,
    index: number,
  ): Promise<string> {
    const refused = await postDelivery(hook.url, tampered(body, index), { ...headers, ...fromAnother() });
    assert.equal(refused.status, 401, `one byte changed: ${refused.text}`);
    const accepted = await postDelivery(hook.url, body, headers);
    assert.deepEqual([accepted.status, accepted.json.status], [200, 'accepted'], accepted.text);
    return accepted.json.event_id;
  }

  await t.test('every payload of GitHub’s examples, as JSON and form-encoded', async () => {
    const hook = await startWebhook(app, { webhook_name: 'github', source_service: 'github', secret_key: 'gh secret' });
    let index = 0;
    for (const { name, examples: payloads } of examples) {
      const payload = payloads[0] as Record<string, unknown> | undefined;
      if (payload === undefined) continue;
      index += 1;
      const json = JSON.stringify(payload);
      const isForm = index % 5 === 0;
      const body = isForm ? new URLSearchParams({ payload: json }).toString() : json;
      const eventId = await acceptAndRefuse(
        hook,
        Buffer.from(body),
        {
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
          'x-github-event': name,
          'x-github-delivery': randomUUID(),
          'x-hub-signature-256': await signGithub('gh secret', body),
        },
        index,
      );
      if (index % 10 !== 0) continue;
      const event = (await app.admin('GET', `/webhooks/events/${eventId}`)).json;
      const action = payload.action === undefined ? '' : `.${payload.action}`;
      assert.equal(event.event_type, `${name}${action}`);
      assert.deepEqual(event.payload, payload);
    }
    assert.ok(index > 40, `${index} examples`);
  });

  await t.test('Stripe’s test headers, with a valid and an invalid age', async () => {
    const secret = 'whsec_stripe_secret_as_text';
    const hook = await startWebhook(app, { webhook_name: 'stripe', source_service: 'stripe', secret_key: secret });
    const stripe = new Stripe('sk_test_unused');
    for (let index = 0; index < 20; index += 1) {
      const payload = JSON.stringify({ id: `evt_${index}`, object: 'event', type: 'invoice.paid', n: index }, null, 2);
      const header = stripe.webhooks.generateTestHeaderString({ payload, secret });
      await acceptAndRefuse(hook, Buffer.from(payload), { 'stripe-signature': header }, index + 1);
    }
    const payload = '{"id":"evt_old","type":"x"}';
    const timestamp = Math.floor(Date.now() / 1000) - 301;
    const old = stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
    assert.equal((await postDelivery(hook.url, payload, { 'stripe-signature': old })).status, 401);
  });

  await t.test('Standard Webhooks’ signer', async () => {
    const hook = await startWebhook(app, { webhook_name: 'standard', source_service: 'standard_webhooks' });
    assert.match(hook.secret, /^whsec_/);
    const signer = new Webhook(hook.secret);
    for (let index = 0; index < 20; index += 1) {
      const id = `msg_${index}`;
      const at = new Date();
      const body = `{ "type": "contact.created",\n  "n": ${index}, "n": ${index} }`;
      await acceptAndRefuse(
        hook,
        Buffer.from(body),
        {
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': signer.sign(id, at, body),
        },
        index + 1,
      );
    }
  });

  await t.test('the same with Svix’s header names, which belong together', async () => {
    const hook = await startWebhook(app, { webhook_name: 'svix', source_service: 'standard_webhooks' });
    const at = new Date();
    const body = '{"type":"user.created"}';
    const headers = {
      'svix-id': 'msg_1',
      'svix-timestamp': String(Math.floor(at.getTime() / 1000)),
      'svix-signature': new Webhook(hook.secret).sign('msg_1', at, body),
    };
    const eventId = await acceptAndRefuse(hook, Buffer.from(body), headers, 1);
    assert.equal((await postDelivery(hook.url, body, headers)).json.status, 'duplicate');
    const underAnotherId = { ...headers, 'webhook-id': 'msg_2', ...fromAnother() };
    assert.equal((await postDelivery(hook.url, body, underAnotherId)).status, 401);
    const event = (await app.admin('GET', `/webhooks/events/${eventId}`)).json;
    assert.deepEqual([event.delivery_id, event.headers['svix-signature']], ['msg_1', '[masked]']);
  });

  await t.test('bodies that no parser would reproduce are verified byte by byte', async () => {
    const hook = await startWebhook(app, { webhook_name: 'odd' });
    const bodies: [Buffer, string][] = [
      [Buffer.from('  {"id" :\t"odd-1" }\r\n'), 'application/json'],
      [Buffer.from('{"b":1,"a":2,"id":"odd-2","b":3}'), 'application/json; charset=UTF-8'],
      [Buffer.from('{"id":"odd-3","t":"\\u0041\\u0000\\ud800"}'), 'application/json'],
      [Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]), 'application/octet-stream'],
      [Buffer.from('a=1&b=%D0%AF&payload=no'), 'application/x-www-form-urlencoded'],
      [Buffer.from('<xml/>'), 'no content type at all'],
      [Buffer.from('{"id":"odd-7","__proto__":{"x":1}}'), 'application/json'],
      [Buffer.from(`{"id":"odd-8","deep":${'['.repeat(5_000)}${']'.repeat(5_000)}}`), 'application/json'],
      [Buffer.from('"only text"'), 'text/plain'],
      [Buffer.from('null'), 'application/json'],
    ];
    for (const [index, [body, contentType]] of bodies.entries()) {
      const signature = createHmac('sha256', hook.secret).update(body).digest('hex');
      const headers = { 'x-webhook-signature': signature, 'content-type': contentType };
      const eventId = await acceptAndRefuse(hook, body, headers, index + 1);
      const event = await app.admin('GET', `/webhooks/events/${eventId}`);
      assert.equal(event.status, 200, event.text);
      const kept = event.json.payload_base64;
      if (kept !== null) assert.deepEqual(Buffer.from(kept, 'base64'), body);
    }
    const empty = createHmac('sha256', hook.secret).update('').digest('hex');
    assert.equal((await postDelivery(hook.url, '', { 'x-webhook-signature': empty })).json.status, 'accepted');
  });

  await t.test('Telegram’s token, and update ids as delivery ids', async () => {
    const hook = await startWebhook(app, { webhook_name: 'bot', source_service: 'telegram' });
    const headers = { 'x-telegram-bot-api-secret-token': hook.secret };
    const body = '{"update_id":10,"message":{"text":"hi"},"method":"sendMessage"}';
    const first = await postDelivery(hook.url, body, headers);
    assert.deepEqual([first.json.status, 'method' in first.json], ['accepted', false]);
    assert.equal((await postDelivery(hook.url, body, headers)).json.status, 'duplicate');
    const event = (await app.admin('GET', `/webhooks/events/${first.json.event_id}`)).json;
    assert.deepEqual([event.event_type, event.delivery_id], ['message', '10']);
    assert.ok(!JSON.stringify(event).includes(hook.secret));
  });

  await t.test('recorded deliveries of GitHub', { skip: fixturesMissing }, async () => {
    const hook = await startWebhook(app, { webhook_name: 'recorded', source_service: 'github', secret_key: 'again' });
    const skipped = new Set(['index.json', 'signature_vectors.json']);
    let count = 0;
    for (const name of listRecordings('github')) {
      if (skipped.has(name)) continue;
      const body = readRecording(`github/${name}`);
      assert.ok(readRecordedJson(`github/${name}`) !== null);
      count += 1;
      const headers = {
        'content-type': 'application/json',
        'x-github-event': name.split('.')[0] as string,
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': await signGithub('again', body.toString('utf8')),
      };
      await acceptAndRefuse(hook, body, headers, count);
    }
    assert.ok(count >= 10);
  });

  await t.test('behind a proxy the right-most untrusted hop is the sender', async () => {
    const hook = await startWebhook(app, { webhook_name: 'proxied', allowed_ips: ['192.0.2.0/24', '2001:db8::/32'] });
    const post = (id: number, forwarded: string) =>
      postDelivery(hook.url, `{"id":${id}}`, {
        'x-webhook-signature': createHmac('sha256', hook.secret).update(`{"id":${id}}`).digest('hex'),
        'x-forwarded-for': forwarded,
      });
    assert.equal((await post(1, '192.0.2.7')).status, 200);
    assert.equal((await post(2, '192.0.2.7, 198.51.100.1')).status, 403, 'hops further left are untrusted');
    assert.equal((await post(3, '198.51.100.1, 192.0.2.7, 127.0.0.9')).status, 200);
    assert.equal((await post(4, '2001:db8::5')).status, 200);
  });
});
