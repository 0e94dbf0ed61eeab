/**
 * Tokens to the canonical form: designators under one code each, in one place; house numbers in one spelling.
 *
 * The form is itself an address and its own canonical form: `#ul navoiy 5 #kv 12`. A word that stands where it might be
 * taken for a designator or a house letter, and is none, is marked: `5 _в andijon`.
 */
import { type Keyword, keywords, streetQualifiers } from './keywords.ts';
import { foldHouseLetters, isSingleLetter } from './letters.ts';
import { citiesWithoutMarker, districtsOfQuarters, placeNames } from './place-names.ts';
import type { Token } from './tokenize-address.ts';
import { transliterateUzbek } from './transliterate-uzbek.ts';

type Word = Extract<Token, { kind: 'word' }>;
type Role = 'word' | 'number' | 'code' | 'nothing';

interface Form {
  readonly parts: string[];
  readonly isUzbekCyrillic: boolean;
  /** What the last part is. */
  last: Role;
  /** Where in `parts` the words began that a designator after them would belong to; -1 where there are none. */
  runStart: number;
  /** Whether that was at the start of a phrase, so that nothing before it can claim the words. */
  runOpensPhrase: boolean;
  atPhraseStart: boolean;
  /** A street was named and no other name since: the next `д.` says nothing that its number does not. */
  streetNamed: boolean;
  streetSeen: boolean;
  numberSeen: boolean;
  /** A number after a street, or after `д.`: from here on `кв.` is a flat and no квартал. */
  houseSeen: boolean;
  /** Where in `parts` a `г.` stands that its city may make superfluous; one that was canonical already stays. */
  cityMarkerAt: number | null;
}

export function composeCanonicalForm(tokens: readonly Token[], isUzbekCyrillic: boolean): string {
  const form: Form = {
    parts: [],
    isUzbekCyrillic,
    last: 'nothing',
    runStart: -1,
    runOpensPhrase: false,
    atPhraseStart: true,
    streetNamed: false,
    streetSeen: false,
    numberSeen: false,
    houseSeen: false,
    cityMarkerAt: null,
  };
  for (let index = 0; index < tokens.length; ) index += addToken(form, tokens, index);
  return form.parts.join(' ');
}

/** Adds the token at `index` with those that belong to it, and returns how many they are. */
function addToken(form: Form, tokens: readonly Token[], index: number): number {
  const token = tokens[index] as Token;
  if (token.breakBefore) {
    form.runStart = -1;
    form.atPhraseStart = true;
    if (token.kind === 'word' && token.keyword === null) form.streetNamed = false;
  }
  switch (token.kind) {
    case 'code':
      addCode(form, token.text, codesOfStreets.has(token.text));
      return 1;
    case 'literal':
      addWordPart(form, `_${token.text}`);
      return 1;
    case 'number':
      return addNumber(form, tokens, index);
    case 'word':
      return addWord(form, tokens, index, token);
  }
}

function addNumber(form: Form, tokens: readonly Token[], index: number): number {
  const number = tokens[index] as Token;
  const next = tokens[index + 1];
  if (next?.kind === 'word' && countsNumberBefore(form, next, tokens[index + 2])) {
    addCounted(form, next.keyword as Keyword, withoutOrdinalEnding(number.text, next.keyword as Keyword));
    return 2;
  }
  const house = joinHouseLetter(tokens, index);
  addNumberPart(form, house.text);
  return house.length;
}

/** `5-uy`, `2 подъезд,`; not `5 кв 7`, where the designator is the next number's. */
function countsNumberBefore(form: Form, word: Word, after: Token | undefined): boolean {
  const { keyword } = word;
  if (keyword === null || !keyword.counts || word.text.length === 1) return false;
  if (isFlatOrQuarter(word) && !form.houseSeen) return false;
  if (word.attached) return true;
  const countsNext = after?.kind === 'number' && !after.breakBefore;
  return !word.breakBefore && !countsNext && keyword.binding !== 'after';
}

/** `Юнусабад 12 кв 4` is house 4 of quarter 12, `ул. Навои 12 кв 4` flat 4 of house 12. */
function isFlatOrQuarter(word: Word): boolean {
  return word.text === 'кв' || word.text === 'kv';
}

/** `12-й квартал` is квартал 12. A house letter й cannot be meant: no house is counted before its street. */
function withoutOrdinalEnding(number: string, keyword: Keyword): string {
  return keyword.binding === 'unit' ? number : number.replace(/^(\d+)(?:[йя]|[ыиo]й|[aя]я|chi)$/, '$1');
}

/**
 * `83 а` is house 83а, where nothing but the end, a comma or a flat follows: in `5 в Андижане` the letter is a word, and
 * in `5 д.` an abbreviation.
 */
function joinHouseLetter(tokens: readonly Token[], index: number): { text: string; length: number } {
  const { text } = tokens[index] as Token;
  const letter = tokens[index + 1];
  const after = tokens[index + 2];
  const joins =
    letter?.kind === 'word' &&
    isSingleLetter(letter.text) &&
    !letter.breakBefore &&
    !letter.dotAfter &&
    /^\d+(?:[/-]\d+)*$/.test(text) &&
    (after === undefined || after.breakBefore || (after.kind === 'word' && after.keyword?.binding === 'unit'));
  return joins ? { text: text + foldHouseLetters(letter.text), length: 2 } : { text, length: 1 };
}

