/** Tests that the emulator can produce every shape of the recorded replies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixturesMissing, readFixtures } from '../test/support/fixtures.ts';
import { createGoogleMaps } from './google-maps/vendor.ts';
import { startEmulator } from './start.ts';
import { createYandexMaps } from './yandex/vendor.ts';

const key = 'key=k&language=ru';
const yandexKey = 'apikey=k&lang=ru_RU&format=json';

/** Requests that together produce every shape. */
const requests: Readonly<Record<string, readonly string[]>> = {
  'google-geocode': [
    ...['Ташкент, улица Навои, 12', 'Ташкент, улица Нукус, 99999', 'Ташкент', 'абырвалг', 'Чиланзар'].map(
      (address) => `/maps/api/geocode/json?${key}&address=${encodeURIComponent(address)}`,
    ),
    `/maps/api/geocode/json?${key}&latlng=41.3,69.25`,
    `/maps/api/geocode/json?${key}`,
  ],
  'google-distance-matrix': [
    `/maps/api/distancematrix/json?${key}&origins=41.3,69.2&destinations=41.31,69.25&departure_time=now`,
    `/maps/api/distancematrix/json?${key}&destinations=enc:bad`,
  ],
  'yandex-geocode': [
    ...[
      'Ташкент, улица Навои, 12',
      'Паркент, улица Бустон, 7',
      'Чиланзар, 5-й квартал, 12',
      'река Чирчик',
      'Чиланзар',
      'Чиланзар, 5-й квартал',
      'метро Пахтакор',
      'Кибрайский район',
    ].map((address) => `/1.x/?${yandexKey}&geocode=${encodeURIComponent(address)}`),
    `/v1/?${yandexKey}&geocode=69.25,41.3&kind=house`,
    `/v1/?${yandexKey}`,
  ],
};

for (const [group, paths] of Object.entries(requests)) {
  test(`every recorded shape of ${group} is one that the emulator produces`, { skip: fixturesMissing }, async (t) => {
    const emulator = await startEmulator({ port: 0, vendors: [createGoogleMaps, createYandexMaps] });
    t.after(() => emulator.close());
    const produced = new Set<string>();
    for (const path of paths) addShape(await (await fetch(emulator.url + path)).json(), '', produced);
    if (group === 'google-distance-matrix') addShape(await askRoutes(emulator.url), '', produced);

    for (const fixture of readFixtures(group)) {
      if (fixture.response.body === undefined) continue;
      const recorded = new Set<string>();
      addShape(fixture.response.body, '', recorded);
      const missing = [...recorded].filter((shape) => !produced.has(shape));
      assert.deepEqual(missing, [], fixture.file);
    }
  });
}

async function askRoutes(url: string): Promise<unknown> {
  const at = (latitude: number, longitude: number) => ({ waypoint: { location: { latLng: { latitude, longitude } } } });
  const reply = await fetch(`${url}/distanceMatrix/v2:computeRouteMatrix`, {
    method: 'POST',
    headers: {
      'x-goog-api-key': 'k',
      'x-goog-fieldmask': 'originIndex,destinationIndex,status,condition,distanceMeters,duration',
    },
    body: JSON.stringify({ origins: [at(41.3, 69.2)], destinations: [at(41.33, 69.28)] }),
  });
  return reply.json();
}

/** Every path in a value with its type: `.results[].place_id: string`. */
function addShape(value: unknown, path: string, shapes: Set<string>): void {
  // xAL is recursive: any level may contain any smaller one, so only a level and its parent are distinguished.
  const place = path.replace(/\.AddressDetails\.Country(?:\.\w+)*?(\.\w+)?(\.\w+)$/, '.AddressDetails…$1$2');
  if (Array.isArray(value)) {
    shapes.add(`${place}: array`);
    for (const each of value) addShape(each, `${path}[]`, shapes);
  } else if (typeof value === 'object' && value !== null) {
    shapes.add(`${place}: object`);
    for (const [member, inner] of Object.entries(value)) addShape(inner, `${path}.${member}`, shapes);
  } else shapes.add(`${place}: ${typeof value}`);
}
