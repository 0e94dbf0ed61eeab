import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { composeAddressKey, normalizeAddress, readAddress } from './normalize-address.ts';

interface Group {
  readonly why: string;
  readonly addresses: readonly string[];
}
const golden = JSON.parse(readFileSync(new URL('./addresses.golden.json', import.meta.url), 'utf8')) as {
  readonly same: readonly Group[];
  readonly different: readonly Group[];
};
const goldenAddresses = [...golden.same, ...golden.different].flatMap(({ addresses }) => addresses);

test('the golden file is worth its name', () => {
  assert.ok(goldenAddresses.length >= 150, `${goldenAddresses.length} addresses`);
});

for (const { why, addresses } of golden.same) {
  test(`one address: ${why}`, () => {
    const keys = new Map(addresses.map((address) => [composeAddressKey(address), address]));
    assert.equal(keys.size, 1, JSON.stringify([...keys], null, 2));
  });
}

for (const { why, addresses } of golden.different) {
  test(`different addresses: ${why}`, () => {
    const byKey = new Map<string, string>();
    for (const address of addresses) {
      const key = meaningOf(address);
      assert.equal(byKey.get(key), undefined, `${address} and ${byKey.get(key)} share ${key}`);
      byKey.set(key, address);
    }
  });
}

test('no two groups of the golden file share a key', () => {
  const byKey = new Map<string, string>();
  for (const { why, addresses } of golden.same) {
    const key = composeAddressKey(addresses[0] as string);
    assert.equal(byKey.get(key), undefined, `${why} and ${byKey.get(key)} share ${key}`);
    byKey.set(key, why);
  }
});

test('case, spaces around punctuation and the kind of apostrophe or dash change nothing', () => {
  fc.assert(
    fc.property(anyAddress, noise, (address, disturb) => {
      assert.equal(composeAddressKey(disturb(address)), composeAddressKey(address), disturb(address));
    }),
    { numRuns: 3000 },
  );
  for (const address of goldenAddresses) {
    assert.equal(composeAddressKey(address.toUpperCase()), composeAddressKey(address), address);
  }
});

test('changing any one digit makes another address', () => {
  const addressAndPlace = fc
    .tuple(fc.oneof(anyAddress, fc.constantFrom(...goldenAddresses)), fc.nat(), fc.integer({ min: 1, max: 9 }))
    .filter(([address]) => /[0-9]/.test(address));
  fc.assert(
    fc.property(addressAndPlace, ([address, place, shift]) => {
      const digits = [...address.matchAll(/[0-9]/g)];
      const at = (digits[place % digits.length] as RegExpExecArray).index;
      const other = `${address.slice(0, at)}${(Number(address[at]) + shift) % 10}${address.slice(at + 1)}`;
      assert.notEqual(meaningOf(other), meaningOf(address), other);
    }),
    { numRuns: 5000 },
  );
});

test('adding or removing a digit makes another address', () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(), fc.integer({ min: 0, max: 9 }), (address, place, digit) => {
      const digits = [...address.matchAll(/[0-9]/g)];
      if (digits.length === 0) return;
      const at = (digits[place % digits.length] as RegExpExecArray).index;
      const longer = `${address.slice(0, at)}${digit}${address.slice(at)}`;
      assert.notEqual(meaningOf(longer), meaningOf(address), longer);
    }),
    { numRuns: 3000 },
  );
});

test('two houses of one street never share a key', () => {
  fc.assert(
    fc.property(street, house, house, (name, one, other) => {
      if (one.meaning === other.meaning) return;
      const [left, right] = [`${name}, ${one.text}`, `${name}, ${other.text}`];
      assert.notEqual(meaningOf(left), meaningOf(right), `${left} and ${right}`);
    }),
    { numRuns: 10_000 },
  );
});

test('spellings of one house share a key on every street', () => {
  fc.assert(
    fc.property(street, fc.integer({ min: 1, max: 999 }), fc.constantFrom(...'абвге'), (name, number, letter) => {
      const spellings = [`${number}${letter}`, `${number} ${letter}`, `${number}-${letter.toUpperCase()}`];
      const keys = new Set(spellings.map((spelling) => composeAddressKey(`${name}, ${spelling}`)));
      assert.equal(keys.size, 1, [...keys].join(' | '));
    }),
    { numRuns: 1000 },
  );
});

