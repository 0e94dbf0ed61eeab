import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePlace } from '../../../test/support/call-executor.ts';
import type { AddressParts } from '../../providers/geocoding.ts';
import { askedPartsOf } from './asked-parts.ts';
import { type AskedParts, compareAnswer } from './compare-answer.ts';
import { isSameHouse } from './house-numbers.ts';

const asked: AskedParts = { city: 'Ташкент', street: 'ул. Навои', isQuarter: false, house: '5', country: 'UZ' };
const answer = (components: Partial<AddressParts>, confidence = 0.95) =>
  samplePlace({
    confidence,
    address_components: [],
    components: {
      street: 'улица Алишера Навои',
      house_number: '5',
      district: null,
      city: 'Ташкент',
      region: null,
      postal_code: null,
      country: 'Узбекистан',
      country_code: 'UZ',
      ...components,
    },
  });

test('an answer that matches the whole question keeps the vendor’s rating', () => {
  const compared = compareAnswer(asked, answer({}));
  assert.deepEqual(compared.match, { city: 'exact', street: 'exact', house_number: 'exact' });
  assert.equal(compared.confidence, 0.95);
  assert.equal(compared.partial_match, false);
});

test('another house, street, city or country is a partial match below what ends the chain', () => {
  const others: [Partial<AddressParts>, string, string][] = [
    [{ house_number: '15' }, 'house_number', 'differs'],
    [{ house_number: null }, 'house_number', 'missing'],
    [{ street: 'улица Новая' }, 'street', 'differs'],
    [{ street: '2-й проезд Навои' }, 'street', 'differs'],
    [{ street: null, house_number: null }, 'street', 'missing'],
    [{ city: 'Самарканд' }, 'city', 'differs'],
    [{ country_code: 'TR' }, 'city', 'exact'],
  ];
  for (const [components, part, kind] of others) {
    const compared = compareAnswer(asked, answer(components));
    assert.equal(compared.match[part as 'city'], kind, JSON.stringify(components));
    assert.ok(compared.confidence < 0.5, JSON.stringify(components));
    assert.equal(compared.partial_match, true);
  }
});

test('the scripts and languages of question and answer may differ', () => {
  const pairs: [Partial<AskedParts>, Partial<AddressParts>][] = [
    [{ street: 'Amir Temur shoh ko‘chasi' }, { street: 'проспект Амира Темура' }],
    [{ street: 'улица Шота Руставели' }, { street: 'Shota Rustaveli koʻchasi' }],
    [{ street: 'ул. 8 Марта' }, { street: 'улица 8-Марта' }],
    [
      { city: 'Тошкент', street: 'Навоий кўчаси' },
      { city: 'Tashkent', street: 'Alisher Navoiy Street' },
    ],
    [{ city: 'Қўқон' }, { city: 'Коканд' }],
    [{ city: 'Toshkent shahri' }, { city: null, region: 'Ташкент' }],
    // osm-search/Nominatim#1803, #2569 and #317.
    [{ street: 'Kurskaya Ulitsa' }, { street: 'Курская улица' }],
    [{ street: 'ul. Shchorsa' }, { street: 'улица Щорса' }],
    [{ street: "San'at ko'chasi" }, { street: 'Sanʼat koʻchasi' }],
    [{ street: 'ул. Ишчилар' }, { street: 'Ishchilar koʻchasi' }],
    [{ street: '8-е Марта' }, { street: 'улица 8 Марта' }],
    [{ street: 'улица Ш. Рашидова' }, { street: 'проспект Шарафа Рашидова' }],
  ];
  for (const [question, components] of pairs) {
    const { match } = compareAnswer({ ...asked, ...question }, answer(components));
    assert.deepEqual([match.city, match.street], ['exact', 'exact'], JSON.stringify([question, components]));
  }
});

