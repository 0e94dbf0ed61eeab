import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { plainQuestion } from '../../../test/support/plain-question.ts';
import { cannedHttp, testAccount } from '../../../test/support/provider-http.ts';
import { metersBetween } from '../../distance.ts';
import { createOfflineGazetteer, gazetteerConfidence } from './adapter.ts';
import { createGazetteer } from './gazetteer.ts';
import { bundledGazetteerPath } from './world-index.ts';

const adapter = createOfflineGazetteer();

async function geocode(address: string, language = 'ru', country = 'UZ') {
  const http = cannedHttp({ body: '' });
  assert.ok(adapter.attempts.geocode);
  const verdict = await adapter.attempts.geocode(
    { address, language, country, ...plainQuestion },
    testAccount({ apiKey: null }),
    http,
  );
  assert.equal(http.requests.length, 0);
  return verdict;
}

for (const [address, expected] of [
  ['Ташкент', 'Ташкент, Узбекистан'],
  ['г. Ташкент, ул. Навои, 12', 'Ташкент, Узбекистан'],
  ['г. Ташкент ул. Самаркандская 5', 'Ташкент, Узбекистан'],
  ['Ташкент, Навои улица, 7', 'Ташкент, Узбекистан'],
  ['Навои, ул. Ташкентская 4', 'Навои, Навоийская область, Узбекистан'],
  ['Toshkent shahri, Amir Temur shoh koʻchasi 4', 'Ташкент, Узбекистан'],
  ['Тошкент шаҳри, Навоий кўчаси 4', 'Ташкент, Узбекистан'],
  ['Тошкент ш., Навоий кўчаси 4', 'Ташкент, Узбекистан'],
  ['Навоий ш., Тошкент кўчаси 4', 'Навои, Навоийская область, Узбекистан'],
  ['Қўқон ш.', 'Коканд, Ферганская область, Узбекистан'],
  ['Тошкент вил., Паркент', 'Паркент, Ташкентская область, Узбекистан'],
  ['Samarqand vil., Urgut', 'Ургут, Самаркандская область, Узбекистан'],
  ['Навоий вилояти', 'Навоийская область, Узбекистан'],
  ['Ташкентское ш., 5', null],
  ["Qo'qon", 'Коканд, Ферганская область, Узбекистан'],
  ['Qo‘qon', 'Коканд, Ферганская область, Узбекистан'],
  ['QOʻQON SHAHAR', 'Коканд, Ферганская область, Узбекистан'],
  ['Samarkand, Registan', 'Самарканд, Самаркандская область, Узбекистан'],
  ['Чиланзар, 5-й квартал, 12', 'Чиланзарский район, Ташкент, Узбекистан'],
  ['Чилонзор тумани', 'Чиланзарский район, Ташкент, Узбекистан'],
  ['Mirzo Ulugʻbek tumani, 3', 'Мирзо-Улугбекский район, Ташкент, Узбекистан'],
  ['г. Ташкент, Юнусабадский р-н, ул. Навои 5', 'Юнусабадский район, Ташкент, Узбекистан'],
  ['Тошкент ш., Юнусобод т.', 'Юнусабадский район, Ташкент, Узбекистан'],
  ['г. Ташкент, ул. Чиланзар 5', 'Ташкент, Узбекистан'],
  ['г. Самарканд, Чиланзар 5', 'Самарканд, Самаркандская область, Узбекистан'],
  ['Ташкентская область, Паркент', 'Паркент, Ташкентская область, Узбекистан'],
  ['Ферганская обл.', 'Ферганская область, Узбекистан'],
  ['Зарафшон', 'Зарафшан, Навоийская область, Узбекистан'],
  ['Зарафшан', 'Зарафшан, Навоийская область, Узбекистан'],
  ['г. Учкудук', 'Учкудук, Навоийская область, Узбекистан'],
  ['Учқудуқ шаҳри', 'Учкудук, Навоийская область, Узбекистан'],
  ['Кибрай', 'Кибрай, Ташкентская область, Узбекистан'],
  ['Қибрай', 'Кибрай, Ташкентская область, Узбекистан'],
  ['Гиждуван', 'Гиждуван, Бухарская область, Узбекистан'],
  ['Ғиждувон шаҳри', 'Гиждуван, Бухарская область, Узбекистан'],
  ['Мубарек', 'Мубарек, Кашкадарьинская область, Узбекистан'],
  ['Хазорасп', 'Хазорасп, Хорезмская область, Узбекистан'],
  ['Шайхантаурский район', 'Шайхантахурский район, Ташкент, Узбекистан'],
  ['г. Ташкент, Акмаль-Икрамовский район', 'Учтепинский район, Ташкент, Узбекистан'],
  ['Янги Ҳаёт тумани', 'Янгихаётский район, Ташкент, Узбекистан'],
  ['абырвалг', null],
  ['12345', null],
  ['улица Навои, 3', null],
] as const) {
  test(`"${address}" is ${expected === null ? 'not found' : `found as ${expected}`}`, async () => {
    const verdict = await geocode(address);
    assert.equal(verdict.kind === 'ok' ? verdict.value.formatted_address : null, expected);
  });
}

