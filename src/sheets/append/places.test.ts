import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOfCaller, placeOfReply } from './places.ts';

const reply = {
  updatedRange: 'Sheet1!A5:C8',
  updatedRows: 4,
  updatedColumns: 3,
  updatedCells: 12,
  tableRange: 'Sheet1!A1:C4',
};
const anchor = { title: 'Sheet1', row: 0, column: 0 };
const rows = (count: number, width = 3) => Array.from({ length: count }, () => new Array(width).fill('x'));

test('each caller of a batch gets the place that it would have had alone', () => {
  const place = placeOfReply(reply, anchor, rows(4));
  assert.ok(place);
  assert.deepEqual(placeOfCaller(place, 0, rows(1)), {
    updatedRange: 'Sheet1!A5:C5',
    updatedRows: 1,
    updatedColumns: 3,
    updatedCells: 3,
    tableRange: 'Sheet1!A1:C4',
  });
  const second = placeOfCaller(place, 1, [
    ['x', null],
    ['y', 'z'],
    ['', 1],
  ]);
  assert.equal(second.updatedRange, 'Sheet1!A6:B8');
  assert.equal(second.updatedCells, 5);
  assert.equal(second.tableRange, 'Sheet1!A1:C5');
});

test('a table that was empty begins with the first caller’s rows', () => {
  const place = placeOfReply({ ...reply, updatedRange: "'Мой лист'!A1:B2", tableRange: null }, anchor, rows(2, 2));
  assert.ok(place);
  assert.equal(placeOfCaller(place, 0, rows(1, 2)).tableRange, null);
  assert.equal(placeOfCaller(place, 1, rows(1, 2)).tableRange, "'Мой лист'!A1:B1");
});

test('rows that went to another column, above the anchor, or in another number are misplaced', () => {
  assert.equal(placeOfReply({ ...reply, updatedRange: 'Sheet1!C5:E8' }, anchor, rows(4)), null);
  assert.equal(placeOfReply(reply, { ...anchor, row: 9 }, rows(4)), null);
  assert.equal(placeOfReply(reply, anchor, rows(3)), null);
  assert.equal(placeOfReply({ ...reply, updatedRange: 'nowhere' }, anchor, rows(4)), null);
});
