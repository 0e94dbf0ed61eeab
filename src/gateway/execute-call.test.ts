import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geocodeCapability, secretKey, startPipeline } from '../../test/support/call-pipeline.ts';
import {
  answerNothing,
  answerPlace,
  answerWith,
  neverAnswer,
  resetConnection,
  startFakeProvider,
} from '../../test/support/fake-provider.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { ServiceError } from '../errors.ts';
import { IntakeFull } from '../intake/intake.ts';
import type { RateLimiter } from '../limits/limits.ts';

const failsWith =
  (code: string, check: (error: ServiceError) => void = () => {}) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof ServiceError, String(error));
    assert.equal(error.code, code);
    check(error);
    return true;
  };
const attemptsOf = (error: ServiceError) =>
  ((error.extra?.attempts ?? []) as { provider: string; outcome: string }[]).map(({ provider, outcome }) => [
    provider,
    outcome,
  ]);

test('the first answer is fetched, recorded and announced; the second comes from memory and spends no quota', async (t) => {
  const google = await startFakeProvider(t);
  const pipeline = await startPipeline(t, {
    providers: { google },
    familyPerMinute: 1,
    limits: { google: { perDay: 1 } },
  });

  const first = await pipeline.geocode('Navoi 1');
  const second = await pipeline.geocode('Navoi 1');

  assert.equal(first.cacheOutcome, 'MISS');
  assert.deepEqual(first.familyLimit && [first.familyLimit.limit, first.familyLimit.remaining], [1, 0]);
  assert.equal(first.json.cached, false);
  assert.equal(second.cacheOutcome, 'HIT-MEMORY');
  assert.equal(second.familyLimit, null);
  assert.deepEqual({ ...second.json, cached: false }, first.json);
  assert.equal(google.requests(), 1);
  assert.equal(pipeline.records.length, 1, 'a hit writes nothing');
  const [log] = pipeline.logs();
  assert.equal(log?.status, 'success');
  assert.equal(log?.responseStatusCode, 200);
  assert.equal(log?.estimatedCostUsd, 0.005);
  assert.deepEqual(log?.secrets, [secretKey]);
  assert.equal(log?.announcement?.willRetry, false);
  assert.deepEqual(
    pipeline.telemetry.map(({ type }) => type),
    ['integration.cache.miss', 'integration.cache.hit'],
  );
});

test('hits and misses count for the service that answers; an answer that may not be cached counts as neither', async (t) => {
  const google = await startFakeProvider(t);
  const yandex = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google, yandex } });
  const counted = async () =>
    (await pipeline.metrics.render()).text.split('\n').filter((line) => /^integration_cache_\w+\{/.test(line));
  await pipeline.geocode('Navoi 1');
  await pipeline.geocode('Navoi 1');
  google.behave(answerWith(500, ''));
  await pipeline.geocode('Navoi 2');
  google.behave(answerPlace());

  await pipeline.geocode('Navoi 3', { cacheMode: 'off' });
  await pipeline.geocode('Navoi 3', { capability: { ...geocodeCapability, cache: null } });
  await pipeline.geocode('Navoi 3', { capability: { ...geocodeCapability, lifetimeOf: () => null } });

  assert.deepEqual(await counted(), [
    'integration_cache_hits_total{service="google",operation="geocode"} 1',
    'integration_cache_misses_total{service="google",operation="geocode"} 1',
    'integration_cache_misses_total{service="yandex",operation="geocode"} 1',
  ]);
  assert.deepEqual(
    pipeline.telemetry.map(({ type, serviceName, fields }) => [
      type,
      serviceName,
      'will_populate' in fields && fields.will_populate,
    ]),
    [
      ['integration.cache.miss', 'google', true],
      ['integration.cache.hit', 'google', false],
      ['integration.cache.miss', 'yandex', true],
      ['integration.cache.miss', 'google', false],
    ],
  );
});

test('a stale answer counts as a hit, and an unanswered question as a miss of its family', async (t) => {
  const google = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google } });
  await pipeline.geocode('Navoi 1');
  google.behave(answerWith(500, ''));
  pipeline.advance(3_601_000);
  assert.equal((await pipeline.geocode('Navoi 1')).cacheOutcome, 'STALE');
  await assert.rejects(pipeline.geocode('Navoi 2'), failsWith('PROVIDER_ERROR'));
  const { text } = await pipeline.metrics.render();
  assert.match(text, /cache_hits_total\{service="google",operation="geocode"\} 1/);
  assert.match(text, /cache_misses_total\{service="google",operation="geocode"\} 1/);
  assert.match(text, /cache_misses_total\{service="geocoding",operation="geocode"\} 1/);
});

