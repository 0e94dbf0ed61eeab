import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleCaller, samplePlace, scriptExecutor } from '../../test/support/call-executor.ts';
import { ServiceError } from '../errors.ts';
import type { Call } from '../gateway/call.ts';
import type { GeocodeInput } from '../providers/geocoding.ts';
import { type BatchDeps, collectBatch, geocodeBatch, renderBatchLine } from './batch.ts';
import { createGeocodingCapabilities } from './capabilities.ts';
import { parseBatchRequest } from './parse-request.ts';

const addressOf = (call: Call): string => (call.input as GeocodeInput).address;
const { signal: never } = new AbortController();

function setUp(answer: (call: Call, signal: AbortSignal) => unknown, overrides: Partial<BatchDeps> = {}) {
  const calls = scriptExecutor(answer);
  const unexpected: unknown[] = [];
  const deps: BatchDeps = {
    calls,
    capabilities: createGeocodingCapabilities(3600),
    clock: { now: () => 1_000_000 },
    concurrency: 16,
    deadlineMs: 120_000,
    onUnexpectedError: (error) => unexpected.push(error),
    ...overrides,
  };
  return { deps, calls, unexpected };
}

test('results come in the order asked, whatever the order of the answers', async () => {
  const waiting: (() => void)[] = [];
  const { deps } = setUp(
    (call) =>
      new Promise((resolve) => {
        waiting.push(() => resolve(samplePlace({ formatted_address: addressOf(call) })));
        if (waiting.length === 4) for (const answer of waiting.reverse()) answer();
      }),
  );
  const addresses = ['дом 1', 'дом 2', 'дом 3', 'дом 4'];
  const reply = JSON.parse(
    (await collectBatch(deps, sampleCaller, parseBatchRequest({ addresses }), never)).body.toString(),
  );
  assert.deepEqual(
    reply.results.map((result: { address: string }) => result.address),
    addresses,
  );
  assert.deepEqual(
    reply.results.map((result: { formatted_address: string }) => result.formatted_address),
    addresses,
  );
  assert.deepEqual([reply.success_count, reply.failure_count], [4, 0]);
});

test('spellings of one address are asked once and answered each', async () => {
  const { deps, calls } = setUp(() => samplePlace());
  const addresses = ['ул. Мира, 83 а', 'УЛИЦА МИРА 83А', ' ул.Мира,83-а ', 'ул. Мира, 83'];
  const reply = JSON.parse(
    (await collectBatch(deps, sampleCaller, parseBatchRequest({ addresses }), never)).body.toString(),
  );
  assert.deepEqual(calls.calls.map(addressOf), ['ул. Мира, 83 а', 'ул. Мира, 83']);
  assert.deepEqual(
    reply.results.map((result: { address: string }) => result.address),
    addresses,
  );
  assert.equal(reply.success_count, 4);
});

test('a bad address fails alone, and what is no fault of the address names none of ours', async () => {
  const { deps, calls, unexpected } = setUp((call) => {
    if (addressOf(call) === 'нет') {
      throw new ServiceError('RATE_LIMIT_EXCEEDED', 'The limit is spent.', {
        retryAfterSeconds: 9,
        extra: { attempts: [] },
      });
    }
    if (addressOf(call) === 'ой') throw new Error('password=hunter2');
    return samplePlace();
  });
  const addresses = ['да', '', 'а'.repeat(501), 7, 'нет', 'ой'];
  const reply = JSON.parse(
    (await collectBatch(deps, sampleCaller, parseBatchRequest({ addresses }), never)).body.toString(),
  );
  assert.deepEqual(
    reply.results.map((result: { success: boolean; error?: { code: string } }) => result.error?.code ?? result.success),
    [true, 'INVALID_REQUEST', 'INVALID_REQUEST', 'INVALID_REQUEST', 'RATE_LIMIT_EXCEEDED', 'INTERNAL_ERROR'],
  );
  assert.equal(calls.calls.length, 3);
  assert.equal(reply.results[3].address, null);
  assert.equal(reply.results[4].error.retry_after_seconds, 9);
  assert.ok(!JSON.stringify(reply).includes('hunter2'));
  assert.equal(unexpected.length, 1);
  assert.deepEqual([reply.success_count, reply.failure_count], [1, 5]);
});

