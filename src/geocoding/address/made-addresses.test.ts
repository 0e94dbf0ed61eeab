/**
 * Property tests over generated addresses: different parts give different keys, in every order that people write them
 * in.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAddress } from './normalize-address.ts';

interface Made {
  readonly city: string | null;
  readonly street: string | null;
  readonly lane: number | null;
  readonly estate: string | null;
  readonly quarter: number | null;
  readonly house: string;
  readonly building: number | null;
  readonly flat: number | null;
}

/** A linear congruential generator, so that a failure can be reproduced. */
function createDice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * sides);
  };
}

const streets = [
  ['Навои', 'Navoiy', 'Навоий'],
  ['Мукими', 'Muqimiy', 'Муқимий'],
  ['Бабура', 'Bobur', 'Бобур'],
  ['Фурката', 'Furqat', 'Фурқат'],
  ['Фархода', 'Farxod', 'Фарход'],
  ['Мустакиллик', 'Mustaqillik', 'Мустақиллик'],
  ['Богишамол', "Bog'ishamol", 'Боғишамол'],
  ['8 Марта', '8 Mart', '8 Март'],
] as const;
const estates = [
  ['Чиланзар', 'Chilonzor', 'Чилонзор'],
  ['Юнусабад', 'Yunusobod', 'Юнусобод'],
  ['Сергели', 'Sergeli', 'Сергели'],
  ['Куйлюк', "Qo'yliq", 'Қўйлиқ'],
] as const;
const towns = [
  ['Ташкент', 'Toshkent', 'Тошкент'],
  ['Самарканд', 'Samarqand', 'Самарқанд'],
  ['Бухара', 'Buxoro', 'Бухоро'],
  ['Наманган', 'Namangan', 'Наманган'],
] as const;

function make(dice: (sides: number) => number): Made {
  const onStreet = dice(2) === 0;
  const letter = ['', '', '', 'а', 'б', 'в'][dice(6)];
  const fraction = dice(4) === 0 ? `/${1 + dice(9)}` : '';
  return {
    city: dice(3) === 0 ? null : String(dice(towns.length)),
    street: onStreet ? String(dice(streets.length)) : null,
    lane: onStreet && dice(4) === 0 ? 1 + dice(9) : null,
    estate: onStreet ? null : String(dice(estates.length)),
    quarter: onStreet ? null : 1 + dice(25),
    house: `${1 + dice(60)}${fraction}${letter}`,
    building: dice(5) === 0 ? 1 + dice(4) : null,
    flat: dice(3) === 0 ? 1 + dice(90) : null,
  };
}

/** Writes an address in a spelling that a human reader understands without doubt. */
function write(made: Made, dice: (sides: number) => number): string {
  const isUzbek = dice(3) > 0;
  const script = isUzbek ? 1 + dice(2) : 0;
  const nameOf = (names: readonly (readonly string[])[], at: string): string => names[Number(at)]?.[script] ?? '';
  const parts: string[] = [];
  if (made.street !== null) parts.push(streetOf(nameOf(streets, made.street), made, script, dice));
  if (made.estate !== null) parts.push(estateOf(nameOf(estates, made.estate), made.quarter as number, script, dice));
  parts.push(houseOf(made, script, dice));
  if (made.building !== null) parts.push([`корп. ${made.building}`, `корпус ${made.building}`][dice(2)] as string);
  if (made.flat !== null) parts.push(flatOf(made.flat, script, dice));
  if (made.city === null) return parts.join(', ');
  const name = nameOf(towns, made.city);
  const city = [
    [`г. ${name}`, `город ${name}`, `г.${name}`],
    [`${name} shahri`, `${name} sh.`, `${name} shahar`],
    [`${name} шаҳри`, `${name} ш.`, `${name} шахри`],
  ][script]?.[dice(3)] as string;
  return dice(3) === 0 ? [...parts, city].join(', ') : [city, ...parts].join(', ');
}