test('the savings of hits are counted without a statement per hit', async (t) => {
  const google = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google } });
  for (let call = 0; call < 11; call += 1) await pipeline.geocode('Navoi 1');

  pipeline.cache.countsOf(pipeline.services[0]?.tenantId as never);

  assert.equal(pipeline.usage.length, 1);
  assert.equal(pipeline.usage[0]?.cached, 10);
  assert.ok(Math.abs((pipeline.usage[0]?.savedByCacheUsd ?? 0) - 0.05) < 1e-9);
});

test('fifty simultaneous identical calls make one upstream call', async (t) => {
  const google = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google }, familyPerMinute: 1 });

  const results = await Promise.all(Array.from({ length: 50 }, () => pipeline.geocode('Navoi 1')));

  assert.equal(google.requests(), 1);
  assert.deepEqual(results.map(({ cacheOutcome }) => cacheOutcome).sort(), [...Array(49).fill('COALESCED'), 'MISS']);
});

test('fifty simultaneous identical calls make one upstream call also if it fails', async (t) => {
  const google = await startFakeProvider(t, answerWith(500, ''));
  const pipeline = await startPipeline(t, { providers: { google } });

  const results = await Promise.allSettled(Array.from({ length: 50 }, () => pipeline.geocode('Navoi 1')));

  assert.equal(google.requests(), 1);
  assert.ok(results.every(({ status }) => status === 'rejected'));
  assert.equal(pipeline.logs().length, 1);
});

test('a fetch survives when the first caller leaves, and ends when the last one leaves', async (t) => {
  const google = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google } });
  const release = google.hold();
  const first = new AbortController();
  const left = pipeline.geocode('Navoi 1', {}, first.signal);
  const others = Array.from({ length: 49 }, () => pipeline.geocode('Navoi 1'));
  await waitFor('the request', () => google.requests() === 1);

  first.abort();
  await assert.rejects(left);
  release();

  const results = await Promise.all(others);
  assert.equal(google.requests(), 1);
  assert.ok(results.every(({ json }) => json.formatted_address === 'Found'));

  google.hold();
  const alone = new AbortController();
  const abandoned = pipeline.geocode('Navoi 2', {}, alone.signal);
  await waitFor('the second request', () => google.requests() === 2);
  alone.abort();
  await assert.rejects(abandoned);
  await waitFor('its audit row', () => pipeline.logs().some(({ status }) => status === 'cancelled'));
});

for (const [name, behaviour] of Object.entries({
  'a 500': answerWith(500, 'Internal'),
  'a reset': resetConnection,
  HTML: answerWith(200, '<html>maintenance</html>'),
  'truncated JSON': answerWith(200, '{"confidence": 0.9, "na'),
  'a refused key': answerWith(403, '{}'),
  'a 429': answerWith(429, '{}'),
  silence: neverAnswer,
})) {
  test(`${name} from the first provider leads to the second one’s answer, and the audit has both`, async (t) => {
    const google = await startFakeProvider(t, behaviour);
    const yandex = await startFakeProvider(t, answerPlace(0.8, 'By the second'));
    const pipeline = await startPipeline(t, { providers: { google, yandex }, overrides: { requestTimeoutMs: 200 } });

    const { json, provider } = await pipeline.geocode('Navoi 1');

    assert.equal(provider, 'yandex');
    assert.equal(json.formatted_address, 'By the second');
    assert.deepEqual(json.attempted_providers, ['google', 'yandex']);
    const [failed, succeeded] = pipeline.logs();
    assert.notEqual(failed?.status, 'success');
    assert.deepEqual([failed?.attempt, succeeded?.attempt], [1, 2]);
    assert.equal(succeeded?.status, 'success');
    assert.deepEqual([failed?.announcement?.willRetry, succeeded?.announcement?.willRetry], [true, false]);
  });
}

test('a provider that hangs leaves the next one its share of the time', async (t) => {
  const google = await startFakeProvider(t, neverAnswer);
  const yandex = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google, yandex } });

  const { provider } = await pipeline.geocode('Navoi 1', { deadlineAtMs: Date.now() + 1_000 });

  assert.equal(provider, 'yandex');
});

