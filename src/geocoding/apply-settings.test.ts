import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePlace } from '../../test/support/call-executor.ts';
import { checkedBody } from '../../test/support/checked-body.ts';
import { ServiceError } from '../errors.ts';
import { completeAddress, completeParts } from './apply-settings.ts';
import { chooseAnswer } from './choose-answer.ts';
import { parseGeocodeRequest, readSettings } from './parse-request.ts';
import { geocodeQuestion } from './questions.ts';
import { settingsSchema } from './request-schemas.ts';

const settings = readSettings({
  city: 'Ташкент',
  country: 'UZ',
  language: 'uz-Cyrl',
  bounds: { south: 41.1, west: 69.1, north: 41.5, east: 69.5 },
  street_aliases: [{ from: 'Пушкина', to: 'Истиклол' }],
});

test('an address without a city is in the tenant’s own; one that names a city, or may be one, is left alone', () => {
  for (const [address, completed] of [
    ['ул. Мира, 5', 'Ташкент, ул. Мира, 5'],
    ['Самарканд, ул. Мира, 5', 'Самарканд, ул. Мира, 5'],
    ['Copenhagen', 'Copenhagen'],
    ['Юнусабадский район, ул. Мира, 5', 'Ташкент, Юнусабадский район, ул. Мира, 5'],
    ["M.Ulug'bek tumani, Mira ko'chasi 5", "Ташкент, M.Ulug'bek tumani, Mira ko'chasi 5"],
    ['Кибрайский район, ул. Мира, 5', 'Кибрайский район, ул. Мира, 5'],
    ['Самаркандская область, Ургутский район, ул. Мира, 5', 'Самаркандская область, Ургутский район, ул. Мира, 5'],
  ] as const) {
    assert.equal(completeAddress(address, 'UZ', settings), completed);
  }
  assert.equal(completeAddress('ул. Мира, 5', 'KZ', settings), 'ул. Мира, 5');
  const inParts = (parts: object) => completeParts({ street: 'ул. Мира', ...parts }, 'UZ', settings).city;
  assert.deepEqual(
    [inParts({ district: 'Yunusobod tumani' }), inParts({ district: 'Zangiota' })],
    ['Ташкент', undefined],
  );
  const ofSamarkand = readSettings({ city: 'Самарканд' });
  for (const [district, completed] of [
    ['Чиланзарский', ''],
    ['Сиабский', 'Самарканд, '],
  ] as const) {
    const address = `${district} район, ул. Мира, 5`;
    assert.equal(completeAddress(address, 'UZ', ofSamarkand), completed + address);
  }
});

test('a renamed street is asked for by its new name, however the old one is written', () => {
  for (const address of ['Ташкент, ул. Пушкина, 5', 'Ташкент, улица ПУШКИНА, 5', "Ташкент, Pushkin ko'chasi, 5"]) {
    assert.match(completeAddress(address, 'UZ', settings), /Истиклол/, address);
  }
  assert.doesNotMatch(completeAddress('Ташкент, ул. Пушкарева, 5', 'UZ', settings), /Истиклол/);
  const question = (address: string) => geocodeQuestion(parseGeocodeRequest({ address }, settings));
  assert.equal(question('ул. Пушкина, 5'), question('ул. Истиклол, 5'));
});

test('a city, a district or a quarter with the name of a renamed street keeps it', () => {
  const aliases = ['Мирабадская', 'Нукусская', 'Ташкентская'].map((from) => ({ from, to: 'Новая' }));
  const renamed = readSettings({ street_aliases: aliases });
  for (const [address, completed] of [
    ['Ташкент, Мирабадский район, ул. Нукусская, 5', 'Ташкент, Мирабадский район, ул. Новая, 5'],
    ['г. Нукус, ул. Нукусская, 5', 'г. Нукус, ул. Новая, 5'],
    ['Нукус, Бердаха 5', 'Нукус, Бердаха 5'],
    ['Ташкентская обл., Чирчик, ул. Ташкентская, 5', 'Ташкентская обл., Чирчик, ул. Новая, 5'],
    ['Mirobod mahallasi, 5-uy', 'Mirobod mahallasi, 5-uy'],
    ['Mirobod ko‘chasi, 5-uy', 'Новая ko‘chasi, 5-uy'],
  ] as const) {
    assert.equal(completeAddress(address, 'UZ', renamed), completed);
  }
  const ofCity = readSettings({ street_aliases: [{ from: 'Навои', to: 'Новая' }] });
  assert.equal(completeAddress('Навои 5', 'UZ', ofCity), 'Новая 5', 'a city too, but it may be the street');
  assert.equal(completeParts({ city: 'Навои', street: 'Навои' }, 'UZ', ofCity).street, 'Новая');
});

test('an answer may name a renamed street by either name; each set of names is a question of its own', () => {
  const request = parseGeocodeRequest({ address: 'ул. Пушкина, 5' }, settings);
  assert.deepEqual(request.streetAliases, [{ from: 'Пушкина', to: 'Истиклол' }]);
  const { bounds, country, language, limit, ...rest } = request;
  const matchOf = (street: string, { streetAliases }: Pick<typeof rest, 'streetAliases'>) => {
    const components = { ...samplePlace().components, street, house_number: '5' };
    const input = { ...rest, bounds, country, language: 'ru', limit, streetAliases: streetAliases ?? [] };
    const { match, partial_match } = chooseAnswer(samplePlace({ components }), input);
    return [match?.street, partial_match];
  };
  for (const street of ['улица Истиклол', 'улица Пушкина', 'Pushkin koʻchasi', 'Istiqlol koʻchasi']) {
    assert.deepEqual(matchOf(street, request), ['exact', false], street);
  }
  for (const street of ['улица Пушкарева', 'улица Навои', '2-й проезд Пушкина']) {
    assert.deepEqual(matchOf(street, request), ['differs', true], street);
  }
  assert.deepEqual(matchOf('улица Пушкина', {}), ['differs', true]);
  const { streetAliases: _aliases, ...unaliased } = request;
  assert.notEqual(geocodeQuestion(request), geocodeQuestion(unaliased));
  assert.equal(parseGeocodeRequest({ address: 'ул. Мира, 5' }, settings).streetAliases, undefined);
});

test('what a question leaves out is the tenant’s default, and what it says counts', () => {
  const left = parseGeocodeRequest({ address: 'ул. Мира, 5' }, settings);
  assert.deepEqual([left.language, left.country, left.bounds?.south], ['uz-Cyrl', 'UZ', 41.1]);
  const said = parseGeocodeRequest({ address: 'ул. Мира, 5', language: 'en', country: 'KZ' }, settings);
  assert.deepEqual([said.language, said.country, said.address], ['en', 'KZ', 'ул. Мира, 5']);
  const inParts = parseGeocodeRequest({ components: { street: 'ул. Пушкина', house_number: '5' } }, settings);
  assert.deepEqual([inParts.parts?.city, inParts.parts?.street], ['Ташкент', 'ул. Истиклол']);
});

test('settings that no question could have are refused', () => {
  for (const body of [
    { country: 'ZZ' },
    { language: 'xyz' },
    { city: '' },
    { bounds: { south: 2, west: 0, north: 1, east: 1 } },
    { street_aliases: [{ from: 'улица', to: 'x' }] },
    { street_aliases: [{ from: 'x', to: '' }] },
  ]) {
    assert.throws(() => checkedBody(settingsSchema, body), ServiceError, JSON.stringify(body));
  }
});
