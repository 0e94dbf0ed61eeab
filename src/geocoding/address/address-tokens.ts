/** Cursor over the tokens of an address: finds breaks, designators and numbers with a bounded look-ahead. */
import {
  type Designator,
  dateWords,
  designatorStarts,
  designators,
  longestDesignator,
  ordinalEndings,
} from './designators.ts';
import { foldHouseLetters, isSingleLetter } from './letters.ts';
import type { Token } from './tokenize-address.ts';

export interface FoundDesignator extends Designator {
  /** The token behind it. */
  readonly end: number;
  readonly text: string;
}

export interface FoundNumber {
  readonly text: string;
  readonly end: number;
  /** Digits alone. */
  readonly isPlain: boolean;
}

export type Break = 'none' | 'weak' | 'strong';

/** Prepositions and conjunctions. In front of a word these are not house letters. */
const littleWords = new Set(['в', 'с', 'к', 'о', 'у', 'и']);
/** After a hyphen these may stand for дом, корпус, хонадон, уй: `42-д` need not be house 42Д. */
const letterDesignators = new Set(['д', 'd', 'к', 'k', 'х', 'x', 'у', 'u']);
const needsNumber = new Set(['house', 'building', 'flat', 'room', 'entrance', 'floor']);

interface Neighbours {
  readonly numberBefore: boolean;
  readonly nameBefore: boolean;
  readonly numberRead: boolean;
}

export class AddressTokens {
  readonly tokens: readonly Token[];
  private readonly breaks: readonly Break[];
  /** The words without ё, as designators are listed. */
  private readonly words: readonly string[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
    this.breaks = tokens.map((token, index) => breakBetween(tokens[index - 1], token));
    this.words = tokens.map(({ text }) => (text.includes('ё') ? text.replaceAll('ё', 'е') : text));
  }

  get length(): number {
    return this.tokens.length;
  }

  at(index: number): Token | undefined {
    return this.tokens[index];
  }

  breakBefore(index: number): Break {
    return this.breaks[index] ?? 'strong';
  }

  isNumber(index: number): boolean {
    return this.tokens[index]?.kind === 'number';
  }

  /** A number right here, with no break before it. */
  isNumberNext(index: number): boolean {
    return this.isNumber(index) && this.breakBefore(index) === 'none';
  }

  /** A word that is no designator, with no break before it. */
  isNameNext(index: number): boolean {
    return (
      this.tokens[index]?.kind === 'word' && this.breakBefore(index) === 'none' && this.designatorAt(index) === null
    );
  }

  /**
   * The longest designator that starts at a token. Short designators are also letters and words, so the neighbours
   * decide. `numberBefore`: a number that the designator may take stands right before it; `numberRead`: the number
   * before it already belongs to another part.
   */
  designatorAt(index: number, numberBefore = false, nameBefore = false, numberRead = false): FoundDesignator | null {
    const first = this.words[index] ?? '';
    if (this.tokens[index]?.kind !== 'word' || (first.length > 1 && !designatorStarts.has(first))) return null;
    const texts = this.joined(index);
    for (let length = texts.length; length >= 1; length -= 1) {
      const text = texts[length - 1] as string;
      const found = designators.get(text);
      if (found === undefined) continue;
      const end = index + length;
      if (this.designates(found, text, index, end, { numberBefore, nameBefore, numberRead }))
        return { ...found, text, end };
    }
    return null;
  }

  /** The first word, the first two joined, and so on, up to the longest designator. Initials with dots are one word. */
  private joined(index: number): readonly string[] {
    const texts: string[] = [];
    let text = '';
    let isDotted = true;
    for (let at = index; at < index + longestDesignator; at += 1) {
      const token = this.tokens[at];
      if (token === undefined || token.kind !== 'word') break;
      isDotted &&= token.text.length === 1 && (at === index || token.gap === '.');
      if (at > index && !isDotted) {
        if (token.gap !== ' ' && token.gap !== '-' && token.gap !== '/') break;
        text += token.gap;
      }
      text += this.words[at];
      texts.push(text);
    }
    return texts;
  }

  private designates(
    found: Designator,
    text: string,
    index: number,
    end: number,
    { numberBefore, nameBefore, numberRead }: Neighbours,
  ): boolean {
    const gapAfter = this.tokens[end]?.gap ?? '';
    const numberNext = this.isNumber(end) && this.breakBefore(end) !== 'strong';
    switch (text) {
      case 'д':
      case 'd':
        return numberNext || (numberBefore && gapAfter.startsWith('.') && this.tokens[index]?.gap !== '-');
      case 'к':
      case 'k':
      case 'с':
        return (numberBefore || numberRead) && numberNext && !gapAfter.startsWith('-');
      case 'г':
      case 'g':
        if (numberBefore || numberRead) return gapAfter.startsWith('.') && this.tokens[end]?.kind === 'word';
        return (this.tokens[end]?.kind === 'word' && this.breakBefore(end) !== 'strong') || nameBefore;
      case 'т':
      case 't':
        return nameBefore && (gapAfter.startsWith('.') || this.tokens[end]?.kind === 'word');
      case 'ш':
      case 'sh':
      case 'max':
      case 'mah':
        return nameBefore;
      case 'tor':
      case 'тор':
      case 'berk':
      case 'берк':
        return numberBefore || nameBefore;
      case 'п':
        return numberNext && this.isNumber(index - 1);
      case 'код':
      case 'kod':
        return numberNext;
    }
    if (found.kind === 'intercom') return numberNext;
    if (found.kind === 'no_number' || !needsNumber.has(found.kind)) return true;
    if (found.position === 'after' && !numberNext) return numberBefore;
    const letter = this.tokens[end];
    const takesLetter = found.kind === 'building' || found.kind === 'entrance';
    const letterNext =
      takesLetter && letter !== undefined && isSingleLetter(letter.text) && this.breakBefore(end) === 'none';
    return numberBefore || numberNext || letterNext;
  }

