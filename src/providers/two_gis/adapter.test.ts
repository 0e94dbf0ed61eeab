import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEmulatedHttp } from '../../../test/support/emulated-http.ts';
import { plainQuestion } from '../../../test/support/plain-question.ts';
import { type CannedReply, cannedHttp, testAccount } from '../../../test/support/provider-http.ts';
import { twoGis } from './adapter.ts';

const { geocode, reverse, distance, health_check: healthCheck } = twoGis.attempts;
const question = { address: 'Ташкент, улица Навои, 12', language: 'ru', country: 'UZ', ...plainQuestion };
const point = { latitude: 41.3, longitude: 69.2, language: 'ru' };
const pair = {
  origins: [{ latitude: 41.31, longitude: 69.24 }],
  destinations: [{ latitude: 41.33, longitude: 69.28 }],
};

const house = {
  id: '70030076123456789_abcdef',
  type: 'building',
  name: 'Улица Алишера Навои, 12',
  full_name: 'Ташкент, улица Алишера Навои, 12',
  address_name: 'улица Алишера Навои, 12',
  point: { lat: 41.32, lon: 69.24 },
  address: { postcode: '100011', components: [{ type: 'street_number', street: 'улица Алишера Навои', number: '12' }] },
  adm_div: [
    { id: '1', name: 'Узбекистан', type: 'country' },
    { id: '2', name: 'Ташкент', type: 'city' },
    { id: '3', name: 'Шайхантахурский район', type: 'district' },
  ],
};

async function geocodes(...replies: CannedReply[]) {
  assert.ok(geocode);
  return geocode(question, testAccount(), cannedHttp(...replies));
}
const found = (...items: object[]) => ({ body: { meta: { code: 200 }, result: { total: items.length, items } } });
const refused = (code: number, status = 200) => ({
  status,
  body: { meta: { code, error: { type: 'x', message: 'said' } } },
});

test('a house is read by the names of its fields, whatever levels are missing', async () => {
  const verdict = await geocodes(found(house));
  assert.ok(verdict.kind === 'ok');
  const { latitude, longitude, confidence, location_type, components, place_id } = verdict.value;
  assert.deepEqual([latitude, longitude, confidence, location_type], [41.32, 69.24, 0.95, 'ROOFTOP']);
  assert.deepEqual(components, {
    street: 'улица Алишера Навои',
    house_number: '12',
    district: 'Шайхантахурский район',
    city: 'Ташкент',
    region: null,
    postal_code: '100011',
    country: 'Узбекистан',
    country_code: 'UZ',
  });
  assert.equal(place_id, '70030076123456789');
});

test('a place abroad has its own country, although it lies in the box around Uzbekistan', async () => {
  for (const [country, code] of [
    ['Узбекистан', 'UZ'],
    ['Oʻzbekiston', 'UZ'],
    ['Казахстан', 'KZ'],
    ['Qozog‘iston', 'KZ'],
    ['Кыргызстан', 'KG'],
    ['Атлантида', null],
  ] as const) {
    const shymkent = { ...house, point: { lat: 42.32, lon: 69.59 }, adm_div: [{ name: country, type: 'country' }] };
    const verdict = await geocodes(found(shymkent));
    assert.ok(verdict.kind === 'ok');
    const { components, address_components } = verdict.value;
    assert.deepEqual([components.country, components.country_code], [country, code]);
    const [component] = address_components.filter(({ types }) => types.includes('country'));
    assert.equal(component?.short_name, code ?? country);
  }
});

test('each kind of object has its confidence', async () => {
  for (const [item, confidence] of [
    [{ ...house, address: {} }, 0.7],
    [{ ...house, type: 'street', address: {} }, 0.5],
    [{ ...house, type: 'adm_div', subtype: 'city', address: {} }, 0.25],
    [{ ...house, type: 'adm_div.district', address: {} }, 0.35],
    [{ ...house, type: 'something new', address: {} }, 0.3],
  ] as const) {
    const verdict = await geocodes(found(item));
    assert.equal(verdict.kind === 'ok' && verdict.value.confidence, confidence, item.type);
  }
});

test('the real status is in the body; what is not found among houses is looked for among all', async () => {
  assert.equal((await geocodes(refused(404))).kind, 'empty');
  assert.equal((await geocodes(refused(404, 404))).kind, 'empty');
  assert.equal((await geocodes(found())).kind, 'empty');
  assert.equal((await geocodes(refused(400))).kind, 'bad_input');
  assert.equal((await geocodes(refused(403))).kind, 'denied');
  assert.equal((await geocodes(refused(429))).kind, 'throttled');
  assert.equal((await geocodes(refused(500, 500))).kind, 'failed');
  assert.equal((await geocodes({ status: 502, body: '<html>' })).kind, 'failed');
  assert.equal((await geocodes({ body: '{"meta": {"co' })).kind, 'failed');
  assert.equal((await geocodes(found({ ...house, point: {} }))).kind, 'failed');

  assert.ok(geocode);
  const http = cannedHttp(refused(404), found({ ...house, type: 'street', address: {} }));
  const wider = await geocode(question, testAccount(), http);
  assert.equal(wider.kind, 'ok');
  const types = http.requests.map(({ url }) => new URL(url).searchParams.get('type'));
  assert.deepEqual(types, ['building', 'building,street,crossroad,attraction,adm_div']);
});

