import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePlace } from '../../test/support/call-executor.ts';
import { inScriptOf, toCyrillic, toLatin } from './uzbek-script.ts';

test('Uzbek is written in the script that was asked for, with its capitals', () => {
  for (const [latin, cyrillic] of [
    ['Toshkent', 'Тошкент'],
    ['Oʻzbekiston', 'Ўзбекистон'],
    ['Gʻafur Gʻulom koʻchasi', 'Ғафур Ғулом кўчаси'],
    ['Shayxontohur tumani', 'Шайхонтоҳур тумани'],
    ['Yunusobod', 'Юнусобод'],
    ['Chilonzor, 5', 'Чилонзор, 5'],
    ['MFY', 'МФЙ'],
  ] as const) {
    assert.equal(toCyrillic(latin), cyrillic);
    assert.equal(toLatin(cyrillic), latin);
  }
  assert.equal(toCyrillic("Mirzo Ulug'bek"), 'Мирзо Улуғбек');
  assert.equal(toLatin('Тошкент 12А'), 'Toshkent 12A');
  assert.equal(toLatin('Исҳоқ, цирк, милиция, Ц-5'), 'Isʼhoq, sirk, militsiya, Ts-5');
  // UlugbekSalaev/UzTransliterator#3, dalibor/cyrillizer#6.
  assert.equal(toCyrillic("San'at san`at sanʻat san’at sanʼat"), 'Санъат санъат санъат санъат санъат');
  assert.equal(toCyrillic('yetim, telefon, etap'), 'етим, телефон, этап');
});

test('house numbers, postal codes and codes of countries stay as they are', () => {
  const place = samplePlace();
  const { components } = inScriptOf('uz-Latn', { ...place, components: { ...place.components, house_number: '12Б' } });
  assert.equal(components.house_number, '12Б');
  assert.equal(components.city, 'Tashkent');
  assert.equal(components.country_code, 'UZ');
  assert.equal(inScriptOf('ru', place), place);
});
