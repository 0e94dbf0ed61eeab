import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleCaller, samplePlace, scriptExecutor } from '../../test/support/call-executor.ts';
import { plainQuestion } from '../../test/support/plain-question.ts';
import { ServiceError } from '../errors.ts';
import type { GeocodeInput } from '../providers/geocoding.ts';
import { createGeocodingCapabilities, demandConfidence } from './capabilities.ts';
import { askPlace, geocode, reverse } from './geocode.ts';
import { parseGeocodeRequest, parseReverseRequest } from './parse-request.ts';

const capabilities = createGeocodingCapabilities(3600);
const { signal } = new AbortController();

test('a place is rendered as the public API has it', async () => {
  const calls = scriptExecutor(() => samplePlace());
  const request = parseGeocodeRequest({ address: 'ул. Мира, 5', provider: 'google', language: 'uz' });
  const result = await geocode({ calls, capabilities }, sampleCaller, request, signal);
  assert.deepEqual(JSON.parse(result.body.toString()), {
    ...samplePlace(),
    match: { city: 'not_asked', street: 'not_asked', house_number: 'not_asked' },
    provider: 'scripted',
    attempted_providers: ['scripted'],
    skipped_providers: [],
    degraded: false,
    cached: false,
    response_time_ms: 7,
  });
  const [call] = calls.calls;
  assert.deepEqual(call?.input, { address: 'ул. Мира, 5', language: 'uz', country: 'UZ', ...plainQuestion });
  assert.equal(call?.provider, 'google');
  assert.equal(call?.capability.cache?.ttlSeconds, 3600);
});

test('an answer below min_confidence counts as not found and is shown as the best', async () => {
  const calls = scriptExecutor(() => samplePlace({ confidence: 0.6 }));
  const ask = (minConfidence: number) =>
    geocode(
      { calls, capabilities },
      sampleCaller,
      parseGeocodeRequest({ address: 'x', min_confidence: minConfidence }),
      signal,
    );
  const bestBody = (await ask(0.6)).body.toString();
  await assert.rejects(ask(0.61), (error) => {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.code, 'ADDRESS_NOT_FOUND');
    assert.deepEqual(error.extra, { best: JSON.parse(bestBody) });
    return true;
  });
});

test('an answer below min_confidence that an outage may be the cause of is no "not found"', async () => {
  const yandexEmpty = { provider: 'yandex', outcome: 'not_found', message: 'it found nothing' };
  const causes: [string, string][] = [
    ['limit', 'RATE_LIMIT_EXCEEDED'],
    ['throttled', 'RATE_LIMIT_EXCEEDED'],
    ['budget', 'BUDGET_EXCEEDED'],
    ['unusable', 'PROVIDER_ERROR'],
    ['timeout', 'GATEWAY_TIMEOUT'],
    ['breaker', 'SERVICE_UNAVAILABLE'],
  ];
  for (const [outcome, code] of causes) {
    const attempts = [
      { provider: 'google', outcome, message: 'it cannot', retry_after_seconds: 40 },
      yandexEmpty,
      { provider: 'scripted', outcome: 'poor', message: 'it answered' },
    ];
    const calls = scriptExecutor(() => samplePlace({ confidence: 0.2 }), attempts);
    const request = parseGeocodeRequest({ address: 'x', min_confidence: 0.4 });
    await assert.rejects(geocode({ calls, capabilities }, sampleCaller, request, signal), (error) => {
      assert.ok(error instanceof ServiceError);
      assert.equal(error.code, code);
      assert.deepEqual(error.extra?.attempts, attempts);
      assert.equal((error.extra?.best as { degraded?: boolean } | undefined)?.degraded, true);
      assert.equal(error.retryAfterSeconds, code === 'PROVIDER_ERROR' ? undefined : 40);
      return true;
    });
  }
});

test('a demand above the usual lengthens the chain, one below it does not', () => {
  const { geocode: usual } = capabilities;
  const input = { address: 'x', language: 'ru', country: 'UZ', ...plainQuestion };
  assert.equal(demandConfidence(usual, 0.2), usual);
  assert.equal(usual.judge?.(samplePlace({ confidence: 0.6 }), input), 'good');
  assert.equal(usual.judge?.(samplePlace({ confidence: 0.3 }), input), 'poor');
  assert.equal(demandConfidence(usual, 0.9).judge?.(samplePlace({ confidence: 0.6 }), input), 'poor');
});

test('a cache TTL of zero keeps nothing', () => {
  assert.equal(createGeocodingCapabilities(0).geocode.cache, null);
});

test('reverse asks for the point that its question names', async () => {
  const calls = scriptExecutor(() => samplePlace());
  const request = parseReverseRequest({ latitude: 41.3110812, longitude: -0.000000001 });
  await reverse({ calls, capabilities }, sampleCaller, request, signal);
  assert.deepEqual(calls.calls[0]?.input, { latitude: 41.31108, longitude: 0, language: 'ru' });
});

test('flats of one building ask one question, without the flat, and each caller gets its own back', async () => {
  const calls = scriptExecutor(() => samplePlace());
  const ask = async (address: string): Promise<unknown> => {
    const question = askPlace({ calls, capabilities }, sampleCaller, parseGeocodeRequest({ address }));
    return JSON.parse((await question.execute(signal)).body.toString()).unit;
  };
  assert.deepEqual(await ask('ул. Мира, 5, кв. 12'), { flat: '12', entrance: null, floor: null });
  assert.deepEqual(await ask('ул. Мира, д. 5, подъезд 2, этаж 3, кв. 14А, домофон 14К'), {
    flat: '14А',
    entrance: '2',
    floor: '3',
    intercom: '14К',
  });
  assert.equal(await ask('ул. Мира 5'), null);
  assert.equal(new Set(calls.calls.map(({ question }) => question)).size, 1);
  assert.deepEqual(
    calls.calls.map(({ input }) => (input as { address: string }).address),
    ['ул. Мира, 5', 'ул. Мира, д. 5', 'ул. Мира 5'],
  );
});

test('a flat in the parts of an address is split off like one in a line', async () => {
  const calls = scriptExecutor(() => samplePlace());
  const ask = async (components: object): Promise<unknown> => {
    const request = parseGeocodeRequest({ components: { city: 'Ташкент', ...components } });
    const question = askPlace({ calls, capabilities }, sampleCaller, request);
    return JSON.parse((await question.execute(signal)).body.toString()).unit;
  };
  const flat = { flat: '12', entrance: null, floor: null };
  for (const [house_number, unit] of [
    ['5', null],
    ['5, кв. 12', flat],
    ['5 кв 12', flat],
    ['5, подъезд 2', { flat: null, entrance: '2', floor: null }],
  ] as const) {
    assert.deepEqual(await ask({ street: 'ул. Мира', house_number }), unit, house_number);
  }
  assert.equal(new Set(calls.calls.map(({ question }) => question)).size, 1);
  for (const { input } of calls.calls) {
    const { address, parts } = input as GeocodeInput;
    assert.deepEqual([address, parts?.house_number], ['Ташкент, ул. Мира, 5', '5']);
  }
  assert.deepEqual(await ask({ street: 'ул. Мира, 5, кв. 12' }), flat);
  assert.deepEqual((calls.calls.at(-1)?.input as GeocodeInput | undefined)?.parts, {
    city: 'Ташкент',
    street: 'ул. Мира, 5',
  });
});
