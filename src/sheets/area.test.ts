import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greatest, least } from './area.ts';
import { firstColumnOf } from './table/locate-end.ts';

test('a sheet of any number of rows is measured', () => {
  const many = Array.from({ length: 400_000 }, (_, index) => index + 3);
  assert.deepEqual([least(many), greatest(many)], [3, 400_002]);
  assert.deepEqual([least([]), greatest([])], [Number.POSITIVE_INFINITY, 0]);
  const single = many.map(() => [false, true]);
  assert.equal(firstColumnOf(single, 1, 0), 1);
  const wide = many.map(() => [false, true, true]);
  assert.equal(firstColumnOf(wide, 2, 0), 1);
});
