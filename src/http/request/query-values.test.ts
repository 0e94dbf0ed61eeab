import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime } from './query-values.ts';

test('a time is read as clients write it: with an offset, its plus lost in a query, without one, or a day alone', () => {
  const atMs = Date.UTC(2026, 10, 22, 7, 30);
  for (const text of [
    '2026-11-22T07:30:00Z',
    '2026-11-22T07:30:00.000000Z',
    '2026-11-22T12:30:00+05:00',
    '2026-11-22T12:30:00 05:00',
    '2026-11-22 12:30:00 05:00',
    '2026-11-22T02:30:00-05:00',
    '2026-11-22T07:30:00',
    '2026-11-22 07:30:00.000000',
  ]) {
    assert.equal(parseTime('from_date', text), atMs, text);
  }
  assert.equal(parseTime('from_date', '2026-11-22'), Date.UTC(2026, 10, 22));
});

test('a leap second is the moment after it, and there is none but at the end of a day', () => {
  const atMs = Date.UTC(2017, 0, 1);
  for (const text of [
    '2016-12-31T23:59:60Z',
    '2016-12-31t23:59:60.999z',
    '2017-01-01T04:59:60+05:00',
    '2017-01-01T04:59:60 05:00',
    '2016-12-31T23:59:60',
  ]) {
    assert.equal(parseTime('from_date', text), atMs, text);
  }
  for (const text of ['2016-12-31T22:59:60Z', '2016-12-31T23:59:60+05:00', '2016-12-31T23:59:61Z']) {
    assert.throws(() => parseTime('from_date', text), { code: 'INVALID_REQUEST' }, text);
  }
});

test('an invalid time is refused', () => {
  for (const text of [
    '',
    'yesterday',
    '1764201600',
    '2026-02-30',
    '2026-11-22T07:30',
    '2026-11-22T25:00:00',
    '0001-01-01',
  ]) {
    assert.throws(() => parseTime('from_date', text), { code: 'INVALID_REQUEST' }, text);
  }
});
