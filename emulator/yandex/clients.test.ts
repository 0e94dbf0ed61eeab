/** node-geocoder works against the emulated Yandex with only its address changed. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openNodeGeocoder } from '../../test/support/node-geocoder.ts';
import { type Emulator, startEmulator } from '../start.ts';
import { createYandexMaps } from './vendor.ts';

async function start(t: TestContext): Promise<Emulator> {
  const emulator = await startEmulator({ port: 0, vendors: [createYandexMaps] });
  t.after(() => emulator.close());
  return emulator;
}

test('node-geocoder works against the emulated Yandex', async (t) => {
  const emulator = await start(t);
  const geocoder = openNodeGeocoder('yandex', emulator.url, { language: 'ru_RU' });
  const [found] = await geocoder.geocode('Ташкент, улица Навои, 12');
  assert.equal(found?.formattedAddress, 'Узбекистан, Ташкент, улица Навои, 12');
  assert.equal(found?.streetName, 'улица Навои');
  assert.equal(found?.streetNumber, '12');
  assert.ok(found && Math.abs(found.latitude - 41.3) < 0.1 && Math.abs(found.longitude - 69.25) < 0.1);
  const [back] = await geocoder.reverse({ lat: found.latitude, lon: found.longitude });
  assert.equal(back?.formattedAddress, found.formattedAddress);
  assert.deepEqual([...(await geocoder.geocode('абырвалг'))], []);
});

test('names are in the requested language', async (t) => {
  const emulator = await start(t);
  for (const [lang, expected] of [
    ['ru_RU', 'Узбекистан, Ташкент, улица Навои, 12'],
    ['uz_UZ', 'Oʻzbekiston, Toshkent, Navoiy koʻchasi, 12'],
    ['en_US', 'Uzbekistan, Tashkent, Navoi Street, 12'],
  ] as const) {
    const [found] = await openNodeGeocoder('yandex', emulator.url, { language: lang }).geocode(
      'Toshkent, Navoiy koʻchasi 12',
    );
    assert.equal(found?.formattedAddress, expected);
  }
});

test('`sco` sets the order of coordinates, and longitudes wrap around', async (t) => {
  const emulator = await start(t);
  const echo = async (query: string) => {
    const reply = await fetch(`${emulator.url}/v1/?apikey=k&format=json&lang=ru_RU&${query}`);
    const body = (await reply.json()) as {
      response: { GeoObjectCollection: { metaDataProperty: { GeocoderResponseMetaData: { Point: { pos: string } } } } };
    };
    return body.response.GeoObjectCollection.metaDataProperty.GeocoderResponseMetaData.Point.pos;
  };
  assert.equal(await echo('geocode=69.25,41.3'), '69.250000 41.300000');
  assert.equal(await echo('geocode=41.3,69.25&sco=latlong'), '69.250000 41.300000');
  assert.equal(await echo('geocode=337.587093,55.733969'), '-22.412907 55.733969');
});

test('refusals have Yandex’s texts', async (t) => {
  const emulator = await start(t);
  emulator.control.setKeyBad('yandex_maps', 'bad');
  emulator.control.setQuota('yandex_maps', 1);
  const ask = async (query: string) => {
    const reply = await fetch(`${emulator.url}/v1/?format=json&${query}`);
    return [reply.status, ((await reply.json()) as { message?: string }).message];
  };
  assert.deepEqual(await ask('geocode=x'), [403, 'Invalid key']);
  assert.deepEqual(await ask('geocode=x&apikey=bad'), [403, 'Invalid key']);
  assert.deepEqual(await ask('apikey=k'), [400, 'Parameter "geocode" is required']);
  assert.deepEqual(await ask('geocode=x&apikey=k'), [429, 'Limit is exceeded']);
});

test('the matrix takes latitude first and answers every pair', async (t) => {
  const emulator = await start(t);
  const ask = async (query: string) => (await fetch(`${emulator.url}/v2/distancematrix?apikey=k&${query}`)).json();
  const { rows } = (await ask('origins=41.31,69.24|41.3,69.2&destinations=41.33,69.28&mode=walking')) as {
    rows: { elements: { status: string }[] }[];
  };
  assert.deepEqual(
    rows.map(({ elements }) => elements.map(({ status }) => status)),
    [['OK'], ['OK']],
  );
  assert.equal(
    ((await ask('origins=141.31,69.24&destinations=41.33,69.28')) as { statusCode: number }).statusCode,
    400,
  );
});