  /** A number with its suffixes: `12`, `12/4`, `5-7`, `83а`, `83-а`, `83 "а"`, `12а/3`, `9.1.49`. */
  readNumber(index: number): FoundNumber {
    let text = (this.tokens[index] as Token).text;
    let end = index + 1;
    let hasLetter = false;
    for (;;) {
      const token = this.tokens[end];
      if (token === undefined) break;
      const joint = this.jointTo(token, end);
      if (joint === null) break;
      if (token.kind === 'number') {
        text += joint + token.text;
        hasLetter = false;
      } else {
        const letter = this.letterOfHouse(token, end, joint, hasLetter);
        if (letter === null) break;
        text += letter;
        hasLetter = true;
      }
      end += 1;
    }
    return { text, end, isPlain: /^\d+$/.test(text) };
  }

  /** How a token joins the number before it; null if it does not. */
  private jointTo(token: Token, end: number): string | null {
    const { gap } = token;
    if (gap === '') return '';
    const sign = gap.trim();
    if (token.kind === 'word') {
      if (sign === '-' || sign === '/') return sign;
      if (gap === ' ') return ' ';
      return /^ ?["'«»“”„]$/.test(gap) ? '"' : null;
    }
    if (sign === '/') return '/';
    if (sign === '-') {
      // `41.31 -69.24` is two coordinates, the second with its sign.
      const isSigned = gap === ' -' && this.tokens[end + 1]?.gap === '.' && this.isNumber(end + 1);
      return isSigned ? null : '-';
    }
    return gap.length === 1 && gap !== ' ' && this.breakBefore(end) !== 'strong' ? gap : null;
  }

  /** The letter of a house in canonical form; null if the word is not a house letter. */
  private letterOfHouse(token: Token, at: number, joint: string, hasLetter: boolean): string | null {
    const { text } = token;
    if (hasLetter && joint !== '/') return null;
    const next = this.tokens[at + 1];
    const digitFollows = next?.kind === 'number' && next.gap === '';
    if (joint === '' && text.length <= 3 && text.length > 1) {
      return designators.has(text) || ordinalEndings.has(text) || dateWords.has(text) ? null : foldHouseLetters(text);
    }
    if (!isSingleLetter(text)) return null;
    // `5 п-д 2`, `5 ж/м`: the letter begins a designator.
    if ((this.designatorAt(at, true)?.text.length ?? 0) > 1) return null;
    const letter = foldHouseLetters(text);
    if (digitFollows) return joint === '' && letter !== 'k' ? letter : null;
    if (joint === '/') return `/${letter}`;
    if (joint === '') return this.isOrdinal(at) ? null : letter;
    const endsHere = next === undefined || this.breakBefore(at + 1) !== 'none';
    const isDotted = next?.gap.startsWith('.') ?? false;
    if (joint === '-') {
      if (this.isOrdinal(at)) return null;
      return letterDesignators.has(text) ? `-${letter}` : letter;
    }
    const follower = endsHere && !isDotted ? null : this.designatorAt(at + 1, true);
    if (isDotted && joint === ' ' && follower?.kind !== 'house') return null;
    const joins = joint === '"' || endsHere || follower !== null || !littleWords.has(text);
    if (!joins || (next?.kind === 'number' && !endsHere)) return null;
    return letterDesignators.has(text) && joint === ' ' ? ` ${letter}` : letter;
  }

  /** `6-й проезд`, `1-я улица`: an ordinal's ending, followed by the word that it counts. */
  private isOrdinal(at: number): boolean {
    if (!ordinalEndings.has((this.tokens[at] as Token).text)) return false;
    return this.tokens[at + 1]?.kind === 'word' && this.breakBefore(at + 1) === 'none';
  }

  /**
   * The index behind the ordinal ending of a number that ends before `index`; `index` itself if there is no such
   * ending.
   */
  skipOrdinalEnding(index: number): number {
    const token = this.tokens[index];
    if (token === undefined || token.kind !== 'word' || !ordinalEndings.has(token.text)) return index;
    const isJoined = token.gap === '' || token.gap.trim() === '-';
    return isJoined && this.tokens[index + 1]?.kind === 'word' ? index + 1 : index;
  }

  /** `8 Марта`, `40 лет Победы`. */
  isDate(index: number): boolean {
    const next = this.tokens[index + 1];
    return next?.kind === 'word' && this.breakBefore(index + 1) === 'none' && dateWords.has(next.text);
  }
}

function breakBetween(previous: Token | undefined, { gap }: Token): Break {
  if (previous === undefined) return 'none';
  if (/[,;()[\]{}|]/.test(gap)) return 'strong';
  if (/^[^.]*:/.test(gap) && gap.length > 1) return 'weak';
  if (!gap.includes('.')) return 'none';
  if (/^ +\./.test(gap)) return 'weak';
  if (previous.kind === 'number') return 'weak';
  const isAbbreviation = designators.has(previous.text.replaceAll('ё', 'е')) || previous.text.length < 3;
  if (isAbbreviation) return 'none';
  return gap.length > 1 || previous.text.length >= 5 ? 'weak' : 'none';
}
