import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEmulatedHttp } from '../../../test/support/emulated-http.ts';
import { bodyOf, fixturesMissing, readFixtures } from '../../../test/support/fixtures.ts';
import { plainQuestion } from '../../../test/support/plain-question.ts';
import { type CannedReply, cannedHttp, testAccount } from '../../../test/support/provider-http.ts';
import type { Place } from '../geocoding.ts';
import type { Verdict } from '../provider.ts';
import { nominatim } from './adapter.ts';

const { geocode, reverse, health_check: healthCheck } = nominatim.attempts;
const question = { address: 'Ташкент, улица Навои, 12', language: 'ru', country: 'UZ', ...plainQuestion };
const point = { latitude: 41.3, longitude: 69.2, language: 'ru' };
const account = testAccount({ baseUrl: 'http://nominatim.internal/' });

async function geocodes(reply: CannedReply) {
  assert.ok(geocode);
  return geocode(question, account, cannedHttp(reply));
}

/** Verdict, and of a place its confidence, location type, street, house and city. */
const expectedOfFixture: Readonly<Record<string, readonly unknown[]>> = {
  'blocked_html_instead_of_json.json': ['throttled'],
  'reverse_unable_to_geocode.json': ['empty'],
  'search_house_number_pl.json': ['ok', 0.95, 'ROOFTOP', 'Jana Pawła Woronicza', '17', 'Warszawa'],
  'search_zero_results.json': ['empty'],
  'tashkent_search_house_ru.json': ['ok', 0.95, 'ROOFTOP', 'улица Шота Руставели', '45', 'Ташкент'],
};

test('every recorded reply is read as it is meant', { skip: fixturesMissing }, async () => {
  assert.ok(geocode && reverse);
  for (const fixture of readFixtures('nominatim')) {
    const { status, headers } = fixture.response;
    const http = cannedHttp({ status, headers, body: bodyOf(fixture) });
    const verdict: Verdict<Place> = /^reverse/.test(fixture.file)
      ? await reverse(point, account, http)
      : await geocode(question, account, http);
    const expected = expectedOfFixture[fixture.file];
    if (expected === undefined) {
      assert.equal(verdict.kind, 'ok', fixture.file);
      continue;
    }
    const value: Place | null = verdict.kind === 'ok' ? verdict.value : null;
    const { street, house_number, city } = value?.components ?? {};
    const seen: unknown[] =
      value === null
        ? [verdict.kind]
        : [verdict.kind, value.confidence, value.location_type, street, house_number, city];
    assert.deepEqual(seen, expected, fixture.file);
  }
});

test('the rank tells how exact a place is, and a house needs its number', async () => {
  const place = (place_rank: number, house_number?: string) => ({
    body: [{ lat: '41.3', lon: '69.2', display_name: 'x', place_rank, address: { house_number, country_code: 'uz' } }],
  });
  for (const [rank, number, confidence] of [
    [30, '12', 0.95],
    [30, undefined, 0.7],
    [28, '12', 0.7],
    [26, undefined, 0.5],
    [18, undefined, 0.3],
    [16, undefined, 0.25],
    [4, undefined, 0.05],
  ] as const) {
    const verdict = await geocodes(place(rank, number));
    assert.equal(verdict.kind === 'ok' && verdict.value.confidence, confidence, String(rank));
  }
});

test('errors in every form are distinguished from answers', async () => {
  assert.equal((await geocodes({ status: 400, body: { error: { code: 400, message: 'no' } } })).kind, 'bad_input');
  assert.equal((await geocodes({ status: 503, body: 'busy' })).kind, 'failed');
  assert.equal((await geocodes({ status: 429, body: '<html>' })).kind, 'throttled');
  assert.equal((await geocodes({ status: 403, body: '<html>' })).kind, 'denied');
  assert.equal((await geocodes({ body: { error: 'x' } })).kind, 'failed');
  assert.equal((await geocodes({ body: [{ lat: 'a', lon: '1', display_name: 'x' }] })).kind, 'failed');
  assert.equal((await geocodes({ body: [] })).kind, 'empty');
  assert.ok(geocode);
  assert.equal((await geocode(question, testAccount(), cannedHttp({ body: [] }))).kind, 'failed');
});

test('parts go by their names, text as it is, and never both', async () => {
  assert.ok(geocode);
  const http = cannedHttp({ body: [] });
  const parts = { street: 'улица Навои', house_number: '12', city: 'Ташкент' };
  const bounds = { south: 41, west: 69, north: 42, east: 70 };
  await geocode({ ...question, bounds }, account, http);
  await geocode({ ...question, parts, country: null }, account, http);
  const [text, named] = http.requests.map(({ url }) => Object.fromEntries(new URL(url).searchParams));
  assert.deepEqual(
    [text?.q, text?.countrycodes, text?.viewbox, text?.format, text?.['accept-language']],
    [question.address, 'uz', '69,41,70,42', 'jsonv2', 'ru'],
  );
  assert.deepEqual(
    [named?.q, named?.street, named?.city, named?.countrycodes],
    [undefined, '12 улица Навои', 'Ташкент', undefined],
  );
  assert.equal(http.requests[0]?.url.split('?')[0], 'http://nominatim.internal/search');
});

test('adapter and emulator understand each other', async (t) => {
  const { http, account: emulated } = await startEmulatedHttp(t);
  assert.ok(geocode && reverse && healthCheck);
  const place = await geocode(question, emulated, http);
  assert.ok(place.kind === 'ok');
  assert.deepEqual([place.value.components.house_number, place.value.components.city], ['12', 'Ташкент']);
  const parts = { street: 'улица Навои', house_number: '12', city: 'Ташкент' };
  const named = await geocode({ ...question, parts }, emulated, http);
  assert.equal(named.kind === 'ok' && named.value.components.house_number, '12');
  assert.equal((await geocode({ ...question, address: 'абырвалг' }, emulated, http)).kind, 'empty');
  assert.equal((await reverse(point, emulated, http)).kind, 'ok');
  assert.equal((await healthCheck({}, emulated, http)).kind, 'ok');
});

test('without its address there is no such service', () => {
  assert.equal(nominatim.faultsOf?.({ baseUrl: null, config: {} }).length, 1);
  assert.equal(nominatim.faultsOf?.({ baseUrl: 'http://osm', config: {} }).length, 0);
});
