import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, fixturesMissing, readFixtures } from '../../../test/support/fixtures.ts';
import { plainQuestion } from '../../../test/support/plain-question.ts';
import { type CannedReply, cannedHttp, testAccount } from '../../../test/support/provider-http.ts';
import type { ProviderAccount } from '../provider.ts';
import { googleMaps } from './adapter.ts';

const { geocode, reverse, distance, health_check: healthCheck } = googleMaps.attempts;
const tashkentAddress = {
  address: 'Ташкент, улица Шота Руставели, 45',
  language: 'ru',
  country: 'UZ',
  ...plainQuestion,
};
const point = { latitude: 41.3, longitude: 69.2, language: 'ru' };
const pair = {
  origins: [{ latitude: 41.31, longitude: 69.24 }],
  destinations: [{ latitude: 41.33, longitude: 69.28 }],
};

async function geocodes(reply: CannedReply) {
  assert.ok(geocode);
  return geocode(tashkentAddress, testAccount(), cannedHttp(reply));
}

/**
 * The meaning of each recorded reply: its verdict, and for a place its confidence, location type, street, house and
 * city.
 */
const expectedOfFixture: Readonly<Record<string, readonly unknown[]>> = {
  'components_zero_results.json': ['empty'],
  'forward_approximate_locality.json': ['ok', 0.3, 'APPROXIMATE', null, null, 'Paris'],
  'forward_garbage_query_many_partial.json': ['ok', 0.24, 'APPROXIMATE', null, null, 'Southampton'],
  'forward_geometric_center_route.json': [
    'ok',
    0.6,
    'GEOMETRIC_CENTER',
    'Rue de Pont-à-Migneloux',
    null,
    'Frasnes-lez-Gosselies',
  ],
  'forward_no_locality.json': ['ok', 0.5, 'APPROXIMATE', 'Al Ahram', null, 'Haram'],
  'forward_range_interpolated_partial_match_subpremise.json': [
    'ok',
    0.48,
    'RANGE_INTERPOLATED',
    'West Mineral Avenue',
    '2123',
    'Littleton',
  ],
  'forward_region_default_toledo.json': ['ok', 0.3, 'APPROXIMATE', null, null, 'Toledo'],
  'forward_region_es_toledo.json': ['ok', 0.3, 'APPROXIMATE', null, null, 'Toledo'],
  'forward_rooftop_accents_fr.json': ['ok', 0.95, 'ROOFTOP', 'Rue Fernand Raynaud', '1', 'Châteauroux'],
  'forward_rooftop_premise_nonlatin1.json': ['ok', 0.8, 'ROOFTOP', 'Göran Olsgatan', '4', 'Malmö'],
  'forward_rooftop_street_address_de.json': ['ok', 0.95, 'ROOFTOP', 'Kalbacher Hauptstraße', '10', 'Frankfurt am Main'],
  'http_403_plain_text_bad_signature.json': ['denied'],
  'invalid_request_bad_place_id.json': ['bad_input'],
  'invalid_request_missing_query.json': ['bad_input'],
  'over_daily_limit_billing.json': ['denied'],
  'over_query_limit_minimal.json': ['throttled'],
  'over_query_limit_without_results_field.json': ['throttled'],
  'request_denied_invalid_key.json': ['denied'],
  'reverse_filtered_street_address_rooftop.json': ['ok', 0.95, 'ROOFTOP', 'Bedford Avenue', '277', 'Kings County'],
  'reverse_japan_kita_ward.json': ['ok', 0.95, 'ROOFTOP', null, '北山鹿苑寺金閣寺', 'Kita-ku'],
  'reverse_many_results.json': ['ok', 0.95, 'ROOFTOP', 'Avenue Gambetta', '12', 'Paris'],
  'tashkent_forward_rooftop_ru.json': ['ok', 0.95, 'ROOFTOP', 'улица Шота Руставели', '45', 'Ташкент'],
  'tashkent_forward_route_partial_ru.json': ['ok', 0.36, 'GEOMETRIC_CENTER', 'улица Нукус', null, 'Ташкент'],
  'unknown_error.json': ['failed'],
  'zero_results_forward.json': ['empty'],
};

