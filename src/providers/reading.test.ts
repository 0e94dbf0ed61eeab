import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from './reading.ts';

const read = (value?: string) => retryAfterMs({ headers: value === undefined ? {} : { 'retry-after': value } });

test('Retry-After is read in seconds, whole or not, and as a date', () => {
  assert.equal(read('30'), 30_000);
  assert.equal(read(' 0 '), 0);
  assert.equal(read('1.5'), 1_500);
  assert.equal(read('2678400'), 2_678_400_000, 'the end of a month');
  const inAMinute = read(new Date(Date.now() + 60_000).toUTCString()) ?? 0;
  assert.ok(inAMinute > 55_000 && inAMinute <= 60_000, String(inAMinute));
  assert.equal(read('Wed, 21 Oct 2015 07:28:00 GMT'), 0);
});

test('a Retry-After that is neither asks for nothing, and not for a repeat at once', () => {
  for (const value of ['-1', '2/3', '1,5', '60s', 'soon', '']) assert.equal(read(value), null, value);
  assert.equal(read(), null);
});
