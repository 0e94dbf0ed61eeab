/**
 * JSON whose numbers keep all their digits: a 64-bit id as a number, read as JavaScript reads it, becomes its neighbour's,
 * and would be passed on as such. Those that a double cannot hold stay the text that they are (ECMAScript's raw JSON),
 * which `JSON.stringify` writes as it stands.
 *
 * Such numbers are found by one walk over the text, and parsed as marked strings: a reviver, called for every member of a
 * body that has one long number, took 0.7 s a megabyte.
 */
import { randomBytes } from 'node:crypto';

/** ECMA-262's JSON.parse source text access, which Node has and the compiler does not know yet. */
interface RawJson {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}
const json = JSON as unknown as RawJson;

/**
 * A number that may not fit into a double: 16 digits, or a three-digit exponent. Rare, so most texts are parsed
 * directly.
 */
const maybeInexact = /[\d.]{16}|[eE]\+?\d{3}/;
const exactDigits = 15;
/** Prefix of a number that was turned into a string; no sender can guess it. */
const mark = `\u0007${randomBytes(12).toString('hex')}:`;

/** Throws `SyntaxError`. */
export function parseExactly(text: string): unknown {
  if (!maybeInexact.test(text)) return JSON.parse(text);
  const marked = markInexactNumbers(text);
  const parsed: unknown = JSON.parse(marked);
  return marked === text ? parsed : withRawNumbers(parsed);
}

/** The digits of a number as they were sent; null for anything else. */
export function numberText(value: unknown): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null;
  return json.isRawJSON(value) ? value.rawJSON : null;
}

const quote = 34;
const backslash = 92;

function markInexactNumbers(text: string): string {
  const written = JSON.stringify(mark).slice(0, -1);
  let out = '';
  let copiedTo = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfString(text, at + 1);
      continue;
    }
    if (!isNumberCode(code)) {
      at += 1;
      continue;
    }
    const start = at;
    while (at < text.length && isNumberCode(text.charCodeAt(at))) at += 1;
    const source = text.slice(start, at);
    if (isExact(source)) continue;
    out += `${text.slice(copiedTo, start)}${written}${source}"`;
    copiedTo = at;
  }
  return copiedTo === 0 ? text : out + text.slice(copiedTo);
}

function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) at += 1;
  }
  return text.length;
}

/** `0`–`9`, `+`, `-`, `.`, and the letter of an exponent. The one in `true` or `false` is taken for a number that is short. */
function isNumberCode(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46 || code === 69 || code === 101;
}

/** Anything that is not a number stays as it is, and fails when the whole text is parsed. */
function isExact(source: string): boolean {
  if (source.length <= exactDigits && !/[eE]/.test(source)) return true;
  const value = Number(source);
  return Number.isNaN(value) || (source.length <= exactDigits && Number.isFinite(value)) || String(value) === source;
}

/** Throws `SyntaxError` for what only looked like a number. */
function withRawNumbers(parsed: unknown): unknown {
  if (typeof parsed === 'string') return rawOf(parsed) ?? parsed;
  const open: object[] = isContainer(parsed) ? [parsed] : [];
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    if (Array.isArray(container)) {
      for (let index = 0; index < container.length; index += 1) {
        const item: unknown = container[index];
        if (isContainer(item)) open.push(item);
        else if (typeof item === 'string') container[index] = rawOf(item) ?? item;
      }
      continue;
    }
    const members = container as Record<string, unknown>;
    for (const name of Object.keys(members)) {
      const member = members[name];
      if (isContainer(member)) open.push(member);
      else if (typeof member === 'string') {
        const raw = rawOf(member);
        // Not by assignment: a member may be called `__proto__`.
        if (raw !== null) Object.defineProperty(members, name, { value: raw, ...ownMember });
      }
    }
  }
  return parsed;
}

const ownMember = { enumerable: true, configurable: true, writable: true };

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function rawOf(text: string): object | null {
  return text.startsWith(mark) ? json.rawJSON(text.slice(mark.length)) : null;
}
