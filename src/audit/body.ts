/** Prepares a body for the audit log: masked, at most 16 KiB, stored once per content, day and tenant. */
import { hash } from 'node:crypto';
import type { Masker } from './mask.ts';

/** Longer bodies are cut and marked as cut. */
export const maxBodyBytes = 16 * 1024;
/** Only this much is masked: the text after it is cut away anyway. */
const maxScannedBytes = 4 * maxBodyBytes;

export interface KeptBody {
  /** `sha256:` and 24 bytes of the hash, base64url. */
  readonly reference: string;
  /** The hash part alone: `log_bodies.body_hash`. */
  readonly hash: string;
  readonly text: string;
}

/** Replaces NUL and lone surrogates, which PostgreSQL's text type cannot store. */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\uFFFD') : wellFormed;
}

/** Masks and cuts a body; null if it is absent or empty. Bytes that are not UTF-8 become replacement characters. */
export function keepBody(
  body: Buffer | string | null,
  masker: Masker,
  secrets: readonly string[],
  /** The full size, if `body` is only the beginning of a longer one. */
  wholeSizeBytes = 0,
): KeptBody | null {
  if (body === null || body.length === 0) return null;
  const givenBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const sizeBytes = Math.max(givenBytes, wholeSizeBytes);
  const scanned =
    typeof body === 'string' ? body.slice(0, maxScannedBytes) : body.subarray(0, maxScannedBytes).toString('utf8');
  const clean = masker.body(storableText(scanned), secrets);
  return sizeBytes <= maxScannedBytes && sizeBytes === givenBytes
    ? keep(cut(clean, sizeBytes))
    : keep(cut(clean, sizeBytes, true));
}

/** Masks headers and renders them as a JSON object; more than 16 KiB are cut like a body. */
export function keepHeaders(
  headers: Readonly<Record<string, string>> | null,
  masker: Masker,
  secrets: readonly string[],
): KeptBody | null {
  if (headers === null || Object.keys(headers).length === 0) return null;
  const text = storableText(JSON.stringify(masker.headers(headers, secrets)));
  return keep(cut(text, Buffer.byteLength(text)));
}

/** Cuts a text to the maximum. `incomplete`: part of the body is missing already. */
function cut(text: string, sizeBytes: number, incomplete = false): string {
  if (!incomplete && text.length <= maxBodyBytes / 3) return text; // A UTF-16 unit has at most three bytes.
  const bytes = Buffer.from(text, 'utf8');
  if (!incomplete && bytes.length <= maxBodyBytes) return text;
  const whole = bytes
    .subarray(0, maxBodyBytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${whole}…[cut: it had ${sizeBytes} bytes]`;
}

/** Stores a text that is already masked and cut. */
export function keep(text: string): KeptBody {
  // 192 bits identify a content; the reference stays under 40 characters.
  const contentHash = hash('sha256', text, 'buffer').toString('base64url', 0, 24);
  return { reference: `sha256:${contentHash}`, hash: contentHash, text };
}
