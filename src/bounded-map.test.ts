import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getOrCreateBounded, setBounded } from './bounded-map.ts';

test('at its bound, a map evicts the key that was set longest ago', () => {
  const map = new Map<string, number>();
  for (const [at, key] of ['a', 'b', 'c', 'a', 'd', 'e'].entries()) setBounded(map, key, at, 3);
  assert.deepEqual(
    [...map],
    [
      ['a', 3],
      ['d', 4],
      ['e', 5],
    ],
  );
});

test('deleting, setting again or clearing keys between two evictions does not break the eviction order', () => {
  const map = new Map<string, number>();
  const set = (key: string): void => setBounded(map, key, 0, 3);
  for (const key of ['a', 'b', 'c', 'd']) set(key);
  map.delete('b');
  for (const key of ['c', 'e', 'f']) set(key);
  assert.deepEqual([...map.keys()], ['c', 'e', 'f']);
  map.clear();
  for (const key of ['g', 'h', 'i', 'j']) set(key);
  assert.deepEqual([...map.keys()], ['h', 'i', 'j']);
  for (const key of map.keys()) map.delete(key);
  for (const key of ['k', 'l', 'm', 'n', 'k', 'o']) set(key);
  assert.deepEqual([...map.keys()], ['n', 'k', 'o']);
});

test('over many operations, evicts the same keys as a map that searches for its oldest key each time', () => {
  const map = new Map<number, number>();
  let expected: number[] = [];
  for (let turn = 0; turn < 20_000; turn += 1) {
    const key = (turn * 7_919) % 301;
    if (turn % 11 === 0) {
      map.delete(key);
      expected = expected.filter((other) => other !== key);
      continue;
    }
    setBounded(map, key, turn, 200);
    expected = [...expected.filter((other) => other !== key), key].slice(-200);
  }
  assert.deepEqual([...map.keys()], expected);
});

test('an entry in use is not evicted', () => {
  const map = new Map<string, string>();
  for (const key of ['a', 'b', 'a', 'c']) getOrCreateBounded(map, key, 2, () => key);
  assert.deepEqual([...map.keys()], ['a', 'c']);
});