test('every recorded geocoding reply is read as it is meant', { skip: fixturesMissing }, async () => {
  const fixtures = readFixtures('google-geocode');
  assert.deepEqual(
    fixtures.map(({ file }) => file),
    Object.keys(expectedOfFixture).sort(),
  );
  for (const fixture of fixtures) {
    const { status, headers } = fixture.response;
    const http = cannedHttp({ status, headers, body: bodyOf(fixture) });
    assert.ok(geocode && reverse);
    const verdict = fixture.file.startsWith('reverse')
      ? await reverse(point, testAccount(), http)
      : await geocode(tashkentAddress, testAccount(), http);
    const seen =
      verdict.kind === 'ok'
        ? [
            verdict.kind,
            verdict.value.confidence,
            verdict.value.location_type,
            verdict.value.components.street,
            verdict.value.components.house_number,
            verdict.value.components.city,
          ]
        : [verdict.kind];
    assert.deepEqual(seen, expectedOfFixture[fixture.file], fixture.file);
  }
});

test('the recorded Routes reply gives a distance; replies of the legacy matrix are no answer to Routes', {
  skip: fixturesMissing,
}, async () => {
  assert.ok(distance);
  for (const fixture of readFixtures('google-distance-matrix')) {
    const { status, headers } = fixture.response;
    const verdict = await distance(
      { ...pair, mode: 'driving' },
      testAccount(),
      cannedHttp({ status, headers, body: bodyOf(fixture) }),
    );
    if (fixture.file.startsWith('routes_v2')) {
      assert.deepEqual(verdict, {
        kind: 'ok',
        value: [[{ kind: 'ok', value: { distance_meters: 5230, duration_seconds: 812 } }]],
      });
    } else assert.equal(verdict.kind, 'failed', fixture.file);
  }
});

test('a reply that is not a geocoding answer is a failure that may be retried', async () => {
  for (const reply of [
    { body: '<html>sorry</html>' },
    { body: '{"results": [{"address_comp' },
    { body: '' },
    { body: 'null' },
    { body: '[]' },
    { body: { status: 7 } },
    { body: { status: 'OK' } },
    { body: { status: 'OK', results: [] } },
    { body: { status: 'OK', results: [{ formatted_address: 'x' }] } },
    { body: { status: 'SOMETHING_NEW', results: [] } },
    { status: 500, body: 'oops' },
    { status: 503, body: { status: 'UNKNOWN_ERROR' } },
  ]) {
    const verdict = await geocodes(reply);
    assert.deepEqual(
      [verdict.kind, verdict.kind === 'failed' && verdict.retryable],
      ['failed', true],
      JSON.stringify(reply),
    );
  }
});

test('HTTP statuses without a body of Google’s are judged by themselves', async () => {
  assert.equal((await geocodes({ status: 401, body: '' })).kind, 'denied');
  assert.equal((await geocodes({ status: 414, body: 'URI too long' })).kind, 'bad_input');
  assert.deepEqual(await geocodes({ status: 429, headers: { 'retry-after': '7' }, body: '' }), {
    kind: 'throttled',
    retryAfterMs: 7_000,
    message: 'HTTP 429',
  });
  for (const status of [301, 302, 400, 404]) {
    const verdict = await geocodes({ status, body: 'elsewhere' });
    assert.equal(verdict.kind === 'failed' && verdict.retryable, false, String(status));
  }
});

test('coordinates that are swapped, out of range or no numbers are refused', async () => {
  for (const location of [
    { lat: 69.2543, lng: 41.2889 },
    { lat: 91, lng: 69 },
    { lat: '41.2', lng: '69.2' },
    { lat: null, lng: 69 },
    {},
  ]) {
    const verdict = await geocodes({ body: { status: 'OK', results: [result({ location })] } });
    assert.equal(verdict.kind, 'failed', JSON.stringify(location));
  }
});

