/** Schemes in which the sender shows the secret itself: they authenticate the sender, not the body. */
import { equalsSecretly, matchSecrets, readHeader, refused, type VerifySignature } from './scheme.ts';

/** The header's value is the secret; both may have the prefix `Bearer `. */
export const verifyHeaderToken: VerifySignature = (delivery, secrets, settings) => {
  const value = readHeader(delivery.headers, settings.signatureHeader ?? 'authorization');
  if (value === null) return refused('missing_signature');
  const token = withoutBearer(value);
  return matchSecrets(secrets, (secret) => equalsSecretly(token, withoutBearer(secret)));
};

function withoutBearer(text: string): string {
  return text.replace(/^Bearer +/i, '').trim();
}

/** HTTP's own `Authorization: Basic` (RFC 7617); the secret is `user:password`. */
export const verifyBasic: VerifySignature = (delivery, secrets, settings) => {
  const value = readHeader(delivery.headers, settings.signatureHeader ?? 'authorization');
  if (value === null) return refused('missing_signature');
  const encoded = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(value)?.[1];
  if (encoded === undefined) return refused('malformed_signature');
  const credentials = Buffer.from(encoded, 'base64');
  return matchSecrets(secrets, (secret) => equalsSecretly(credentials, secret));
};
