/** Cuts a folded address into words, numbers and designators: one pass from left to right, no backtracking. */
import { codes, type Keyword, keywords, ordinalEndings } from './keywords.ts';
import { foldHouseLetters, isDigit, isLetter } from './letters.ts';

interface TokenPlace {
  readonly text: string;
  /** A comma, semicolon, bracket or line end stands between this token and the one before. */
  readonly breakBefore: boolean;
}

export type Token =
  | (TokenPlace & { readonly kind: 'number' })
  | (TokenPlace & {
      readonly kind: 'word';
      /** What the word may designate; whether it does is for its neighbours to say. */
      readonly keyword: Keyword | null;
      /** Joined to the number before it, as in `5-uy` and `12мкр`. */
      readonly attached: boolean;
      readonly dotAfter: boolean;
      readonly hyphenAfter: boolean;
    })
  /** The two kinds that only a canonical form contains: a designator in its place, and a word that is none. */
  | (TokenPlace & { readonly kind: 'code' })
  | (TokenPlace & { readonly kind: 'literal' });

const phraseBreaks = ',;()[]{}\n\r\t';
/** Between two digits they make one number that is not the same without them: 12.5 is neither 125 nor 12 and 5. */
const numberJoiners = '.:+*=\\';
/** Longer letter runs after a number are words that lost their space. */
const maxHouseLetters = 3;

/** `text` as `foldCharacters` leaves it. */
export function tokenizeAddress(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let breakBefore = false;
  let attached = false;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) {
      const number = scanNumber(text, at);
      const sign = isNegativeDecimal(text, at, number.text) ? '-' : '';
      tokens.push({ kind: 'number', text: sign + number.text, breakBefore });
      at = number.end;
      attached = number.joinsNext;
      breakBefore = false;
    } else if (isLetter(code)) {
      const word = scanDesignatorOrWord(text, at);
      tokens.push({
        kind: 'word',
        text: word.text,
        keyword: word.keyword,
        breakBefore,
        attached,
        dotAfter: text[word.end] === '.',
        hyphenAfter: text[word.end] === '-',
      });
      at = word.end;
      attached = false;
      breakBefore = false;
    } else {
      const marked = scanMarked(text, at);
      if (marked !== null) {
        tokens.push({ kind: marked.kind, text: marked.text, breakBefore });
        at = marked.end;
        breakBefore = false;
        attached = false;
        continue;
      }
      if (phraseBreaks.includes(text[at] as string)) breakBefore = true;
      at += 1;
    }
  }
  return tokens;
}

/** `#ul` and `_слово` of a canonical form, and `^2`, a raised or circled digit. */
function scanMarked(
  text: string,
  at: number,
): { kind: 'code' | 'literal' | 'number'; text: string; end: number } | null {
  const mark = text[at];
  if (mark === '^' && isDigit(text.charCodeAt(at + 1))) {
    let end = endOfDigits(text, at + 1);
    if (text[end] === '/' && isDigit(text.charCodeAt(end + 1))) end = endOfDigits(text, end + 1);
    return { kind: 'number', text: text.slice(at, end), end };
  }
  if ((mark !== '#' && mark !== '_') || !isLetter(text.charCodeAt(at + 1))) return null;
  const before = text.charCodeAt(at - 1);
  if (isLetter(before) || isDigit(before)) return null;
  const end = endOfWord(text, at + 1);
  const word = text.slice(at + 1, end);
  if (mark === '_') return { kind: 'literal', text: word, end };
  return codes.has(word) ? { kind: 'code', text: word, end } : null;
}

interface ScannedNumber {
  readonly text: string;
  readonly end: number;
  /** A designator follows, joined by a hyphen or by nothing. */
  readonly joinsNext: boolean;
}

