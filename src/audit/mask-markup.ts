/** Masks bodies that name their values as neither JSON nor forms do: parts of `multipart/form-data`, and XML. */
import { masked } from './mask-json.ts';
import type { IsSensitive } from './sensitive-names.ts';

/** Its name, the rest of its head, the empty line; then its content up to the next boundary. `filename=` names no field. */
const part = /(\bname="?([^"\r\n;]{1,200})"?[^\r\n]{0,400}\r?\n(?:[^\r\n]{1,400}\r?\n){0,4}\r?\n)(.*?)(?=\r?\n--|$)/gs;

export function isMultipart(text: string): boolean {
  return /^\s{0,4}--/.test(text);
}

export function maskMultipart(text: string, isSensitive: IsSensitive): string {
  return text.replace(part, (whole, head: string, name: string, content: string) =>
    content !== '' && isSensitive(name) ? head + masked : whole,
  );
}

/** An element that holds text alone, whatever its prefix and attributes. */
const element = /(<(?:[\w.-]{1,100}:)?([\w.-]{1,100})(?:\s[^<>]*)?>)(<!\[CDATA\[[^<\]]*\]\]>|[^<]+)(?=<\/|$)/g;

export function isXml(text: string): boolean {
  return /^\s*</.test(text);
}

export function maskXml(text: string, isSensitive: IsSensitive): string {
  return text.replace(element, (whole, tag: string, name: string, content: string) =>
    content.trim() !== '' && isSensitive(name) ? tag + masked : whole,
  );
}
