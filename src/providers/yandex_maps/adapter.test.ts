import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, fixturesMissing, readFixtures } from '../../../test/support/fixtures.ts';
import { plainQuestion } from '../../../test/support/plain-question.ts';
import { type CannedReply, cannedHttp, testAccount } from '../../../test/support/provider-http.ts';
import { yandexMaps } from './adapter.ts';

const { geocode, reverse, distance, health_check: healthCheck } = yandexMaps.attempts;
const question = { address: 'Ташкент, улица Навои, 12', language: 'ru', country: 'UZ', ...plainQuestion };
const point = { latitude: 41.3, longitude: 69.2, language: 'ru' };
const pair = {
  origins: [{ latitude: 41.31, longitude: 69.24 }],
  destinations: [{ latitude: 41.33, longitude: 69.28 }],
};

async function geocodes(reply: CannedReply) {
  assert.ok(geocode);
  return geocode(question, testAccount(), cannedHttp(reply));
}

/** Country asked for, then the verdict, and of a place its confidence, location type, street, house, city and region. */
const expectedOfFixture: Readonly<Record<string, readonly [country: string, ...expected: unknown[]]>> = {
  'error_400_missing_geocode.json': ['UZ', 'bad_input'],
  'error_403_invalid_key.json': ['UZ', 'denied'],
  'error_429_limit.json': ['UZ', 'throttled'],
  'forward_district_en.json': ['RU', 'ok', 0.35, 'APPROXIMATE', null, null, 'Moscow', 'Moscow'],
  'forward_house_exact_minsk.json': ['BY', 'ok', 0.95, 'ROOFTOP', 'вуліца Леніна', '19', 'Мінск', 'Мінск'],
  'forward_house_exact_moscow_ru.json': ['RU', 'ok', 0.95, 'ROOFTOP', 'улица Льва Толстого', '16', 'Москва', 'Москва'],
  'forward_house_exact_paris_ru.json': ['FR', 'ok', 0.95, 'ROOFTOP', 'Avenue Gambetta', '10', 'Париж', 'Иль-де-Франс'],
  'forward_house_exact_with_postal_code.json': [
    'RU',
    'ok',
    0.95,
    'ROOFTOP',
    'Novotushinskaya ulitsa',
    '5',
    'derevnya Putilkovo',
    'Moscow Region',
  ],
  'forward_kind_hydro.json': ['RU', 'ok', 0.2, 'APPROXIMATE', null, null, null, null],
  'forward_locality_other.json': ['DK', 'ok', 0.25, 'APPROXIMATE', null, null, 'Копенгаген', 'Столичная область'],
  'forward_many_candidates_found_52.json': ['CA', 'ok', 0.95, 'ROOFTOP', 'Rue Dupuis', '14', 'Beauharnois', 'Quebec'],
  'forward_street_only_and_district.json': [
    'US',
    'ok',
    0.5,
    'GEOMETRIC_CENTER',
    'Pennsylvania Avenue Northwest',
    null,
    'City of Washington',
    'District of Columbia',
  ],
  'reverse_area_province_country_ru.json': [
    'UZ',
    'ok',
    0.15,
    'APPROXIMATE',
    null,
    null,
    null,
    'республика Башкортостан',
  ],
  'reverse_house_exact_moscow_ru.json': ['UZ', 'ok', 0.95, 'ROOFTOP', 'улица Льва Толстого', '16', 'Москва', 'Москва'],
  'reverse_house_street_district.json': ['UZ', 'ok', 0.95, 'ROOFTOP', 'Avenue Gambetta', '1', 'Париж', 'Иль-де-Франс'],
  'reverse_kind_house.json': [
    'UZ',
    'ok',
    0.95,
    'ROOFTOP',
    'Läntinen Pitkäkatu',
    '35',
    'город Турку',
    'Исконная Финляндия',
  ],
  'reverse_kind_locality_tr.json': ['UZ', 'ok', 0.25, 'APPROXIMATE', null, null, 'İstanbul', 'İstanbul'],
  'reverse_kind_metro.json': ['UZ', 'ok', 0.6, 'APPROXIMATE', null, null, 'Санкт-Петербург', 'Санкт-Петербург'],
  'reverse_zero_longitude_wrapped.json': ['UZ', 'empty'],
  'tashkent_forward_house_exact_ru.json': [
    'UZ',
    'ok',
    0.95,
    'ROOFTOP',
    'улица Шота Руставели',
    '45',
    'Ташкент',
    'Ташкент',
  ],
  'tashkent_forward_street_only_ru.json': [
    'UZ',
    'ok',
    0.5,
    'GEOMETRIC_CENTER',
    'улица Нукус',
    null,
    'Ташкент',
    'Ташкент',
  ],
  'tashkent_reverse_house_and_district_ru.json': [
    'UZ',
    'ok',
    0.95,
    'ROOFTOP',
    'улица Шота Руставели',
    '45',
    'Ташкент',
    'Ташкент',
  ],
  'zero_forward_cyrillic.json': ['UZ', 'empty'],
  'zero_forward_latin.json': ['UZ', 'empty'],
};