test('retries at one provider spend the account’s quota, and not the tenant’s', async (t) => {
  const google = await startFakeProvider(t, answerWith(503, ''));
  const pipeline = await startPipeline(t, {
    providers: { google },
    familyPerMinute: 1,
    limits: { google: { perMinute: 3 } },
    overrides: { maxRetries: 5 },
  });

  await assert.rejects(pipeline.geocode('Navoi 1'), failsWith('PROVIDER_ERROR'));

  assert.equal(google.requests(), 3, 'the quota of three ended the retries');
  assert.equal(pipeline.logs()[0]?.retryCount, 2);
});

test('if a provider asks for a pause, the next one is asked; only the last provider is waited for', async (t) => {
  const busy = answerWith(503, '{}', { 'retry-after': '1' });
  const [google, yandex] = [await startFakeProvider(t, busy), await startFakeProvider(t)];
  const both = await startPipeline(t, { providers: { google, yandex }, overrides: { maxRetries: 3 } });
  assert.equal((await both.geocode('Navoi 1')).provider, 'yandex');
  assert.deepEqual([google.requests(), yandex.requests()], [1, 1]);

  const alone = await startPipeline(t, { providers: { google }, overrides: { maxRetries: 3 } });
  const answer = alone.geocode('Navoi 2');
  await waitFor('the first request', () => google.requests() === 2);
  google.behave(answerPlace());
  assert.equal((await answer).provider, 'google');
  assert.equal(google.requests(), 3, 'one request after the pause, none during it');

  google.behave(answerWith(503, '{}', { 'retry-after': '60' }));
  await assert.rejects(alone.geocode('Navoi 3'), failsWith('PROVIDER_ERROR'));
  assert.equal(google.requests(), 4, 'a pause beyond the deadline is not waited for');
});

test('invalid input is returned at once: no other provider is asked, and the breaker does not count it', async (t) => {
  const google = await startFakeProvider(t, answerWith(400, ''));
  const yandex = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google, yandex } });

  for (let call = 0; call < 10; call += 1) {
    await assert.rejects(
      pipeline.geocode('Navoi 1'),
      failsWith('INVALID_REQUEST', (error) => assert.equal(error.provider, 'google')),
    );
  }

  assert.equal(google.requests(), 10);
  assert.equal(yandex.requests(), 0);
});

test('if a provider finds nothing, the next is asked; if none finds anything, "not found" is cached for a short time', async (t) => {
  const google = await startFakeProvider(t, answerNothing);
  const yandex = await startFakeProvider(t, answerNothing);
  const pipeline = await startPipeline(t, { providers: { google, yandex } });
  const isNotFound = failsWith('ADDRESS_NOT_FOUND', (error) =>
    assert.deepEqual(attemptsOf(error), [
      ['google', 'not_found'],
      ['yandex', 'not_found'],
    ]),
  );

  await assert.rejects(pipeline.geocode('Nowhere'), isNotFound);
  await assert.rejects(pipeline.geocode('Nowhere'), isNotFound);
  assert.deepEqual([google.requests(), yandex.requests()], [1, 1]);

  pipeline.advance(61_000);
  yandex.behave(answerWith(500, ''));
  await assert.rejects(pipeline.geocode('Nowhere'), failsWith('PROVIDER_ERROR'));
});

test('the best poor answer wins', async (t) => {
  const google = await startFakeProvider(t, answerPlace(0.2, 'A town'));
  const yandex = await startFakeProvider(t, answerPlace(0.4, 'A street'));
  const offline = await startFakeProvider(t, answerPlace(0.1, 'A country'));
  const pipeline = await startPipeline(t, { providers: { google, yandex, offline } });

  const { json } = await pipeline.geocode('Navoi');

  assert.equal(json.formatted_address, 'A street');
  assert.deepEqual(json.attempted_providers, ['google', 'yandex', 'offline']);
});

