/** Reads a body as JSON or text, and decides whether that preserves all of its bytes. */
import { parsedJson } from '../../encodings/tolerant.ts';
import { decodeContent } from './decode-content.ts';
import { readText } from './read-text.ts';

export interface ReadBody {
  /** The JSON text exactly as it was sent; null if the body is not JSON. */
  readonly json: string | null;
  /** The parsed JSON; undefined if there is none. Numbers are JavaScript's: `memberSource` has their exact digits. */
  readonly parsed: unknown;
  /** null if the bytes cannot be read as text without loss. */
  readonly text: string | null;
  /** The JSON or text, written as UTF-8, is the body as it was sent. */
  readonly isWhole: boolean;
  /** Its encoding could not be undone: unknown, broken, or too large. */
  readonly isPacked: boolean;
}

/** Maximum size after decompression; a larger body is stored as bytes. */
export const maxDecodedBytes = 25 * 1024 * 1024;

/**
 * JSON is recognised whatever its content type: curl and many scripts declare every body as a form. A form with JSON in
 * its field `payload` (GitHub, Slack) is read as that JSON.
 */
export function readBody(
  body: Buffer,
  contentType: string | null,
  contentEncoding: string | undefined,
  maxBytes = maxDecodedBytes,
): ReadBody {
  const decoded = decodeContent(body, contentEncoding, maxBytes);
  const read = decoded === null ? null : readText(decoded, contentType);
  const isPacked = decoded === null;
  if (read === null) return { json: null, parsed: undefined, text: null, isWhole: false, isPacked };
  const { text } = read;
  const isWhole = read.isUtf8 && decoded === body;
  const parsed = parsedJson(text);
  // A JSON string would look the same as the text that it holds.
  if (parsed !== undefined)
    return { json: text, parsed, text, isWhole: isWhole && typeof parsed !== 'string', isPacked };
  const field = isForm(contentType) ? formField(text, 'payload') : null;
  const parsedField = field === null ? undefined : parsedJson(field);
  if (parsedField !== undefined) return { json: field, parsed: parsedField, text, isWhole: false, isPacked };
  return { json: null, parsed: undefined, text, isWhole, isPacked };
}

/**
 * For identifying a delivery with an unknown charset: ASCII names and values in JSON are the same in every single-byte
 * charset.
 */
export function readLoosely(body: Buffer): Pick<ReadBody, 'json' | 'parsed'> {
  const json = body.toString('latin1');
  const parsed = /^\s*[[{]/.test(json) ? parsedJson(json) : undefined;
  return { json: parsed === undefined ? null : json, parsed };
}

export function isForm(contentType: string | null): boolean {
  return contentType?.trimStart().toLowerCase().startsWith('application/x-www-form-urlencoded') === true;
}

/**
 * The form's first field of this name, found without parsing the form: a form with half a million fields took four
 * seconds.
 */
export function formField(form: string, name: string): string | null {
  const head = `${name}=`;
  const start = form.startsWith(head) ? 0 : form.indexOf(`&${head}`) + 1;
  if (start === 0 && !form.startsWith(head)) return null;
  const end = form.indexOf('&', start);
  return new URLSearchParams(form.slice(start, end === -1 ? undefined : end)).get(name);
}
