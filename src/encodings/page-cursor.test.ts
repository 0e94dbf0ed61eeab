import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCursorTime, readCursor, renderCursor } from './page-cursor.ts';

test('a decoded cursor has its parts', () => {
  assert.deepEqual(readCursor(renderCursor('2026-11-22T07:30:00.000Z', 17)), ['2026-11-22T07:30:00.000Z', '17']);
});

test('a time outside the database’s range is invalid', () => {
  for (const time of ['2026-11-22T07:30:00.123Z', '2026-11-22T07:30:00.123456Z']) assert.ok(isCursorTime(time), time);
  for (const time of [
    '',
    '2026-02-30T00:00:00.000Z',
    '2026-11-22T24:00:00.000Z',
    '2026-11-22T07:30:00Z',
    '9999-01-01T00:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
    "2026-11-22T00:00:00.000Z'",
  ]) {
    assert.ok(!isCursorTime(time), time);
  }
});
