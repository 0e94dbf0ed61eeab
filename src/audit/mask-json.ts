/**
 * Masks JSON as text, member by member at any depth, without parsing values: numbers keep their digits, and truncated
 * or invalid JSON is masked as far as it goes.
 */
import type { IsSensitive } from './sensitive-names.ts';

/** Replaces every masked value. */
export const masked = '[masked]';

/**
 * Matches at every quote, also if the text ends after a backslash. After a mismatch, the search continues at the next
 * quote.
 */
const stringToken = /"(?:[^"\\]|\\.)*(?:"|\\?$)/gsy;
const nextQuote = /"/g;
const colon = /\s*:\s*/gy;
const scalar = /[^\s,\]}"]*/gy;

/** Masks the text. `maskText` gets each string with escapes decoded, because a secret may be written as `\u0041`. */
export function maskJson(text: string, isSensitive: IsSensitive, maskText: (text: string) => string): string {
  let out = '';
  let copiedTo = 0;
  let at = 0;
  for (;;) {
    const start = matchFrom(nextQuote, text, at)?.index;
    if (start === undefined) break;
    const token = matchFrom(stringToken, text, start)?.[0] ?? '"';
    const end = start + token.length;
    const afterColon = matchFrom(colon, text, end);
    if (afterColon !== null && isSensitive(decode(token))) {
      const valueStart = end + afterColon[0].length;
      const valueEnd = endOfValue(text, valueStart);
      const isNull = text.slice(valueStart, valueEnd) === 'null';
      out += text.slice(copiedTo, valueStart) + (isNull ? 'null' : `"${masked}"`);
      copiedTo = valueEnd;
      at = valueEnd;
      continue;
    }
    if (token.includes('\\')) {
      const plain = decode(token);
      const clean = maskText(plain);
      if (clean !== plain) {
        out += text.slice(copiedTo, start) + JSON.stringify(clean);
        copiedTo = end;
      }
    }
    at = Math.max(end, start + 1);
  }
  return copiedTo === 0 ? text : out + text.slice(copiedTo);
}

/** The end of the value that starts at `start`; the end of the text if it is truncated. */
function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return start + (matchFrom(stringToken, text, start)?.[0].length ?? 1);
  if (first !== '{' && first !== '[') return start + (matchFrom(scalar, text, start)?.[0].length ?? 0);
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at += (matchFrom(stringToken, text, at)?.[0].length ?? 1) - 1;
    else if (char === '{' || char === '[') depth += 1;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return text.length;
}

/** Decodes escapes even in truncated or invalid tokens, so that nothing hides in them. */
function decode(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    const isWhole = token.length > 1 && token.endsWith('"');
    return token.slice(1, isWhole ? -1 : undefined).replace(/\\(?:u([0-9a-f]{4})|(.)|$)/gis, decodeEscape);
  }
}

const controls: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function decodeEscape(_escape: string, code: string | undefined, letter = ''): string {
  return code === undefined ? (controls[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16));
}

function matchFrom(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(text);
}
