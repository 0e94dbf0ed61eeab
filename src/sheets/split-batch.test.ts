import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitBatch } from './split-batch.ts';

const ranges = ['A1', 'NOPE!A1', 'B1', 'NOPE!A1', 'C1'];
const rangeOf = (range: string): string => range;

test('a culprit that Google names by its range or its place is alone at fault', () => {
  const byRange = splitBatch(ranges, rangeOf, 'Unable to parse range: NOPE!A1');
  assert.deepEqual(byRange, { guilty: ['NOPE!A1', 'NOPE!A1'], parts: [['A1', 'B1', 'C1']] });
  const unique = ranges.map((range, index) => ({ range, index }));
  const byPlace = splitBatch(unique, ({ range }) => range, 'Invalid data[2]: Range (B1) exceeds grid limits.');
  assert.deepEqual(byPlace.guilty, [{ range: 'B1', index: 2 }]);
});

test('one read beyond the grid does not split the others into many requests', () => {
  const asked = ["'Sheet1'!A1", "'Sheet1'!A5000", "'Sheet1'!B1"];
  for (const named of ["'Sheet1'!A5000", 'Sheet1!A5000']) {
    const message = `Range (${named}) exceeds grid limits. Max rows: 1000, max columns: 26`;
    assert.deepEqual(splitBatch(asked, rangeOf, message), {
      guilty: ["'Sheet1'!A5000"],
      parts: [["'Sheet1'!A1", "'Sheet1'!B1"]],
    });
  }
});

test('where nothing is named the batch is halved, down to one', () => {
  const halves = splitBatch(['a', 'b', 'c'], rangeOf, 'Request contains an invalid argument.');
  assert.deepEqual(halves, { guilty: [], parts: [['a', 'b'], ['c']] });
  assert.deepEqual(splitBatch(['a'], rangeOf, 'whatever'), { guilty: ['a'], parts: [] });
});
