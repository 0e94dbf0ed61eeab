import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type BulkheadEntry, createBulkheads } from './bulkhead.ts';
import { createDeadlines } from './deadline.ts';

const never = new AbortController().signal;

function createManual(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const clock = { now: () => Date.now() };
  const deadlines = createDeadlines({ monotonicNow: clock.now });
  t.after(() => deadlines.close());
  const bulkheads = createBulkheads({ clock, deadlines, maxActive: 2, maxQueued: 2 });
  const enter = (serviceId: string, signal = never) => bulkheads.enter(serviceId, Date.now() + 1_000, signal);
  const enterNow = (serviceId: string) => {
    const entry = enter(serviceId);
    assert.ok(!(entry instanceof Promise) && entry.kind === 'entered');
    return entry;
  };
  return { bulkheads, deadlines, enter, enterNow };
}

test('calls beyond the limit wait in order, and enter as others leave', async (t) => {
  const { enter, enterNow } = createManual(t);
  const first = enterNow('google');
  const second = enterNow('google');
  const order: string[] = [];
  const inOrder = async (name: string): Promise<BulkheadEntry> => {
    const entry = await enter('google');
    order.push(name);
    return entry;
  };
  const third = inOrder('third');
  const fourth = inOrder('fourth');
  assert.deepEqual(enter('google'), { kind: 'full' });

  first.leave();
  first.leave();
  const fifth = inOrder('fifth');
  assert.deepEqual(enter('google'), { kind: 'full' }, 'one place was freed, not two');
  second.leave();
  const entries: BulkheadEntry[] = [await third, await fourth];
  assert.deepEqual(order, ['third', 'fourth']);
  for (const entry of entries) if (entry.kind === 'entered') entry.leave();
  const last = await fifth;
  if (last.kind === 'entered') last.leave();
  assert.deepEqual(order, ['third', 'fourth', 'fifth']);
  // Both places and both places in the queue are free again.
  enterNow('google');
  enterNow('google');
  void enter('google');
  void enter('google');
  assert.deepEqual(enter('google'), { kind: 'full' });
});

test('a service whose places are all taken does not affect other services', (t) => {
  const { enter, enterNow } = createManual(t);
  enterNow('slow');
  enterNow('slow');
  void enter('slow');
  enterNow('quick');
});

test('a call does not wait past its deadline, and gets no place afterwards', async (t) => {
  const { deadlines, enter, enterNow } = createManual(t);
  const first = enterNow('google');
  enterNow('google');
  const waiting = enter('google');
  t.mock.timers.tick(1_020);
  assert.deepEqual(await waiting, { kind: 'timed-out' });
  first.leave();
  assert.equal(deadlines.size(), 0);
  enterNow('google');
});

test('a call whose deadline has passed does not wait', (t) => {
  const { bulkheads, enterNow } = createManual(t);
  enterNow('google');
  enterNow('google');
  assert.deepEqual(bulkheads.enter('google', Date.now(), never), { kind: 'timed-out' });
});

test('a call that leaves the queue makes room in it', async (t) => {
  const { enter, enterNow } = createManual(t);
  enterNow('google');
  enterNow('google');
  const abort = new AbortController();
  void enter('google');
  const waiting = enter('google', abort.signal);
  assert.deepEqual(enter('google'), { kind: 'full' });
  abort.abort();
  assert.deepEqual(await waiting, { kind: 'aborted' });
  assert.deepEqual(enter('google', abort.signal), { kind: 'aborted' });
  assert.ok(enter('google') instanceof Promise);
  assert.deepEqual(enter('google'), { kind: 'full' });
});
