import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRange } from './ip-range.ts';

test('an invalid range is refused', () => {
  assert.equal(parseRange('10.0.0.0/33'), null);
  assert.equal(parseRange('example.com'), null);
  for (const slip of ['10.1', '10.1.2/24', '1', '010.0.0.1', '0x7f.0.0.1', '203.0.113.256', '10.0.0.0/8 ', '']) {
    assert.equal(parseRange(slip), null, slip);
  }
});
