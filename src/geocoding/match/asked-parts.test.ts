import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedPartsIn, askedPartsOf } from './asked-parts.ts';

test('an address is asked for by its city, its street or quarter, and its house', () => {
  for (const [address, city, street, isQuarter, house] of [
    ['Ташкент, ул. Навои, 5, кв 7', 'ташкент', 'навои', false, '5'],
    ['ул. Навои, 2 тупик, 7', null, 'навои 2', false, '7'],
    ['улица 8 Марта', null, '8 марта', false, null],
    ['г. Ташкент, Юнусабад 4, дом 12 к1', 'ташкент', 'юнусабад 4', true, '12/1'],
    ['Самарканд, Регистан', 'самарканд', null, false, null],
    ['Шота Руставели 45, Ташкент', 'ташкент', 'шота руставели', true, '45'],
    ['41.3, 69.2', null, null, false, null],
    ['Copenhagen', null, null, false, null],
  ] as const) {
    assert.deepEqual(askedPartsOf(address, null), { city, street, isQuarter, house, country: null }, address);
  }
});

test('parts that were given by name are asked for as they are', () => {
  assert.deepEqual(askedPartsIn({ city: 'Навои', street: 'ул. Мира', house_number: '5' }, 'UZ'), {
    city: 'Навои',
    street: 'мира',
    isQuarter: false,
    house: '5',
    country: 'UZ',
  });
  assert.equal(askedPartsIn({ street: 'Мира' }, 'UZ').street, 'Мира');
});
