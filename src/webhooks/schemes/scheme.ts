/**
 * The interface of a signature scheme: a pure check of a delivery's raw bytes, before any of it is parsed. Every
 * comparison of secrets or signatures takes constant time.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Lower-case names; repeated headers joined by `, ` as Node does. */
export type DeliveryHeaders = Readonly<Record<string, string | undefined>>;

export interface SignedDelivery {
  readonly headers: DeliveryHeaders;
  readonly body: Buffer;
  /** Unix milliseconds at which it was received. */
  readonly receivedAtMs: number;
}

export interface SchemeSettings {
  /** The header that carries the signature. */
  readonly signatureHeader: string | null;
  /** The maximum clock difference, in both directions. */
  readonly toleranceSeconds: number;
  /** What is signed, for schemes in which the sender decides that. */
  readonly signedTemplate?: string | null;
  /** The header with the signed time, for the same schemes. */
  readonly timestampHeader?: string | null;
  /** The webhook's own URL as its sender knows it, if the sender signs it. */
  readonly publicUrl?: string | null;
}

export type Refusal = 'missing_signature' | 'malformed_signature' | 'stale_timestamp' | 'wrong_signature';

export type SignatureVerdict =
  | { readonly genuine: true; readonly matchedSecret: number | null }
  | { readonly genuine: false; readonly reason: Refusal };

/** `secrets` in order: the current one, then the previous one during its grace period. */
export type VerifySignature = (
  delivery: SignedDelivery,
  secrets: readonly string[],
  settings: SchemeSettings,
) => SignatureVerdict;

export const refused = (reason: Refusal): SignatureVerdict => ({ genuine: false, reason });

export function readHeader(headers: DeliveryHeaders, name: string): string | null {
  const value = headers[name.toLowerCase()]?.trim();
  return value === undefined || value === '' ? null : value;
}

type VerifyHeader = (header: string, ...given: Parameters<VerifySignature>) => SignatureVerdict;

/** A scheme whose signature stands in a header. */
export function inHeader(verify: VerifyHeader): VerifySignature {
  return (delivery, secrets, settings) => {
    const { signatureHeader } = settings;
    const header = signatureHeader === null ? null : readHeader(delivery.headers, signatureHeader);
    return header === null ? refused('missing_signature') : verify(header, delivery, secrets, settings);
  };
}

/** Judges the time after the signature: the error about a stale time reveals nothing to a forger. */
export function inTime(verdict: SignatureVerdict, isInTime: () => boolean): SignatureVerdict {
  return verdict.genuine && !isInTime() ? refused('stale_timestamp') : verdict;
}

export type HashName = 'sha1' | 'sha256' | 'sha512';

/** An HMAC over the concatenated parts, without copying the body. */
export function hmacOf(hash: HashName, key: string | Buffer, ...parts: readonly (string | Buffer)[]): Buffer {
  const hmac = createHmac(hash, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

export function hmacSha256(key: string | Buffer, ...parts: readonly (string | Buffer)[]): Buffer {
  return hmacOf('sha256', key, ...parts);
}

/** Compares in constant time; both sides are hashed first, so that not even the lengths are revealed. */
export function equalsSecretly(left: Buffer | string, right: Buffer | string): boolean {
  const digest = (value: Buffer | string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(left), digest(right));
}

const sha256Bytes = 32;

/** Exactly this many bytes from hexadecimal digits of either case; else null. */
export function decodeHexDigest(text: string, bytes = sha256Bytes): Buffer | null {
  return text.length === bytes * 2 && /^[0-9a-fA-F]+$/.test(text) ? Buffer.from(text, 'hex') : null;
}

/** Exactly this many bytes from padded standard base64; else null. */
export function decodeBase64Digest(text: string, bytes = sha256Bytes): Buffer | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const digest = Buffer.from(text, 'base64');
  // Two spellings of one digest (stray low bits in the last character) must not count as two signatures: only the
  // canonical one is valid.
  return digest.length === bytes && digest.toString('base64') === text ? digest : null;
}

/** From this value on, a Unix time is in milliseconds: as seconds it would lie in the year 5138. */
const leastMilliseconds = 100_000_000_000;

/**
 * Whether a sender's Unix time, in seconds or milliseconds, is within the tolerance, in both directions. Only plain
 * decimal numbers are accepted, so that `1e9` or ` 12` cannot pass with a signature over another text.
 */
export function isTimely(unixTime: string, receivedAtMs: number, toleranceSeconds: number): boolean {
  if (!/^\d{1,15}$/.test(unixTime)) return false;
  const time = Number(unixTime);
  const seconds = time >= leastMilliseconds ? Math.floor(time / 1000) : time;
  return Math.abs(Math.floor(receivedAtMs / 1000) - seconds) <= toleranceSeconds;
}

/** The same for a time as senders write it: Unix, or RFC 3339 with any fraction of a second. */
export function isTimelyText(time: string, receivedAtMs: number, toleranceSeconds: number): boolean {
  if (/^\d+$/.test(time)) return isTimely(time, receivedAtMs, toleranceSeconds);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:Z|[+-]\d\d:\d\d)$/i.test(time)) return false;
  const atMs = Date.parse(time.replace(/(\.\d{3})\d*/, '$1'));
  return Math.abs(receivedAtMs - atMs) <= toleranceSeconds * 1000;
}

/** The index of the secret for which `isMatch` returns true; every secret is tried. */
export function matchSecrets(secrets: readonly string[], isMatch: (secret: string) => boolean): SignatureVerdict {
  const matched = secrets.map(isMatch).indexOf(true);
  return matched === -1 ? refused('wrong_signature') : { genuine: true, matchedSecret: matched };
}

/** Tries every secret, even after a match, and returns which one made one of the signatures. */
export function matchSignatures(
  signatures: readonly Buffer[],
  secrets: readonly string[],
  expected: (secret: string) => Buffer | null,
): SignatureVerdict {
  let matched: number | null = null;
  for (const [index, secret] of secrets.entries()) {
    const digest = expected(secret);
    if (digest === null) continue;
    for (const signature of signatures) {
      const equal = signature.length === digest.length && timingSafeEqual(signature, digest);
      if (equal && matched === null) matched = index;
    }
  }
  return matched === null ? refused('wrong_signature') : { genuine: true, matchedSecret: matched };
}
