import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { ProviderAccount, ProviderHttp, ProviderReply } from '../../provider.ts';
import { createHttpAdapter } from '../adapter.ts';

const account: ProviderAccount = {
  serviceId: '018f0000-0000-7000-8000-000000000001',
  serviceName: 'billing',
  baseUrl: 'https://api.example.com',
  apiKey: null,
  credentials: { client_id: 'client', client_secret: 'secret' },
  config: { auth: { in: 'oauth2_client_credentials', token_url: 'https://id.example.com/token' } },
};
const question = { method: 'POST', path: 'invoices', query: '', headers: {}, body: null } as const;

function start() {
  let nowMs = 1_700_000_000_000;
  const tokenReplies: (ProviderReply | Promise<ProviderReply>)[] = [];
  let apiStatus = 200;
  let tokenRequests = 0;
  const used: (string | undefined)[] = [];
  const http: ProviderHttp = {
    mask: () => {},
    async open({ headers }) {
      used.push(headers?.authorization);
      return { status: apiStatus, headers: {}, body: Readable.from([Buffer.from('{}')]) };
    },
    async send() {
      tokenRequests += 1;
      return tokenReplies.shift() ?? replyOf(503, {});
    },
  };
  const { http: attempt } = createHttpAdapter(() => nowMs).attempts;
  assert.ok(attempt !== undefined);
  return {
    used,
    willAnswer: (...replies: (ProviderReply | Promise<ProviderReply>)[]) => void tokenReplies.push(...replies),
    apiAnswers: (status: number) => {
      apiStatus = status;
    },
    tokenRequests: () => tokenRequests,
    pass: (ms: number) => {
      nowMs += ms;
    },
    ask: () => attempt(question, account, http),
  };
}

function replyOf(status: number, body: unknown): ProviderReply {
  return { status, headers: {}, body: Buffer.from(JSON.stringify(body)) };
}

const tokenReply = (token: string) => replyOf(200, { access_token: token, token_type: 'bearer', expires_in: 3600 });

test('a token is renewed a minute before it expires, and an outage of its endpoint in that minute fails no call', async () => {
  const { ask, pass, used, willAnswer } = start();
  willAnswer(tokenReply('first'));
  await ask();
  pass(3_545_000);
  assert.equal((await ask()).kind, 'ok', 'the token endpoint is away, and the old token still works');
  const slow = Promise.withResolvers<ProviderReply>();
  willAnswer(slow.promise);
  for (let n = 0; n < 2; n += 1) assert.equal((await ask()).kind, 'ok', 'nobody waits for the token endpoint');
  slow.resolve(tokenReply('second'));
  await waitFor('the new token', async () => {
    await ask();
    return used.at(-1) === 'Bearer second';
  });
  assert.deepEqual([...new Set(used)], ['Bearer first', 'Bearer second']);
});

test('an API that refuses new tokens as well does not have a token requested for each call', async () => {
  const { ask, apiAnswers, pass, tokenRequests, used, willAnswer } = start();
  willAnswer(tokenReply('first'), tokenReply('second'), tokenReply('third'));
  apiAnswers(401);
  for (let n = 0; n < 5; n += 1) await ask();
  assert.deepEqual([tokenRequests(), used.length], [2, 6]);
  pass(60_000);
  await ask();
  assert.deepEqual([tokenRequests(), used.at(-1)], [3, 'Bearer third']);
});

test('without a token nothing is sent, so that a POST may be tried again after an outage, and not after a refusal', async () => {
  const { ask, used, willAnswer } = start();
  const outage = await ask();
  assert.ok(outage.kind === 'failed' && outage.retryable);
  willAnswer(replyOf(401, { error: 'invalid_client' }));
  const refused = await ask();
  assert.ok(refused.kind === 'denied' && refused.message.includes('invalid_client'));
  assert.deepEqual(used, []);
});
