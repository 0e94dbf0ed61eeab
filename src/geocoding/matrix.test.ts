import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleCaller, samplePlace, scriptExecutor } from '../../test/support/call-executor.ts';
import { checkedBody } from '../../test/support/checked-body.ts';
import { ServiceError } from '../errors.ts';
import type { Call } from '../gateway/call.ts';
import { createGeocodingCapabilities } from './capabilities.ts';
import { matrixRequestSchema } from './distance-schemas.ts';
import { matrix } from './matrix.ts';
import { parseMatrixRequest } from './parse-request.ts';

const capabilities = createGeocodingCapabilities(3600);
const points = [
  { latitude: 41.311081, longitude: 69.240562 },
  { latitude: 41.33, longitude: 69.28 },
  { latitude: 39.654388, longitude: 66.975826 },
];

const route = (distance_meters: number) => [[{ kind: 'ok', value: { distance_meters, duration_seconds: 1 } }]];

function ask(answer: (call: Call) => unknown, body: unknown) {
  const calls = scriptExecutor(answer);
  const { signal } = new AbortController();
  return {
    calls,
    reply: matrix(
      { calls, capabilities },
      sampleCaller,
      parseMatrixRequest(checkedBody(matrixRequestSchema, body)),
      signal,
    ),
  };
}

test('each pair is a route of its own, in the order asked; ends by address are located once', async () => {
  const { calls, reply } = ask(
    (call) => (call.capability.operation === 'geocode' ? samplePlace(points[1]) : route(5)),
    { origins: [points[0], { address: 'Ташкент' }], destinations: [points[2], points[1]], mode: 'driving' },
  );
  const { rows, origins, destinations } = await reply;
  assert.deepEqual([rows.length, rows[0]?.length], [2, 2]);
  assert.deepEqual(rows[1]?.[0], { distance_meters: 5, duration_seconds: 1, provider: 'scripted' });
  assert.deepEqual([origins[1]?.address, origins[1]?.confidence, destinations.length], ['Ташкент', 0.95, 2]);
  const operations = calls.calls.map(({ capability }) => capability.operation);
  assert.deepEqual(operations, ['geocode', 'distance', 'distance', 'distance', 'distance']);
  const charges = new Set(calls.calls.map(({ familyCharge }) => familyCharge));
  assert.equal(charges.size, 1, 'the tenant’s limit counts the matrix once');
});

test('a pair without a route fails alone, and says why', async () => {
  let asked = 0;
  const { reply } = ask(
    () => {
      asked += 1;
      if (asked === 2) throw new ServiceError('ROUTE_NOT_FOUND', 'No provider found anything.');
      return route(5);
    },
    { origins: [points[0]], destinations: points, mode: 'walking' },
  );
  const [row] = (await reply).rows;
  assert.deepEqual(
    row?.map(({ error }) => error?.code ?? null),
    [null, 'ROUTE_NOT_FOUND', null],
  );
  assert.equal(row?.[1]?.distance_meters, null);
});

test('straight lines ask no provider, and 25 by 25 is the maximum', async () => {
  const many = Array.from({ length: 25 }, () => points[0]);
  const { calls, reply } = ask(() => assert.fail('asked'), { origins: many, destinations: many });
  assert.equal((await reply).rows.flat().length, 625);
  assert.equal(calls.calls.length, 0);
  for (const body of [
    { origins: [...many, points[0]], destinations: many },
    { origins: [], destinations: many },
    { destinations: many },
    { origins: [{ latitude: 91, longitude: 0 }], destinations: many },
    { origins: [null], destinations: many },
  ]) {
    assert.throws(() => checkedBody(matrixRequestSchema, body), ServiceError);
  }
});

test('an end that cannot be located is named', async () => {
  const { reply } = ask(
    () => {
      throw new ServiceError('ADDRESS_NOT_FOUND', 'No provider found anything.');
    },
    { origins: [points[0]], destinations: [points[1], { address: 'nowhere' }], mode: 'driving' },
  );
  await assert.rejects(reply, (error) => {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.extra?.end, 'destinations[1]');
    return true;
  });
});
