/** Schemes in which the sender shows the secret itself: they authenticate the sender, not the body. */
import { equalsSecretly, inHeader, matchSecrets, refused, type VerifySignature } from './scheme.ts';

/**
 * `X-Telegram-Bot-Api-Secret-Token` contains the secret itself. Source: Telegram Bot API, setWebhook, `secret_token`.
 */
export const verifyTelegram: VerifySignature = inHeader((token, _delivery, secrets) =>
  matchSecrets(secrets, (secret) => equalsSecretly(token, secret)),
);

/** The header's value is the secret; both may have the prefix `Bearer `. */
export const verifyHeaderToken: VerifySignature = inHeader((value, _delivery, secrets) => {
  const token = withoutBearer(value);
  return matchSecrets(secrets, (secret) => equalsSecretly(token, withoutBearer(secret)));
});

function withoutBearer(text: string): string {
  return text.replace(/^Bearer +/i, '').trim();
}

/** HTTP's own `Authorization: Basic` (RFC 7617); the secret is `user:password`. */
export const verifyBasic: VerifySignature = inHeader((value, _delivery, secrets) => {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(value)?.[1];
  if (encoded === undefined) return refused('malformed_signature');
  const credentials = Buffer.from(encoded, 'base64');
  return matchSecrets(secrets, (secret) => equalsSecretly(credentials, secret));
});
