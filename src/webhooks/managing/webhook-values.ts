/** Converts a webhook's draft to its row: which secrets are generated, sealed or kept. */
import { masked } from '../../audit/mask.ts';
import { type InputFault, ServiceError } from '../../errors.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type {
  WebhookConfigRow,
  WebhookConfigValues,
  WebhookExtras,
} from '../../storage/tables/webhooks/webhook-configs.ts';
import { receivingPath } from './present-webhook.ts';
import { checkSecret, hasVerifyToken, type WebhookDraft } from './webhook-draft.ts';
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
  const message = 'must be sent again: it was given for another host';
  const faults: InputFault[] = [];
  const leads = (from: string | null, to: string | null): boolean =>
    to !== null && (from === null || hostOf(from) !== hostOf(to));
  if (current.target_secret !== null && draft.targetSecret === undefined && current.target_url !== null) {
    if (leads(current.target_url, draft.targetUrl)) faults.push({ path: 'target_secret', message });
  }
  const keepsHeaders = draft.targetHeaders === undefined || Object.values(draft.targetHeaders).includes(masked);
  if (current.target_headers !== null && keepsHeaders && leads(current.target_url, draft.targetUrl)) {
    faults.push({ path: 'target_headers', message });
  }
  const { collector } = draft;
  if (current.collector_token !== null && collector !== null && collector.token === undefined) {
    const before = current.config.collector?.base_url ?? `sender:${current.source_service}`;
    const after = collector.baseUrl ?? `sender:${draft.sourceService}`;
    if (leads(before, after)) faults.push({ path: 'collector.token', message });
  }
  if (faults.length > 0)
    throw new ServiceError('INVALID_REQUEST', 'A secret is bound to its destination.', { errors: faults });
}

/** The row's values according to the draft, and the generated secrets. Throws `INVALID_REQUEST`. */
export function valuesOf(deps: ValuesDeps, owner: Owner, current: WebhookConfigRow | null, draft: WebhookDraft) {
  const { keyring } = deps;
  const keepsSecret = draft.secretKey === undefined && (current?.secret_key ?? null) !== null;
  const needsSecret = draft.signatureScheme !== 'none' && draft.secretKey === undefined && !keepsSecret;
  const madeSecret = needsSecret ? makeSecret(draft.signatureScheme) : null;
  const secret = draft.secretKey ?? madeSecret;
  // Each secret is sealed for its own column, so the others stay as they are.
  if (keepsSecret && current !== null && current.signature_scheme !== draft.signatureScheme) {
    if (draft.signatureScheme !== 'none') {
      checkSecret(draft.signatureScheme, openFor(keyring, current, 'secret_key', current.secret_key as string));
    }
  }

  // A new secret replaces all previous ones, and another scheme needs other secrets: both end a grace period.
  const endsGrace = draft.secretKey !== undefined || current?.signature_scheme !== draft.signatureScheme;
  const previous = endsGrace ? null : current;

  const keepsTargetSecret = draft.targetSecret === undefined && (current?.target_secret ?? null) !== null;
  const needsTargetSecret = draft.targetUrl !== null && draft.targetSecret === undefined && !keepsTargetSecret;
  const madeTargetSecret = needsTargetSecret ? makeStandardSecret() : null;
  const targetSecret = draft.targetSecret ?? madeTargetSecret;

  const needsVerifyToken = hasVerifyToken(draft.sourceService) && (current?.verify_token ?? null) === null;
  const madeVerifyToken = needsVerifyToken && draft.verifyToken === undefined ? makePassword() : null;
  const verifyToken = draft.verifyToken ?? madeVerifyToken;

  const collectorToken = collectorTokenOf(deps, owner, current, draft);
  const token = current === null ? sealedToken(keyring, owner, makeToken()) : current;
  const values: WebhookConfigValues = {
    webhook_name: draft.webhookName,
    webhook_url: `${deps.publicBaseUrl}${receivingPath}`,
    webhook_token: token.webhook_token,
    webhook_token_sha256: token.webhook_token_sha256,
    source_service: draft.sourceService,
    source_service_id: draft.sourceServiceId,
    event_types: draft.eventTypes,
    allowed_ips: draft.allowedIps,
    signature_header: draft.signatureHeader,
    signature_scheme: draft.signatureScheme,
    secret_key: secret === null ? (current?.secret_key ?? null) : sealFor(keyring, owner, 'secret_key', secret),
    previous_secret_key: previous?.previous_secret_key ?? null,
    previous_secret_until: previous?.previous_secret_until ?? null,
    tolerance_seconds: draft.toleranceSeconds,
    max_payload_size_bytes: draft.maxPayloadSizeBytes,
    target_url: draft.targetUrl,
    target_secret:
      targetSecret === null ? (current?.target_secret ?? null) : sealFor(keyring, owner, 'target_secret', targetSecret),
    // A new secret replaces all previous ones.
    previous_target_secret: draft.targetSecret === undefined ? (current?.previous_target_secret ?? null) : null,
    previous_target_secret_until:
      draft.targetSecret === undefined ? (current?.previous_target_secret_until ?? null) : null,
    target_headers: targetHeadersOf(keyring, owner, current, draft),
    verify_token:
      verifyToken === null ? (current?.verify_token ?? null) : sealFor(keyring, owner, 'verify_token', verifyToken),
    over_limit_policy: draft.overLimitPolicy,
    collector_token: collectorToken,
    config: extrasOf(draft, collectorToken),
    is_active: draft.isActive,
  };
  return { values, madeSecret, madeTargetSecret, madeVerifyToken };
}

function extrasOf(draft: WebhookDraft, collectorToken: string | null): WebhookExtras {
  const { collector } = draft;
  return {
    ...(draft.eventTypeFrom === null ? {} : { event_type_from: draft.eventTypeFrom }),
    ...(draft.deliveryIdFrom === null ? {} : { delivery_id_from: draft.deliveryIdFrom }),
    ...(draft.duplicateBy === 'delivery_id' ? {} : { duplicate_by: draft.duplicateBy }),
    ...(draft.duplicateWindowSeconds === null ? {} : { duplicate_window_seconds: draft.duplicateWindowSeconds }),
    ...(draft.signedTemplate === null ? {} : { signed_template: draft.signedTemplate }),
    ...(draft.timestampHeader === null ? {} : { timestamp_header: draft.timestampHeader }),
    ...(draft.ordered ? { ordered: true } : {}),
    ...(draft.includeRaw ? { include_raw: true } : {}),
    ...(draft.targetPaused ? { target_paused: true } : {}),
    ...(draft.targetTimeoutSeconds === null ? {} : { target_timeout_seconds: draft.targetTimeoutSeconds }),
    // Off without a token.
    ...(collector === null || collectorToken === null
      ? {}
      : {
          collector: {
            ...(collector.baseUrl === null ? {} : { base_url: collector.baseUrl }),
            ...(collector.repository === null ? {} : { repository: collector.repository }),
            ...(collector.hookId === null ? {} : { hook_id: collector.hookId }),
          },
        }),
  };
}

/** Names in lower case. A client that changes one value sends the others back masked. */
function targetHeadersOf(
  keyring: Pick<Keyring, 'open' | 'seal'>,
  owner: Owner,
  current: WebhookConfigRow | null,
  { targetHeaders, targetUrl }: WebhookDraft,
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
