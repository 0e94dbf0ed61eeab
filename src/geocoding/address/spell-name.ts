/**
 * Folds the words of names to one spelling each.
 *
 * Uzbek in Latin letters, or in Cyrillic with its own letters (ў қ ғ ҳ), is unambiguous: it is only transliterated to
 * Latin. Russian, and Uzbek typed without those letters, is ambiguous: к may be q, х may be h, у may be oʻ. Such a word
 * is looked up among the known names by its sound, with and without a Russian ending, and is replaced only if exactly
 * one known name sounds like it.
 */

import { remembered } from '../../bounded-map.ts';
import { cities, exonyms, nameWords, numberedEstates, regionConsonants } from './name-words.ts';
import { transliterateUzbek } from './transliterate-uzbek.ts';

export interface Orthography {
  /** Uzbek in Cyrillic, recognised by its letters or its designators. */
  readonly isUzbekCyrillic: boolean;
  /** Contains ў, қ, ғ or ҳ: then к is not a typed қ. */
  readonly isExactCyrillic: boolean;
}

const known: ReadonlySet<string> = new Set([...cities, ...numberedEstates, ...nameWords]);
const bySound = indexBy(soundOf);
/** `Навои` for Navoiy: tried if no known name sounds like the whole word. */
const bySoundWithoutEnd = indexBy((word) => withoutFinalVowel(soundOf(word)));
const byConsonants = indexBy(looseLatin);

/** `Ulugbek`, typed without the apostrophes that Uzbek has. */
const withoutApostrophes = indexBy((word) => word.replaceAll("'", ''));

/** If two known names have one sound, neither is used. */
function indexBy(fold: (word: string) => string): ReadonlyMap<string, string | null> {
  const index = new Map<string, string | null>();
  const add = (key: string, word: string): void => {
    const there = index.get(key);
    index.set(key, there === undefined || there === word ? word : null);
  };
  for (const word of known) {
    if (word.length < 4) continue;
    for (const spelling of new Set([word, word.replaceAll('yo', 'ye')])) add(fold(spelling), word);
  }
  return index;
}

