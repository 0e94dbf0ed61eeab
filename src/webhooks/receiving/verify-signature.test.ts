import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { fixturesMissing, readRecordedJson, readRecording } from '../../../test/support/fixtures.ts';
import type { DeliveryHeaders } from '../schemes/scheme.ts';
import { type SignatureScheme, signatureSchemes, verifySignature } from './verify-signature.ts';

const nowMs = 1_760_000_000_000;
const nowSeconds = String(nowMs / 1000);

function judge(
  scheme: SignatureScheme,
  headers: DeliveryHeaders,
  body: string | Buffer,
  secrets: readonly string[],
  { receivedAtMs = nowMs, toleranceSeconds = 300 } = {},
) {
  return verifySignature(scheme, { headers, body: Buffer.from(body), receivedAtMs }, secrets, {
    signatureHeader: null,
    toleranceSeconds,
  });
}

const hex = (secret: string | Buffer, text: string | Buffer) => createHmac('sha256', secret).update(text).digest('hex');
const base64 = (secret: string | Buffer, text: string | Buffer) =>
  createHmac('sha256', secret).update(text).digest('base64');

interface Signed {
  readonly secret: string;
  readonly headers: (body: string, secret: string, timestamp: string) => DeliveryHeaders;
}

const signers = {
  github: {
    secret: "It's a Secret to Everybody",
    headers: (body, secret) => ({ 'x-hub-signature-256': `sha256=${hex(secret, body)}` }),
  },
  stripe: {
    secret: 'whsec_test_secret',
    headers: (body, secret, t) => ({
      'stripe-signature': `t=${t},v1=${hex(secret, `${t}.${body}`)},v0=${'0'.repeat(64)}`,
    }),
  },
  standard_webhooks: {
    secret: `whsec_${Buffer.from('0123456789abcdef01234567').toString('base64')}`,
    headers: (body, secret, t) => ({
      'webhook-id': 'msg_1',
      'webhook-timestamp': t,
      'webhook-signature': `v2,${'A'.repeat(43)}= v1,${base64(Buffer.from(secret.slice(6), 'base64'), `msg_1.${t}.${body}`)}`,
    }),
  },
  hmac_hex: {
    secret: 'plain',
    headers: (body, secret) => ({ 'x-webhook-signature': hex(secret, body).toUpperCase() }),
  },
  hmac_base64: { secret: 'plain', headers: (body, secret) => ({ 'x-webhook-signature': base64(secret, body) }) },
  timestamped_hmac: {
    secret: 'uk-secret',
    headers: (body, secret, t) => ({ 'x-webhook-signature': `t=${t}, v1=${hex(secret, `${t}.${body}`)}` }),
  },
  hmac_sha1_hex: {
    secret: 'plain',
    headers: (body, secret) => ({
      'x-webhook-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
    }),
  },
  hmac_sha512_hex: {
    secret: 'plain',
    headers: (body, secret) => ({ 'x-webhook-signature': createHmac('sha512', secret).update(body).digest('hex') }),
  },
} satisfies Partial<Record<SignatureScheme, Signed>>;
const timed: readonly SignatureScheme[] = ['stripe', 'standard_webhooks', 'timestamped_hmac'];

for (const [scheme, { secret, headers }] of Object.entries(signers) as [keyof typeof signers, Signed][]) {
  const body = ' {"a" : 1,\t"a":2, "b":"\\u0416 Ж"}\r\n';

  test(`${scheme}: a genuine delivery is accepted over its bytes as sent`, () => {
    assert.deepEqual(judge(scheme, headers(body, secret, nowSeconds), body, [secret]), {
      genuine: true,
      matchedSecret: 0,
    });
  });

  test(`${scheme}: any one byte of the body changed is refused`, () => {
    const sent = headers(body, secret, nowSeconds);
    for (let index = 0; index < body.length; index++) {
      const altered = Buffer.from(body);
      altered[index] = (altered[index] as number) ^ 1;
      assert.deepEqual(judge(scheme, sent, altered, [secret]), { genuine: false, reason: 'wrong_signature' });
    }
  });

  test(`${scheme}: during a rotation either secret is accepted, and which one is said`, () => {
    const other =
      scheme === 'standard_webhooks'
        ? `whsec_${Buffer.from('another-secret-of-24-byt').toString('base64')}`
        : 'another';
    assert.deepEqual(judge(scheme, headers(body, secret, nowSeconds), body, [other, secret]), {
      genuine: true,
      matchedSecret: 1,
    });
    assert.equal(judge(scheme, headers(body, secret, nowSeconds), body, [other]).genuine, false);
  });

  test(`${scheme}: a missing signature and a wrong one are told apart`, () => {
    assert.deepEqual(judge(scheme, {}, body, [secret]), { genuine: false, reason: 'missing_signature' });
  });

  if (timed.includes(scheme)) {
    test(`${scheme}: a time outside the tolerance is refused, past and future alike`, () => {
      for (const seconds of [nowMs / 1000 - 301, nowMs / 1000 + 301]) {
        const stale = judge(scheme, headers(body, secret, String(seconds)), body, [secret]);
        assert.deepEqual(stale, { genuine: false, reason: 'stale_timestamp' });
      }
      assert.equal(judge(scheme, headers(body, secret, String(nowMs / 1000 - 300)), body, [secret]).genuine, true);
    });
  }
}