test('an answer that a failed or skipped provider might have improved is marked', async (t) => {
  const google = await startFakeProvider(t, answerWith(503, ''));
  const yandex = await startFakeProvider(t, answerPlace(0.95));
  const offline = await startFakeProvider(t, answerPlace(0.2, 'A town'));
  const pipeline = await startPipeline(t, {
    providers: { google, yandex, offline },
    limits: { yandex: { perMinute: 1 } },
  });

  const fromSecond = await pipeline.geocode('Navoi 1');
  assert.equal(fromSecond.json.provider, 'yandex');
  assert.equal(fromSecond.json.degraded, true);
  assert.deepEqual(fromSecond.json.skipped_providers, []);

  const guess = await pipeline.geocode('Navoi 2');
  assert.equal(guess.json.provider, 'offline');
  assert.equal(guess.json.degraded, true);
  assert.deepEqual(guess.json.attempted_providers, ['google', 'offline']);
  assert.deepEqual(guess.json.skipped_providers, [{ provider: 'yandex', because: 'limit' }]);
  assert.deepEqual(
    guess.json.attempts?.map(({ provider, outcome }) => [provider, outcome]),
    [
      ['google', 'unusable'],
      ['yandex', 'limit'],
      ['offline', 'poor'],
    ],
  );

  google.behave(answerPlace(0.9));
  const whole = await pipeline.geocode('Navoi 3');
  assert.deepEqual([whole.json.degraded, whole.json.attempts], [false, undefined]);
});

test('while the breaker is open, the dead provider is not asked', async (t) => {
  const google = await startFakeProvider(t, answerWith(500, ''));
  const yandex = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google, yandex } });

  for (let call = 0; call < 20; call += 1) await pipeline.geocode(`Navoi ${call}`);

  assert.equal(google.requests(), 6);
  assert.equal(yandex.requests(), 20);
});

test('a changed service is asked again at once, whatever pause its old key caused', async (t) => {
  const google = await startFakeProvider(t, answerWith(403, ''));
  const pipeline = await startPipeline(t, { providers: { google } });
  await assert.rejects(pipeline.geocode('Navoi 1'), failsWith('PROVIDER_ERROR'));
  google.behave(answerPlace());
  await assert.rejects(pipeline.geocode('Navoi 1'), failsWith('SERVICE_UNAVAILABLE'));
  assert.match(
    (await pipeline.metrics.render()).text,
    /integration_circuit_breaker_state\{service="google",state="open"\} 1/,
  );

  const [service] = pipeline.services;
  assert.ok(service);
  pipeline.services[0] = { ...service, updatedAtMs: service.updatedAtMs + 1 };

  assert.equal((await pipeline.geocode('Navoi 1')).provider, 'google');
});

test('when every provider fails, an expired answer is served for a day', async (t) => {
  const google = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google } });
  await pipeline.geocode('Navoi 1');
  google.behave(answerWith(500, ''));

  pipeline.advance(3_600_000 + 1_000);
  const stale = await pipeline.geocode('Navoi 1');
  pipeline.advance(86_400_000);

  assert.equal(stale.cacheOutcome, 'STALE');
  assert.equal(stale.ageSeconds, 3_601);
  const { limit = 0, remaining = 0 } = stale.familyLimit ?? {};
  assert.equal(limit - remaining, 1, 'the failed attempt was charged, and the limit shows it');
  await assert.rejects(
    pipeline.geocode('Navoi 1'),
    failsWith('PROVIDER_ERROR', (error) => assert.ok(!JSON.stringify(error.extra).includes('127.0.0.1'))),
  );
});

test('the tenant’s own limit refuses at once with a retry time, and the audit has the refusal', async (t) => {
  const google = await startFakeProvider(t);
  const yandex = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google, yandex }, familyPerMinute: 2 });
  await pipeline.geocode('Navoi 1');
  await pipeline.geocode('Navoi 2');

  await assert.rejects(
    pipeline.geocode('Navoi 3'),
    failsWith('RATE_LIMIT_EXCEEDED', (error) => assert.ok((error.retryAfterSeconds ?? 0) > 0)),
  );

  assert.equal(google.requests() + yandex.requests(), 2);
  const refusal = pipeline.logs().at(-1);
  assert.deepEqual([refusal?.status, refusal?.serviceName, refusal?.serviceId], ['rate_limited', 'geocoding', null]);
  const event = pipeline.events().at(-1);
  assert.equal(event?.type, 'integration.rate_limit.exceeded');
  assert.equal((await pipeline.geocode('Navoi 1')).cacheOutcome, 'HIT-MEMORY', 'hits are free');
});