test('hostile input, forty times as long as is accepted, comes to an end', { timeout: 20_000 }, () => {
  const patterns = [
    "'",
    'о',
    "o'",
    '5-',
    '5 - ',
    '5 ',
    ' ',
    '^1',
    '#ul ',
    '_а ',
    'ул.',
    '-5.5',
    'г. ',
    '12к',
    'ў',
    'кв ',
    '\u00ad',
    '①',
    '\ud83d\ude00',
    '5/',
    'р-н',
    'ъ',
  ];
  for (const pattern of patterns) composeAddressKey(pattern.repeat(20_000 / pattern.length));
});

test('a remembered key is the composed one, also after many others', () => {
  const address = 'ул. Мукими, 83 а';
  const key = normalizeAddress(address);
  for (let index = 0; index < 20_000; index += 1) normalizeAddress(`ул. Мукими, ${index}`);
  assert.deepEqual(normalizeAddress(address), key);
  assert.equal(key.key, composeAddressKey(address));
});

/** Everything that an address means: two addresses that differ only in the flat are one question with two units. */
function meaningOf(address: string): string {
  const { key, unit } = readAddress(address);
  return `${key} ${JSON.stringify(unit)?.toLowerCase()}`;
}

const street = fc.constantFrom(
  'ул. Мукими',
  'Ташкент, проспект Мира',
  'Мира улица',
  "Navoiy ko'chasi",
  'Боғ кўчаси',
  'Чиланзар',
  'Юнусабад, 12-й квартал',
  'Мирзо-Улугбек',
  'г. Самарканд, пер. Садовый',
);

/** Latin and Cyrillic letters that mean one house under one name; the others are houses of their own. */
const house = fc
  .record({
    number: fc.integer({ min: 1, max: 30 }),
    letter: fc.constantFrom('', ...'абвгдежзиклнпрсхэяbcehpxynfz'),
    second: fc.option(fc.integer({ min: 1, max: 30 }), { nil: null }),
    joint: fc.constantFrom('/', '-', ' к', ', кв. ', ', корп. ', ', стр. ', ', этаж ', ', подъезд ', ', '),
  })
  .map(({ number, letter, second, joint }) => {
    const text = `${number}${letter}${second === null ? '' : `${joint}${second}`}`;
    return { text, meaning: text.replace(', корп. ', ' к') };
  });

const words = fc.constantFrom(
  ...[
    'ул.',
    'улица',
    'Навои',
    'д.',
    'кв.',
    'к',
    'к.',
    'г.',
    'Ташкент',
    'а',
    'в',
    'Б',
    "ko'chasi",
    'Navoiy',
    'uy',
    'кўчаси',
  ],
  ...[
    'Навоий',
    'ш',
    '-',
    '/',
    ',',
    '.',
    ';',
    '5',
    '12',
    '83а',
    '12/4',
    '5-7',
    '5-uy',
    '12-й',
    'квартал',
    'мкр',
    'массив',
    'р-н',
  ],
  ...[
    'тор',
    'shoh',
    'пр',
    'пр-т',
    'корп.',
    'стр.',
    '№',
    '41.31',
    '-69.24',
    'Ғ',
    'ёлка',
    'ъ',
    'ь',
    "o'",
    '#ul',
    '_а',
    '^2',
    '²',
  ],
  ...[
    'Чиланзар',
    'dahasi',
    '12к4',
    '7мкр',
    '5Навои',
    'подъезд',
    'эт',
    'щука',
    '(',
    ')',
    '«',
    '»',
    'd',
    'k',
    'kv',
    'х',
    'Ц-5',
  ],
);
const anyAddress = fc
  .array(fc.tuple(words, fc.constantFrom(' ', ' ', ', ', '')), { minLength: 1, maxLength: 14 })
  .map((parts) => parts.flat().join('').trim());

/** Variations that people and keyboards make without changing the meaning. */
const noise = fc.constantFrom<(address: string) => string>(
  (address) => address.toUpperCase(),
  (address) => address.toLowerCase(),
  (address) => ` ${address} `,
  (address) => address.replaceAll(' ', '  '),
  (address) => address.replaceAll(' ', '\u00a0'),
  (address) => address.replaceAll("'", '\u02bb'),
  (address) => address.replaceAll("'", '\u2019'),
  (address) => address.replaceAll('-', '\u2013'),
  (address) => address.normalize('NFD'),
  (address) => address.replaceAll(',', ' , '),
);
