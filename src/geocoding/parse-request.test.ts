import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedBody } from '../../test/support/checked-body.ts';
import { ServiceError } from '../errors.ts';
import { distanceRequestSchema } from './distance-schemas.ts';
import * as parse from './parse-request.ts';
import { batchRequestSchema, geocodeRequestSchema, reverseRequestSchema } from './request-schemas.ts';

const parseGeocodeRequest = (body: unknown) => parse.parseGeocodeRequest(checkedBody(geocodeRequestSchema, body));
const parseReverseRequest = (body: unknown) => parse.parseReverseRequest(checkedBody(reverseRequestSchema, body));
const parseDistanceRequest = (body: unknown) => parse.parseDistanceRequest(checkedBody(distanceRequestSchema, body));
const parseBatchRequest = (body: unknown) => parse.parseBatchRequest(checkedBody(batchRequestSchema, body));

function faultPathsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    assert.equal(error.code, 'INVALID_REQUEST');
    return (error.errors ?? []).map(({ path }) => path);
  }
  return [];
}

test('an address alone is asked for in Russian, in Uzbekistan, of any provider', () => {
  assert.deepEqual(parseGeocodeRequest({ address: '  ул. Мира, 5 ' }), {
    address: 'ул. Мира, 5',
    provider: null,
    language: 'ru',
    country: 'UZ',
    bounds: null,
    limit: 1,
    parts: null,
    minConfidence: null,
  });
});

test('codes are taken in either case, auto means no provider, and region is another name of country', () => {
  const parsed = parseGeocodeRequest({
    address: 'x',
    provider: 'auto',
    language: 'UZ',
    region: 'kz',
    min_confidence: 0,
  });
  assert.deepEqual(
    { language: parsed.language, country: parsed.country, minConfidence: parsed.minConfidence },
    { language: 'uz', country: 'KZ', minConfidence: 0 },
  );
  assert.equal(parseGeocodeRequest({ address: 'x', country: 'uz', region: 'UZ' }).country, 'UZ');
});

const badGeocode: readonly [unknown, string[]][] = [
  [null, ['body']],
  ['text', ['body']],
  [[], ['body']],
  [{}, ['address']],
  [{ address: '' }, ['address']],
  [{ address: ' \u00a0 ' }, ['address']],
  [{ address: 'а'.repeat(501) }, ['address']],
  [{ address: '?!, …' }, ['address']],
  [{ address: 'a\0b' }, ['address']],
  [{ address: 'a\ud800' }, ['address']],
  [{ address: 5 }, ['address']],
  [{ address: null }, ['address']],
  [{ address: ['x'] }, ['address']],
  [{ address: 'x', language: 'rus' }, ['language']],
  [{ address: 'x', language: 'ru-RU' }, ['language']],
  [{ address: 'x', language: 'uz-Arab' }, ['language']],
  [{ address: 'x', country: 'UZB' }, ['country']],
  [{ address: 'x', country: 'ZZ' }, ['country']],
  [{ address: 'x', country: 'XX' }, ['country']],
  [{ address: 'x', limit: 11 }, ['limit']],
  [{ address: 'x', limit: 1.5 }, ['limit']],
  [{ address: 'x', bounds: [41, 69, 42, 70] }, ['bounds']],
  [{ address: 'x', bounds: { south: 42, west: 69, north: 41, east: 70 } }, ['bounds.south']],
  [{ address: 'x', bounds: { south: 41, west: 69, north: 42, east: 70, top: 1 } }, ['bounds.top']],
  [{ address: 'x', components: { city: 'Ташкент' } }, ['components']],
  [{ components: {} }, ['components']],
  [{ components: { town: 'Ташкент' } }, ['components', 'components.town']],
  [{ components: { street: '' } }, ['components.street']],
  [{ address: 'x', components: { city: 'Ташкент' }, limit: 0 }, ['limit', 'components']],
  [{ address: 'x', colour: 'red', limit: 0 }, ['limit', 'colour']],
  [{ address: 'x', region: 7 }, ['region']],
  [{ address: 'x', country: 'UZ', region: 'KZ' }, ['region']],
  [{ address: 'x', provider: '' }, ['provider']],
  [{ address: 'x', provider: 'a\nb' }, ['provider']],
  [{ address: 'x', provider: 1 }, ['provider']],
  [{ address: 'x', min_confidence: 1.01 }, ['min_confidence']],
  [{ address: 'x', min_confidence: '0.5' }, ['min_confidence']],
  [{ address: 'x', min_confidence: Number.NaN }, ['min_confidence']],
  [
    { address: '', language: 1, country: 2, provider: 3, min_confidence: 4 },
    ['address', 'provider', 'language', 'country', 'min_confidence'],
  ],
];
for (const [body, paths] of badGeocode) {
  test(`geocode refuses ${JSON.stringify(body)?.slice(0, 60)} naming ${paths}`, () => {
    assert.deepEqual(
      faultPathsOf(() => parseGeocodeRequest(body)),
      paths,
    );
  });
}

