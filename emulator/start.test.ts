import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Emulator, type EmulatorOptions, startEmulator } from './start.ts';
import { type CreateVendor, jsonReply } from './vendor.ts';

/** A vendor that counts the work it did. */
function countingVendor(): { create: CreateVendor; done: () => number } {
  let done = 0;
  return {
    done: () => done,
    create: () => ({
      name: 'tester',
      perMinuteQuotas: { requests: null },
      accountOf: ({ query }) => query.get('key'),
      refuse: (refusal) => jsonReply(refusal === 'over_query_limit' ? 429 : 403, { refusal }),
      routes: [
        {
          method: 'POST',
          path: /^\/work$/,
          handle: () => {
            done += 1;
            return jsonReply(200, { done });
          },
        },
      ],
    }),
  };
}

async function start(t: TestContext, options: Partial<EmulatorOptions> = {}) {
  const vendor = countingVendor();
  const emulator: Emulator = await startEmulator({ port: 0, vendors: [vendor.create], ...options });
  t.after(() => emulator.close());
  const work = (signal = AbortSignal.timeout(5_000)) => fetch(`${emulator.url}/work?key=k`, { method: 'POST', signal });
  return { emulator, work, done: vendor.done };
}

test('a fault applies as often as requested, then requests succeed again', async (t) => {
  const { emulator, work } = await start(t);
  emulator.control.fail({ vendor: 'tester', mode: '500', times: 2 });
  const statuses = [];
  for (let time = 0; time < 3; time += 1) statuses.push((await work()).status);
  assert.deepEqual(statuses, [500, 500, 200]);
  assert.equal(emulator.control.requests('tester').faulted, 2);
});

test('a fault without a count lasts until it is cleared, and affects only its vendor', async (t) => {
  const { emulator, work } = await start(t);
  emulator.control.fail({ vendor: 'tester', mode: '503' });
  emulator.control.fail({ vendor: 'someone else', mode: '500' });
  assert.equal((await work()).status, 503);
  emulator.control.heal('tester');
  assert.equal((await work()).status, 200);
  assert.equal(emulator.control.faults.length, 1);
});

test('a fault with a probability depends on the random number', async (t) => {
  const dice = [0.9, 0.1, 0.5];
  const { emulator, work } = await start(t, { random: () => dice.shift() ?? 1 });
  emulator.control.fail({ vendor: 'tester', mode: '500', probability: 0.5 });
  const statuses = [];
  for (let time = 0; time < 3; time += 1) statuses.push((await work()).status);
  assert.deepEqual(statuses, [200, 500, 200]);
});

test('each fault mode changes the reply as described', async (t) => {
  const { emulator, work } = await start(t);
  const after = (mode: 'html' | 'truncated' | 'empty' | 'over_query_limit' | 'request_denied') => {
    emulator.control.fail({ vendor: 'tester', mode, times: 1 });
    return work();
  };
  assert.match(await (await after('html')).text(), /^<!DOCTYPE html>/);
  const truncated = await (await after('truncated')).text();
  assert.throws(() => JSON.parse(truncated), SyntaxError);
  assert.equal(await (await after('empty')).text(), '');
  assert.equal((await after('over_query_limit')).status, 429);
  assert.equal((await after('request_denied')).status, 403);
});

test('a connection is reset, cut or left to hang', async (t) => {
  const { emulator, work } = await start(t);
  emulator.control.fail({ vendor: 'tester', mode: 'reset', times: 1 });
  await assert.rejects(work(), TypeError);
  emulator.control.fail({ vendor: 'tester', mode: 'cut', times: 1 });
  const cut = await work();
  await assert.rejects(cut.text(), TypeError);
  emulator.control.fail({ vendor: 'tester', mode: 'hang', times: 1 });
  await assert.rejects(work(AbortSignal.timeout(50)), { name: 'TimeoutError' });
});

test('with `after` the work is done before the fault, with `before` it is not', async (t) => {
  const { emulator, work, done } = await start(t);
  emulator.control.fail({ vendor: 'tester', mode: 'reset', when: 'before', times: 1 });
  await assert.rejects(work());
  assert.equal(done(), 0);
  emulator.control.fail({ vendor: 'tester', mode: 'reset', when: 'after', times: 1 });
  await assert.rejects(work());
  assert.equal(done(), 1);
});

test('a quota holds for any rolling minute and comes back call by call', async (t) => {
  let nowMs = 1_000_000;
  const { emulator, work } = await start(t, { clock: { now: () => nowMs } });
  emulator.control.setQuota('tester', 2);
  const at = async (offsetMs: number) => {
    nowMs = 1_000_000 + offsetMs;
    return (await work()).status;
  };
  assert.deepEqual(
    [await at(0), await at(30_000), await at(59_999), await at(60_000), await at(60_001), await at(90_000)],
    [200, 200, 429, 200, 429, 200],
  );
  const counts = emulator.control.requests('tester');
  assert.deepEqual([counts.received, counts.maxPerMinute, counts.overQuota], [6, 4, 2]);
  assert.deepEqual(counts.accounts, { 'k requests': { received: 6, maxPerMinute: 4 } });
});

test('faults, quotas and counts are also available over HTTP', async (t) => {
  const { emulator, work } = await start(t);
  const control = async (method: string, path: string, body?: unknown) => {
    const reply = await fetch(`${emulator.url}/__emulator/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: reply.status, json: (await reply.json()) as Record<string, { received?: number }> };
  };
  assert.equal((await control('POST', 'faults', { vendor: 'tester', mode: '500', times: 1 })).status, 200);
  assert.equal((await work()).status, 500);
  assert.equal((await control('POST', 'quotas', { vendor: 'tester', per_minute: 0 })).status, 200);
  assert.equal((await work()).status, 429);
  assert.equal((await control('GET', 'requests')).json.tester?.received, 2);
  assert.equal((await control('DELETE', 'requests')).status, 200);
  assert.equal((await control('GET', 'requests')).json.tester?.received, 0);
  for (const [path, body] of [
    ['faults', { vendor: 'nobody', mode: '500' }],
    ['faults', { vendor: 'tester', mode: 'nonsense' }],
    ['quotas', { vendor: 'tester', per_minute: -1 }],
    ['keys', { vendor: 'tester' }],
  ] as const) {
    assert.equal((await control('POST', path, body)).status, 400, JSON.stringify(body));
  }
});

test('an unknown path is answered in HTML, as Google’s front end does', async (t) => {
  const { emulator } = await start(t);
  const reply = await fetch(`${emulator.url}/nothing/here`);
  assert.equal(reply.status, 404);
  assert.match(reply.headers.get('content-type') ?? '', /html/);
});

test('closing also ends requests that hang', async () => {
  const vendor = countingVendor();
  const emulator = await startEmulator({ port: 0, vendors: [vendor.create] });
  emulator.control.fail({ vendor: 'tester', mode: 'hang', delayMs: 0 });
  const hanging = assert.rejects(fetch(`${emulator.url}/work`, { method: 'POST' }));
  while (emulator.control.requests('tester').received === 0) await new Promise((resolve) => setImmediate(resolve));
  await emulator.close();
  await hanging;
});