test('timestamped_hmac: a time in milliseconds is one, within the tolerance alone', () => {
  const { secret, headers } = signers.timestamped_hmac;
  const at = (ms: number) => judge('timestamped_hmac', headers('{}', secret, String(ms)), '{}', [secret]);
  assert.equal(at(nowMs + 299_000).genuine, true);
  assert.deepEqual(at(nowMs - 302_000), { genuine: false, reason: 'stale_timestamp' });
  assert.deepEqual(at(nowMs * 1000), { genuine: false, reason: 'stale_timestamp' });
});

test('telegram: the secret token itself is compared', () => {
  const headers = { 'x-telegram-bot-api-secret-token': 'shared_Secret-Token_01' };
  assert.deepEqual(judge('telegram', headers, '{}', ['shared_Secret-Token_01']), { genuine: true, matchedSecret: 0 });
  assert.equal(judge('telegram', headers, '{}', ['shared_Secret-Token_0']).genuine, false);
});

test('standard_webhooks: an ed25519 signature is verified by the public key', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const secret = `whpk_${publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`;
  const body = '{"type":"user.created"}';
  const signature = sign(null, Buffer.from(`msg_1.${nowSeconds}.${body}`), privateKey).toString('base64');
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': nowSeconds, 'webhook-signature': `v1a,${signature}` };

  assert.equal(judge('standard_webhooks', headers, body, [secret]).genuine, true);
  assert.equal(judge('standard_webhooks', headers, `${body} `, [secret]).genuine, false);
});

test('stripe: a v0 signature alone is never enough', () => {
  const body = '{}';
  const headers = { 'stripe-signature': `t=${nowSeconds},v0=${hex('whsec_x', `${nowSeconds}.${body}`)}` };
  assert.deepEqual(judge('stripe', headers, body, ['whsec_x']), { genuine: false, reason: 'malformed_signature' });
});

test('an empty secret is a fault of ours and accepts nothing', () => {
  for (const scheme of signatureSchemes.filter((name) => name !== 'none')) {
    assert.throws(() => judge(scheme, {}, '{}', ['']), /secret is empty/);
  }
});

interface Vector {
  readonly secret?: string;
  readonly publicKey?: string;
  readonly body: string;
  readonly header?: string;
  readonly headers?: Record<string, string>;
  readonly now?: number;
  readonly toleranceSeconds?: number;
  readonly valid: boolean;
  readonly why?: string;
}

const vectorFiles: readonly [SignatureScheme, string, string][] = [
  ['github', 'github/signature_vectors.json', 'x-hub-signature-256'],
  ['stripe', 'stripe/signature_vectors.json', 'stripe-signature'],
  ['standard_webhooks', 'standard-webhooks/vectors.json', 'webhook-signature'],
  ['timestamped_hmac', 'infrasafe-uk/vectors.json', 'x-webhook-signature'],
];

for (const [scheme, file, header] of vectorFiles) {
  test(`${scheme}: the published vectors are judged as published`, { skip: fixturesMissing }, () => {
    const { vectors } = readRecordedJson<{ vectors: Vector[] }>(file);
    for (const vector of vectors) {
      const given = vector.headers ?? { [header]: vector.header ?? '' };
      const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
      const verdict = judge(scheme, headers, vector.body, [vector.secret ?? vector.publicKey ?? 'none'], {
        receivedAtMs: (vector.now ?? 0) * 1000,
        toleranceSeconds: vector.toleranceSeconds ?? 300,
      });
      assert.equal(verdict.genuine, vector.valid, `${vector.why ?? 'vector'}: ${JSON.stringify(verdict)}`);
    }
  });
}

test('github: the recorded deliveries are genuine', { skip: fixturesMissing }, () => {
  const index = readRecordedJson<{ secret: string; deliveries: { file: string; headers: Record<string, string> }[] }>(
    'github/index.json',
  );
  for (const delivery of index.deliveries) {
    const headers = Object.fromEntries(
      Object.entries(delivery.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    assert.equal(
      judge('github', headers, readRecording(`github/${delivery.file}`), [index.secret]).genuine,
      true,
      delivery.file,
    );
  }
});
