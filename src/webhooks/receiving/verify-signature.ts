/** The signature schemes by name, and the one call that judges a delivery by the scheme of its webhook. */
import { verifyGithub } from '../schemes/github.ts';
import { verifyHmacBase64, verifyHmacHex } from '../schemes/plain-hmac.ts';
import type { SchemeSettings, SignatureVerdict, SignedDelivery, VerifySignature } from '../schemes/scheme.ts';
import { verifyStandardWebhooks } from '../schemes/standard-webhooks.ts';
import { verifyTelegram } from '../schemes/telegram.ts';
import { verifyStripe, verifyTimestampedHmac } from '../schemes/timestamped-hmac.ts';

export const signatureSchemes = [
  'github',
  'stripe',
  'telegram',
  'standard_webhooks',
  'hmac_hex',
  'hmac_base64',
  'timestamped_hmac',
  'none',
] as const;
export type SignatureScheme = (typeof signatureSchemes)[number];

/** Where a scheme's senders put the signature unless a webhook says otherwise; null: nowhere. */
export const usualSignatureHeaders: Readonly<Record<SignatureScheme, string | null>> = {
  github: 'X-Hub-Signature-256',
  stripe: 'Stripe-Signature',
  telegram: 'X-Telegram-Bot-Api-Secret-Token',
  standard_webhooks: 'webhook-signature',
  hmac_hex: 'X-Webhook-Signature',
  hmac_base64: 'X-Webhook-Signature',
  timestamped_hmac: 'X-Webhook-Signature',
  none: null,
};

/** The token in the address is all that such a sender can show. */
const trustTheToken: VerifySignature = () => ({ genuine: true, matchedSecret: null });

const verifyByScheme: Readonly<Record<SignatureScheme, VerifySignature>> = {
  github: verifyGithub,
  stripe: verifyStripe,
  telegram: verifyTelegram,
  standard_webhooks: verifyStandardWebhooks,
  hmac_hex: verifyHmacHex,
  hmac_base64: verifyHmacBase64,
  timestamped_hmac: verifyTimestampedHmac,
  none: trustTheToken,
};

/**
 * `secrets`: the current one first, then the previous one while its grace lasts; the verdict names the place of the one
 * that matched. An empty secret matches nothing: HMAC would take it for a key.
 */
export function verifySignature(
  scheme: SignatureScheme,
  delivery: SignedDelivery,
  secrets: readonly string[],
  settings: SchemeSettings,
): SignatureVerdict {
  if (scheme !== 'none' && secrets.some((secret) => secret === '')) throw new Error('a webhook secret is empty');
  return verifyByScheme[scheme](delivery, secrets, settings);
}
