/** Google's own client and node-geocoder work against the emulator with only their address changed. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, Language, TravelMode } from '@googlemaps/google-maps-services-js';
import { openNodeGeocoder } from '../../test/support/node-geocoder.ts';
import { type Emulator, startEmulator } from '../start.ts';
import { createGoogleMaps } from './vendor.ts';

async function start(t: TestContext): Promise<Emulator> {
  const emulator = await startEmulator({ port: 0, vendors: [createGoogleMaps] });
  t.after(() => emulator.close());
  return emulator;
}

test("Google's client geocodes a house, in each language", async (t) => {
  const emulator = await start(t);
  const client = new Client();
  for (const [language, expected] of [
    [Language.ru, 'улица Навои 12, 100000, Ташкент, Узбекистан'],
    ['uz' as Language, 'Navoiy koʻchasi 12, 100000, Toshkent, Oʻzbekiston'],
    [Language.en, 'Navoi Street 12, 100000, Tashkent, Uzbekistan'],
  ] as const) {
    const { data } = await client.geocode({
      url: `${emulator.url}/maps/api/geocode/json`,
      params: { key: 'k', address: 'Ташкент, улица Навои, 12', language, components: { country: 'UZ' } },
    });
    assert.equal(data.status, 'OK');
    assert.equal(data.results[0]?.formatted_address, expected);
    assert.equal(data.results[0]?.geometry.location_type, 'ROOFTOP');
    assert.match(data.results[0]?.place_id ?? '', /^emulated:/);
  }
});

test("Google's client reverse geocodes a house's coordinates", async (t) => {
  const emulator = await start(t);
  const client = new Client();
  const url = `${emulator.url}/maps/api/geocode/json`;
  const { data: there } = await client.geocode({
    url,
    params: { key: 'k', address: 'Шота Руставели 45, Ташкент', language: Language.ru },
  });
  const location = there.results[0]?.geometry.location;
  assert.ok(location);
  const { data: back } = await client.reverseGeocode({
    url,
    params: { key: 'k', latlng: location, language: Language.ru },
  });
  assert.equal(back.results[0]?.formatted_address, there.results[0]?.formatted_address);
  assert.deepEqual(back.results.at(-1)?.types, ['country', 'political']);
});

test("Google's client reads the legacy distance matrix", async (t) => {
  const emulator = await start(t);
  const { data } = await new Client().distancematrix({
    url: `${emulator.url}/maps/api/distancematrix/json`,
    params: {
      key: 'k',
      origins: ['Ташкент, улица Навои, 12', { lat: 41.31, lng: 69.24 }],
      destinations: ['Самарканд', 'абырвалг'],
      mode: TravelMode.driving,
      language: 'ru',
    },
  });
  assert.equal(data.status, 'OK');
  assert.deepEqual(
    data.rows.map(({ elements }) => elements.map(({ status }) => status)),
    [
      ['OK', 'NOT_FOUND'],
      ['OK', 'NOT_FOUND'],
    ],
  );
  assert.ok((data.rows[0]?.elements[0]?.distance.value ?? 0) > 250_000);
});

test('a meaningless address has no results, and a request without an address is refused', async (t) => {
  const emulator = await start(t);
  const ask = async (query: string) =>
    readJson<{ status: string }>(await fetch(`${emulator.url}/maps/api/geocode/json?${query}`));
  assert.deepEqual(await ask('key=k&address=абырвалг'), { results: [], status: 'ZERO_RESULTS' });
  assert.equal((await ask('key=k')).status, 'INVALID_REQUEST');
  assert.equal((await ask('key=k&latlng=95,10')).status, 'INVALID_REQUEST');
  assert.equal((await ask('key=k&address=x&components=country:UZ|country:KZ')).status, 'INVALID_REQUEST');
});

test('a missing and a bad key are refused, without spending quota', async (t) => {
  const emulator = await start(t);
  emulator.control.setKeyBad('google_maps', 'bad');
  emulator.control.setQuota('google_maps', 1);
  const ask = async (query: string) =>
    readJson<{ status: string }>(await fetch(`${emulator.url}/maps/api/geocode/json?address=Ташкент${query}`));
  for (const query of ['', '&key=', '&key=bad', '&key=bad']) assert.equal((await ask(query)).status, 'REQUEST_DENIED');
  assert.equal((await ask('&key=good')).status, 'OK');
  assert.equal((await ask('&key=good')).status, 'OVER_QUERY_LIMIT');
});

test('Routes requires a field mask and a valid key, and answers each pair separately', async (t) => {
  const emulator = await start(t);
  emulator.control.setKeyBad('google_maps', 'bad');
  const ask = async (headers: Record<string, string>, body: unknown) => {
    const reply = await fetch(`${emulator.url}/distanceMatrix/v2:computeRouteMatrix`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return {
      status: reply.status,
      json: (await reply.json()) as Record<string, { message?: string; status?: string }>[],
    };
  };
  const at = (latitude: number, longitude: number) => ({ waypoint: { location: { latLng: { latitude, longitude } } } });
  const body = { origins: [at(41.31, 69.24)], destinations: [at(41.33, 69.28), at(0, -120)], travelMode: 'DRIVE' };
  const mask = { 'x-goog-fieldmask': 'originIndex,destinationIndex,status,condition,distanceMeters,duration' };

  const whole = await ask({ 'x-goog-api-key': 'k', ...mask }, body);
  assert.equal(whole.status, 200);
  assert.deepEqual(
    whole.json.map(({ condition }) => condition),
    ['ROUTE_EXISTS', 'ROUTE_NOT_FOUND'],
  );
  assert.deepEqual(Object.keys(whole.json[0] ?? {}).sort(), [
    'condition',
    'destinationIndex',
    'distanceMeters',
    'duration',
    'originIndex',
    'status',
  ]);

  assert.equal((await ask({ 'x-goog-api-key': 'k' }, body)).status, 400);
  assert.equal((await ask(mask, body)).json[0]?.error?.status, 'PERMISSION_DENIED');
  assert.equal((await ask({ 'x-goog-api-key': 'bad', ...mask }, body)).status, 400);
  assert.equal(
    (await ask({ 'x-goog-api-key': 'k', ...mask }, { ...body, travelMode: 'WALK', routingPreference: 'TRAFFIC_AWARE' }))
      .status,
    400,
  );
});

test('node-geocoder works against the emulated Google', async (t) => {
  const emulator = await start(t);
  const geocoder = openNodeGeocoder('google', emulator.url, { language: 'ru' });
  const [found] = await geocoder.geocode('Ташкент, улица Навои, 12');
  assert.equal(found?.streetName, 'улица Навои');
  assert.equal(found?.streetNumber, '12');
  assert.equal(found?.city, 'Ташкент');
  assert.equal(found?.countryCode, 'UZ');
  const [back] = await geocoder.reverse({ lat: found?.latitude ?? 0, lon: found?.longitude ?? 0 });
  assert.equal(back?.formattedAddress, found?.formattedAddress);
});

async function readJson<Shape>(reply: Response): Promise<Shape> {
  return (await reply.json()) as Shape;
}