function addWord(form: Form, tokens: readonly Token[], index: number, word: Word): number {
  const { keyword } = word;
  const next = tokens[index + 1];
  if (keyword === null || !designates(form, word, next)) {
    addPlainWord(form, word.text);
    return 1;
  }
  switch (keyword.binding) {
    case 'unit': {
      if (next?.kind !== 'number') break;
      const house = joinHouseLetter(tokens, index + 1);
      addCounted(form, keyword, house.text);
      return 1 + house.length;
    }
    case 'after':
      addCodeAfterItsWords(form, keyword);
      return 1;
    case 'before':
    case 'area': {
      const endsPhrase = next === undefined || next.breakBefore;
      if (endsPhrase && form.runStart >= 0 && form.runOpensPhrase) addCodeAfterItsWords(form, keyword);
      else addCode(form, keyword.code, keyword.isStreet);
      if (keyword.code === 'g' && form.last === 'code') form.cityMarkerAt = form.parts.length - 1;
      return 1;
    }
  }
  addCode(form, keyword.code, keyword.isStreet);
  return 1;
}

/** The short designators are also letters and words of their own; their neighbours tell. */
function designates(form: Form, word: Word, next: Token | undefined): boolean {
  const beforeNumber = next?.kind === 'number';
  switch (word.text) {
    case 'д':
    case 'd':
      return beforeNumber;
    case 'к':
    case 'k':
      // 12 к-4 may be flat 4 of house 12к.
      return beforeNumber && form.last === 'number' && !word.hyphenAfter;
    case 'г':
      return form.last === 'word' ? word.dotAfter || next?.kind === 'word' : next?.kind === 'word' && !next.breakBefore;
    case 'кв':
    case 'kv':
      return form.houseSeen || (form.numberSeen && word.breakBefore);
    case 'пр':
      return form.last !== 'number';
    default:
      return true;
  }
}

/** `Navoiy ko'chasi` as `ул. Navoiy`: the code goes before the words that the designator belongs to. */
function addCodeAfterItsWords(form: Form, keyword: Keyword): void {
  let { code } = keyword;
  const { parts, runStart } = form;
  if (code === 'ul' && runStart >= 0) {
    const qualified = streetQualifiers.get(parts.at(-1) as string);
    if (qualified !== undefined) {
      parts.pop();
      code = qualified;
    }
  }
  if (runStart < 0 || runStart === parts.length) {
    addCode(form, code, keyword.isStreet);
    return;
  }
  const namesCityAlone = runStart === parts.length - 1 && citiesWithoutMarker.has(parts[runStart] as string);
  if (code !== 'g' || !namesCityAlone) parts.splice(runStart, 0, `#${code}`);
  form.last = 'word';
  form.runStart = -1;
  form.atPhraseStart = false;
  form.streetNamed = keyword.isStreet;
  form.streetSeen ||= keyword.isStreet;
}

/** A designator with its number; `д.` is left out right after a street's name, where a bare number means the house. */
function addCounted(form: Form, keyword: Keyword, number: string): void {
  const isPlainHouse = keyword.code === 'd' && form.streetNamed && form.last === 'word';
  if (!isPlainHouse) addCode(form, keyword.code, false);
  addNumberPart(form, number);
}

const codesOfStreets: ReadonlySet<string> = new Set(
  [...keywords.values()].filter(({ isStreet }) => isStreet).map(({ code }) => code),
);

function addCode(form: Form, code: string, isStreet: boolean): void {
  form.parts.push(`#${code}`);
  form.last = 'code';
  form.runStart = -1;
  form.atPhraseStart = false;
  form.streetNamed = isStreet;
  form.streetSeen ||= isStreet;
}

function addNumberPart(form: Form, text: string): void {
  form.houseSeen ||= form.streetSeen || form.parts.at(-1) === '#d';
  form.parts.push(text);
  form.last = 'number';
  form.runStart = -1;
  form.atPhraseStart = false;
  form.numberSeen = true;
}

function addPlainWord(form: Form, text: string): void {
  const latin = form.isUzbekCyrillic ? transliterateUzbek(text) : text;
  const spelled = latin.replaceAll('ё', 'е');
  const word = placeNames.get(spelled) ?? spelled;
  if (word === '') return;
  // `Чиланзар 5` is a quarter, `Чиланзар, д. 5` a house: the street named before does not change that.
  if (districtsOfQuarters.has(word)) form.streetNamed = false;
  const isMistakable = (form.last === 'number' && isSingleLetter(word)) || keywords.has(word);
  if (citiesWithoutMarker.has(word) && form.cityMarkerAt === form.parts.length - 1) form.parts.pop();
  addWordPart(form, isMistakable ? `_${word}` : word);
}

function addWordPart(form: Form, part: string): void {
  if (form.runStart < 0) {
    form.runStart = form.parts.length;
    form.runOpensPhrase = form.atPhraseStart;
  }
  form.parts.push(part);
  form.last = 'word';
  form.atPhraseStart = false;
}
