/** Generates secrets, and seals those of webhooks. */
import { randomBytes } from 'node:crypto';
import { openedFor, withDestinations } from '../../directory/destination.ts';
import type { Keyring, SealBinding } from '../../secrets/keyring.ts';
import { hashToken } from '../../secrets/token-hash.ts';
import type { WebhookConfigRow } from '../../storage/tables/webhooks/webhook-configs.ts';
import type { SignatureScheme } from '../receiving/verify-signature.ts';
import { bindingOf, type SealedColumn } from '../webhook.ts';

type Owner = Pick<WebhookConfigRow, 'id' | 'management_company_id'>;

/** `whk_` and 256 random bits: the part of a path that cannot be guessed. */
const tokenPattern = /^whk_[A-Za-z0-9_-]{43}$/;

export function looksLikeWebhookToken(text: string): boolean {
  return tokenPattern.test(text);
}

export function makeToken(): string {
  return `whk_${randomBytes(32).toString('base64url')}`;
}

/** In the scheme's form; null if only the sender can make one, or the scheme has none. */
export function makeSecret(scheme: SignatureScheme): string | null {
  if (scheme === 'none' || scheme === 'ecdsa_p256') return null;
  if (scheme === 'standard_webhooks') return makeStandardSecret();
  return scheme === 'basic' ? `webhook:${makePassword()}` : makePassword();
}

export function makePassword(): string {
  return randomBytes(32).toString('base64url');
}

/** In the format of Standard Webhooks: 24 to 64 random bytes behind `whsec_`. */
export function makeStandardSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

export function sealFor(keyring: Pick<Keyring, 'seal'>, owner: Owner, column: SealedColumn, plain: string): string {
  return keyring.seal(plain, bindingOf(owner, column));
}

/** Throws `SealBroken`. */
export function openFor(keyring: Pick<Keyring, 'open'>, owner: Owner, column: SealedColumn, sealed: string): string {
  return keyring.open(sealed, bindingOf(owner, column));
}

export function sealedToken(
  keyring: Pick<Keyring, 'seal'>,
  owner: Owner,
  token: string,
): Pick<WebhookConfigRow, 'webhook_token' | 'webhook_token_sha256'> {
  return {
    webhook_token: sealFor(keyring, owner, 'webhook_token', token),
    webhook_token_sha256: hashToken(token),
  };
}

type Headers = Readonly<Record<string, string>>;

/** The headers for a target, ready to be sealed together with its host. */
export function writeTargetHeaders(headers: Headers, targetUrl: string | null): string {
  return withDestinations(JSON.stringify(headers), destinationsOf(targetUrl));
}

/** Throws `SealBroken` if they were sealed for another host: the row was changed outside this program. */
export function readTargetHeaders(opened: string, targetUrl: string | null): Headers {
  return JSON.parse(openedFor(opened, destinationsOf(targetUrl))) as Headers;
}

/** Nothing is sent without a target, and headers of one target cannot be opened for the next. */
function destinationsOf(targetUrl: string | null): readonly string[] {
  return targetUrl === null ? [] : [hostOf(targetUrl)];
}

/** The origin of a web address; any other text unchanged. */
export function hostOf(url: string): string {
  return /^https?:/i.test(url) && URL.canParse(url) ? new URL(url).origin : url;
}

/** The headers for the target; empty if none are set. Throws `SealBroken`. */
export function openTargetHeaders(
  keyring: Pick<Keyring, 'open'>,
  row: Pick<WebhookConfigRow, 'id' | 'management_company_id' | 'target_headers' | 'target_url'> | null,
): Headers {
  if (row === null || row.target_headers === null) return {};
  return readTargetHeaders(openFor(keyring, row, 'target_headers', row.target_headers), row.target_url);
}

export type FurtherColumn = 'secret' | 'previous_secret' | 'headers';

/** The binding of a sealed value of a further target. */
export function furtherBindingOf(owner: Owner, column: FurtherColumn): SealBinding {
  return { table: 'webhook_targets', rowId: owner.id, tenantId: owner.management_company_id, column };
}
