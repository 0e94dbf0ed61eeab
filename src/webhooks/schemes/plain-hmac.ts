import {
  decodeBase64Digest,
  decodeHexDigest,
  hmacSha256,
  matchSignatures,
  readHeader,
  refused,
  type VerifySignature,
} from './scheme.ts';

const defaultHeader = 'x-webhook-signature';

function verifyPlain(decode: (text: string) => Buffer | null): VerifySignature {
  return (delivery, secrets, settings) => {
    const header = readHeader(delivery.headers, settings.signatureHeader ?? defaultHeader);
    if (header === null) return refused('missing_signature');
    // `sha256=` in front is common (GitHub's form) and says nothing that the scheme does not.
    const digest = decode(header.startsWith('sha256=') ? header.slice('sha256='.length) : header);
    if (digest === null) return refused('malformed_signature');
    return matchSignatures([digest], secrets, (secret) => hmacSha256(secret, delivery.body));
  };
}

/** `<header>: [sha256=]<64 hex of HMAC-SHA256 over the body>`, either letter case. */
export const verifyHmacHex: VerifySignature = verifyPlain(decodeHexDigest);

/** `<header>: [sha256=]<padded base64 of HMAC-SHA256 over the body>`, as Shopify sends it. */
export const verifyHmacBase64: VerifySignature = verifyPlain(decodeBase64Digest);
