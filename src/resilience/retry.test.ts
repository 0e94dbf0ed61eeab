import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttemptResult, type RetryContext, runWithRetries } from './retry.ts';

const policy = { maxRetries: 3, baseDelayMs: 100, maxDelayMs: 250 };

function createContext(overrides: Partial<RetryContext> = {}) {
  let nowMs = 0;
  const sleptMs: number[] = [];
  const abort = new AbortController();
  const context: RetryContext = {
    signal: abort.signal,
    deadlineAtMs: 60_000,
    clock: { now: () => nowMs },
    random: () => 1 - Number.EPSILON,
    sleep: async (durationMs) => {
      sleptMs.push(durationMs);
      nowMs += durationMs;
    },
    ...overrides,
  };
  return { context, abort, sleptMs };
}

const repeat = (value: string, retryAfterMs: number | null = null): AttemptResult<string> => ({
  repeat: true,
  value,
  retryAfterMs,
});
const settled = (value: string): AttemptResult<string> => ({ repeat: false, value });

test('a result that needs no retry is returned without a pause', async () => {
  const { context, sleptMs } = createContext();
  const outcome = await runWithRetries(policy, async () => settled('fine'), context);
  assert.deepEqual(outcome, { value: 'fine', retries: 0, ended: 'settled' });
  assert.deepEqual(sleptMs, []);
});

test('pauses grow up to the cap, and retries are counted', async () => {
  const { context, sleptMs } = createContext();
  const outcome = await runWithRetries(policy, async (number) => repeat(`attempt ${number}`), context);
  assert.deepEqual(outcome, { value: 'attempt 4', retries: 3, ended: 'exhausted' });
  assert.deepEqual(sleptMs, [100, 200, 250]);
});

test('with full jitter, a pause may be 0', async () => {
  const { context, sleptMs } = createContext({ random: () => 0 });
  await runWithRetries(policy, async () => repeat('again'), context);
  assert.deepEqual(sleptMs, [0, 0, 0]);
});

test('a pause is at least as long as the provider asked for', async () => {
  const { context, sleptMs } = createContext({ random: () => 0 });
  const outcome = await runWithRetries(
    policy,
    async (number) => (number === 1 ? repeat('busy', 3_000) : settled('done')),
    context,
  );
  assert.deepEqual(outcome, { value: 'done', retries: 1, ended: 'settled' });
  assert.deepEqual(sleptMs, [3_000]);
});

test('a pause that would end after the deadline is not started', async () => {
  const { context, sleptMs } = createContext({ deadlineAtMs: 2_000 });
  const outcome = await runWithRetries(policy, async () => repeat('busy', 3_000), context);
  assert.deepEqual(outcome, { value: 'busy', retries: 0, ended: 'deadline' });
  assert.deepEqual(sleptMs, []);
});

test('an abort during a pause ends it at once, and no attempt follows', async () => {
  const abort = new AbortController();
  let attempts = 0;
  const running = runWithRetries(
    { maxRetries: 3, baseDelayMs: 3_600_000, maxDelayMs: 3_600_000 },
    async () => {
      attempts += 1;
      setImmediate(() => abort.abort());
      return repeat('failed', 1_800_000);
    },
    { signal: abort.signal, deadlineAtMs: Number.POSITIVE_INFINITY, clock: { now: () => 0 } },
  );
  assert.deepEqual(await running, { value: 'failed', retries: 0, ended: 'aborted' });
  assert.equal(attempts, 1);
});

test('an abort during an attempt keeps its result, and no attempt follows', async () => {
  const { context, abort, sleptMs } = createContext();
  const outcome = await runWithRetries(
    policy,
    async () => {
      abort.abort();
      return repeat('failed');
    },
    context,
  );
  assert.deepEqual(outcome, { value: 'failed', retries: 0, ended: 'aborted' });
  assert.deepEqual(sleptMs, []);
});

test('after an abort, the first attempt is not made', async () => {
  const { context, abort } = createContext();
  abort.abort(new Error('the caller left'));
  await assert.rejects(
    runWithRetries(policy, async () => assert.fail('attempted'), context),
    /the caller left/,
  );
});

test('an error of an attempt is rethrown', async () => {
  const { context } = createContext();
  const failing = async (): Promise<AttemptResult<string>> => {
    throw new Error('a fault of ours');
  };
  await assert.rejects(runWithRetries(policy, failing, context), /a fault of ours/);
});
