import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteElement } from './geocoding.ts';
import { judgeMatrix } from './route-matrix.ts';

const tashkent = { latitude: 41.311, longitude: 69.24 };
const samarkand = { latitude: 39.654, longitude: 66.976 };
const way = (distance_meters: number): RouteElement => ({
  kind: 'ok',
  value: { distance_meters, duration_seconds: 1 },
});

/** Some matrices answer 0 for what they cannot connect: GIScience/openrouteservice#666, Project-OSRM/osrm-backend#4740. */
test('a route that is far shorter than the straight line is no route', () => {
  const ends = { origins: [tashkent], destinations: [tashkent, samarkand] };
  const kindsOf = (toItself: number, toSamarkand: number) => {
    const judged = judgeMatrix([[way(toItself), way(toSamarkand)]], ends);
    return judged.kind === 'ok' ? judged.value[0]?.map(({ kind }) => kind) : judged.kind;
  };
  assert.deepEqual(kindsOf(0, 307_000), ['ok', 'ok']);
  assert.deepEqual(kindsOf(0, 0), ['ok', 'failed']);
  assert.deepEqual(kindsOf(3, 100_000), ['ok', 'failed']);
  assert.deepEqual(kindsOf(0, 262_000), ['ok', 'ok'], 'the straight line is 265 km');
  const alone = judgeMatrix([[way(0)]], { origins: [tashkent], destinations: [samarkand] });
  assert.deepEqual([alone.kind, alone.kind === 'failed' && alone.retryable], ['failed', false]);
});