/** A house number with all that belongs to it: `12`, `12/4`, `5-7`, `83а`, `83-а`, `12а/3`. */
function scanNumber(text: string, start: number): ScannedNumber {
  let end = endOfDigits(text, start);
  let number = text.slice(start, end);
  for (;;) {
    const joined = scanJoinedDigits(text, end);
    if (joined !== null) {
      number += joined.text;
      end = joined.end;
      continue;
    }
    // One run of letters, or `83а-б` would read otherwise the second time.
    const hyphenated = (text[end] === '-' && isDigit(number.charCodeAt(number.length - 1))) || text[end] === '/';
    const lettersAt = hyphenated ? end + 1 : end;
    if (!isLetter(text.charCodeAt(lettersAt))) return { text: number, end, joinsNext: false };

    const lettersEnd = endOfWord(text, lettersAt);
    const letters = text.slice(lettersAt, lettersEnd);
    const digitFollows = isDigit(text.charCodeAt(lettersEnd));
    if (isDesignatorAfterNumber(letters, digitFollows)) return { text: number, end: lettersAt, joinsNext: true };
    if (!belongsToNumber(letters, hyphenated, digitFollows)) return { text: number, end, joinsNext: false };

    // 83-а is 83а; but 12/а may be a corner house, and stays.
    number += (text[end] === '/' ? '/' : '') + foldHouseLetters(letters);
    end = lettersEnd;
    if (digitFollows) {
      end = endOfDigits(text, lettersEnd);
      number += text.slice(lettersEnd, end);
    }
  }
}

/** `/4`, `-7` with or without spaces around, or `.5` without. */
function scanJoinedDigits(text: string, at: number): { text: string; end: number } | null {
  const signAt = endOfSpaces(text, at);
  const sign = text[signAt];
  if (sign === undefined) return null;
  const isSpacedSign = sign === '-' || sign === '/';
  if (!isSpacedSign && (signAt !== at || !numberJoiners.includes(sign))) return null;
  const digitsAt = isSpacedSign ? endOfSpaces(text, signAt + 1) : signAt + 1;
  if (!isDigit(text.charCodeAt(digitsAt))) return null;
  const end = endOfDigits(text, digitsAt);
  // `41.31 -69.24` is two coordinates, the second with its sign.
  const isSigned = sign === '-' && signAt > at && digitsAt === signAt + 1 && text[end] === '.';
  if (isSigned && isDigit(text.charCodeAt(end + 1))) return null;
  return { text: sign + text.slice(digitsAt, end), end };
}

/** `5-uy`, `12мкр`, `12к4`; a lone letter is a house letter unless it is к with its number. */
function isDesignatorAfterNumber(letters: string, digitFollows: boolean): boolean {
  if (letters.length === 1) return digitFollows && foldHouseLetters(letters) === 'k';
  return keywords.has(letters) || keywords.has(foldHouseLetters(letters));
}

function belongsToNumber(letters: string, hyphenated: boolean, digitFollows: boolean): boolean {
  if (!hyphenated) return letters.length <= maxHouseLetters;
  return !digitFollows && (letters.length === 1 || ordinalEndings.has(letters));
}

/** The minus of a coordinate: without it, the place would be on the other side of the globe. */
function isNegativeDecimal(text: string, start: number, number: string): boolean {
  if (text[start - 1] !== '-' || !/^\d+\.\d+$/.test(number)) return false;
  return start === 1 || ` ${phraseBreaks}`.includes(text[start - 2] as string);
}

function scanDesignatorOrWord(text: string, start: number): { text: string; keyword: Keyword | null; end: number } {
  const end = endOfWord(text, start);
  if (text[end] === '-' && isLetter(text.charCodeAt(end + 1))) {
    // р-н, пр-т, б-р: one designator; of other words joined by a hyphen each stands for itself.
    const hyphenatedEnd = endOfWord(text, end + 1);
    const keyword = keywords.get(text.slice(start, hyphenatedEnd));
    if (keyword !== undefined) return { text: text.slice(start, hyphenatedEnd), keyword, end: hyphenatedEnd };
  }
  const word = text.slice(start, end);
  return { text: word, keyword: keywords.get(word) ?? keywords.get(word.replaceAll('ё', 'е')) ?? null, end };
}

/**
 * Letters, with apostrophes between them. After a final o or g an apostrophe belongs to the letter (tog'); elsewhere it
 * is a closing quote.
 */
function endOfWord(text: string, start: number): number {
  let end = start;
  while (end < text.length) {
    if (isLetter(text.charCodeAt(end))) end += 1;
    else if (text[end] === "'" && end > start && isLetter(text.charCodeAt(end + 1))) end += 1;
    else break;
  }
  const last = text[end - 1];
  return text[end] === "'" && (last === 'o' || last === 'g') ? end + 1 : end;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function endOfSpaces(text: string, start: number): number {
  let end = start;
  while (text[end] === ' ') end += 1;
  return end;
}
