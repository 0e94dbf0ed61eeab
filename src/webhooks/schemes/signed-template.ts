import {
  decodeBase64Digest,
  decodeHexDigest,
  type HashName,
  hmacOf,
  inHeader,
  inTime,
  isTimelyText,
  matchSignatures,
  readHeader,
  refused,
  type SchemeSettings,
  type SignedDelivery,
  type VerifySignature,
} from './scheme.ts';

/** A piece of the signed text: a literal, or a value of the delivery. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'body' | 'timestamp' | 'url' }
  | { readonly kind: 'header'; readonly name: string };

/** `v0:{timestamp}:{body}`; also `{url}` and `{header:Name}`. null if it is invalid, or does not sign the body. */
export function parseTemplate(template: string): readonly TemplatePart[] | null {
  const parts: TemplatePart[] = [];
  for (const piece of template.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    const place = /^\{(body|timestamp|url|header:([A-Za-z0-9-]{1,100}))\}$/.exec(piece);
    if (place === null && /[{}]/.test(piece)) return null;
    const [, kind, name] = place ?? [];
    if (name !== undefined) parts.push({ kind: 'header', name: name.toLowerCase() });
    else if (kind !== undefined) parts.push({ kind: kind as 'body' | 'timestamp' | 'url' });
    else parts.push({ kind: 'text', text: piece });
  }
  return parts.some(({ kind }) => kind === 'body') ? parts : null;
}

/** The pieces of one delivery; null if a signed one is missing. */
export function signedParts(delivery: SignedDelivery, settings: SchemeSettings): (string | Buffer)[] | null {
  const parts = parseTemplate(settings.signedTemplate ?? '{body}') ?? [];
  const signed: (string | Buffer)[] = [];
  for (const part of parts) {
    const piece = pieceOf(part, delivery, settings);
    if (piece === null) return null;
    signed.push(piece);
  }
  return signed;
}

function pieceOf(part: TemplatePart, delivery: SignedDelivery, settings: SchemeSettings): string | Buffer | null {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'body':
      return delivery.body;
    case 'url':
      return settings.publicUrl ?? null;
    case 'timestamp':
      return readHeader(delivery.headers, settings.timestampHeader ?? '');
    case 'header':
      return readHeader(delivery.headers, part.name);
  }
}

const hashByBytes: Readonly<Record<number, HashName>> = { 20: 'sha1', 32: 'sha256', 64: 'sha512' };

/**
 * An HMAC over the template's text. Its length determines the hash (SHA-1 for Trello, SHA-256, SHA-512); it is
 * hexadecimal or base64, with or without a prefix (`v0=`, `sha256=`).
 */
export const verifySignedTemplate: VerifySignature = inHeader((header, delivery, secrets, settings) => {
  const digest = decodeDigest(header) ?? decodeDigest(header.replace(/^[A-Za-z0-9_-]{1,20}[=,]/, ''));
  const hash = digest === null ? undefined : hashByBytes[digest.length];
  if (digest === null || hash === undefined) return refused('malformed_signature');
  const parts = signedParts(delivery, settings);
  if (parts === null) return refused('missing_signature');
  const verdict = matchSignatures([digest], secrets, (secret) => hmacOf(hash, secret, ...parts));
  return inTime(verdict, () => isTemplateTimely(delivery, settings));
});

function decodeDigest(text: string): Buffer | null {
  for (const bytes of [20, 32, 64]) {
    const digest = decodeHexDigest(text, bytes) ?? decodeBase64Digest(text, bytes);
    if (digest !== null) return digest;
  }
  return null;
}

/** Also true if no time is signed. */
export function isTemplateTimely(delivery: SignedDelivery, settings: SchemeSettings): boolean {
  const { timestampHeader, toleranceSeconds } = settings;
  if (timestampHeader === undefined || timestampHeader === null) return true;
  const time = readHeader(delivery.headers, timestampHeader);
  return time !== null && isTimelyText(time, delivery.receivedAtMs, toleranceSeconds);
}
