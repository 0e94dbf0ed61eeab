import { equalsSecretly, matchSecrets, readHeader, refused, type VerifySignature } from './scheme.ts';

/**
 * `X-Telegram-Bot-Api-Secret-Token` contains the secret itself: it authenticates the sender, not the body. Source:
 * Telegram Bot API, setWebhook, `secret_token`.
 */
export const verifyTelegram: VerifySignature = (delivery, secrets, settings) => {
  const token = readHeader(delivery.headers, settings.signatureHeader ?? 'x-telegram-bot-api-secret-token');
  if (token === null) return refused('missing_signature');
  return matchSecrets(secrets, (secret) => equalsSecretly(token, secret));
};
