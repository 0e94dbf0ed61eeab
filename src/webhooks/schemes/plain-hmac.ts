import {
  decodeBase64Digest,
  decodeHexDigest,
  type HashName,
  hmacOf,
  inHeader,
  matchSignatures,
  refused,
  type VerifySignature,
} from './scheme.ts';

/** The prefix `sha256=` is common (GitHub's form) and adds nothing. */
function verifyPlain(hash: HashName, decode: (text: string) => Buffer | null, needsPrefix = false): VerifySignature {
  const prefix = `${hash}=`;
  return inHeader((header, delivery, secrets) => {
    const hasPrefix = header.startsWith(prefix);
    const digest = needsPrefix && !hasPrefix ? null : decode(hasPrefix ? header.slice(prefix.length) : header);
    if (digest === null) return refused('malformed_signature');
    return matchSignatures([digest], secrets, (secret) => hmacOf(hash, secret, delivery.body));
  });
}

/**
 * `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>`, the secret as UTF-8. The older SHA-1 header is ignored.
 * There is no timestamp: only the delivery id and the body's hash protect against replay. Source: GitHub Docs,
 * "Validating webhook deliveries".
 */
export const verifyGithub: VerifySignature = verifyPlain('sha256', decodeHexDigest, true);

/** `<header>: [sha256=]<64 hex of HMAC-SHA256 over the body>`, either letter case. */
export const verifyHmacHex: VerifySignature = verifyPlain('sha256', decodeHexDigest);

/** `<header>: [sha256=]<padded base64 of HMAC-SHA256 over the body>`, as Shopify sends it. */
export const verifyHmacBase64: VerifySignature = verifyPlain('sha256', decodeBase64Digest);

/** `<header>: [sha1=]<40 hex of HMAC-SHA1 over the body>`: old senders. */
export const verifyHmacSha1Hex: VerifySignature = verifyPlain('sha1', (text) => decodeHexDigest(text, 20));

/** `<header>: [sha512=]<128 hex of HMAC-SHA512 over the body>`. */
export const verifyHmacSha512Hex: VerifySignature = verifyPlain('sha512', (text) => decodeHexDigest(text, 64));