test('every answer is approximate and less sure than any street answer', async () => {
  assert.ok(Math.max(...Object.values(gazetteerConfidence)) <= 0.3);
  const verdict = await geocode('Чиланзар, улица Катартал, 12');
  assert.ok(verdict.kind === 'ok');
  assert.equal(verdict.value.location_type, 'APPROXIMATE');
  assert.equal(verdict.value.partial_match, true);
  assert.equal(verdict.value.components.street, null);
  assert.equal(verdict.value.components.house_number, null);
});

test('names come in the language that was asked for', async () => {
  const names = await Promise.all(['ru', 'uz', 'en'].map((language) => geocode('Фергана', language)));
  assert.deepEqual(
    names.map((verdict) => verdict.kind === 'ok' && verdict.value.formatted_address),
    [
      'Фергана, Ферганская область, Узбекистан',
      'Fargʻona, Fargʻona viloyati, Oʻzbekiston',
      'Fergana, Fergana Region, Uzbekistan',
    ],
  );
});

test('only the country that was asked for is searched', async () => {
  assert.equal((await geocode('Paris')).kind, 'empty');
  const verdict = await geocode('Paris', 'en', 'FR');
  assert.equal(verdict.kind === 'ok' && verdict.value.components.country_code, 'FR');
  assert.equal((await geocode('Paris', 'en', 'XX')).kind, 'empty');
});

test('a point becomes the nearest town, and nothing where no town is near', async () => {
  assert.ok(adapter.attempts.reverse);
  const reverse = (latitude: number, longitude: number) =>
    adapter.attempts.reverse?.({ latitude, longitude, language: 'en' }, testAccount(), cannedHttp({ body: '' }));
  const samarkand = await reverse(39.65, 66.97);
  assert.equal(samarkand?.kind === 'ok' && samarkand.value.components.city, 'Samarkand');
  for (const [latitude, longitude] of [
    [0, -150],
    [89.9, 0],
    [-90, 180],
    [90, -180],
  ] as const) {
    assert.equal((await reverse(latitude, longitude))?.kind, 'empty', `${latitude} ${longitude}`);
  }
});

test('the nearest town is the one that looking at every town finds, at the poles and the date line too', async () => {
  const towns = readFileSync(bundledGazetteerPath(), 'latin1')
    .split('\n')
    .map((line) => line.split('\t').slice(4, 6).map(Number) as [number, number])
    .filter(([latitude, longitude]) => Number.isFinite(latitude) && Number.isFinite(longitude));
  const gazetteer = createGazetteer();
  const corners = [
    [-17, -179.9],
    [52, 179.9],
    [41.999, 69.999],
    [89.9, 10],
    [-89.9, 10],
    [0, -150],
  ];
  const spread = Array.from({ length: 20 }, (_, index) => [Math.sin(index * 7) * 85, Math.sin(index * 13) * 180]);
  for (const [latitude = 0, longitude = 0] of [...corners, ...spread]) {
    let expected = Number.POSITIVE_INFINITY;
    for (const [townLatitude, townLongitude] of towns) {
      expected = Math.min(expected, metersBetween(latitude, longitude, townLatitude, townLongitude));
    }
    const { distanceMeters } = await gazetteer.nearest(latitude, longitude);
    // The index has single precision, which is about a metre.
    assert.ok(Math.abs(distanceMeters - expected) < 5, `${latitude} ${longitude}: ${distanceMeters}, not ${expected}`);
  }
});

