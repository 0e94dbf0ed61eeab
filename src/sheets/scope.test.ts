import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangesOverlap } from './scope.ts';

test('a write meets exactly the cached ranges that it can have changed', () => {
  const cases: [string, string, boolean][] = [
    ["'Sheet1'!A1:B2", "'Sheet1'!B2", true],
    ["'Sheet1'!A1:B2", "'Sheet1'!C3", false],
    ["'Sheet1'!A:A", "'Sheet1'!A5000", true],
    ["'Sheet1'!A:A", "'Sheet1'!B1:C9", false],
    ["'Sheet1'", "'Sheet2'!A1", false],
    ["'Sheet1'", "'sheet1'!A1", true],
    ['A1:B2', "'Any'!B2", true],
    ['A1:B2', "'Any'!C3", false],
    ['Named', "'Any'!Z99", true],
    ["'Sheet1'!2:3", "'Sheet1'!A2:ZZZ", true],
    ['not !! a range', "'Sheet1'!A1", true],
  ];
  for (const [stored, written, expected] of cases) {
    assert.equal(rangesOverlap(stored, written), expected, `${stored} and ${written}`);
  }
});
