import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceError } from '../../errors.ts';
import { createDeadlines } from '../../resilience/deadline.ts';
import { Lane, type LaneItem, type LaneOptions } from './lane.ts';

type Batch = readonly LaneItem<number, string>[];

function laneOf(t: { after(act: () => void): void }, overrides: Partial<LaneOptions<number, string>> = {}) {
  const deadlines = createDeadlines();
  t.after(() => deadlines.close());
  const batches: number[][] = [];
  let idle = 0;
  const lane = new Lane<number, string>({
    clock: { now: Date.now },
    deadlines,
    gatherMs: 1,
    maxInFlight: 1,
    countTogether: (items) => items.length,
    paceMs: async () => 0,
    timeoutOf: () => new ServiceError('GATEWAY_TIMEOUT', 'late'),
    onIdle: () => {
      idle += 1;
    },
    async send(batch) {
      batches.push(batch.map(({ item }) => item));
      for (const { item, resolve } of batch) resolve(`answer ${item}`);
      return null;
    },
    ...overrides,
  });
  const caller = (patienceMs = 0, deadlineMs = 5_000, signal = new AbortController().signal) => {
    const nowMs = Date.now();
    return { signal, deadlineAtMs: () => nowMs + deadlineMs, patientUntilMs: () => nowMs + patienceMs };
  };
  return { lane, caller, batches, idleCount: () => idle };
}

test('items that wait together go as one batch, in order, and the lane ends', async (t) => {
  const { lane, caller, batches, idleCount } = laneOf(t);
  const answers = await Promise.all([1, 2, 3].map((item) => lane.add(item, caller())));
  assert.deepEqual(answers, ['answer 1', 'answer 2', 'answer 3']);
  assert.deepEqual(batches, [[1, 2, 3]]);
  await new Promise(setImmediate);
  assert.ok(idleCount() > 0);
});

test('what comes while a batch is under way goes together in the next', async (t) => {
  let release = (): void => {};
  const batches: number[][] = [];
  const { lane, caller } = laneOf(t, {
    async send(batch: Batch) {
      batches.push(batch.map(({ item }) => item));
      if (batches.length === 1) await new Promise<void>((resolve) => (release = resolve));
      for (const { resolve } of batch) resolve('done');
      return null;
    },
  });
  const first = lane.add(1, caller());
  while (batches.length === 0) await new Promise(setImmediate);
  const others = [2, 3, 4].map((item) => lane.add(item, caller()));
  release();
  await Promise.all([first, ...others]);
  assert.deepEqual(batches, [[1], [2, 3, 4]]);
});

test('what a limit held up goes when the limit said, without being paced once more', async (t) => {
  const limit = new ServiceError('RATE_LIMIT_EXCEEDED', 'spent', { retryAfterSeconds: 1 });
  let untilMs = 0;
  let paced = 0;
  const { lane, caller } = laneOf(t, {
    paceMs: async () => {
      paced += 1;
      return 0;
    },
    async send(batch: Batch) {
      if (untilMs === 0) {
        untilMs = Date.now() + 60;
        return { items: batch, untilMs, error: limit };
      }
      for (const { resolve } of batch) resolve(`sent ${Date.now() >= untilMs ? 'after' : 'before'} its time`);
      return null;
    },
  });
  assert.equal(await lane.add(1, caller(5_000)), 'sent after its time');
  assert.equal(paced, 1);
});

test('a limit is waited for by the patient, and told to the others at once', async (t) => {
  const limit = new ServiceError('RATE_LIMIT_EXCEEDED', 'spent', { retryAfterSeconds: 1 });
  let refusals = 0;
  const { lane, caller } = laneOf(t, {
    async send(batch: Batch) {
      if (refusals++ === 0) return { items: batch, untilMs: Date.now() + 60, error: limit };
      for (const { resolve } of batch) resolve('granted');
      return null;
    },
  });
  const patient = lane.add(1, caller(5_000));
  const impatient = lane.add(2, caller(0));
  await assert.rejects(impatient, limit);
  await assert.rejects(lane.add(3, caller(0)), limit);
  assert.equal(await patient, 'granted');
});

test('one who leaves, and one whose deadline passes, do not touch the others', async (t) => {
  const leaving = new AbortController();
  let sent: number[] = [];
  const { lane, caller } = laneOf(t, {
    gatherMs: 60,
    async send(batch: Batch) {
      sent = batch.map(({ item }) => item);
      for (const { resolve } of batch) resolve('done');
      return null;
    },
  });
  const gone = lane.add(1, caller(0, 5_000, leaving.signal));
  const late = lane.add(2, caller(0, 10));
  const staying = lane.add(3, caller());
  leaving.abort(new Error('left'));
  await assert.rejects(gone, /left/);
  await assert.rejects(late, /late/);
  assert.equal(await staying, 'done');
  assert.deepEqual(sent, [3]);
});

test('a sender that throws fails its batch and no other', async (t) => {
  let calls = 0;
  const { lane, caller } = laneOf(t, {
    async send(batch: Batch) {
      if (calls++ === 0) throw new Error('broken');
      for (const { resolve } of batch) resolve('done');
      return null;
    },
  });
  await assert.rejects(lane.add(1, caller()), /broken/);
  assert.equal(await lane.add(2, caller()), 'done');
});

test('where the pace cannot be told, those who wait are told why, and the next ones are served', async (t) => {
  let isAway = true;
  const { lane, caller } = laneOf(t, {
    async paceMs() {
      if (isAway) throw new Error('the database is away');
      return 0;
    },
  });
  await assert.rejects(lane.add(1, caller()), /the database is away/);
  isAway = false;
  assert.equal(await lane.add(2, caller()), 'answer 2');
});
