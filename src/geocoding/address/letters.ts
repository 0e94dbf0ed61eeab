/** Classes of characters in addresses, and which characters are spellings of the same letter. */

import { remembered } from '../../bounded-map.ts';
import { type LetterTable, letterTable } from '../../providers/offline_gazetteer/uzbek-letters.ts';

/** Every character that people type for the apostrophe of oʻ and gʻ and for the glottal stop. */
const apostrophes =
  /[`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u055a\u2018\u2019\u201b\u2032\u2035\ua78c\uff07]/g;
const dashes = /[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]/g;
/** NFKC leaves the fraction slash and the division slash as they are. */
const slashes = /[\u2044\u2215]/g;
/** № and the fullwidth #. They add nothing to the number, and NFKC would turn the first into the word "No". */
const numberSigns = /[\u2116\uff03]/g;
/** Raised, circled and fraction digits: NFKC would make 12² into 122, which is another house. */
const dressedDigits =
  /[\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2079\u2080-\u2089\u2150-\u215f\u2189\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3220-\u3229\u3248-\u324f\u3251-\u325f\u3280-\u3289\u32b1-\u32cb\u3358-\u3370\u33e0-\u33fe\u{1f100}-\u{1f10c}]/gu;
/** Invisible characters: soft hyphens, joiners, zero-width spaces, direction marks. */
const unseen =
  /(?:[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|\u034f|[\ufe00-\ufe0f])/g;
/** Stress over a Cyrillic vowel, as dictionaries print it. */
const stress = /(?<=[аеиоуыэюяёў])[\u0300\u0301]/g;
/** Text of ASCII (without the grave accent) and Cyrillic only needs no folding. */
const needsFolding = /[^\n -_a-~\u0400-\u0481\u048a-\u04ff]/;

export interface FoldedText {
  /** Lower case, composed, one character for each kind of apostrophe, dash, slash and space. */
  readonly text: string;
  /** Where in the original the folded character at `at` begins; the original's length at the end. */
  originOf(at: number): number;
}

/**
 * Folds letter by letter, so that each position in the result maps to a position in the original. Linear in the text's
 * length.
 */
export function foldCharacters(original: string): FoldedText {
  if (!needsFolding.test(original)) {
    const text = original.toLowerCase().replace(/[ѐѝ]/g, (letter) => (letter === 'ѐ' ? 'е' : 'и'));
    return { text, originOf: (at) => at };
  }
  let text = '';
  const origins: number[] = [];
  let at = 0;
  let skipped = false;
  // A letter with the marks behind it is one piece: NFKC composes nothing beyond that.
  for (const piece of original.match(/[^\p{M}]\p{M}*|\p{M}+/gsu) ?? []) {
    let folded = foldPiece(piece);
    // An invisible character between digits separates them; otherwise two numbers would merge into one.
    if (folded === '' && /\d$/.test(text)) skipped = true;
    else if (folded !== '') {
      if (skipped && /^\d/.test(folded)) folded = ` ${folded}`;
      skipped = false;
    }
    for (let index = 0; index < folded.length; index += 1) origins.push(at);
    text += folded;
    at += piece.length;
  }
  return { text, originOf: (place) => origins[place] ?? original.length };
}

function foldPiece(piece: string): string {
  return piece
    .replace(apostrophes, "'")
    .replace(numberSigns, ' ')
    .replace(dressedDigits, (digit) => ` ^${digit.normalize('NFKC').replace('\u2044', '/')}`)
    .normalize('NFKC')
    .toLowerCase()
    .replace(unseen, '')
    .normalize('NFC')
    .replace(stress, '')
    .replace(/[ѐѝ]/g, (letter) => (letter === 'ѐ' ? 'е' : 'и'))
    .replace(apostrophes, "'")
    .replace(slashes, '/')
    .replace(dashes, '-');
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const letterOrMark = /[\p{L}\p{M}\p{N}]/u;

/** By UTF-16 unit. Marks belong to their letter, digits of other scripts are spelled out like words, surrogates count as letters. */
export function isLetter(code: number): boolean {
  if (code < 0x80) return code >= 0x61 && code <= 0x7a;
  if (code >= 0x400 && code <= 0x52f) return true;
  return (code >= 0xd800 && code <= 0xdfff) || letterOrMark.test(String.fromCharCode(code));
}

/**
 * House letters that are the same in both alphabets, under one form.
 *
 * A, K, M, O, T look and sound alike; V, G, D have one reading each (В, Г, Д) and resemble no other letter. All others
 * stay as typed: Latin B is В to the eye and Б to the ear, C is С or Ц, E is Е or Э, H is Н or Х, P is Р or П, X, Y and
 * З/3 no better. `12B` and `12В` may be two houses, and so they are two questions.
 */
const houseLetters: LetterTable = letterTable('а=a к=k м=m о=o т=t в=v г=g д=d');

/** The letters after a house number, each in canonical form. */
export function foldHouseLetters(letters: string): string {
  let folded = '';
  for (const letter of letters) folded += houseLetters[letter] ?? letter;
  return folded;
}

/** One Latin or Cyrillic letter, as it may follow a house number. */
export function isSingleLetter(word: string): boolean {
  return word.length === 1 && /[a-zа-яёўқғҳіїє]/.test(word);
}

/** Pairs of Latin and Cyrillic letters that look alike, in both directions. */
const lookalikes = 'аaеeоoрpсcуyхxкkмmтtнhвbіi';

/**
 * Rewrites a word that mixes in a few letters of the other alphabet (`Тоshkent`) in one alphabet; other words stay as
 * they are.
 */
export const repairMixedWord = remembered(repair);

function repair(word: string): string {
  const cyrillic = word.replace(/[^а-яёўқғҳі]/g, '');
  const latin = word.replace(/[^a-z]/g, '');
  if (cyrillic === '' || latin === '') return word;
  const [wrong, offset] = cyrillic.length < latin.length ? [cyrillic, 1] : [latin, -1];
  for (const letter of wrong) if (!hasLookalike(letter, offset)) return word;
  return [...word]
    .map((letter) => (wrong.includes(letter) ? (lookalikes[lookalikes.indexOf(letter) + offset] ?? letter) : letter))
    .join('');
}

function hasLookalike(letter: string, offset: number): boolean {
  const at = lookalikes.indexOf(letter);
  return at !== -1 && (at % 2 === 0) === (offset === 1);
}
