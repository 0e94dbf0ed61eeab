import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  decodeBase64Digest,
  hmacSha256,
  inTime,
  isTimely,
  matchSignatures,
  readHeader,
  refused,
  type SignatureVerdict,
  type VerifySignature,
} from './scheme.ts';

const mostSignatures = 10;
/** The scheme's header under its original name at Svix. */
export const svixSignatureHeader = 'svix-signature';
/** The fixed head of an Ed25519 public key in SPKI form (RFC 8410), before its 32 bytes. */
const ed25519SpkiHead = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Standard Webhooks: `webhook-id`, `webhook-timestamp`, and in `webhook-signature` a list, separated by blanks, of
 * `v1,<base64 HMAC-SHA256>` and `v1a,<base64 ed25519>` over `<id>.<timestamp>.<body>`. One match is enough; unknown
 * versions are passed over. A secret `whsec_…` is base64, `whpk_…` an ed25519 public key. Senders who use Svix name the
 * three `svix-id`, `svix-timestamp` and `svix-signature`.
 *
 * Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md; Svix Docs, "Verifying webhooks manually".
 */
export const verifyStandardWebhooks: VerifySignature = (delivery, secrets, settings) => {
  // Chosen by the id, which also identifies duplicates: the id of one header name must not be combined with a signature
  // over the other's.
  const isSvix = readHeader(delivery.headers, 'webhook-id') === null;
  const prefix = isSvix ? 'svix' : 'webhook';
  const id = readHeader(delivery.headers, `${prefix}-id`);
  const timestamp = readHeader(delivery.headers, `${prefix}-timestamp`);
  const header = readHeader(delivery.headers, isSvix ? svixSignatureHeader : (settings.signatureHeader ?? ''));
  if (id === null || timestamp === null || header === null) return refused('missing_signature');

  const symmetric: Buffer[] = [];
  const asymmetric: Buffer[] = [];
  for (const item of header.split(' ').slice(0, mostSignatures)) {
    const [version, value = ''] = item.split(',', 2);
    const digest = version === 'v1' ? decodeBase64Digest(value) : null;
    if (digest !== null) symmetric.push(digest);
    if (version === 'v1a') asymmetric.push(Buffer.from(value, 'base64'));
  }
  if (symmetric.length + asymmetric.length === 0) return refused('malformed_signature');

  const head = `${id}.${timestamp}.`;
  const bySecret = matchSignatures(symmetric, secrets, (secret) => {
    const key = symmetricKey(secret);
    return key === null ? null : hmacSha256(key, head, delivery.body);
  });
  const verdict = bySecret.genuine ? bySecret : matchPublicKeys(asymmetric, secrets, head, delivery.body);
  return inTime(verdict, () => isTimely(timestamp, delivery.receivedAtMs, settings.toleranceSeconds));
};

/** The libraries accept the base64 with and without its prefix. */
function symmetricKey(secret: string): Buffer | null {
  if (secret.startsWith('whpk_')) return null;
  const key = Buffer.from(secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret, 'base64');
  return key.length === 0 ? null : key;
}

function publicKey(secret: string): KeyObject | null {
  if (!secret.startsWith('whpk_')) return null;
  const raw = Buffer.from(secret.slice('whpk_'.length), 'base64');
  if (raw.length !== 32) return null;
  return createPublicKey({ key: Buffer.concat([ed25519SpkiHead, raw]), format: 'der', type: 'spki' });
}

function matchPublicKeys(
  signatures: readonly Buffer[],
  secrets: readonly string[],
  head: string,
  body: Buffer,
): SignatureVerdict {
  if (signatures.length === 0) return refused('wrong_signature');
  const signed = Buffer.concat([Buffer.from(head), body]);
  for (const [index, secret] of secrets.entries()) {
    const key = publicKey(secret);
    if (key !== null && signatures.some((signature) => verify(null, signed, key, signature))) {
      return { genuine: true, matchedSecret: index };
    }
  }
  return refused('wrong_signature');
}
