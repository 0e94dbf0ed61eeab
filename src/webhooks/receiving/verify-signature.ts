/** The signature schemes by name, and the one call that judges a delivery by the scheme of its webhook. */

import { verifyEcdsaP256 } from '../schemes/ecdsa.ts';
import { verifyGithub } from '../schemes/github.ts';
import { verifyLinear, verifyMailgun, verifyMicrosoftGraph } from '../schemes/in-body.ts';
import { verifyHmacBase64, verifyHmacHex, verifyHmacSha1Hex, verifyHmacSha512Hex } from '../schemes/plain-hmac.ts';
import type { SchemeSettings, SignatureVerdict, SignedDelivery, VerifySignature } from '../schemes/scheme.ts';
import { verifyBasic, verifyHeaderToken } from '../schemes/shared-secrets.ts';
import { verifySignedTemplate } from '../schemes/signed-template.ts';
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
  'hmac_sha1_hex',
  'hmac_sha512_hex',
  'timestamped_hmac',
  'signed_template',
  'ecdsa_p256',
  'header_token',
  'basic',
  'linear',
  'mailgun',
  'microsoft_graph',
  'none',
] as const;
export type SignatureScheme = (typeof signatureSchemes)[number];

/** The default signature header of each scheme; null: none. */
export const usualSignatureHeaders: Readonly<Record<SignatureScheme, string | null>> = {
  github: 'X-Hub-Signature-256',
  stripe: 'Stripe-Signature',
  telegram: 'X-Telegram-Bot-Api-Secret-Token',
  standard_webhooks: 'webhook-signature',
  hmac_hex: 'X-Webhook-Signature',
  hmac_base64: 'X-Webhook-Signature',
  hmac_sha1_hex: 'X-Webhook-Signature',
  hmac_sha512_hex: 'X-Webhook-Signature',
  timestamped_hmac: 'X-Webhook-Signature',
  signed_template: 'X-Webhook-Signature',
  ecdsa_p256: 'X-Webhook-Signature',
  header_token: 'Authorization',
  basic: 'Authorization',
  linear: 'Linear-Signature',
  mailgun: null,
  microsoft_graph: null,
  none: null,
};

/** The token in the address is all that such a sender has. */
const trustTheToken: VerifySignature = () => ({ genuine: true, matchedSecret: null });

const verifyByScheme: Readonly<Record<SignatureScheme, VerifySignature>> = {
  github: verifyGithub,
  stripe: verifyStripe,
  telegram: verifyTelegram,
  standard_webhooks: verifyStandardWebhooks,
  hmac_hex: verifyHmacHex,
  hmac_base64: verifyHmacBase64,
  hmac_sha1_hex: verifyHmacSha1Hex,
  hmac_sha512_hex: verifyHmacSha512Hex,
  timestamped_hmac: verifyTimestampedHmac,
  signed_template: verifySignedTemplate,
  ecdsa_p256: verifyEcdsaP256,
  header_token: verifyHeaderToken,
  basic: verifyBasic,
  linear: verifyLinear,
  mailgun: verifyMailgun,
  microsoft_graph: verifyMicrosoftGraph,
  none: trustTheToken,
};

/**
 * `secrets`: the current one, then the previous one during its grace period; the verdict has the index of the matching
 * one. An empty secret matches nothing, although HMAC would accept it as a key.
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
