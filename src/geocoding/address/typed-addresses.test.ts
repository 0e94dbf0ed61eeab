/** Addresses as people type them into a chat: no commas, abbreviations, flats and floors in any order, landmarks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartKind } from './address-parts.ts';
import { readAddress } from './normalize-address.ts';
import typed from './typed-addresses.golden.json' with { type: 'json' };

interface TypedAddress {
  readonly script: string;
  /** Cases with the same value mean one building. */
  readonly place: string;
  readonly text: string;
  /** The parts as a person reads them; absent if the parser is known to read the case differently. */
  readonly reads?: Readonly<Record<string, string>>;
}

const addresses = typed as readonly TypedAddress[];

function readingOf(text: string): Record<string, string> {
  const { parts, unit } = readAddress(text);
  const textOf = (...kinds: readonly PartKind[]): string =>
    parts
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ words, number }) => [...words, ...(number === '' ? [] : [number])].join(' '))
      .filter((part) => part !== '')
      .join(', ');
  const reading = {
    city: textOf('city'),
    district: textOf('district'),
    quarter: textOf('quarter'),
    street: textOf('street', 'lane'),
    name: textOf('name'),
    house: textOf('house', 'building'),
    ...unit,
  };
  return Object.fromEntries(
    Object.entries(reading).filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== ''),
  );
}

test('forty addresses in each script are read as a person reads them, but for a known few', () => {
  for (const { text, reads } of addresses) if (reads !== undefined) assert.deepEqual(readingOf(text), reads, text);
  for (const script of ['ru', 'uz-latn', 'uz-cyrl']) {
    const ofScript = addresses.filter((address) => address.script === script);
    assert.equal(ofScript.length, 40, script);
    assert.ok(ofScript.filter(({ reads }) => reads !== undefined).length >= 36, script);
  }
});

test('no two buildings share a key, and the query for a provider has the key of the typed address', () => {
  const typedWithKey = new Map<string, TypedAddress>();
  for (const address of addresses) {
    const { key, query } = readAddress(address.text);
    const known = typedWithKey.get(key);
    assert.ok(known === undefined || known.place === address.place, `${address.text} and ${known?.text} share ${key}`);
    typedWithKey.set(key, address);
    assert.equal(readAddress(query).key, key, `${address.text} is asked as ${query}`);
  }
});

test('one building in three scripts is one question, where its names are certain', () => {
  const scriptsOfPlace = Map.groupBy(addresses, ({ place }) => place).values();
  const inThree = [...scriptsOfPlace].filter((of) => new Set(of.map(({ script }) => script)).size === 3);
  const met = inThree.filter((of) => new Set(of.map(({ text }) => readAddress(text).key)).size === 1);
  assert.ok(met.length >= 16, `${met.length} of ${inThree.length}`);
});

test('an estate’s quarter, house and flat in one number are asked for without the flat, and compared by the house', () => {
  for (const [text, query] of [
    ['Юнусабад 4-45-12', 'Юнусабад 4, 45'],
    ['Ташкент, Чиланзар 19-33-8, 2 этаж', 'Ташкент, Чиланзар 19, 33'],
    ['Yunusobod-4-45-12', 'Yunusobod-4, 45'],
    ['Га-9.1.49', 'Га-9, 1'],
  ] as const) {
    const read = readAddress(text);
    assert.equal(read.query, query);
    assert.equal(readAddress(query).key, read.key, text);
  }
});

test('a number belongs to the quarter before it or to the designator that it is joined to', () => {
  for (const [text, quarter, house, flat] of [
    ['ц-1 д 8 кв 15 ориентир ГУМ', 'ц 1', '8', '15'],
    ['Ц-1, д. 8, кв. 15, около школы', 'ц 1', '8', '15'],
    ['Ts-5 uy 12', 'ts 5', '12', undefined],
    ['Chilonzor-9 uy 12 xonadon 34', 'chilonzor 9', '12', '34'],
    ['Yunusobod-4 uy 45', 'yunusobod 4', '45', undefined],
    ['Юнусобод-4 уй 45', 'юнусобод 4', '45', undefined],
    ['Чиланзар 19 12 кв 5', 'чиланзар 19', '12', '5'],
    ['Юнусабад 4 45 кв 12 эт 3', 'юнусабад 4', '45', '12'],
    ['Чиланзар 12 кв 5', '12', '5', undefined],
    ["Titov ko'ch 12 xon 3", undefined, '12', '3'],
    ['Титов кўчаси 12 хонадон 3', undefined, '12', '3'],
    ["Titov ko'ch 12-xonadon 3-uy", undefined, '3', '12'],
    ["Titov ko'ch 12 xonadon 3 uy", undefined, '3', '12'],
    ["Titov ko'ch 3 uy 12 xonadon 4 qavat", undefined, '3', '12'],
    ['Mikrorayon 12-uy 3-xonadon', undefined, '12', '3'],
    ['Микрорайон 12-уй 3-корпус', undefined, '12, 3', undefined],
    ['Mikrorayon 12, 3-uy', '12', '3', undefined],
  ] as const) {
    const read = readingOf(text);
    assert.deepEqual([read.quarter, read.house, read.flat], [quarter, house, flat], text);
  }
});