test('every recorded geocoder reply is read as it is meant', { skip: fixturesMissing }, async () => {
  const fixtures = readFixtures('yandex-geocode');
  assert.deepEqual(
    fixtures.map(({ file }) => file),
    Object.keys(expectedOfFixture).sort(),
  );
  for (const fixture of fixtures) {
    const { status, headers } = fixture.response;
    const http = cannedHttp({ status, headers, body: bodyOf(fixture) });
    const [country, ...expected] = expectedOfFixture[fixture.file] ?? ['UZ'];
    assert.ok(geocode && reverse);
    const address = fixture.request.query?.geocode ?? question.address;
    const verdict = /reverse/.test(fixture.file)
      ? await reverse(point, testAccount(), http)
      : await geocode({ ...question, address, country }, testAccount(), http);
    const seen =
      verdict.kind === 'ok'
        ? [
            verdict.kind,
            verdict.value.confidence,
            verdict.value.location_type,
            verdict.value.components.street,
            verdict.value.components.house_number,
            verdict.value.components.city,
            verdict.value.components.region,
          ]
        : [verdict.kind];
    assert.deepEqual(seen, expected, fixture.file);
  }
});

test('a position is longitude first', { skip: fixturesMissing }, async () => {
  const fixture = readFixtures('yandex-geocode').find(({ file }) => file === 'tashkent_forward_house_exact_ru.json');
  assert.ok(fixture);
  const verdict = await geocodes({ body: bodyOf(fixture) });
  assert.deepEqual(verdict.kind === 'ok' && [verdict.value.latitude, verdict.value.longitude], [41.2889, 69.2543]);
});

test('each precision has its confidence and its location type', async () => {
  for (const [precision, confidence, locationType] of [
    ['exact', 0.95, 'ROOFTOP'],
    ['number', 0.8, 'ROOFTOP'],
    ['near', 0.6, 'RANGE_INTERPOLATED'],
    ['range', 0.7, 'RANGE_INTERPOLATED'],
    ['street', 0.5, 'GEOMETRIC_CENTER'],
    ['other', 0.25, 'APPROXIMATE'],
    ['something new', 0.25, 'APPROXIMATE'],
  ] as const) {
    const kind = precision === 'other' || precision === 'something new' ? 'locality' : 'house';
    const verdict = await geocodes({ body: collection([geoObject({ precision, kind })]) });
    assert.deepEqual(
      verdict.kind === 'ok' && [verdict.value.confidence, verdict.value.location_type],
      [confidence, locationType],
      precision,
    );
  }
});

test('a namesake in another country comes after those in the country asked for', async () => {
  const foreign = geoObject({ country: 'RU', pos: '37.6 55.7', text: 'Россия' });
  const own = geoObject({ precision: 'street', text: 'Узбекистан' });
  const both = await geocodes({ body: collection([foreign, own]) });
  assert.ok(both.kind === 'ok');
  assert.equal(both.value.formatted_address, 'Узбекистан');
  assert.deepEqual(
    both.value.others?.map((place) => place.formatted_address),
    ['Россия'],
  );
});

test('a reply of the old shape, without Address, is read from its details', async () => {
  const old = geoObject({});
  const meta = old.GeoObject.metaDataProperty.GeocoderMetaData as { Address?: unknown };
  delete meta.Address;
  const verdict = await geocodes({ body: collection([old]) });
  assert.ok(verdict.kind === 'ok');
  const { street, house_number, city, region, country, country_code, postal_code } = verdict.value.components;
  assert.deepEqual(
    [street, house_number, city, region, country, country_code, postal_code],
    ['улица Навои', '12', 'Ташкент', 'Ташкент', 'Узбекистан', 'UZ', '100011'],
  );
});

test('positions that are no pair of numbers, out of range or swapped are a broken reply', async () => {
  for (const pos of [
    '',
    '69.25',
    'a b',
    '69.25,41.28',
    '69.25 41.28 0',
    '200 41',
    '69 91',
    '41.2889 69.2543',
    'NaN NaN',
    7,
  ]) {
    const verdict = await geocodes({ body: collection([geoObject({ pos })]) });
    assert.equal(verdict.kind, 'failed', String(pos));
  }
  const mixed = await geocodes({ body: collection([geoObject({ pos: '' }), geoObject({})]) });
  assert.equal(mixed.kind, 'ok');
});