test('a hostile address costs little', async () => {
  assert.equal((await geocode('ул '.repeat(166))).kind, 'empty');
  assert.equal((await geocode(`${','.repeat(499)}а`)).kind, 'empty');
});

test('without its file the gazetteer fails, and says so to a probe', async () => {
  const missing = createOfflineGazetteer(createGazetteer(() => '/nowhere/cities.txt'));
  assert.ok(missing.attempts.geocode && missing.attempts.health_check && adapter.attempts.health_check);
  const verdict = await missing.attempts.geocode(
    { address: 'Ташкент', language: 'ru', country: 'UZ', ...plainQuestion },
    testAccount(),
    cannedHttp({ body: '' }),
  );
  assert.deepEqual(verdict, { kind: 'failed', retryable: false, message: 'the gazetteer cannot be read' });
  assert.equal((await missing.attempts.health_check({}, testAccount(), cannedHttp({ body: '' }))).kind, 'failed');
  assert.equal((await adapter.attempts.health_check({}, testAccount(), cannedHttp({ body: '' }))).kind, 'ok');
});

test('a bare town or district asks no more than what is found; a street does', async () => {
  const isPartial = async (address: string) => {
    const verdict = await geocode(address);
    return verdict.kind === 'ok' ? verdict.value.partial_match : null;
  };
  for (const address of [
    'г. Ташкент',
    'Ташкент',
    'город Ташкент, Узбекистан',
    'Toshkent shahri',
    'Тошкент ш.',
    'Чиланзарский район, г. Ташкент',
    'Ташкентская область, г. Паркент',
  ]) {
    assert.equal(await isPartial(address), false, address);
  }
  for (const address of ['г. Ташкент, ул. Навои', 'Ташкент 5', 'Чиланзарский район, Катартал']) {
    assert.equal(await isPartial(address), true, address);
  }
});

test('points in districts of Tashkent are in Tashkent, and villages keep theirs', async () => {
  const reverse = async (latitude: number, longitude: number) => {
    const verdict = await adapter.attempts.reverse?.(
      { latitude, longitude, language: 'ru' },
      testAccount(),
      cannedHttp({ body: '' }),
    );
    return verdict?.kind === 'ok' ? verdict.value.formatted_address : null;
  };
  for (const [latitude, longitude] of [
    [41.365, 69.285],
    [41.38, 69.29],
    [41.352, 69.3],
  ] as const) {
    assert.equal(
      await reverse(latitude, longitude),
      'Юнусабадский район, Ташкент, Узбекистан',
      `${latitude} ${longitude}`,
    );
  }
  for (const [latitude, longitude] of [
    [41.33, 69.34],
    [41.345, 69.35],
  ] as const) {
    assert.equal(await reverse(latitude, longitude), 'Мирзо-Улугбекский район, Ташкент, Узбекистан');
  }
  assert.match((await reverse(41.3889, 69.465)) ?? '', /^Кибрай/);
  assert.match((await reverse(41.573, 64.205)) ?? '', /^Зарафшан/);
});

test('every Uzbek place is found by its Cyrillic name', async () => {
  const names = await createGazetteer().namesOf('UZ');
  for (const name of ['Қўрғонтепа', 'Ғазалкент', 'Тошлоқ', 'Кургонтепа', 'Ҳазорасп', 'Хужаобод', 'Оққўрғон']) {
    assert.notEqual(names.find(name), null, name);
  }
});

test('outside Uzbekistan names are Russian ones, not those of another Cyrillic language', async () => {
  for (const [address, country, expected] of [
    ['Saint Petersburg', 'RU', 'Санкт-Петербург'],
    ['Москва', 'RU', 'Москва'],
    ['Kazan', 'RU', 'Казань'],
    ['Almaty', 'KZ', 'Алматы'],
    ['Bishkek', 'KG', 'Бишкек'],
    ['Стамбул', 'TR', 'Стамбул'],
    ['Новосибирск', 'RU', 'Новосибирск'],
    ['Berlin', 'DE', 'Берлин'],
  ] as const) {
    const verdict = await geocode(address, 'ru', country);
    assert.equal(verdict.kind === 'ok' && verdict.value.components.city, expected);
  }
});
