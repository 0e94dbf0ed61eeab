import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOfShape } from './json-body.ts';

test('a body that is deep, or has an object of very many members, is refused before it is parsed', () => {
  const members = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join()}}`;
  assert.equal(faultOfShape(members(10_000)), null);
  assert.match(faultOfShape(members(10_001)) ?? '', /members/);
  assert.equal(faultOfShape(`[${Array(3).fill(members(9_000)).join()}]`), null, 'by object, not in all');
  assert.equal(faultOfShape('['.repeat(64) + ']'.repeat(64)), null);
  assert.match(faultOfShape('['.repeat(65)) ?? '', /nested/);
  assert.equal(faultOfShape(`{"a":"${'[{:\\"'.repeat(20_000)}"}`), null, 'what stands in a string is no shape');
});