test('a result that cannot be read does not spoil the readable one beside it', async () => {
  const verdict = await geocodes({ body: { status: 'OK', results: [{}, result({})] } });
  assert.equal(verdict.kind, 'ok');
});

test('the country itself, which Google answers to rubbish under a country filter, is nothing found', async () => {
  const country = result({ types: ['country', 'political'], location: { lat: 41.4, lng: 64.6 } });
  assert.equal((await geocodes({ body: { status: 'OK', results: [country] } })).kind, 'empty');
});

test('what else Google offers comes along in its own order', async () => {
  const results = [
    result({ types: ['route'], name: 'street' }),
    result({ types: ['street_address'], name: 'house one' }),
    result({ types: ['street_address'], name: 'house two' }),
  ];
  const verdict = await geocodes({ body: { status: 'OK', results } });
  assert.ok(verdict.kind === 'ok');
  assert.deepEqual(
    [verdict.value, ...(verdict.value.others ?? [])].map((place) => place.formatted_address),
    ['street', 'house one', 'house two'],
  );
});

test('an area leans the search, and any country restricts nothing', async () => {
  assert.ok(geocode);
  const http = cannedHttp({ body: { status: 'ZERO_RESULTS' } });
  const bounds = { south: 41.2, west: 69.1, north: 41.4, east: 69.4 };
  await geocode({ ...tashkentAddress, language: 'uz-Cyrl', country: null, bounds }, testAccount(), http);
  const asked = new URL(http.requests[0]?.url ?? '').searchParams;
  assert.equal(asked.get('bounds'), '41.2,69.1|41.4,69.4');
  assert.equal(asked.get('language'), 'uz');
  assert.deepEqual([asked.has('components'), asked.has('region')], [false, false]);
});

test('reverse geocoding prefers an address over a plus code, and takes the plus code when there is nothing else', async () => {
  assert.ok(reverse);
  const plus = result({ types: ['plus_code'], name: '8C5R+2X Ташкент' });
  const house = result({ types: ['street_address'], name: 'house' });
  const both = await reverse(point, testAccount(), cannedHttp({ body: { status: 'OK', results: [plus, house] } }));
  assert.equal(both.kind === 'ok' && both.value.formatted_address, 'house');
  const only = await reverse(point, testAccount(), cannedHttp({ body: { status: 'OK', results: [plus] } }));
  assert.equal(only.kind === 'ok' && only.value.formatted_address, '8C5R+2X Ташкент');
});

test('a geocoding request names address, language, region, country and key', async () => {
  assert.ok(geocode && reverse);
  const http = cannedHttp({ body: { status: 'ZERO_RESULTS' } });
  await geocode({ address: 'A & B', language: 'uz', country: 'GB', ...plainQuestion }, testAccount(), http);
  await reverse(point, testAccount(), http);
  const [forward, backward] = http.requests.map(({ url }) => new URL(url));
  assert.equal(`${forward?.origin}${forward?.pathname}`, 'https://maps.googleapis.com/maps/api/geocode/json');
  assert.deepEqual(Object.fromEntries(forward?.searchParams ?? []), {
    address: 'A & B',
    language: 'uz',
    region: 'uk',
    components: 'country:GB',
    key: 'test-key',
  });
  assert.deepEqual(Object.fromEntries(backward?.searchParams ?? []), {
    latlng: '41.3,69.2',
    language: 'ru',
    key: 'test-key',
  });
});