test('no more than so many questions are under way, and a slow reader slows the asking', async () => {
  const { deps, calls } = setUp(() => samplePlace(), { concurrency: 3 });
  const addresses = Array.from({ length: 50 }, (_, index) => `дом ${index}`);
  const items = geocodeBatch(deps, sampleCaller, parseBatchRequest({ addresses }), never);
  await items.next();
  assert.ok(calls.calls.length <= 3, `${calls.calls.length} asked for one reader's line`);
  let lines = 1;
  for await (const item of items) {
    const line = JSON.parse(renderBatchLine(item));
    assert.equal(line.address, addresses[line.index]);
    lines += 1;
  }
  assert.equal(lines, 50);
  assert.equal(calls.mostAtOnce(), 3);
});

test('each question may wait for its turn until the deadline of the whole batch', async () => {
  const { deps, calls } = setUp(() => samplePlace());
  await collectBatch(deps, sampleCaller, parseBatchRequest({ addresses: ['x'] }), never);
  assert.equal(calls.calls[0]?.maxWaitMs, 120_000);
  assert.equal(calls.calls[0]?.deadlineAtMs, 1_120_000);
});

test('a caller who leaves stops the rest', async () => {
  const caller = new AbortController();
  let given = 0;
  const { deps, calls, unexpected } = setUp(
    (_call, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        if (++given === 2) queueMicrotask(() => caller.abort(new Error('gone')));
        if (given === 1) resolve(samplePlace());
      }),
    { concurrency: 2 },
  );
  const addresses = Array.from({ length: 100 }, (_, index) => `дом ${index}`);
  await assert.rejects(collectBatch(deps, sampleCaller, parseBatchRequest({ addresses }), caller.signal), /gone/);
  assert.ok(calls.calls.length <= 3, String(calls.calls.length));
  assert.equal(unexpected.length, 0);
});

test('a consumer who stops reading stops the running batch', async () => {
  const signals: AbortSignal[] = [];
  const { deps } = setUp(
    (call, signal) => {
      signals.push(signal);
      return addressOf(call) === 'дом 0' ? samplePlace() : new Promise(() => {});
    },
    { concurrency: 4 },
  );
  const addresses = Array.from({ length: 20 }, (_, index) => `дом ${index}`);
  for await (const item of geocodeBatch(deps, sampleCaller, parseBatchRequest({ addresses }), never)) {
    assert.equal(item.index, 0);
    break;
  }
  assert.ok(signals.length > 0 && signals.every((signal) => signal.aborted));
});

test('a thousand different addresses are answered', async () => {
  const { deps, calls } = setUp(() => samplePlace());
  const addresses = Array.from({ length: 1000 }, (_, index) => `ул. Мира, ${index}`);
  const { body } = await collectBatch(deps, sampleCaller, parseBatchRequest({ addresses }), never);
  assert.equal(JSON.parse(body.toString()).success_count, 1000);
  assert.equal(calls.calls.length, 1000);
  assert.equal(calls.mostAtOnce(), 16);
});

test('flats of one building are asked once in a batch, each with its own unit', async () => {
  const { deps, calls } = setUp(() => samplePlace());
  const addresses = ['ул. Мира, 5, кв. 1', 'Mira ko‘chasi', 'ул. Мира, 5, кв. 2', 'ул. Мира, 5'];
  const reply = JSON.parse(
    (await collectBatch(deps, sampleCaller, parseBatchRequest({ addresses }), never)).body.toString(),
  );
  assert.deepEqual(
    reply.results.map(({ unit }: { unit: { flat: string } | null }) => unit?.flat ?? null),
    ['1', null, '2', null],
  );
  assert.deepEqual(calls.calls.map(addressOf), ['ул. Мира, 5', 'Mira ko‘chasi']);
});