function streetOf(name: string, { lane }: Made, script: number, dice: (sides: number) => number): string {
  const street = [
    [`ул. ${name}`, `улица ${name}`, `ул.${name}`],
    [`${name} ko'chasi`, `${name} ko‘chasi`, `${name} koʻchasi`],
    [`${name} кўчаси`, `${name} кўч.`, `${name} кўча`],
  ][script]?.[dice(3)] as string;
  if (lane === null) return street;
  return `${street}, ${[`${lane} проезд`, `${lane}-й проезд`, `проезд ${lane}`][dice(3)]}`;
}

function estateOf(name: string, quarter: number, script: number, dice: (sides: number) => number): string {
  return [
    [`${name}, ${quarter}-й квартал`, `${name}, квартал ${quarter}`, `${name}, кв-л ${quarter}`],
    [`${name}, ${quarter}-kvartal`, `${name} ${quarter}-kvartal`, `${name} ${quarter} kvartal`],
    [`${name}, ${quarter}-квартал`, `${name} ${quarter}-квартал`, `${name} ${quarter} квартал`],
  ][script]?.[dice(3)] as string;
}

function houseOf({ house }: Made, script: number, dice: (sides: number) => number): string {
  return [
    [`д. ${house}`, `дом ${house}`, `д.${house}`, `дом № ${house}`],
    [`${house}-uy`, `${house} uy`, `${house}-uy`, `${house}-uy`],
    [`${house}-уй`, `${house} уй`, `${house}-уй`, `${house}-уй`],
  ][script]?.[dice(4)] as string;
}

function flatOf(flat: number, script: number, dice: (sides: number) => number): string {
  return [
    [`кв. ${flat}`, `квартира ${flat}`, `кв ${flat}`],
    [`${flat}-xonadon`, `${flat} xonadon`, `${flat}-xonadon`],
    [`${flat}-хонадон`, `${flat} хонадон`, `${flat}-хонадон`],
  ][script]?.[dice(3)] as string;
}

test('10,000 addresses of known parts: other parts have another key, and spellings of the same parts share one', () => {
  const dice = createDice(20_261_128);
  const partsOfKey = new Map<string, string>();
  let shared = 0;
  for (let round = 0; round < 10_000; round += 1) {
    const made = make(dice);
    const [one, other] = [write(made, dice), write(made, dice)];
    const asked = JSON.stringify({ ...made, flat: null });
    for (const text of [one, other]) {
      const { key, unit, query } = readAddress(text);
      const known = partsOfKey.get(key);
      assert.ok(known === undefined || known === asked, `${text} shares its key with ${known}`);
      partsOfKey.set(key, asked);
      assert.equal(unit?.flat ?? null, made.flat === null ? null : String(made.flat), text);
      assert.equal(readAddress(query).key, key, `${text} is asked as ${query}`);
    }
    if (readAddress(one).key === readAddress(other).key) shared += 1;
  }
  assert.ok(shared >= 9_500, `${shared} of 10,000 pairs share their key`);
});

test('bare numbers in every order: what stands elsewhere, or behind another sign, is another question', () => {
  const signs = [
    ' ',
    ', ',
    '-',
    '/',
    ' (',
    ' кв ',
    ' мкр ',
    ', мкр ',
    ' тупик ',
    ', тупик ',
    '-й мкр, ',
    ' уй ',
    ', д. ',
  ];
  for (const name of ['Сергели', 'ул. Навои', "Mustaqillik ko'chasi", 'Мукими']) {
    const byKey = new Map<string, string>();
    for (const sign of signs) {
      for (const joint of [' ', ', ']) {
        for (const [a, b] of [
          [7, 3],
          [3, 7],
        ]) {
          const text = `${name}${joint}${a}${sign}${b}`;
          const { key, unit } = readAddress(text);
          const meaning = `${key} ${JSON.stringify(unit)}`;
          const known = byKey.get(meaning);
          // A comma behind a street's name says nothing, nor does `д.` behind an estate's number; `7 уй 3` has flat 3.
          const plain = (address: string): string =>
            address.replace(`${name},`, name).replace(', д. ', ', ').replace(' уй ', ' кв ');
          const isSame = known === undefined || plain(known) === plain(text);
          assert.ok(isSame, `${text} and ${known} share ${meaning}`);
          byKey.set(meaning, text);
        }
      }
    }
  }
});