/** openvenues/libpostal#450 and #396, natasha/natasha#14, osm-search/Nominatim#3171, pelias/interpolation#199. */
test('houses with buildings, structures and letters are read in every writing', () => {
  for (const [house, ...texts] of [
    ['31, 1', 'ул. Навои, дом 31, корп.1, кв. 23', 'ул. Навои 31к1 кв 23', 'ул. Навои, д. 31 к. 1'],
    ['72a, 2', 'д. 72А к. 2, ул. Навои', 'ул. Навои, 72А корп 2'],
    ['72a, 2', '72А к2, ул. Навои'],
    ['42, 1', 'ул. Навои, 42 с1', 'ул. Навои, 42 стр 1', 'ул. Навои, д. 42, строение 1'],
    ['42, 1', 'ул. Навои, 42 соор. 1', 'ул. Навои, 42 сооружение 1'],
    ['42, 1', 'ул. Навои, 42 фл 1', 'ул. Навои, 42 флигель 1'],
    ['5, б', 'ул. Навои, 5 литера Б', 'ул. Навои, 5 лит. Б', 'ул. Навои, д. 5, лит Б'],
    ['178-180/1, е', 'ул. Навои, д. 178-180/1, лит. Е'],
    ['71, 4gd', 'ул. Навои, д.71, корпус 4ГД'],
    ['44, е', 'ул. Навои 44, корпус Е'],
    ['6a', 'ул. Навои, д.6 а', 'ул. Навои, д. 6А'],
    ['240', 'ул. Навои, 240, этаж 4'],
  ] as const) {
    for (const text of texts) assert.equal(readingOf(text).house, house, text);
    assert.equal(new Set(texts.map((text) => readAddress(text).key)).size, 1, texts.join('; '));
  }
  const kinds = ['42 к1', '42 с1', '42 соор. 1', '42 фл 1', '42/1', '42', '42 с2'].map(
    (house) => `ул. Навои, ${house}`,
  );
  assert.equal(new Set(kinds.map((text) => readAddress(text).key)).size, kinds.length);
});

test('a city or a district before the name of a street is no part of the name', () => {
  for (const [text, city, street] of [
    ["Samarqand Rudakiy ko'chasi 15", 'samarqand', 'rudakiy'],
    ['Бухоро Баҳоуддин Нақшбанд кўчаси 45', 'бухоро', 'баҳоуддин нақшбанд'],
    ["Toshkent Shayxontohur Sag'bon ko'chasi 7", 'toshkent', "sag'bon"],
    ["Samarqand darvoza ko'chasi 5", undefined, 'samarqand darvoza'],
    ["Farg'ona yo'li ko'chasi 5", undefined, "farg'ona yo'li"],
    ["Buxoro ko'chasi 5", undefined, 'buxoro'],
    ["Olmazor ko'chasi 5", undefined, 'olmazor'],
    ["Hamza Hakimzoda Niyoziy ko'chasi 5", undefined, 'hamza hakimzoda niyoziy'],
    ["Alisher Navoiy ko'chasi 5", undefined, 'alisher navoiy'],
  ] as const) {
    const read = readingOf(text);
    assert.deepEqual([read.city, read.street], [city, street], text);
  }
});

test('one sound that is written in two ways is one name; letters and vowels that tell names apart are not', () => {
  const keyOf = (text: string): string => readAddress(text).key;
  for (const one of [
    ['ул. Жамбула 5', 'ul. Djambula 5', 'ul. Zhambula 5', 'ul. Jambula 5'],
    ['ул. Циолковского 5', 'ul. Tsiolkovskogo 5'],
    ['ул. Рудаки 5', "Rudakiy ko'chasi 5", 'Рудакий кўчаси 5'],
    ['Sanʼat koʻchasi 5', 'San’at ko’chasi 5', "San'at ko'chasi 5", 'San`at ko`chasi 5', 'Санъат кўчаси 5'],
    ['ul. Khorezm 5', 'ул. Хорезм 5', "Xorezm ko'chasi 5"],
    ['ул. Юлдузчи 5', "Yulduzchi ko'chasi 5", 'Юлдузчи кўчаси 5'],
    ['ул. Ялангоч 5', "Yalangoch ko'chasi 5"],
    ['Ц-5 дом 12', 'Ts-5 uy 12'],
  ]) {
    assert.equal(new Set(one.map(keyOf)).size, 1, one.map((text) => `${text}: ${keyOf(text)}`).join('\n'));
  }
  for (const apart of [
    ['ул. Петрова 5', 'ул. Питрова 5', 'ул. Патрова 5'],
    ['Санъат кўчаси 5', 'Саноат кўчаси 5'],
    ["San'at ko'chasi 5", "Sanoat ko'chasi 5"],
    ['Ғул кўчаси 5', 'Гул кўчаси 5'],
    ["Qul ko'chasi 5", "Kul ko'chasi 5"],
    ["Tog' ko'chasi 5", "Tog ko'chasi 5"],
    ["O'rik ko'chasi 5", "Orik ko'chasi 5"],
    ["Er ko'chasi 5", "Yer ko'chasi 5"],
    ["Ali ko'chasi 5", "Aliy ko'chasi 5"],
    ['C-5 12-uy', 'Ц-5 12-uy', 'S-5 12-uy'],
  ]) {
    assert.equal(new Set(apart.map(keyOf)).size, apart.length, apart.map(keyOf).join('\n'));
  }
});