test('a provider whose quota is spent is skipped and reported; asked by name, it gives a 429', async (t) => {
  const google = await startFakeProvider(t);
  const yandex = await startFakeProvider(t, answerPlace(0.3));
  const pipeline = await startPipeline(t, { providers: { google, yandex }, limits: { google: { perMinute: 1 } } });
  await pipeline.geocode('Navoi 1');

  const { json } = await pipeline.geocode('Navoi 2');

  assert.equal(json.provider, 'yandex');
  assert.deepEqual(json.attempted_providers, ['yandex']);
  assert.ok(pipeline.logs().some(({ status, serviceName }) => status === 'rate_limited' && serviceName === 'google'));
  await assert.rejects(
    pipeline.geocode('Navoi 3', { provider: 'google' }),
    failsWith('RATE_LIMIT_EXCEEDED', (error) => assert.deepEqual(attemptsOf(error), [['google', 'limit']])),
  );
  assert.equal(google.requests(), 1);
});

test('after a provider’s 429, no call asks it until Retry-After', async (t) => {
  const google = await startFakeProvider(t, answerWith(429, '', { 'retry-after': '30' }));
  const yandex = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google, yandex }, limits: { google: { perMinute: 100 } } });

  for (let call = 0; call < 5; call += 1) await pipeline.geocode(`Navoi ${call}`);
  assert.equal(google.requests(), 1);

  google.behave(answerPlace());
  pipeline.advance(31_000);
  assert.equal((await pipeline.geocode('Navoi 9')).provider, 'google');
});

test('a provider that asks for a pause of weeks is asked again after 15 minutes, and its caller is told so', async (t) => {
  const google = await startFakeProvider(t, answerWith(429, '', { 'retry-after': '2678400' }));
  const pipeline = await startPipeline(t, { providers: { google } });

  const told = failsWith('RATE_LIMIT_EXCEEDED', ({ retryAfterSeconds }) => assert.equal(retryAfterSeconds, 900));
  await assert.rejects(pipeline.geocode('Navoi 1'), told);
  await assert.rejects(pipeline.geocode('Navoi 2'), told);
  assert.equal(google.requests(), 1);

  google.behave(answerPlace());
  pipeline.advance(900_000);
  assert.equal((await pipeline.geocode('Navoi 3')).json.provider, 'google');
});

test('an unknown provider name is an invalid request', async (t) => {
  const google = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google } });

  await assert.rejects(
    pipeline.geocode('Navoi 1', { provider: 'bing' }),
    failsWith('INVALID_REQUEST', (error) => assert.equal(error.errors?.[0]?.path, 'provider')),
  );
  assert.equal(google.requests(), 0);
});

test('without any provider the call is SERVICE_UNAVAILABLE', async (t) => {
  const pipeline = await startPipeline(t, { providers: {} });
  await assert.rejects(
    pipeline.geocode('Navoi 1'),
    failsWith('SERVICE_UNAVAILABLE', ({ publicMessage }) => assert.match(publicMessage, /no active service .* POST/)),
  );
});

test('the error’s detail says why each provider gave no answer', async (t) => {
  const google = await startFakeProvider(t, answerWith(500, ''));
  const yandex = await startFakeProvider(t, resetConnection);
  const pipeline = await startPipeline(t, { providers: { google, yandex } });
  await assert.rejects(
    pipeline.geocode('Navoi 1'),
    failsWith('PROVIDER_ERROR', ({ publicMessage }) =>
      assert.match(publicMessage, /^No provider gave a usable answer\. google: .+; yandex: connection reset\.$/),
    ),
  );
});

test('a call whose audit row cannot be written gets no answer', async (t) => {
  const google = await startFakeProvider(t);
  const intake = { record: () => Promise.reject(new IntakeFull('spool_full')) };
  const pipeline = await startPipeline(t, { providers: { google }, overrides: { intake } });

  await assert.rejects(pipeline.geocode('Navoi 1'), failsWith('SERVICE_UNAVAILABLE'));
  await assert.rejects(pipeline.geocode('Navoi 1'), failsWith('SERVICE_UNAVAILABLE'));
  assert.equal(google.requests(), 2, 'the answer was not cached');
});

test('a write whose audit row cannot be written has an unknown outcome', async (t) => {
  const google = await startFakeProvider(t);
  const intake = { record: () => Promise.reject(new IntakeFull('spool_full')) };
  const pipeline = await startPipeline(t, { providers: { google }, overrides: { intake } });
  const capability = { ...geocodeCapability, safeToRepeat: false, cache: null };
  await assert.rejects(
    pipeline.geocode('Navoi 1', { capability }),
    failsWith('SERVICE_UNAVAILABLE', (error) => assert.equal(error.extra?.outcome, 'unknown')),
  );
  await assert.rejects(
    pipeline.geocode('Navoi 1'),
    failsWith('SERVICE_UNAVAILABLE', (error) => assert.equal(error.extra?.outcome, undefined)),
  );
});

