import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFactNumbers } from './fact-numbers.ts';

test('the mark is the end of the unbroken settled numbers, in any order of settling', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(Array.from({ length: 40 }, (_, index) => index + 1)), (order) => {
      const numbers = createFactNumbers();
      numbers.take(40);
      const settled = new Set<number>();
      for (const number of order) {
        numbers.settle(number);
        settled.add(number);
        let mark = 0;
        while (settled.has(mark + 1)) mark += 1;
        assert.equal(numbers.mark(), mark);
      }
      for (let number = 1; number <= 40; number++) assert.equal(numbers.isSettled(number), settled.has(number));
      assert.equal(numbers.unsettledCount(), 40 - settled.size);
    }),
  );
});

test('numbers count as closed up to the first block that is still open', () => {
  const numbers = createFactNumbers();
  const first = numbers.take(3);
  const second = numbers.take(2);
  assert.deepEqual([first.first, second.first], [1, 4]);
  assert.equal(numbers.closedUpTo(), 0);
  second.close();
  assert.equal(numbers.closedUpTo(), 0);
  first.close();
  assert.equal(numbers.closedUpTo(), 5);
});
