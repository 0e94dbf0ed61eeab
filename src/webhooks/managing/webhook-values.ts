/** Converts a webhook's draft to its row: which secrets are generated, sealed or kept. */
import { masked } from '../../audit/mask.ts';
import { type InputFault, ServiceError, words } from '../../errors.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import {
  settingsOfWebhook,
  type WebhookConfigRow,
  type WebhookConfigValues,
  type WebhookExtras,
} from '../../storage/tables/webhooks/webhook-configs.ts';
import { checkSecret } from './check-secret.ts';
import { receivingPath } from './present-webhook.ts';
import { hasVerifyToken, unsaidExtras, type WebhookDraft } from './webhook-draft.ts';
import {
  hostOf,
  makePassword,
  makeSecret,
  makeStandardSecret,
  makeToken,
  openFor,
  openTargetHeaders,
  sealedToken,
  sealFor,
  writeTargetHeaders,
} from './webhook-secrets.ts';

export interface ValuesDeps {
  readonly keyring: Pick<Keyring, 'seal' | 'open'>;
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
}

type Owner = Pick<WebhookConfigRow, 'id' | 'management_company_id'>;

/**
 * A secret is bound to its destination: throws `INVALID_REQUEST` for each secret that a change would send to another
 * host.
 */
export function checkSecretsStay(current: WebhookConfigRow, draft: WebhookDraft): void {
  const sendAgain = words(
    'must be sent again: it was given for another host',
    'введите заново: это было дано для другого хоста',
  );
  const faults: InputFault[] = [];
  const leads = (from: string | null, to: string | null): boolean =>
    to !== null && (from === null || hostOf(from) !== hostOf(to));
  if (current.target_secret !== null && draft.target_secret === undefined && current.target_url !== null) {
    if (leads(current.target_url, draft.target_url)) faults.push({ path: 'target_secret', ...sendAgain });
  }
  const keepsHeaders = draft.target_headers === undefined || Object.values(draft.target_headers).includes(masked);
  if (current.target_headers !== null && keepsHeaders && leads(current.target_url, draft.target_url)) {
    faults.push({ path: 'target_headers', ...sendAgain });
  }
  const { collector } = draft;
  if (current.collector_token !== null && collector !== null && collector.token === undefined) {
    const before = current.config.collector?.base_url ?? `sender:${current.source_service}`;
    const after = collector.base_url ?? `sender:${draft.source_service}`;
    if (leads(before, after)) faults.push({ path: 'collector.token', ...sendAgain });
  }
  if (faults.length > 0)
    throw new ServiceError('INVALID_REQUEST', 'A secret is bound to its destination.', {
      errors: faults,
      publicMessageRu: 'Секрет привязан к своему адресату.',
    });
}