test('500 characters after trimming are an address', () => {
  assert.equal(parseGeocodeRequest({ address: ` ${'а'.repeat(500)} ` }).address.length, 500);
});

test('coordinates are finite numbers in range, and not strings', () => {
  const good = [
    [90, 180],
    [-90, -180],
    [0, -0],
  ] as const;
  for (const [latitude, longitude] of good) parseReverseRequest({ latitude, longitude });
  for (const bad of [91, -90.0001, Number.NaN, Number.POSITIVE_INFINITY, '41', null, undefined, {}]) {
    assert.deepEqual(
      faultPathsOf(() => parseReverseRequest({ latitude: bad, longitude: 69 })),
      ['latitude'],
    );
  }
  assert.deepEqual(
    faultPathsOf(() => parseReverseRequest({ latitude: 41, longitude: 180.1 })),
    ['longitude'],
  );
  assert.deepEqual(
    faultPathsOf(() => parseReverseRequest({})),
    ['latitude', 'longitude'],
  );
});

test('an end of a distance is an object or flat', () => {
  const nested = parseDistanceRequest({
    origin: { latitude: 1, longitude: 2 },
    destination: { address: ' ул. Мира ' },
  });
  assert.deepEqual(nested.origin, { kind: 'coordinates', latitude: 1, longitude: 2 });
  assert.deepEqual(nested.destination, { kind: 'address', address: 'ул. Мира' });
  assert.equal(nested.mode, 'straight_line');
  assert.equal(nested.unit, 'km');
  const flat = parseDistanceRequest({
    origin_lat: 1,
    origin_lng: 2,
    dest_lat: 3,
    dest_lng: 4,
    mode: 'walking',
    unit: 'miles',
  });
  assert.deepEqual(flat.destination, { kind: 'coordinates', latitude: 3, longitude: 4 });
  assert.deepEqual([flat.mode, flat.unit], ['walking', 'miles']);
});

test('null counts as missing, in both forms of an end and for the country', () => {
  const nested = parseDistanceRequest({
    origin: { latitude: 1, longitude: 2, address: null },
    destination: { latitude: null, longitude: null, address: 'ул. Мира' },
    origin_lat: null,
    origin_lng: null,
    dest_lat: null,
    dest_lng: null,
    mode: null,
    unit: null,
  });
  assert.deepEqual(nested.origin, { kind: 'coordinates', latitude: 1, longitude: 2 });
  assert.deepEqual(nested.destination, { kind: 'address', address: 'ул. Мира' });
  const flat = parseDistanceRequest({ origin: null, origin_lat: 1, origin_lng: 2, dest_lat: 3, dest_lng: 4 });
  assert.deepEqual(flat.origin, { kind: 'coordinates', latitude: 1, longitude: 2 });
  assert.equal(parseGeocodeRequest({ address: 'x', country: null, region: 'kz' }).country, 'KZ');
  assert.equal(parseGeocodeRequest({ address: 'x', country: 'kz', region: null }).country, 'KZ');
  assert.equal(parseGeocodeRequest({ address: 'x', country: null, region: null }).country, 'UZ');
});

const badDistance: readonly [Record<string, unknown>, string[]][] = [
  [{}, ['origin', 'destination']],
  [{ origin: 'Ташкент', destination: { latitude: 1, longitude: 1 } }, ['origin']],
  [{ origin: {}, destination: { latitude: 1, longitude: 1 } }, ['origin']],
  [
    { origin: { latitude: 91, longitude: 1 }, destination: { latitude: 1 } },
    ['origin.latitude', 'destination.longitude'],
  ],
  [{ origin: { address: '' }, destination: { latitude: 1, longitude: 1 } }, ['origin.address']],
  [{ origin: { address: 'x', latitude: 1 }, destination: { latitude: 1, longitude: 1 } }, ['origin']],
  [{ origin_lat: 1, dest_lat: 1, dest_lng: '1' }, ['dest_lng', 'origin_lng']],
  [{ origin: { latitude: 1, longitude: 1 }, origin_lat: 1, destination: { latitude: 1, longitude: 1 } }, ['origin']],
  [
    { origin: { latitude: 1, longitude: 1 }, destination: { latitude: 1, longitude: 1 }, mode: 'flying', unit: 'm' },
    ['mode', 'unit'],
  ],
];
for (const [body, paths] of badDistance) {
  test(`distance refuses ${JSON.stringify(body).slice(0, 80)} naming ${paths}`, () => {
    assert.deepEqual(
      faultPathsOf(() => parseDistanceRequest(body)),
      paths,
    );
  });
}

test('a batch has 1 to 1,000 addresses, whatever they are', () => {
  assert.deepEqual(parseBatchRequest({ addresses: ['x', 5, ''] }).addresses, ['x', 5, '']);
  assert.equal(parseBatchRequest({ addresses: new Array(1000).fill('x') }).addresses.length, 1000);
  for (const addresses of [undefined, [], 'x', { 0: 'x' }, new Array(1001).fill('x')]) {
    assert.deepEqual(
      faultPathsOf(() => parseBatchRequest({ addresses })),
      ['addresses'],
    );
  }
});
