/** Tests that a service's own terms apply to its calls only. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPipeline } from '../../test/support/call-pipeline.ts';
import { answerWith, resetConnection, startFakeProvider } from '../../test/support/fake-provider.ts';
import { faultsOfTerms } from '../directory/service-terms.ts';
import { ServiceError } from '../errors.ts';
import { TransportError } from '../providers/provider.ts';

const failed = (error: unknown) => error instanceof ServiceError;

test('requests to a service are retried as often as it configures', async (t) => {
  const often = await startFakeProvider(t, resetConnection);
  const never = await startFakeProvider(t, resetConnection);
  const usual = await startFakeProvider(t, resetConnection);
  const pipeline = await startPipeline(t, {
    providers: { often, never, usual },
    configs: { often: { max_retries: 2 }, never: { max_retries: 0 } },
    overrides: { maxRetries: 1 },
  });
  for (const provider of ['often', 'never', 'usual']) {
    await assert.rejects(pipeline.geocode('Navoi 1', { provider }), failed);
  }
  assert.deepEqual([often.requests(), never.requests(), usual.requests()], [3, 1, 2]);
});

test('an attempt ends at its service’s time-out', async (t) => {
  const provider = await startFakeProvider(t);
  const nowMs = Date.now();
  const asked: number[] = [];
  const silent = () => Promise.reject(new TransportError('timeout', true));
  const pipeline = await startPipeline(t, {
    providers: { hasty: provider, patient: provider, usual: provider },
    configs: { hasty: { timeout_seconds: 0.1 }, patient: { timeout_seconds: 8 } },
    overrides: {
      clock: { now: () => nowMs },
      openHttp({ deadlineAtMs }) {
        asked.push(deadlineAtMs - nowMs);
        return { exchanges: [], masked: [], mask: () => {}, send: silent, open: silent };
      },
    },
  });
  for (const name of ['hasty', 'patient', 'usual']) {
    await assert.rejects(pipeline.geocode('Navoi 1', { provider: name, deadlineAtMs: nowMs + 10_000 }), failed);
  }
  assert.deepEqual(asked, [100, 8_000, 5_000]);
});

test('a breaker opens after the number of failures, and for the time, that its service configures', async (t) => {
  const nervous = await startFakeProvider(t, answerWith(500, ''));
  const calm = await startFakeProvider(t, answerWith(500, ''));
  const pipeline = await startPipeline(t, {
    providers: { nervous, calm },
    configs: {
      nervous: { breaker: { failures_in_a_row: 2, open_seconds: 30 } },
      calm: { breaker: { failures_in_a_row: 40 } },
    },
  });
  for (let call = 1; call <= 30; call += 1) {
    for (const provider of ['nervous', 'calm']) {
      await assert.rejects(pipeline.geocode(`Navoi ${call}`, { provider }), failed);
    }
  }
  assert.deepEqual([nervous.requests(), calm.requests()], [2, 30]);

  const askNervous = () => assert.rejects(pipeline.geocode('Navoi 1', { provider: 'nervous' }), failed);
  pipeline.advance(14_000);
  await askNervous();
  assert.equal(nervous.requests(), 2, 'the breaker stays open for at least half of its time');
  pipeline.advance(47_000);
  await askNervous();
  assert.equal(nervous.requests(), 3);
});

test('invalid values and values out of range are refused with their path', () => {
  const placesOf = (config: Record<string, unknown>) => faultsOfTerms(config).map(({ path }) => path);
  const breaker = { failures_in_a_row: 1, open_seconds: 0.1 };
  assert.deepEqual(placesOf({ timeout_seconds: 0.5, max_retries: 0, breaker }), []);
  assert.deepEqual(placesOf({ timeout_seconds: 300, max_retries: 10, breaker: { open_seconds: 3_600 } }), []);
  assert.deepEqual(placesOf({}), []);
  for (const value of [0, -1, 301, '5', null, Number.NaN, true]) {
    assert.deepEqual(placesOf({ timeout_seconds: value }), ['config.timeout_seconds']);
  }
  for (const value of [-1, 11, 1.5, '3', null])
    assert.deepEqual(placesOf({ max_retries: value }), ['config.max_retries']);
  for (const value of [null, 'on', [], 5]) assert.deepEqual(placesOf({ breaker: value }), ['config.breaker']);
  assert.deepEqual(placesOf({ breaker: { failures_in_a_row: 0, open_seconds: 0 } }), [
    'config.breaker.failures_in_a_row',
    'config.breaker.open_seconds',
  ]);
});
