import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleCaller, samplePlace, scriptExecutor } from '../../test/support/call-executor.ts';
import { checkedBody } from '../../test/support/checked-body.ts';
import { ServiceError } from '../errors.ts';
import type { Call } from '../gateway/call.ts';
import type { GeocodeInput } from '../providers/geocoding.ts';
import { createGeocodingCapabilities } from './capabilities.ts';
import { distance } from './distance.ts';
import { distanceRequestSchema } from './distance-schemas.ts';
import { parseDistanceRequest } from './parse-request.ts';

const capabilities = createGeocodingCapabilities(3600);
const tashkent = { latitude: 41.311081, longitude: 69.240562 };
const samarkand = { latitude: 39.654388, longitude: 66.975826 };

function measure(answer: (call: Call, signal: AbortSignal) => unknown, body: unknown) {
  const calls = scriptExecutor(answer);
  const { signal } = new AbortController();
  return {
    calls,
    reply: distance(
      { calls, capabilities },
      sampleCaller,
      parseDistanceRequest(checkedBody(distanceRequestSchema, body)),
      signal,
    ),
  };
}

test('a straight line between coordinates asks no provider', async () => {
  const { calls, reply } = measure(() => assert.fail('asked'), { origin: tashkent, destination: samarkand });
  const { answer, calls: made } = await reply;
  assert.equal(calls.calls.length, 0);
  assert.equal(made.length, 0);
  assert.ok(Math.abs(answer.distance_meters - 266_000) < 3_000, String(answer.distance_meters));
  assert.equal(answer.distance_km, Number((answer.distance_meters / 1000).toFixed(6)));
  assert.ok(Math.abs(answer.distance_miles * 1609.344 - answer.distance_meters) < 0.01);
  assert.equal(answer.distance, answer.distance_km);
  assert.equal(answer.straight_line, true);
  assert.equal(answer.provider, 'geodesic');
  assert.ok(!('duration_seconds' in answer));
  assert.deepEqual([answer.origin, answer.destination], [tashkent, samarkand]);
});

test('miles are the unit where they are asked for', async () => {
  const { reply } = measure(() => null, { origin: tashkent, destination: samarkand, unit: 'miles' });
  const { answer } = await reply;
  assert.deepEqual([answer.unit, answer.distance], ['miles', answer.distance_miles]);
});

test('ends by address are geocoded, each as any other address', async () => {
  const { calls, reply } = measure(
    (call) => samplePlace((call.input as GeocodeInput).address === 'Ташкент' ? tashkent : samarkand),
    { origin: { address: 'Ташкент' }, destination: { address: 'Самарканд' } },
  );
  const { answer, calls: made } = await reply;
  assert.deepEqual(
    calls.calls.map(({ capability }) => capability.operation),
    ['geocode', 'geocode'],
  );
  assert.equal(made.length, 2);
  assert.equal(answer.origin.address, 'Ташкент');
  assert.equal(answer.destination.latitude, samarkand.latitude);
  assert.equal(answer.straight_line, true);
});

test('a route is the providers’, with its duration', async () => {
  const { calls, reply } = measure(
    () => [[{ kind: 'ok', value: { distance_meters: 307_123, duration_seconds: 14_400 } }]],
    {
      origin: tashkent,
      destination: samarkand,
      mode: 'driving',
      provider: 'google_maps',
    },
  );
  const { answer, calls: made } = await reply;
  assert.equal(calls.calls[0]?.capability.operation, 'distance');
  assert.equal(calls.calls[0]?.provider, 'google_maps');
  assert.equal(made.length, 1);
  assert.deepEqual(
    [answer.distance_meters, answer.duration_seconds, answer.straight_line, answer.mode, answer.provider],
    [307_123, 14_400, false, 'driving', 'scripted'],
  );
});

test('an end that is found nowhere gives up the other end too', async () => {
  let otherGivenUp = false;
  const { reply } = measure(
    (call, signal) => {
      if ((call.input as GeocodeInput).address === 'nowhere') throw new ServiceError('ADDRESS_NOT_FOUND', 'nothing');
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          otherGivenUp = true;
          reject(signal.reason);
        });
      });
    },
    { origin: { address: 'Ташкент' }, destination: { address: 'nowhere' } },
  );
  await assert.rejects(reply, { code: 'ADDRESS_NOT_FOUND' });
  assert.ok(otherGivenUp);
});

test('an end by address says how sure it is, and a demand for more is refused naming the end', async () => {
  const onlyTown = samplePlace({ confidence: 0.2, location_type: 'APPROXIMATE', partial_match: true });
  const body = { origin: tashkent, destination: { address: 'Ташкент, ул. Мира, 5' } };
  const { answer } = await measure(() => onlyTown, body).reply;
  const { confidence, partial_match, location_type } = answer.destination;
  assert.deepEqual([confidence, partial_match, location_type], [0.2, true, 'APPROXIMATE']);
  assert.ok(!('confidence' in answer.origin));

  await assert.rejects(measure(() => onlyTown, { ...body, min_confidence: 0.5 }).reply, (error) => {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.code, 'ADDRESS_NOT_FOUND');
    assert.match(error.publicMessage, /^destination: /);
    assert.equal(error.extra?.end, 'destination');
    assert.ok(error.extra?.best);
    return true;
  });
});