test('no-cache asks the provider and caches the answer; no-store neither reads nor fills the cache', async (t) => {
  const google = await startFakeProvider(t, answerPlace(0.9, 'Old'));
  const pipeline = await startPipeline(t, { providers: { google } });
  await pipeline.geocode('Navoi 1');
  google.behave(answerPlace(0.9, 'New'));

  const unstored = await pipeline.geocode('Navoi 1', { cacheMode: 'off' });
  assert.equal(unstored.json.formatted_address, 'New');
  assert.equal((await pipeline.geocode('Navoi 1')).json.formatted_address, 'Old');
  const refreshed = await pipeline.geocode('Navoi 1', { cacheMode: 'refresh' });
  assert.equal(refreshed.cacheOutcome, 'MISS');
  assert.equal((await pipeline.geocode('Navoi 1')).json.formatted_address, 'New');
});

test('a write with an unknown outcome is not repeated, at this provider or another', async (t) => {
  const google = await startFakeProvider(t, resetConnection);
  const yandex = await startFakeProvider(t);
  const pipeline = await startPipeline(t, { providers: { google, yandex }, overrides: { maxRetries: 3 } });
  const capability = { ...geocodeCapability, safeToRepeat: false, cache: null };

  await assert.rejects(
    pipeline.geocode('Navoi 1', { capability }),
    failsWith('GATEWAY_TIMEOUT', (error) => assert.equal(error.extra?.outcome, 'unknown')),
  );

  assert.deepEqual([google.requests(), yandex.requests()], [1, 0]);
});

test('a slow write that its callers abort changes neither the breaker nor the health', async (t) => {
  const google = await startFakeProvider(t, neverAnswer);
  const pipeline = await startPipeline(t, { providers: { google } });
  const write = { capability: { ...geocodeCapability, safeToRepeat: false, cache: null } };
  for (let left = 1; left <= 6; left += 1) {
    const caller = new AbortController();
    const asked = pipeline.geocode(`Navoi ${left}`, write, caller.signal);
    await waitFor('the request', () => google.requests() === left);
    caller.abort();
    await assert.rejects(asked);
  }
  await waitFor('the audit', () => pipeline.logs().length === 6);
  assert.ok(pipeline.logs().every(({ errorCode }) => errorCode === 'UNKNOWN_OUTCOME'));

  google.behave(answerPlace());
  assert.equal((await pipeline.geocode('Navoi 7', write)).provider, 'google');
  assert.deepEqual(
    pipeline.observed.map(({ ok }) => ok),
    [true],
  );
});

test('a grant that arrives too late is requested once more; after a second late grant no provider is asked', async (t) => {
  const google = await startFakeProvider(t);
  let aheadMs = 0;
  const spends: number[] = [];
  const lateBy: number[] = [1_500, 0, 1_500, 1_500];
  const limiter: RateLimiter = {
    async spend(_tenantId, subjects, units) {
      spends.push(units);
      aheadMs += lateBy.shift() ?? 0;
      const states = subjects.flatMap((subject) =>
        subject.windows.map((window) => ({ ...window, subject, usedRequests: 1, windowStartMs: 0, windowEndMs: 0 })),
      );
      return { granted: true, states };
    },
    peek: async () => [],
    backOff: async () => {},
    resume: async () => {},
    pausedUntilMs: async () => null,
    shareOf: (maxRequests) => maxRequests,
    close: async () => {},
  };
  const clock = { now: () => Date.now() + aheadMs };
  const pipeline = await startPipeline(t, {
    providers: { google },
    limits: { google: { perMinute: 60 } },
    overrides: { limiter, clock },
  });

  await pipeline.geocode('Navoi 1');
  assert.deepEqual([spends.length, google.requests()], [2, 1]);

  await assert.rejects(
    pipeline.geocode('Navoi 2'),
    failsWith('SERVICE_UNAVAILABLE', (error) => assert.deepEqual(attemptsOf(error), [['google', 'uncounted']])),
  );
  assert.deepEqual([spends.length, google.requests()], [4, 1]);
  assert.equal(pipeline.records.length, 1, 'no limit refused it, so there is no audit row');
});
