/** While each of two replicas spends its share, every answer to callers and operators names the share, not a spent limit. */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { rabbitmqUrl } from '../support/broker.ts';
import { consumeEventsOf } from '../support/events.ts';
import { startProxiedApi } from '../support/proxied-api.ts';
import { redisUrl } from '../support/redis.ts';
import { startTestReplica, type TestReply, type TestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { postDelivery, startWebhook } from '../support/webhooks.ts';

const limit = 10;
const share = limit / 2;
const because = 'because Redis does not answer';

/** Of this file's own, as other tests' services must not count as replicas. */
async function startTwo(t: TestContext) {
  const redis = await startTcpProxy(t, redisUrl);
  const api = await startProxiedApi(t, {
    REDIS_URL: redis.through(new URL('/8', redisUrl).href),
    RABBITMQ_URL: rabbitmqUrl,
    EMULATOR: 'on',
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 'share').toString('base64')}`,
    RATE_LIMIT_GEOCODING_PER_MINUTE: String(limit),
    RATE_LIMIT_SHEETS_PER_MINUTE: String(limit),
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: String(limit),
  });
  const other = await startTestReplica(t, api.app, api.env);
  return { redis, api, one: api.app, other };
}

/** Asks until it is refused, and returns how often it was answered and the refusal. */
async function askUntilRefused(ask: (number: number) => Promise<TestReply>) {
  const answered: TestReply[] = [];
  for (;;) {
    const reply = await ask(answered.length);
    if (reply.status === 429) return { answered, refusal: reply };
    assert.ok(reply.status < 300, reply.text);
    answered.push(reply);
    assert.ok(answered.length <= limit, 'it was never refused');
  }
}

async function auditTextOf({ database }: TestService, requestId: string): Promise<readonly string[]> {
  const { rows } = await database.db.querySystem<{ error_message: string }>({
    text: `select error_message from integration_logs where request_id = $1 and status = 'rate_limited'`,
    values: [requestId],
  });
  return rows.map(({ error_message }) => error_message);
}

test('each refusal by a share says so, what is left is what is left here, and it ends with the outage', async (t) => {
  const { redis, api, one, other } = await startTwo(t);
  const events = await consumeEventsOf(t, one.tenant);
  await api.register('counted', { rate_limit_per_minute: limit });
  await api.register('priced', { config: { cost_per_request: 0.01 } });
  const budget = await one.admin('PUT', '/budgets/priced', { monthly_limit_usd: limit / 100, action: 'block' });
  assert.equal(budget.status, 200, budget.text);
  const made = await one.admin('POST', '/tokens', {
    name: 'slow',
    scopes: ['geocoding'],
    rate_limit_per_minute: limit,
  });
  assert.equal(made.status, 201, made.text);
  const { token } = made.json;
  const hook = await startWebhook(one, {
    webhook_name: 'refusing',
    over_limit_policy: 'reject',
    secret_key: 'a secret',
  });
  await waitFor('the other replica to know the service', async () => {
    const reply = await other.call('GET', '/proxy/counted/once', undefined, { 'cache-control': 'no-store' });
    return reply.status === 200;
  });

  redis.cut();
  await waitFor('a replica to spend its share', async () => {
    const { json } = await one.admin('GET', '/rate-limits');
    return json.families[0].windows[0].replica_share !== undefined;
  });

  await t.test('geocoding', async () => {
    const requestId = randomUUID();
    const geocode = (number: number, app = one, headers = {}) =>
      app.call('POST', '/geocoding/geocode', { address: `Ташкент, улица Навои, ${number + 1}` }, headers);
    const { answered, refusal } = await askUntilRefused((number) =>
      geocode(number, one, { 'x-request-id': `${requestId}-${number}` }),
    );
    assert.equal(answered.length, share);
    assert.match(answered[0]?.headers.get('ratelimit') ?? '', /^"geocoding";r=4;/);
    assert.equal(
      refusal.json.detail,
      `This replica’s share of ${share} of the limit of ${limit} geocoding requests a minute is spent, ${because}.`,
    );
    assert.equal(refusal.headers.get('ratelimit-policy'), `"geocoding";q=${limit};w=60`);
    assert.match(refusal.headers.get('ratelimit') ?? '', /^"geocoding";r=0;/);

    const refusedId = `${requestId}-${share}`;
    const text = `this replica’s share of ${share} of the limit of ${limit} a minute is spent, ${because}`;
    assert.deepEqual(await auditTextOf(one, refusedId), [text]);
    const { json: explained } = await one.admin('GET', `/rate-limits/explain?request_id=${refusedId}`);
    assert.deepEqual(explained.limit, {
      kind: 'limit',
      family: 'geocoding',
      window_type: 'minute',
      max_requests: limit,
      replica_share: { max_requests: share, because: 'redis_away' },
    });
    assert.equal(explained.free_at, null);

    const { json: limits } = await one.admin('GET', '/rate-limits');
    const [window] = limits.families.find(({ family }: { family: string }) => family === 'geocoding').windows;
    const { request_count, max_requests, remaining_requests, is_rate_limited, replica_share } = window;
    assert.deepEqual(
      { request_count, max_requests, remaining_requests, is_rate_limited, replica_share },
      {
        request_count: share,
        max_requests: limit,
        remaining_requests: 0,
        is_rate_limited: true,
        replica_share: { max_requests: share, request_count: share, because: 'redis_away' },
      },
    );
    // A hit costs nothing, and shows no more than this replica can give.
    const hit = await geocode(0, other);
    assert.match(hit.headers.get('ratelimit') ?? '', /^"geocoding";r=[0-5];/);
    assert.equal((await geocode(50, other)).status, 200, 'the other replica has its part');

    const exceeded = await waitFor('the event', () =>
      events.all.find(({ correlation_id }) => correlation_id === refusedId),
    );
    const { max_requests: most, current_requests, replica_share: told } = exceeded as never as Record<string, unknown>;
    assert.deepEqual([most, current_requests], [limit, share]);
    assert.deepEqual(told, { max_requests: share, current_requests: share, because: 'redis_away' });
  });

  await t.test('sheets', async () => {
    const { answered, refusal } = await askUntilRefused((number) =>
      one.call('POST', '/sheets/read', {
        spreadsheet_id: 'shared',
        range: `Sheet1!A${number + 1}`,
        max_wait_seconds: 0,
      }),
    );
    assert.equal(answered.length, share);
    assert.equal(
      refusal.json.detail,
      `This replica’s share of ${share} of the limit of ${limit} sheets requests a minute is spent, ${because}.`,
    );
    const { json: health } = await one.call('GET', '/sheets/health');
    assert.equal(health.rate_limit_remaining, 0);
  });

  await t.test('an account behind the proxy', async () => {
    const { refusal } = await askUntilRefused((number) =>
      one.call('GET', `/proxy/counted/${number}`, undefined, { 'cache-control': 'no-store' }),
    );
    const [attempt] = refusal.json.attempts;
    assert.match(attempt.message, new RegExp(`^this replica’s share of \\d of its limit is spent, ${because}$`));
    assert.match(refusal.json.detail, /^The limits of every provider are spent, or this replica’s share of them\. /);
    const { json: calls } = await one.admin('GET', `/logs?request_id=${refusal.headers.get('x-request-id')}`);
    assert.match(calls.logs[0].error_message, new RegExp(`of the limit of ${limit} a minute is spent, ${because}$`));
  });

  await t.test('a budget', async () => {
    const { answered, refusal } = await askUntilRefused((number) =>
      one.call('GET', `/proxy/priced/${number}`, undefined, { 'cache-control': 'no-store' }),
    );
    assert.equal(answered.length, share);
    assert.equal(refusal.json.code, 'BUDGET_EXCEEDED');
    const reason = `this replica’s share of its budget is spent, ${because}`;
    assert.equal(refusal.json.attempts[0].message, reason);
    assert.equal(
      refusal.json.detail,
      `The budget for every provider is spent, or this replica may spend no more of it at the moment. priced: ${reason}.`,
    );
    assert.ok(Number(refusal.headers.get('retry-after')) <= 5, 'not at the end of the month, but when Redis is back');

    const requestId = refusal.headers.get('x-request-id') as string;
    const text = `this replica’s share of the budget of this month is spent, ${because}`;
    assert.deepEqual(await auditTextOf(one, requestId), [text]);
    const { json: explained } = await one.admin('GET', `/rate-limits/explain?request_id=${requestId}`);
    assert.deepEqual([explained.limit.kind, explained.free_at], ['budget', null]);
    const { json: story } = await one.admin('GET', `/calls/${requestId}`);
    const skipped = story.steps.find(({ kind }: { kind: string }) => kind === 'skipped');
    assert.deepEqual([skipped.reason, skipped.is_share], ['budget', true]);
    const reply = await other.call('GET', '/proxy/priced/once', undefined, { 'cache-control': 'no-store' });
    assert.equal(reply.status, 200, 'the other replica has its part');
  });

  await t.test('a token', async () => {
    const { answered, refusal } = await askUntilRefused(() =>
      one.call('GET', '/rate-limits', undefined, { 'x-service-token': token }),
    );
    assert.equal(answered.length, share);
    assert.equal(
      refusal.json.detail,
      `This replica’s share of ${share} of the token’s own limit of ${limit} requests a minute is spent, ${because}.`,
    );
  });

  await t.test('a webhook', async () => {
    const { answered, refusal } = await askUntilRefused((number) => {
      const body = JSON.stringify({ id: number });
      const signature = createHmac('sha256', hook.secret).update(body).digest('hex');
      return postDelivery(hook.url, body, { 'x-webhook-signature': signature });
    });
    assert.equal(answered.length, share);
    assert.match(answered[0]?.headers.get('ratelimit') ?? '', /^"webhooks";r=4;/);
    assert.match(refusal.json.detail, new RegExp(`this replica’s share of ${share} of the limit of ${limit} a minute`));
  });

  redis.resume();
  const shareOf = async () => (await one.admin('GET', '/rate-limits')).json.families[0].windows[0].replica_share;
  await waitFor('Redis to return', async () => (await shareOf())?.because === 'redis_returning');
  await waitFor('Redis to count alone', async () => (await shareOf()) === undefined);
  const { status } = await one.call('POST', '/geocoding/geocode', { address: 'Ташкент, улица Навои, 77' });
  assert.equal(status, 200, 'what the other replica has not spent may be spent here again');
});
