import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureStraightLineMeters } from './straight-line.ts';

/** Metres from C. Karney's test data and the definition of WGS 84. */
const known: readonly [string, [number, number], [number, number], number, number][] = [
  ['a point from itself', [41.3, 69.2], [41.3, 69.2], 0, 0],
  ['one degree of the equator', [0, 0], [0, 1], 111_319.4908, 0.001],
  ['the equator to the pole', [0, 0], [90, 0], 10_001_965.7293, 0.001],
  ['one pole from the other', [90, 0], [-90, 0], 20_003_931.4586, 0.001],
  ['opposite points of the equator, by way of a pole', [0, 0], [0, 180], 20_003_931.4586, 0.001],
  ['nearly opposite points, where Vincenty does not converge', [0, 0], [0.5, 179.7], 19_944_127.4211, 0.01],
  ['one point under two names of its meridian', [41, 180], [41, -180], 0, 1e-6],
  ['JFK to LHR', [40.6, -73.8], [51.6, -0.5], 5_551_759.4003, 0.001],
];
for (const [name, origin, destination, meters, tolerance] of known) {
  test(`measures ${name}`, () => {
    const point = ([latitude, longitude]: [number, number]) => ({ latitude, longitude });
    const measured = measureStraightLineMeters(point(origin), point(destination));
    assert.ok(Math.abs(measured - meters) <= tolerance, `${measured} m`);
    assert.equal(measureStraightLineMeters(point(destination), point(origin)).toFixed(6), measured.toFixed(6));
  });
}