test('a reply that is not a geocoder answer is a failure that may be retried', async () => {
  for (const reply of [
    { body: '<html>captcha</html>' },
    { body: '{"response": {"GeoObj' },
    { body: '' },
    { body: 'null' },
    { body: {} },
    { body: { response: { GeoObjectCollection: {} } } },
    { body: { response: { GeoObjectCollection: { featureMember: 'none' } } } },
    { status: 500, body: 'oops' },
    { status: 502, body: '<html>' },
  ]) {
    const verdict = await geocodes(reply);
    assert.deepEqual(
      [verdict.kind, verdict.kind === 'failed' && verdict.retryable],
      ['failed', true],
      JSON.stringify(reply),
    );
  }
});

test('a refusal keeps Yandex’s words, and a 429 its Retry-After', async () => {
  assert.deepEqual(
    await geocodes({ status: 429, headers: { 'retry-after': '3' }, body: { message: 'Limit is exceeded' } }),
    { kind: 'throttled', retryAfterMs: 3_000, message: 'Limit is exceeded' },
  );
  assert.deepEqual(await geocodes({ status: 403, body: 'nginx' }), { kind: 'denied', message: 'HTTP 403' });
  assert.deepEqual(await geocodes({ status: 404, body: '' }), {
    kind: 'failed',
    retryable: false,
    message: 'HTTP 404',
  });
});

test('requests name their language, their order of coordinates and the format', async () => {
  assert.ok(geocode && reverse);
  const http = cannedHttp({ body: collection([]) });
  for (const language of ['ru', 'uz', 'en', 'de']) await geocode({ ...question, language }, testAccount(), http);
  await reverse(point, testAccount(), http);
  const asked = http.requests.map(({ url }) => new URL(url));
  assert.deepEqual(
    asked.map(({ searchParams }) => searchParams.get('lang')),
    ['ru_RU', 'uz_UZ', 'en_US', 'en_US', 'ru_RU'],
  );
  assert.equal(`${asked[0]?.origin}${asked[0]?.pathname}`, 'https://geocode-maps.yandex.ru/v1/');
  assert.ok(
    asked.every(
      ({ searchParams }) => searchParams.get('format') === 'json' && searchParams.get('apikey') === 'test-key',
    ),
  );
  assert.deepEqual(
    [asked[4]?.searchParams.get('geocode'), asked[4]?.searchParams.get('sco')],
    ['69.2,41.3', 'longlat'],
  );
});

test('an address that is two numbers is latitude first, as people and Google write them', async () => {
  assert.ok(geocode);
  const http = cannedHttp({ body: collection([]) });
  for (const address of ['41.31, 69.24', '41.31 69.24', '-5,10', 'улица Навои, 12', '12']) {
    await geocode({ ...question, address }, testAccount(), http);
  }
  assert.deepEqual(
    http.requests.map(({ url }) => new URL(url).searchParams.get('sco')),
    ['latlong', 'latlong', 'latlong', null, null],
  );
});

test('an address is looked for in its country first, where the country’s bounds are known', async () => {
  assert.ok(geocode && reverse);
  const http = cannedHttp({ body: collection([]) });
  for (const country of ['UZ', 'KZ']) await geocode({ ...question, country }, testAccount(), http);
  await reverse(point, testAccount(), http);
  const asked = http.requests.map(({ url }) => new URL(url).searchParams);
  assert.deepEqual(
    asked.map((search) => search.get('bbox')),
    ['55.9,37~73.5,45.7', null, null],
  );
  assert.ok(asked.every((search) => !search.has('rspn')));
});

test('a base URL means the same with and without Yandex’s path, and takes the matrix along', async () => {
  for (const [baseUrl, geocoderUrl, matrixUrl] of [
    [null, 'https://geocode-maps.yandex.ru/v1/', 'https://api.routing.yandex.net/v2/distancematrix'],
    [
      'https://geocode-maps.yandex.ru/v1/',
      'https://geocode-maps.yandex.ru/v1/',
      'https://api.routing.yandex.net/v2/distancematrix',
    ],
    [
      'https://geocode-maps.yandex.ru/1.x',
      'https://geocode-maps.yandex.ru/1.x/',
      'https://api.routing.yandex.net/v2/distancematrix',
    ],
    ['http://127.0.0.1:9000/v1', 'http://127.0.0.1:9000/v1/', 'http://127.0.0.1:9000/v2/distancematrix'],
    ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000/v1/', 'http://127.0.0.1:9000/v2/distancematrix'],
  ] as const) {
    const http = cannedHttp({ body: {} });
    assert.ok(geocode && distance);
    await geocode(question, testAccount({ baseUrl }), http);
    await distance({ ...pair, mode: 'driving' }, testAccount({ baseUrl }), http);
    assert.deepEqual(
      http.requests.map(({ url }) => url.split('?')[0]),
      [geocoderUrl, matrixUrl],
    );
  }
});

