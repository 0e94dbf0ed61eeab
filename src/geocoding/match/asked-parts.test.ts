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
    // Beside a named city, what else may be a city is a street; so is the adjective of a city.
    ['Ташкент, Навои 5', 'ташкент', 'навои', true, '5'],
    ['Самарканд, Ташкентская 5', 'самарканд', 'ташкентская', true, '5'],
    ['Навои 5, Бухара', 'бухара', 'навои', true, '5'],
    ['Бухара, Навои, 5', 'бухара', 'навои', true, '5'],
    ['Бухарская 5', null, 'бухарская', true, '5'],
    ['41.3, 69.2', null, null, false, null],
    [`41°18'39.9"N 69°14'26.0"E`, null, null, false, null],
    [`41° 18' 39.9" N, 69° 14' 26.0" E`, null, null, false, null],
    ['Rua Augusta 5, 2º andar', null, 'rua augusta andar', true, '5'],
    ['N41.311081 E69.240562', null, null, false, null],
    ['41.311081N, 69.240562E', null, null, false, null],
    ['41,311081 69,240562', null, null, false, null],
    ['8GCR8HG6+Q2', null, null, false, null],
    ['8HG6+Q2 Ташкент', 'ташкент', null, false, null],
    ['Ташкент, Навои 5, 6', 'ташкент', 'навои', true, '5'],
    ['Copenhagen', null, null, false, null],
  ] as const) {
    const { road: _road, ...asked } = askedPartsOf(address, null);
    assert.deepEqual(asked, { city, street, isQuarter, house, country: null }, address);
  }
});

test('parts that were given by name are asked for as they are', () => {
  assert.deepEqual(askedPartsIn({ city: 'Навои', street: 'ул. Мира', house_number: '5' }, 'UZ'), {
    city: 'Навои',
    street: 'мира',
    isQuarter: false,
    road: 'street',
    house: '5',
    country: 'UZ',
  });
  assert.equal(askedPartsIn({ street: 'Мира' }, 'UZ').street, 'Мира');
  assert.equal(askedPartsIn({ street: 'ул. Мира, 5' }, 'UZ').house, '5', 'a house in the street');
});
