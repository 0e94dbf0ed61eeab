import {
  decodeHexDigest,
  hmacSha256,
  inHeader,
  inTime,
  isTimely,
  matchSignatures,
  refused,
  type VerifySignature,
} from './scheme.ts';

/** More signatures than any rotation needs; further ones are ignored. */
const mostSignatures = 10;

/**
 * `<header>: t=<unix>,v1=<hex HMAC-SHA256 of "<t>.<body>">`, with as many `v1` as secrets are in rotation. Items of other
 * schemes (Stripe's test-mode `v0`) are passed over, and the secret is used as text, prefix and all.
 *
 * Sources: Stripe Docs, "Verify webhook signatures manually"; the InfraSafe sender's specification. Stripe's library
 * accepts times in the future; here the tolerance holds both ways.
 */
export const verifyTimestampedHmac: VerifySignature = inHeader((header, delivery, secrets, { toleranceSeconds }) => {
  let timestamp: string | null = null;
  const signatures: Buffer[] = [];
  for (const item of header.split(',')) {
    const separator = item.indexOf('=');
    const name = item.slice(0, separator).trim();
    const value = item.slice(separator + 1).trim();
    if (name === 't') timestamp = value;
    const digest = name === 'v1' && signatures.length < mostSignatures ? decodeHexDigest(value) : null;
    if (digest !== null) signatures.push(digest);
  }
  if (timestamp === null || signatures.length === 0) return refused('malformed_signature');
  const signedTime = timestamp;
  const verdict = matchSignatures(signatures, secrets, (secret) => hmacSha256(secret, `${signedTime}.`, delivery.body));
  return inTime(verdict, () => isTimely(signedTime, delivery.receivedAtMs, toleranceSeconds));
});
