/**
 * The text of a body by its declared or evident charset, without loss: a body with bytes outside the charset is not text.
 *
 * A byte order mark comes first, then the `charset` of the content type, then what the bytes show: UTF-8 that is valid,
 * UTF-16 and UTF-32 by the zeros between ASCII characters (RFC 4627, section 3), the declaration of an XML document. A
 * single-byte charset without a name cannot be recognised.
 */
import { isUtf8 } from 'node:buffer';

export interface BodyText {
  readonly text: string;
  /** Encoded as UTF-8, the text equals the body. */
  readonly isUtf8: boolean;
}

export function readText(body: Buffer, contentType: string | null): BodyText | null {
  const charset = markedCharset(body) ?? declaredCharset(contentType) ?? evidentCharset(body);
  if (charset !== null && !isUtf8Label(charset)) {
    const text = decode(body, charset);
    return text === null ? null : { text, isUtf8: false };
  }
  if (!isUtf8(body)) return null;
  const text = body.toString('utf8');
  // RFC 8259, section 8.1: a byte order mark may be passed over.
  return text.startsWith('\uFEFF') ? { text: text.slice(1), isUtf8: false } : { text, isUtf8: true };
}

function isUtf8Label(charset: string): boolean {
  return /^(?:unicode-1-1-)?utf-?8$/i.test(charset);
}

function markedCharset(body: Buffer): string | null {
  const [first, second, third, fourth] = body;
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? 'utf-32le' : 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return first === 0 && second === 0 && third === 0xfe && fourth === 0xff ? 'utf-32be' : null;
}

function declaredCharset(contentType: string | null): string | null {
  const charset = /;\s*charset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase();
  // These names do not state the byte order; the bytes may.
  return charset === undefined || /^utf-?(?:16|32)$|^ucs-?[24]$|^unicode$/.test(charset) ? null : charset;
}

function evidentCharset(body: Buffer): string | null {
  const [first = 0, second = 0, third = 0, fourth = 0] = body;
  if (isAsciiText(first) && second === 0 && body.length % 2 === 0) {
    if (third === 0 && fourth === 0 && body.length >= 4) return 'utf-32le';
    if (isAsciiText(third) && fourth === 0) return 'utf-16le';
    return body.length === 2 ? 'utf-16le' : null;
  }
  if (first === 0 && isAsciiText(second) && third === 0 && isAsciiText(fourth)) return 'utf-16be';
  if (first === 0 && second === 0 && third === 0 && isAsciiText(fourth)) return 'utf-32be';
  const head = body.toString('latin1', 0, 200);
  return /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(head)?.[1] ?? null;
}

function isAsciiText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function decode(body: Buffer, charset: string): string | null {
  const utf32 = /^utf-?32(le|be)$/i.exec(charset)?.[1];
  if (utf32 !== undefined) return decodeUtf32(body, utf32.toLowerCase() === 'le');
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch {
    return null;
  }
}

function decodeUtf32(body: Buffer, isLittleEndian: boolean): string | null {
  if (body.length % 4 !== 0) return null;
  const characters: string[] = [];
  for (let at = 0; at < body.length; at += 4) {
    const code = isLittleEndian ? body.readUInt32LE(at) : body.readUInt32BE(at);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return null;
    if (at > 0 || code !== 0xfeff) characters.push(String.fromCodePoint(code));
  }
  return characters.join('');
}