test('a base URL means the same with and without Google’s path, and takes Routes along', async () => {
  for (const [baseUrl, geocodeUrl, routesUrl] of [
    [null, 'https://maps.googleapis.com/maps/api/geocode/json', 'https://routes.googleapis.com'],
    [
      'https://maps.googleapis.com/maps/api',
      'https://maps.googleapis.com/maps/api/geocode/json',
      'https://routes.googleapis.com',
    ],
    [
      'https://maps.googleapis.com/',
      'https://maps.googleapis.com/maps/api/geocode/json',
      'https://routes.googleapis.com',
    ],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000/maps/api/geocode/json', 'http://127.0.0.1:9000'],
    ['http://127.0.0.1:9000/maps/api/', 'http://127.0.0.1:9000/maps/api/geocode/json', 'http://127.0.0.1:9000'],
    [
      'https://proxy.example/google/maps/api/geocode/json',
      'https://proxy.example/google/maps/api/geocode/json',
      'https://proxy.example/google',
    ],
  ] as const) {
    const account: ProviderAccount = testAccount({ baseUrl });
    const http = cannedHttp({ body: {} });
    assert.ok(geocode && distance);
    await geocode(tashkentAddress, account, http);
    await distance({ ...pair, mode: 'walking' }, account, http);
    assert.equal(http.requests[0]?.url.split('?')[0], geocodeUrl);
    assert.equal(http.requests[1]?.url, `${routesUrl}/distanceMatrix/v2:computeRouteMatrix`);
  }
});

test('a matrix request masks its fields, and asks for no traffic', async () => {
  assert.ok(distance);
  const http = cannedHttp({ body: [] });
  await distance({ ...pair, mode: 'driving' }, testAccount(), http);
  await distance({ ...pair, mode: 'walking' }, testAccount(), http);
  assert.equal(
    http.requests[0]?.headers?.['x-goog-fieldmask'],
    'originIndex,destinationIndex,status,condition,distanceMeters,duration',
  );
  assert.equal(http.requests[0]?.headers?.['x-goog-api-key'], 'test-key');
  const [driving, walking] = http.requests.map(({ body }) => JSON.parse(String(body)));
  assert.deepEqual([driving.travelMode, driving.routingPreference], ['DRIVE', 'TRAFFIC_UNAWARE']);
  assert.deepEqual([walking.travelMode, walking.routingPreference], ['WALK', undefined]);
});

test('elements of a matrix come in any order and fail alone; where all fail the request has failed', async () => {
  assert.ok(distance);
  const ends = [
    { latitude: 41.31, longitude: 69.21 },
    { latitude: 41.32, longitude: 69.22 },
  ];
  const ask = (body: object) =>
    distance({ origins: ends, destinations: ends, mode: 'driving' }, testAccount(), cannedHttp({ body }));
  const exists = { status: {}, condition: 'ROUTE_EXISTS', duration: '1s' };
  const verdict = await ask([
    { ...exists, originIndex: 1, distanceMeters: 21 },
    { ...exists, destinationIndex: 1, distanceMeters: 12 },
    { originIndex: 1, destinationIndex: 1, status: { code: 13 } },
    { ...exists, distanceMeters: 11 },
  ]);
  assert.ok(verdict.kind === 'ok');
  assert.deepEqual(
    verdict.value.map((row) => row.map((each) => (each.kind === 'ok' ? each.value.distance_meters : each.kind))),
    [
      [11, 12],
      [21, 'failed'],
    ],
  );
  const quota = { status: { code: 8, message: 'quota' } };
  assert.equal((await ask([quota, { ...quota, originIndex: 1 }])).kind, 'throttled');
  assert.equal((await ask([{ status: { code: 14 } }])).kind, 'failed');
  const nowhere = { status: {}, condition: 'ROUTE_NOT_FOUND' };
  const all = [0, 1].flatMap((originIndex) => [0, 1].map((destinationIndex) => ({ originIndex, destinationIndex })));
  assert.equal((await ask(all.map((indexes) => ({ ...indexes, ...nowhere })))).kind, 'empty');
});