test('requests name their fields, a known pair of language and country, and where to look first', async () => {
  assert.ok(geocode);
  const http = cannedHttp(found(house));
  const bounds = { south: 41, west: 69, north: 42, east: 70 };
  await geocode(question, testAccount(), http);
  await geocode({ ...question, language: 'uz-Cyrl' }, testAccount(), http);
  await geocode({ ...question, country: 'KZ', bounds }, testAccount(), http);
  const asked = http.requests.map(({ url }) => new URL(url).searchParams);
  assert.deepEqual(
    asked.map((search) => [search.get('locale'), search.get('location')]),
    [
      ['ru_UZ', '69.24,41.31'],
      ['uz_UZ', '69.24,41.31'],
      ['ru_KZ', '69.500000,41.500000'],
    ],
  );
  assert.ok(asked.every((search) => search.get('fields')?.includes('items.point') && search.get('key') === 'test-key'));
});

test('a base URL means the same with and without 2GIS’s path, and takes the matrix along', async () => {
  for (const [baseUrl, geocoder, matrix] of [
    [null, 'https://catalog.api.2gis.com/3.0/items/geocode', 'https://routing.api.2gis.com/get_dist_matrix'],
    ['http://127.0.0.1:9000/3.0', 'http://127.0.0.1:9000/3.0/items/geocode', 'http://127.0.0.1:9000/get_dist_matrix'],
    ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000/3.0/items/geocode', 'http://127.0.0.1:9000/get_dist_matrix'],
  ] as const) {
    assert.ok(geocode && distance);
    const http = cannedHttp({ body: {} });
    await geocode({ ...question, address: 'Навои' }, testAccount({ baseUrl }), http);
    await distance({ ...pair, mode: 'walking' }, testAccount({ baseUrl }), http);
    assert.deepEqual(
      http.requests.map(({ url }) => url.split('?')[0]),
      [geocoder, matrix],
    );
  }
});

test('routes of a matrix are placed by the points they name, in whatever order they come', async () => {
  assert.ok(distance);
  const route = (source_id: number, target_id: number, meters: number) => ({
    ...{ status: 'OK', source_id, target_id, distance: meters, duration: 1 },
  });
  const routes = [route(1, 3, 23), { ...route(1, 2, 0), status: 'FAIL' }, route(0, 3, 13), route(0, 2, 12)];
  const http = cannedHttp({ body: { routes } });
  const origins = [
    { latitude: 41.31, longitude: 69.21 },
    { latitude: 41.32, longitude: 69.22 },
  ];
  const destinations = [
    { latitude: 41.31, longitude: 69.23 },
    { latitude: 41.32, longitude: 69.24 },
  ];
  const verdict = await distance({ origins, destinations, mode: 'walking' }, testAccount(), http);
  assert.ok(verdict.kind === 'ok');
  assert.deepEqual(
    verdict.value.map((row) => row.map((each) => (each.kind === 'ok' ? each.value.distance_meters : each.kind))),
    [
      [12, 13],
      ['empty', 23],
    ],
  );
  const { points, sources, targets } = JSON.parse(String(http.requests[0]?.body));
  assert.deepEqual([points.length, sources, targets], [4, [0, 1], [2, 3]]);
});

test('adapter and emulator understand each other', async (t) => {
  const { http, account } = await startEmulatedHttp(t);
  assert.ok(geocode && reverse && distance && healthCheck);
  const place = await geocode(question, account, http);
  assert.ok(place.kind === 'ok');
  assert.deepEqual([place.value.components.house_number, place.value.components.country_code], ['12', 'UZ']);
  assert.equal((await geocode({ ...question, address: 'абырвалг' }, account, http)).kind, 'empty');
  assert.equal((await reverse(point, account, http)).kind, 'ok');
  const way = await distance({ ...pair, mode: 'driving' }, account, http);
  const [[route] = []] = way.kind === 'ok' ? way.value : [];
  assert.ok(route?.kind === 'ok' && route.value.distance_meters > 3_000);
  assert.equal((await healthCheck({}, account, http)).kind, 'ok');
  assert.equal((await geocode(question, { ...account, apiKey: null }, http)).kind, 'denied');
});
