import { decodeHexDigest, hmacSha256, matchSignatures, readHeader, refused, type VerifySignature } from './scheme.ts';

/**
 * `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>`, the secret as UTF-8. The older SHA-1 header is ignored.
 * There is no timestamp: only the delivery id and the body's hash protect against replay. Source: GitHub Docs,
 * "Validating webhook deliveries".
 */
export const verifyGithub: VerifySignature = (delivery, secrets, settings) => {
  const header = readHeader(delivery.headers, settings.signatureHeader ?? 'x-hub-signature-256');
  if (header === null) return refused('missing_signature');
  const digest = header.startsWith('sha256=') ? decodeHexDigest(header.slice('sha256='.length)) : null;
  if (digest === null) return refused('malformed_signature');
  return matchSignatures([digest], secrets, (secret) => hmacSha256(secret, delivery.body));
};
