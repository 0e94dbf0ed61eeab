/**
 * Reduces names to their sound, so that Russian, Uzbek Latin, Uzbek Cyrillic and English spellings of one name are
 * equal: `Чиланзар` and `Chilonzor`, `Амира Темура` and `Amir Temur`. Use it only to compare an answer with its
 * question: as a cache key it would merge different places.
 */

import { remembered } from '../../bounded-map.ts';
import { distanceBetween } from '../../providers/offline_gazetteer/place-spelling.ts';
import { type LetterTable, latinLetters, letterTable } from '../../providers/offline_gazetteer/uzbek-letters.ts';
import { cities, nameWords, numberedEstates } from '../address/name-words.ts';

const letters: LetterTable = {
  ...latinLetters,
  ...letterTable('е=i ё=ia й=i о=a х=h ц=s щ=sh ъ= ы=i ь= э=i ю=iu я=ia ў=u қ=k ғ=g'),
};

const latin: readonly (readonly [RegExp, string])[] = [
  [/o'/g, 'u'],
  [/'/g, ''],
  [/dzh|zh|dj/g, 'j'],
  [/kh/g, 'h'],
  [/ts/g, 's'],
  [/x/g, 'h'],
  [/q/g, 'k'],
  [/w/g, 'v'],
  [/c(?!h)/g, 's'],
  [/[oa]/g, 'a'],
  [/[eyi]/g, 'i'],
];

const apostrophes = /[`´ʹʻʼʽˈˊˋ‘’‛′＇]/g;

/**
 * The words of a text by their sound; numbers as digits with their letters. Designators (`улица`, `street`) are left
 * out.
 */
export const soundsOf: (text: string) => readonly string[] = remembered(listen);

function listen(text: string): readonly string[] {
  const folded = text.normalize('NFKC').toLowerCase().replace(apostrophes, "'");
  const words = folded.match(/\d+(?:-?\p{L}{1,3}(?!\p{L}))?|[\p{L}\p{M}']+(?:-[\p{L}\p{M}']+)*/gu) ?? [];
  return words.flatMap((word) => {
    if (/^\d/.test(word)) return [word.replace(/\D.*$/, '')];
    if (kinds.has(word)) return [];
    return word
      .split('-')
      .filter((part) => part !== '' && !kinds.has(part))
      .map(soundOf);
  });
}

const soundOf = remembered(hear);

function hear(word: string): string {
  let sound = word.replaceAll('дж', 'ж');
  sound = [...sound].map((letter) => letters[letter] ?? letter).join('');
  if (/^[a-z']/.test(word)) for (const [spelled, heard] of latin) sound = sound.replace(spelled, heard);
  sound = sound
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    // щ as `shch` and `sch`; `ishchi` is heard the same in both scripts.
    .replace(/s(?:hch|ch)/g, 'sh')
    .replace(/(.)\1+/g, '$1');
  // Endings of adjectives and cases: `Паркентская` is named after Parkent, `Навои` may stand as `Навоий`.
  const stem = sound.length > 6 ? sound.replace(/sk(?:i|aia|ai|aga|am|ii)?$/, '') : sound;
  return stem.length > 3 ? stem.replace(/[aiu]$/, '') : stem;
}

/** Second spellings of names that are known by another one. */
const variants: ReadonlySet<string> = new Set("xorezmiy qo'yluq do'stligi sogdiana okqorgon koshg'ariy".split(' '));
const knownNames = [...cities, ...numberedEstates, ...nameWords].filter((name) => !variants.has(name));
/** Built on first use, to keep the start fast. */
let knownSounds: ReadonlySet<string> | null = null;

/** Equal, or differing by one typo in a long word. `Истиклол` and `Истикбол` are two names, and no typo. */
export function soundsAlike(one: string, other: string): boolean {
  if (one === other) return true;
  const shorter = Math.min(one.length, other.length);
  const slips = shorter >= 10 ? 2 : shorter >= 6 ? 1 : 0;
  if (slips === 0 || Math.abs(one.length - other.length) > slips || distanceBetween(one, other) > slips) return false;
  knownSounds ??= new Set(knownNames.flatMap(soundsOf));
  return !(knownSounds.has(one) && knownSounds.has(other));
}

/** Designators in the languages that providers answer in. */
const kinds: ReadonlySet<string> = new Set(
  (
    "улица ул ulitsa ulitsasi ul street st str кўчаси кўча кучаси куча ko'chasi ko'cha kochasi kocha kuchasi kucha " +
    'проспект просп пр пр-т prospekt prospekti шоҳ шох shoh shox avenue ave road rd проезд пр-д proezd proyezd тупик tupik berk берк ' +
    'переулок пер lane бульвар бул bulvar bulvari boulevard хиёбони xiyoboni шоссе highway ' +
    'массив massiv massivi мавзе mavze mavzesi мкр микрорайон mikrorayon mikrorayoni квартал кв-л kvartal kvartali даха даҳа daha dahasi ' +
    'махалля махалласи маҳалла маҳалласи mahalla mahallasi мфй mfy жилмассив имени им nomidagi номидаги номли ' +
    'город г shahri shahar шаҳри шахри шаҳар city town район р-н tumani tuman тумани туман district область обл viloyati viloyat вилояти region ' +
    "село посёлок поселок пос qishlog'i кишлак шаҳарча shaharchasi шаҳарчаси дом д uy уй".replaceAll('  ', ' ')
  ).split(' '),
);
