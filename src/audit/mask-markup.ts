/** Masks bodies that are neither JSON nor simple forms: parts of `multipart/form-data`, and XML. */
import { masked } from './mask-json.ts';
import type { IsSensitive } from './sensitive-names.ts';

/** Matches a field name in the headers of a part; `filename=` does not name a field. */
const fieldName = /(?<![\w-])name="?([^"\r\n;]{1,200})/i;
/** Only this much of a header line is searched for a name. */
const maxHeadLine = 1_000;

/** Whether the text looks like `multipart/form-data`. */
export function isMultipart(text: string): boolean {
  return /^\s{0,4}--/.test(text);
}

/**
 * Masks line by line, in linear time: a boundary (`--…`) starts the headers of a part, an empty line ends them, and the
 * content lasts until the next boundary.
 */
export function maskMultipart(text: string, isSensitive: IsSensitive): string {
  let out = '';
  let copiedTo = 0;
  let inHead = true;
  let name: string | null = null;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const next = newline === -1 ? text.length : newline + 1;
    const isEmpty = next - at <= 2 && text.slice(at, next).trim() === '';
    if (text.startsWith('--', at)) {
      inHead = true;
      name = null;
    } else if (inHead && !isEmpty) {
      name ??= fieldName.exec(text.slice(at, Math.min(next, at + maxHeadLine)))?.[1] ?? null;
    }
    if (inHead && isEmpty) {
      inHead = false;
      const boundary = text.startsWith('--', next) ? next : text.indexOf('\n--', next);
      const end = boundary === -1 ? text.length : boundary - (text[boundary - 1] === '\r' ? 1 : 0);
      if (name !== null && end > next && isSensitive(name)) {
        out += text.slice(copiedTo, next) + masked;
        copiedTo = end;
      }
      at = boundary === -1 ? text.length : Math.max(boundary, next);
      continue;
    }
    at = next;
  }
  return copiedTo === 0 ? text : out + text.slice(copiedTo);
}

/** An element that contains only text, with any prefix and attributes. */
const element = /(<(?:[\w.-]{1,100}:)?([\w.-]{1,100})(?:\s[^<>]*)?>)(<!\[CDATA\[[^<\]]*\]\]>|[^<]+)(?=<\/|$)/g;

/** Whether the text looks like XML. */
export function isXml(text: string): boolean {
  return /^\s*</.test(text);
}

/** Masks the text of elements with a sensitive name. */
export function maskXml(text: string, isSensitive: IsSensitive): string {
  return text.replace(element, (whole, tag: string, name: string, content: string) =>
    content.trim() !== '' && isSensitive(name) ? tag + masked : whole,
  );
}