/** Folds the letters that loose spellings mix up: a and o, e and i and y, k and q, h and x, u and oʻ. */
function soundOf(latin: string): string {
  return latin
    .replace(/o'/g, 'u')
    .replace(/'/g, '')
    .replace(/q/g, 'k')
    .replace(/kh|x/g, 'h')
    .replace(/dj|zh/g, 'j')
    .replace(/y(?=[aeou])/g, '')
    .replace(/[ao]/g, 'a')
    .replace(/[eiy]+/g, 'i')
    .replace(/([^aeiou])\1/g, '$1');
}

function withoutFinalVowel(sound: string): string {
  return sound.replace(/i$/, '');
}

/**
 * Folds spellings of one sound: ж as `zh` and `dj`, х as `kh`, ц as `ts`, the ending of `Rudakiy` and `Рудаки`, all
 * apostrophes except those of oʻ and gʻ. Letters that Uzbek distinguishes stay distinct: қ and к, ғ and г, ҳ and х
 * belong to different names (`Ғул`, `Гул`), and a loosely typed name may be either. Vowels stay distinct too: `Петрова`
 * is not `Питрова`.
 */
export const foldSpelling = remembered((name) =>
  name
    .replace(/(?<![og])'/g, '')
    .replace(/kh/g, 'x')
    .replace(/zh|dj/g, 'j')
    .replace(/(?<![aeiou'])ts/g, 's')
    .replace(/w/g, 'v')
    .replace(/(?<=[a-z']{4})iy(?= |$)/g, 'i'),
);

/** Folds carelessly typed Latin: only vowels and the final y vary. */
function looseLatin(latin: string): string {
  return latin
    .replace(/kh/g, 'x')
    .replace(/[ao](?!')/g, 'a')
    .replace(/[iy]+/g, 'i')
    .replace(/i$/, '');
}

const russianEndings = /(?:инская|инский|инское|ская|ский|ское|ского|ской|ой|ого|а|я)$/;

/** One word of a name, folded. */
export function spellWord(word: string, { isUzbekCyrillic, isExactCyrillic }: Orthography): string {
  return (isUzbekCyrillic ? (isExactCyrillic ? spellExact : spellUzbek) : spellRussian)(word);
}

const spellRussian = remembered((word) => spell(word, { isUzbekCyrillic: false, isExactCyrillic: false }));
const spellUzbek = remembered((word) => spell(word, { isUzbekCyrillic: true, isExactCyrillic: false }));
/** A text with ў, қ, ғ or ҳ is Uzbek. */
const spellExact = remembered((word) => spell(word, { isUzbekCyrillic: true, isExactCyrillic: true }));

function spell(word: string, { isUzbekCyrillic, isExactCyrillic }: Orthography): string {
  const exonym = exonyms[word];
  if (exonym !== undefined) return exonym;
  if (!/[а-яёўқғҳ]/.test(word)) {
    if (known.has(word) || word.length < 5) return word;
    return byConsonants.get(looseLatin(word)) ?? (word.length < 6 ? word : (withoutApostrophes.get(word) ?? word));
  }
  const uzbek = transliterateUzbek(word);
  // Russian has ъ only before these letters: `Санъат` (art) is not `Sanoat` (industry).
  if (/[ўқғҳ]|ъ(?![еёюя])/.test(word)) return uzbek;
  if (known.has(uzbek)) return uzbek;
  // Short words differ in one letter too easily: in a text with exact spelling they are taken as exact.
  if (isExactCyrillic && word.length < 6) return exonyms[uzbek] ?? uzbek;
  const heard = hear(word);
  if (heard !== null) return heard;
  return isUzbekCyrillic ? uzbek : transliterateRussian(word);
}

/** The only known name that sounds like a loosely spelled word; null if there is none or more than one. */
function hear(word: string): string | null {
  if (word.length < 4) return null;
  const whole = knownBySound(loosely(word));
  if (whole !== null) return whole;
  const stem = word.replace(russianEndings, '');
  if (stem === word || stem.length < 4) return null;
  for (const ending of ['', 'а', 'й']) {
    const found = knownBySound(loosely(stem + ending));
    if (found !== null) return found;
  }
  return null;
}

function knownBySound(latin: string): string | null {
  const sound = soundOf(latin);
  return bySound.get(sound) ?? bySoundWithoutEnd.get(withoutFinalVowel(sound)) ?? null;
}

function loosely(word: string): string {
  return transliterateUzbek(word.replaceAll('щ', 'ш').replaceAll('ы', 'и').replaceAll('дж', 'ж'));
}

/**
 * Transliterates Russian letter by letter; a surname's genitive (`Досназарова`) becomes its nominative. ё is folded to
 * е.
 */
function transliterateRussian(word: string): string {
  const nominative = word.replace(/(?<=[а-я]{2}(?:ов|ев|ёв))а$/, '');
  return transliterateUzbek(
    nominative.replaceAll('ё', 'е').replaceAll('ы', 'и').replaceAll('щ', 'ш').replaceAll('дж', 'ж').replace(/ий$/, 'и'),
  );
}

/** The name of a region by its consonants; the word itself if no region matches. */
export function spellRegion(word: string, orthography: Orthography): string {
  const spelled = spellWord(word, orthography);
  const stem = loosely(word.replace(/(инская|инский|ская|ский|ской)$/, ''));
  const consonants = stem
    .replace(/kh/g, 'x')
    .replace(/q/g, 'k')
    .replace(/h(?<!sh|ch)/g, 'x')
    .replace(/[aeiouy']/g, '')
    .replace(/(.)\1/g, '$1');
  return regionConsonants[consonants] ?? spelled;
}
