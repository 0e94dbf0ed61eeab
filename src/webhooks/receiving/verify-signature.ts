/** The signature schemes by name, and the one call that judges a delivery by the scheme of its webhook. */

import { verifyEcdsaP256 } from '../schemes/ecdsa.ts';
import { verifyLinear, verifyMailgun, verifyMicrosoftGraph } from '../schemes/in-body.ts';
import {
  verifyGithub,
  verifyHmacBase64,
  verifyHmacHex,
  verifyHmacSha1Hex,
  verifyHmacSha512Hex,
} from '../schemes/plain-hmac.ts';
import type { SchemeSettings, SignatureVerdict, SignedDelivery, VerifySignature } from '../schemes/scheme.ts';
import { verifyBasic, verifyHeaderToken, verifyTelegram } from '../schemes/shared-secrets.ts';
import { verifySignedTemplate } from '../schemes/signed-template.ts';
import { verifyStandardWebhooks } from '../schemes/standard-webhooks.ts';
import { verifyTimestampedHmac } from '../schemes/timestamped-hmac.ts';

/** The token in the address is all that such a sender has. */
const trustTheToken: VerifySignature = () => ({ genuine: true, matchedSecret: null });

/** Each scheme with its usual header; null: none. */
const schemes = {
  github: ['X-Hub-Signature-256', verifyGithub],
  stripe: ['Stripe-Signature', verifyTimestampedHmac],
  telegram: ['X-Telegram-Bot-Api-Secret-Token', verifyTelegram],
  standard_webhooks: ['webhook-signature', verifyStandardWebhooks],
  hmac_hex: ['X-Webhook-Signature', verifyHmacHex],
  hmac_base64: ['X-Webhook-Signature', verifyHmacBase64],
  hmac_sha1_hex: ['X-Webhook-Signature', verifyHmacSha1Hex],
  hmac_sha512_hex: ['X-Webhook-Signature', verifyHmacSha512Hex],
  timestamped_hmac: ['X-Webhook-Signature', verifyTimestampedHmac],
  signed_template: ['X-Webhook-Signature', verifySignedTemplate],
  ecdsa_p256: ['X-Webhook-Signature', verifyEcdsaP256],
  header_token: ['Authorization', verifyHeaderToken],
  basic: ['Authorization', verifyBasic],
  linear: ['Linear-Signature', verifyLinear],
  mailgun: [null, verifyMailgun],
  microsoft_graph: [null, verifyMicrosoftGraph],
  none: [null, trustTheToken],
} as const satisfies Readonly<Record<string, readonly [string | null, VerifySignature]>>;
export type SignatureScheme = keyof typeof schemes;
export const signatureSchemes = Object.keys(schemes) as readonly SignatureScheme[];

export function usualSignatureHeader(scheme: SignatureScheme): string | null {
  return schemes[scheme][0];
}

/** Its signature is inside the body, so that nothing of it can be seen before the body is decoded. */
export function isSignedWithin(scheme: SignatureScheme): boolean {
  return scheme !== 'none' && usualSignatureHeader(scheme) === null;
}

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
  const [usualHeader, verify] = schemes[scheme];
  const isNamed = settings.signatureHeader !== null || usualHeader === null;
  return verify(delivery, secrets, isNamed ? settings : { ...settings, signatureHeader: usualHeader });
}