test('the matrix request puts latitude first, and every status of an element has its own verdict', async () => {
  assert.ok(distance);
  const http = cannedHttp({ body: matrix({ status: 'OK', distance: { value: 5230 }, duration: { value: 812 } }) });
  assert.deepEqual(await distance({ ...pair, mode: 'walking' }, testAccount(), http), {
    kind: 'ok',
    value: [[{ kind: 'ok', value: { distance_meters: 5230, duration_seconds: 812 } }]],
  });
  const { searchParams } = new URL(http.requests[0]?.url ?? '');
  assert.deepEqual(
    [searchParams.get('origins'), searchParams.get('destinations'), searchParams.get('mode')],
    ['41.31,69.24', '41.33,69.28', 'walking'],
  );

  for (const [reply, expected] of [
    [{ body: matrix({ status: 'FAIL' }) }, 'empty'],
    [{ body: matrix({ status: 'OK', distance: { value: '5' }, duration: { value: 1 } }) }, 'failed'],
    [{ body: matrix({ status: 'OK', distance: { value: -5 }, duration: { value: 1 } }) }, 'failed'],
    [{ body: matrix({}) }, 'failed'],
    [{ body: { rows: [] } }, 'failed'],
    [{ body: 'HTML' }, 'failed'],
    [{ status: 429, body: '' }, 'throttled'],
    [{ status: 401, body: '' }, 'denied'],
    [{ status: 400, body: '' }, 'bad_input'],
  ] as const) {
    const verdict = await distance({ ...pair, mode: 'driving' }, testAccount(), cannedHttp(reply));
    assert.equal(verdict.kind, expected, JSON.stringify(reply));
  }
});

test('a matrix of several ends is read row by row, and what it leaves out fails alone', async () => {
  assert.ok(distance);
  const route = (meters: number) => ({ status: 'OK', distance: { value: meters }, duration: { value: 1 } });
  const body = { rows: [{ elements: [route(11), { status: 'FAIL' }] }, { elements: [route(21)] }] };
  const http = cannedHttp({ body });
  const ends = [
    { latitude: 41.31, longitude: 69.21 },
    { latitude: 41.32, longitude: 69.22 },
  ];
  const verdict = await distance({ origins: ends, destinations: ends, mode: 'driving' }, testAccount(), http);
  assert.ok(verdict.kind === 'ok');
  assert.deepEqual(
    verdict.value.map((row) => row.map((each) => (each.kind === 'ok' ? each.value.distance_meters : each.kind))),
    [
      [11, 'empty'],
      [21, 'failed'],
    ],
  );
  assert.equal(new URL(http.requests[0]?.url ?? '').searchParams.get('destinations'), '41.31,69.21|41.32,69.22');
});

test('a probe is well when Yandex refuses the empty question, and ill when it refuses the key', async () => {
  assert.ok(healthCheck);
  assert.equal((await healthCheck({}, testAccount(), cannedHttp({ status: 400, body: {} }))).kind, 'ok');
  assert.equal((await healthCheck({}, testAccount(), cannedHttp({ status: 403, body: {} }))).kind, 'denied');
  assert.equal((await healthCheck({}, testAccount(), cannedHttp({ status: 500, body: '' }))).kind, 'failed');
});

function collection(featureMember: readonly unknown[]): object {
  return { response: { GeoObjectCollection: { metaDataProperty: {}, featureMember } } };
}

function matrix(element: object): object {
  return { rows: [{ elements: [element] }] };
}

interface Given {
  readonly precision?: string;
  readonly kind?: string;
  readonly country?: string;
  readonly pos?: unknown;
  readonly text?: string;
}

function geoObject({
  precision = 'exact',
  kind = 'house',
  country = 'UZ',
  pos = '69.2543 41.2889',
  text = 'Узбекистан, Ташкент, улица Навои, 12',
}: Given) {
  return {
    GeoObject: {
      metaDataProperty: {
        GeocoderMetaData: {
          kind,
          precision,
          text,
          Address: {
            country_code: country,
            formatted: text,
            Components: [
              { kind: 'country', name: 'Узбекистан' },
              { kind: 'street', name: 'улица Навои' },
            ],
          },
          AddressDetails: {
            Country: {
              CountryName: 'Узбекистан',
              CountryNameCode: country,
              AdministrativeArea: {
                AdministrativeAreaName: 'Ташкент',
                Locality: {
                  LocalityName: 'Ташкент',
                  Thoroughfare: {
                    ThoroughfareName: 'улица Навои',
                    Premise: { PremiseNumber: '12', PostalCode: { PostalCodeNumber: '100011' } },
                  },
                },
              },
            },
          },
        },
      },
      Point: { pos },
    },
  };
}
