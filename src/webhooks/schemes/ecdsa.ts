import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { getOrCreateBounded } from '../../bounded-map.ts';
import { inHeader, inTime, matchSecrets, refused, type VerifySignature } from './scheme.ts';
import { isTemplateTimely, signedParts } from './signed-template.ts';

const maxKeys = 1_000;
const keys = new Map<string, KeyObject | null>();

/** A P-256 public key in PEM, or in base64 of its DER form (SubjectPublicKeyInfo); null if it is not a key. */
export function parseP256Key(text: string): KeyObject | null {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    const { namedCurve } = key.asymmetricKeyDetails ?? {};
    return key.type === 'public' && key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1' ? key : null;
  } catch {
    return null;
  }
}

/**
 * ECDSA with SHA-256 on P-256: a base64 signature, in DER or as two numbers of 32 bytes, over the template's text;
 * without a template, over time (if there is one) and body, like SendGrid. The secret is the sender's public key.
 */
export const verifyEcdsaP256: VerifySignature = inHeader((header, delivery, secrets, settings) => {
  if (!/^[A-Za-z0-9+/]{80,100}={0,2}$/.test(header)) return refused('malformed_signature');
  const hasTime = settings.timestampHeader !== undefined && settings.timestampHeader !== null;
  const signedTemplate = settings.signedTemplate ?? (hasTime ? '{timestamp}{body}' : '{body}');
  const parts = signedParts(delivery, { ...settings, signedTemplate });
  if (parts === null) return refused('missing_signature');

  const signature = Buffer.from(header, 'base64');
  const signed = Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)));
  const dsaEncoding = signature.length === 64 ? ('ieee-p1363' as const) : ('der' as const);
  const verdict = matchSecrets(secrets, (secret) => {
    const key = getOrCreateBounded(keys, secret, maxKeys, () => parseP256Key(secret));
    return key !== null && verify('sha256', signed, { key, dsaEncoding }, signature);
  });
  return inTime(verdict, () => isTemplateTimely(delivery, settings));
});
