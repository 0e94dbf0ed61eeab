import {
  decodeBase64Digest,
  decodeHexDigest,
  type HashName,
  hmacOf,
  matchSignatures,
  readHeader,
  refused,
  type VerifySignature,
} from './scheme.ts';

const defaultHeader = 'x-webhook-signature';

function verifyPlain(hash: HashName, decode: (text: string) => Buffer | null): VerifySignature {
  const prefix = `${hash}=`;
  return (delivery, secrets, settings) => {
    const header = readHeader(delivery.headers, settings.signatureHeader ?? defaultHeader);
    if (header === null) return refused('missing_signature');
    // The prefix `sha256=` is common (GitHub's form) and adds nothing.
    const digest = decode(header.startsWith(prefix) ? header.slice(prefix.length) : header);
    if (digest === null) return refused('malformed_signature');
    return matchSignatures([digest], secrets, (secret) => hmacOf(hash, secret, delivery.body));
  };
}

/** `<header>: [sha256=]<64 hex of HMAC-SHA256 over the body>`, either letter case. */
export const verifyHmacHex: VerifySignature = verifyPlain('sha256', decodeHexDigest);

/** `<header>: [sha256=]<padded base64 of HMAC-SHA256 over the body>`, as Shopify sends it. */
export const verifyHmacBase64: VerifySignature = verifyPlain('sha256', decodeBase64Digest);

/** `<header>: [sha1=]<40 hex of HMAC-SHA1 over the body>`: old senders. */
export const verifyHmacSha1Hex: VerifySignature = verifyPlain('sha1', (text) => decodeHexDigest(text, 20));

/** `<header>: [sha512=]<128 hex of HMAC-SHA512 over the body>`. */
export const verifyHmacSha512Hex: VerifySignature = verifyPlain('sha512', (text) => decodeHexDigest(text, 64));
