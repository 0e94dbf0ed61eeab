/** Cuts a folded address into words and numbers: one pass from left to right, no backtracking. */
import { isDigit, isLetter, repairMixedWord } from './letters.ts';

export interface Token {
  readonly kind: 'word' | 'number';
  readonly text: string;
  /** The text between this token and the one before, with spaces folded to one. */
  readonly gap: string;
  /** Position in the folded text. */
  readonly start: number;
  readonly end: number;
}

/** A designator that a closing quote glued to the word before: `'Jipek jol'kuchasi`. */
const gluedDesignator = /^(ko?'?chasi|kuchasi|куч|кучаси|кўчаси|tumani|mahallasi|shahri)$/;

export function tokenizeAddress(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let gapStart = 0;
  const push = (kind: Token['kind'], start: number, end: number, spelled: string): void => {
    tokens.push({ kind, text: spelled, gap: normalGap(text.slice(gapStart, start)), start, end });
    gapStart = end;
    at = end;
  };
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (isDigit(code)) {
      const end = endOfDigits(text, at);
      push('number', at, end, text.slice(at, end));
    } else if (text[at] === '^' && isDigit(text.charCodeAt(at + 1))) {
      let end = endOfDigits(text, at + 1);
      if (text[end] === '/' && isDigit(text.charCodeAt(end + 1))) end = endOfDigits(text, end + 1);
      push('number', at, end, text.slice(at, end));
    } else if (isLetter(code)) {
      const end = endOfWord(text, at);
      const word = text.slice(at, end);
      const quote = word.indexOf("'");
      if (quote > 0 && gluedDesignator.test(word.slice(quote + 1))) {
        push('word', at, at + quote, repairMixedWord(word.slice(0, quote)));
      } else push('word', at, end, repairMixedWord(word));
    } else at += 1;
  }
  return tokens;
}

/** Line ends and tabs separate parts like commas. */
function normalGap(gap: string): string {
  if (gap === ' ' || gap === '' || gap === ', ') return gap;
  return gap.replace(/ *[\n\r\t]\s*/g, ', ').replace(/\s+/g, ' ');
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
