import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DistanceInput } from '../providers/geocoding.ts';
import { planRoutes, sharedRoutes } from './route-requests.ts';

const pair = (row: number, column: number): DistanceInput => ({
  origins: [{ latitude: row, longitude: 0 }],
  destinations: [{ latitude: 0, longitude: column }],
  mode: 'driving',
});

/** The pairs of a matrix with so many origins and destinations, without the known ones. */
function missing(rows: number, columns: number, isKnown = (_row: number, _column: number) => false): DistanceInput[] {
  return Array.from({ length: rows * columns }, (_pair, index) => [Math.floor(index / columns), index % columns])
    .filter(([row, column]) => !isKnown(row as number, column as number))
    .map(([row, column]) => pair(row as number, column as number));
}

const google = { elements: 625, ends: 625 };
const yandex = { elements: 100, ends: 100 };
const twoGis = { elements: 625, ends: 25 };

test('as few requests as the vendor takes, which ask for each pair once and for nothing else', () => {
  for (const [name, pairs, bounds, requests] of [
    ['a whole matrix', missing(25, 25), google, 1],
    ['a whole matrix at 2GIS', missing(25, 25), twoGis, 1],
    ['a whole matrix in hundreds', missing(25, 25), yandex, 7],
    ['one origin', missing(1, 25), yandex, 1],
    ['a single pair', [pair(3, 4)], yandex, 1],
    ['one is missing', missing(25, 25, (row, column) => row !== 7 || column !== 9), google, 1],
    ['one is known', missing(25, 25, (row, column) => row === 7 && column === 9), google, 2],
    ['a new origin', missing(25, 25, (row) => row < 24), google, 1],
    ['a new destination', missing(25, 25, (_row, column) => column < 24), google, 1],
    ['a new origin and a new destination', missing(25, 25, (row, column) => row < 24 && column < 24), google, 2],
    ['every other destination', missing(25, 25, (_row, column) => column % 2 === 0), google, 1],
    ['a diagonal', missing(5, 5, (row, column) => row !== column), google, 5],
    ['a single element a request', missing(2, 3), { elements: 1, ends: 1 }, 6],
  ] as const) {
    const planned = planRoutes(pairs, bounds);
    assert.equal(planned.length, requests, name);
    const asked = planned.flatMap(({ input, members }) => {
      const { origins, destinations, mode } = input;
      assert.ok(origins.length * destinations.length <= bounds.elements && members.length <= bounds.elements, name);
      assert.ok(origins.length <= bounds.ends && destinations.length <= bounds.ends, name);
      return origins.flatMap((origin, row) =>
        destinations.map((destination, column) => {
          const member = members[row * destinations.length + column] as number;
          assert.deepEqual(pairs[member], { origins: [origin], destinations: [destination], mode }, name);
          return member;
        }),
      );
    });
    assert.deepEqual(
      asked.sort((one, other) => one - other),
      pairs.map((_pair, index) => index),
      name,
    );
  }
  assert.deepEqual(planRoutes([], google), []);
});

test('half of a request asks for half of its pairs, down to one', () => {
  const [whole] = planRoutes(missing(3, 5), google);
  assert.ok(whole);
  let parts = [whole];
  while (parts.some(({ members }) => members.length > 1)) {
    parts = parts.flatMap((part) => (part.members.length > 1 ? [...sharedRoutes.halve(part)] : [part]));
  }
  assert.deepEqual(
    parts.map(({ members }) => members[0]).sort((one, other) => Number(one) - Number(other)),
    [...Array(15).keys()],
  );
  const pairs = missing(3, 5);
  for (const { input, members } of parts) assert.deepEqual(input, pairs[members[0] as number]);
});
