import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findRows, printRows } from './row-prints.ts';

type Row = (string | number | boolean | null)[];

/** As Google reads a row back: nulls in new rows are empty, and empty cells at the end are cut. */
function readBack(row: readonly (string | number | boolean | null)[]): Row {
  const cells: Row = row.map((cell) => cell ?? '');
  while (cells.length > 0 && cells.at(-1) === '') cells.pop();
  return cells;
}

test('a batch is found exactly where it stands', () => {
  const cell = fc.oneof(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 2 }), fc.boolean(), fc.constant(null));
  const row = fc.array(cell, { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 3 }), fc.array(row, { maxLength: 5 }), (batch, before) => {
      const found = [...before, ...batch].map(readBack);
      const places = findRows(found, 3, printRows(batch, 'RAW'));
      assert.ok(places.includes(before.length));
      for (const place of places) {
        assert.deepEqual(found.slice(place, place + batch.length), batch.map(readBack));
      }
    }),
  );
});

test('a row whose line ends or last digits the sheet changed is not taken for absent, and not appended twice', () => {
  const sent = printRows([['Navoi 5\r\nflat 2', 0.1 + 0.2]], 'RAW');
  assert.deepEqual(findRows([['Navoi 5\nflat 2', 0.3]], 2, sent), [0]);
  assert.deepEqual(findRows([['Navoi 5 flat 2', 0.3]], 2, sent), []);
});

test('typed texts that a sheet may turn into something else are left out of what rows are recognised by', () => {
  const typed = printRows([['улица Навои', '5', '2026-11-22']], 'USER_ENTERED');
  assert.deepEqual(typed.uncertainColumns, [1, 2]);
  assert.equal(typed.canRecognise, true);
  assert.deepEqual(findRows([['улица Навои', 5, 46_348]], 3, typed), [0]);
  assert.equal(printRows([['5', '=A1']], 'USER_ENTERED').canRecognise, false);
  assert.equal(printRows([['5', '=A1']], 'RAW').canRecognise, true);
});

test('another value, another type and another order are other rows', () => {
  const prints = printRows(
    [
      ['a', 1],
      ['b', 2],
    ],
    'RAW',
  );
  assert.deepEqual(
    findRows(
      [
        ['a', '1'],
        ['b', 2],
      ],
      2,
      prints,
    ),
    [],
  );
  assert.deepEqual(
    findRows(
      [
        ['b', 2],
        ['a', 1],
      ],
      2,
      prints,
    ),
    [],
  );
  assert.deepEqual(
    findRows(
      [
        ['a', 1],
        ['b', 2],
        ['a', 1],
        ['b', 2],
      ],
      2,
      prints,
    ),
    [0, 2],
  );
});
