import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { shareLookups } from './share-lookups.ts';

const found: LookupAddress[] = [{ address: '192.0.2.1', family: 4 }];

/** A resolver that the test controls, and that counts used threads. */
function startSystem() {
  let nowMs = 0;
  const asked: { hostname: string; answer(error: NodeJS.ErrnoException | null): void }[] = [];
  const lookup = shareLookups(
    (hostname, _options, callback) =>
      void asked.push({ hostname, answer: (error) => callback(error, error === null ? found : []) }),
    () => nowMs,
  );
  const lookUp = (hostname: string): Promise<string> =>
    new Promise((resolve) => {
      lookup(hostname, { all: true }, (error, addresses) =>
        resolve(error?.code ?? addresses.map(({ address }) => address).join()),
      );
    });
  return { asked, lookUp, advance: (ms: number) => (nowMs += ms) };
}

const noAnswer = () => Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' });

test('a name that hangs uses one thread, however many calls need it, and does not block others', async () => {
  const { asked, lookUp } = startSystem();
  const hanging = Array.from({ length: 64 }, () => lookUp('hangs.example'));
  const other = lookUp('other.example');
  assert.deepEqual(
    asked.map(({ hostname }) => hostname),
    ['hangs.example', 'other.example'],
  );
  asked[1]?.answer(null);
  assert.equal(await other, '192.0.2.1');
  asked[0]?.answer(noAnswer());
  assert.deepEqual([...new Set(await Promise.all(hanging))], ['EAI_AGAIN']);
});

test('a name that failed slowly is not looked up for ten times as long', async () => {
  const { asked, lookUp, advance } = startSystem();
  const first = lookUp('hangs.example');
  advance(5_000);
  asked[0]?.answer(noAnswer());
  await first;

  advance(49_999);
  assert.equal(await lookUp('hangs.example'), 'EAI_AGAIN');
  assert.equal(asked.length, 1);
  advance(1);
  const again = lookUp('hangs.example');
  asked[1]?.answer(null);
  assert.equal(await again, '192.0.2.1');
});

test('results are not cached, and a quick failure is retried', async () => {
  const { asked, lookUp } = startSystem();
  for (const error of [null, noAnswer(), null]) {
    const one = lookUp('name.example');
    asked.at(-1)?.answer(error);
    await one;
  }
  assert.equal(asked.length, 3);
});