test('a typo is forgiven, but not where it makes another known name', () => {
  for (const [street, found, kind] of [
    ['Мустакилик', 'улица Мустакиллик', 'exact'],
    ['Истеклол', 'улица Истиклол', 'exact'],
    ['Куйлюк', 'Qoʻyliq koʻchasi', 'exact'],
    ['Истиклол', 'улица Истикбол', 'differs'],
    ['Сағбон', 'Bogʻbon koʻchasi', 'differs'],
  ] as const) {
    assert.equal(compareAnswer({ ...asked, street }, answer({ street: found })).match.street, kind, street);
  }
});

test('a lane is not the street of its name', () => {
  for (const [question, found, kind] of [
    ['ул. Навои, 5', 'тупик Навои', 'differs'],
    ['ул. Навои, 5', 'Navoiy tor koʻchasi', 'differs'],
    ["Navoiy ko'chasi, 5", 'Navoi Lane', 'differs'],
    ['проезд Навои, 5', 'улица Навои', 'differs'],
    ['проезд Навои, 5', 'Navoiy koʻchasi', 'differs'],
    ['проезд Навои, 5', 'проезд Навои', 'exact'],
    ['проезд Навои, 5', 'Навои', 'exact'],
    ['2-й проезд Навои, 5', 'улица Навои, 2-й проезд', 'exact'],
    ['Навои, 5', 'тупик Навои', 'exact'],
    ['1-й пр. Навои, 5', '1-й проезд Навои', 'exact'],
    ['проспект Навои, 5', 'улица Навои', 'exact'],
  ] as const) {
    const { match } = compareAnswer(askedPartsOf(`Ташкент, ${question}`, 'UZ'), answer({ street: found }));
    assert.equal(match.street, kind, `${question}: ${found}`);
  }
});

test('a city is not its region', () => {
  const { match } = compareAnswer(asked, answer({ city: 'Чирчик', region: 'Ташкентская область' }));
  assert.equal(match.city, 'differs');
});

test('a quarter may stand for the street in the answer’s district', () => {
  const quarter: AskedParts = { ...asked, street: 'Чиланзар, 19 квартал', isQuarter: true, house: '33' };
  const found = answer({ street: '19-й квартал', district: 'массив Чиланзар', house_number: '33' });
  assert.equal(compareAnswer(quarter, found).match.street, 'exact');
  assert.equal(compareAnswer({ ...quarter, street: 'Чиланзар, 9 квартал' }, found).match.street, 'missing');
});

test('what was not asked is not missed', () => {
  const { match, confidence } = compareAnswer(
    { city: null, street: null, isQuarter: false, house: null, country: null },
    answer({ house_number: null }),
  );
  assert.deepEqual(match, { city: 'not_asked', street: 'not_asked', house_number: 'not_asked' });
  assert.equal(confidence, 0.95);
});

test('a house number is one in all its writings, and no other', () => {
  for (const [one, other] of [
    '12 к1|12/1',
    '12а|12A',
    '107B|107Б',
    '107B|107В',
    '12 корпус 1|12к1',
    'дом 5|5',
    // As OpenStreetMap and Yandex write them (osm-search/Nominatim#3171).
    '5 литера Б|5 литБ',
    '5 лит. Б|5Б',
    '42 строение 1|42с1',
    '42 стр. 1|42 с1',
    '42 сооружение 1|42 соор1',
    '42 флигель 1|42 фл1',
    '42 корпус 1 строение 2|42к1с2',
    '72А к2|72А/2',
  ].map((pair) => pair.split('|')))
    assert.ok(isSameHouse(one as string, other as string), `${one} ${other}`);
  for (const [one, other] of [
    '107В|107Б',
    '5|15',
    '12|12а',
    '5|5/7',
    '12/1|1/12',
    '1|',
    '42 с1|42 к1',
    '42 с1|42/1',
    '5 литБ|5 литА',
    '42 соор1|42 с1',
    '42с1|42',
  ].map((pair) => pair.split('|')))
    assert.ok(!isSameHouse(one as string, other as string), `${one} ${other}`);
});