/** The row's values according to the draft, and the generated secrets. Throws `INVALID_REQUEST`. */
export function valuesOf(deps: ValuesDeps, owner: Owner, current: WebhookConfigRow | null, draft: WebhookDraft) {
  const { keyring } = deps;
  const keepsSecret = draft.secret_key === undefined && (current?.secret_key ?? null) !== null;
  const needsSecret = draft.signature_scheme !== 'none' && draft.secret_key === undefined && !keepsSecret;
  const madeSecret = needsSecret ? makeSecret(draft.signature_scheme) : null;
  const secret = draft.secret_key ?? madeSecret;
  // Each secret is sealed for its own column, so the others stay as they are.
  if (keepsSecret && current !== null && current.signature_scheme !== draft.signature_scheme) {
    if (draft.signature_scheme !== 'none') {
      checkSecret(draft.signature_scheme, openFor(keyring, current, 'secret_key', current.secret_key as string));
    }
  }

  // A new secret replaces all previous ones, and another scheme needs other secrets: both end a grace period.
  const endsGrace = draft.secret_key !== undefined || current?.signature_scheme !== draft.signature_scheme;
  const previous = endsGrace ? null : current;

  const keepsTargetSecret = draft.target_secret === undefined && (current?.target_secret ?? null) !== null;
  const needsTargetSecret = draft.target_url !== null && draft.target_secret === undefined && !keepsTargetSecret;
  const madeTargetSecret = needsTargetSecret ? makeStandardSecret() : null;
  const targetSecret = draft.target_secret ?? madeTargetSecret;

  const needsVerifyToken = hasVerifyToken(draft.source_service) && (current?.verify_token ?? null) === null;
  const madeVerifyToken = needsVerifyToken && draft.verify_token === undefined ? makePassword() : null;
  const verifyToken = draft.verify_token ?? madeVerifyToken;

  const collectorToken = collectorTokenOf(deps, owner, current, draft);
  const token = current === null ? sealedToken(keyring, owner, makeToken()) : current;
  const values: WebhookConfigValues = {
    ...settingsOfWebhook(draft),
    webhook_url: `${deps.publicBaseUrl}${receivingPath}`,
    webhook_token: token.webhook_token,
    webhook_token_sha256: token.webhook_token_sha256,
    secret_key: secret === null ? (current?.secret_key ?? null) : sealFor(keyring, owner, 'secret_key', secret),
    previous_secret_key: previous?.previous_secret_key ?? null,
    previous_secret_until: previous?.previous_secret_until ?? null,
    target_secret:
      targetSecret === null ? (current?.target_secret ?? null) : sealFor(keyring, owner, 'target_secret', targetSecret),
    // A new secret replaces all previous ones.
    previous_target_secret: draft.target_secret === undefined ? (current?.previous_target_secret ?? null) : null,
    previous_target_secret_until:
      draft.target_secret === undefined ? (current?.previous_target_secret_until ?? null) : null,
    target_headers: targetHeadersOf(keyring, owner, current, draft),
    verify_token:
      verifyToken === null ? (current?.verify_token ?? null) : sealFor(keyring, owner, 'verify_token', verifyToken),
    collector_token: collectorToken,
    config: extrasOf(draft, collectorToken),
  };
  return { values, madeSecret, madeTargetSecret, madeVerifyToken };
}

/** Only what differs from what a webhook has that says nothing. */
function extrasOf(draft: WebhookDraft, collectorToken: string | null): WebhookExtras {
  const names = Object.keys(unsaidExtras) as (keyof typeof unsaidExtras)[];
  const said = names.filter((name) => draft[name] !== unsaidExtras[name]).map((name) => [name, draft[name]]);
  // Off without a token.
  if (draft.collector === null || collectorToken === null) return Object.fromEntries(said);
  const { token: _token, ...collector } = draft.collector;
  const given = Object.entries(collector).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(said), collector: Object.fromEntries(given) };
}

/** Names in lower case. A client that changes one value sends the others back masked. */
function targetHeadersOf(
  keyring: Pick<Keyring, 'open' | 'seal'>,
  owner: Owner,
  current: WebhookConfigRow | null,
  { target_headers: targetHeaders, target_url: targetUrl }: WebhookDraft,
): string | null {
  if (targetHeaders === undefined) return current?.target_headers ?? null;
  const kept = openTargetHeaders(keyring, current);
  const headers = Object.entries(targetHeaders).flatMap(([given, value]) => {
    const name = given.toLowerCase();
    if (value !== masked) return [[name, value] as const];
    return kept[name] === undefined ? [] : [[name, kept[name]] as const];
  });
  if (headers.length === 0) return null;
  return sealFor(keyring, owner, 'target_headers', writeTargetHeaders(Object.fromEntries(headers), targetUrl));
}

/** The new token, or the current one; null if nothing is to be collected. */
function collectorTokenOf(
  { keyring }: ValuesDeps,
  owner: Owner,
  current: WebhookConfigRow | null,
  { collector }: WebhookDraft,
): string | null {
  if (collector === null) return null;
  if (collector.token === undefined) return current?.collector_token ?? null;
  return sealFor(keyring, owner, 'collector_token', collector.token);
}