test('every status of a matrix element has its own verdict', async () => {
  const exists = { status: {}, condition: 'ROUTE_EXISTS' };
  for (const [reply, expected] of [
    [{ body: [{ ...exists, distanceMeters: 10, duration: '3.5s' }] }, 'ok'],
    [{ body: [{ ...exists }] }, 'ok'], // Origin and destination are the same point: Google omits zero values.
    [{ body: [{ ...exists, distanceMeters: 10 }] }, 'failed'],
    [{ body: [{ ...exists, distanceMeters: 'far', duration: '3s' }] }, 'failed'],
    [{ body: [{ status: {}, condition: 'ROUTE_NOT_FOUND' }] }, 'empty'],
    [{ body: [{ status: { code: 5, message: 'not found' } }] }, 'empty'],
    [{ body: [{ status: { code: 3 } }] }, 'bad_input'],
    [{ body: [{ status: { code: 8 } }] }, 'throttled'],
    [{ body: [{ status: { code: 14 } }] }, 'failed'],
    // Neither status nor condition: the field mask is wrong.
    [{ body: [{ distanceMeters: 10, duration: '3s' }] }, 'failed'],
    [{ body: [] }, 'failed'],
    [{ body: {} }, 'failed'],
    [
      {
        status: 400,
        body: [
          {
            error: {
              code: 400,
              message: 'API key not valid.',
              status: 'INVALID_ARGUMENT',
              details: [{ reason: 'API_KEY_INVALID' }],
            },
          },
        ],
      },
      'denied',
    ],
    [{ status: 400, body: { error: { code: 400, message: 'Bad origin.', status: 'INVALID_ARGUMENT' } } }, 'bad_input'],
    [{ status: 403, body: { error: { status: 'PERMISSION_DENIED' } } }, 'denied'],
    [{ status: 429, body: { error: { status: 'RESOURCE_EXHAUSTED' } } }, 'throttled'],
    [{ status: 200, body: [{ error: { status: 'RESOURCE_EXHAUSTED' } }] }, 'throttled'],
    [{ status: 503, body: { error: { status: 'UNAVAILABLE' } } }, 'failed'],
  ] as const) {
    assert.ok(distance);
    const verdict = await distance({ ...pair, mode: 'driving' }, testAccount(), cannedHttp(reply));
    assert.equal(verdict.kind, expected, JSON.stringify(reply));
  }
});

test('a key that no header can carry is the account’s fault, and is not sent', async () => {
  assert.ok(distance);
  const unsent = cannedHttp({ body: [] });
  // Its first letter is Cyrillic.
  assert.equal((await distance({ ...pair, mode: 'driving' }, testAccount({ apiKey: 'А-key' }), unsent)).kind, 'denied');
  assert.equal(unsent.requests.length, 0);
});

test('a probe is well when Google refuses the empty question, and ill when it refuses the key', async () => {
  assert.ok(healthCheck);
  const probe = (body: object) => healthCheck({}, testAccount(), cannedHttp({ body }));
  assert.equal((await probe({ status: 'INVALID_REQUEST', results: [] })).kind, 'ok');
  assert.equal((await probe({ status: 'REQUEST_DENIED', results: [] })).kind, 'denied');
  assert.equal((await probe({ status: 'UNKNOWN_ERROR' })).kind, 'failed');
});

test('an account’s key is its secret', () => {
  assert.deepEqual(googleMaps.secretsOf(testAccount()), ['test-key']);
  assert.deepEqual(googleMaps.secretsOf(testAccount({ apiKey: null })), []);
});

function result({
  types = ['street_address'],
  location = { lat: 41.2889, lng: 69.2543 },
  name = 'улица Навои, Ташкент',
}: {
  types?: readonly string[];
  location?: object;
  name?: string;
}) {
  return {
    address_components: [{ long_name: 'Узбекистан', short_name: 'UZ', types: ['country', 'political'] }],
    formatted_address: name,
    geometry: { location, location_type: 'ROOFTOP' },
    place_id: 'x',
    types,
  };
}
