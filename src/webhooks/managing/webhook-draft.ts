/** A webhook as an admin wants it, and its validation. */
import { invalidInput } from '../../errors.ts';
import { parseRange } from '../../ip-range.ts';
import type { WebhookConfigRow } from '../../storage/tables/webhooks/webhook-configs.ts';
import type { SignatureScheme } from '../receiving/verify-signature.ts';
import { parseP256Key } from '../schemes/ecdsa.ts';
import { parseTemplate } from '../schemes/signed-template.ts';
import type { DuplicateRule, OverLimitPolicy } from '../source.ts';
import { misspeltSource, parseFactSource, sourceOf } from '../sources/sources.ts';
import { checkEventType, checkTargetHeaders, type TargetDraft } from './target-draft.ts';

export interface CollectorDraft {
  readonly baseUrl: string | null;
  readonly repository: string | null;
  readonly hookId: number | null;
  /** undefined keeps the current one. */
  readonly token: string | undefined;
}

export interface WebhookDraft {
  readonly webhookName: string;
  readonly sourceService: string;
  readonly sourceServiceId: string | null;
  readonly eventTypes: readonly string[];
  readonly allowedIps: readonly string[];
  readonly signatureHeader: string | null;
  readonly signatureScheme: SignatureScheme;
  readonly signedTemplate: string | null;
  readonly timestampHeader: string | null;
  readonly toleranceSeconds: number;
  readonly maxPayloadSizeBytes: number;
  readonly targetUrl: string | null;
  readonly overLimitPolicy: OverLimitPolicy;
  readonly isActive: boolean;
  readonly eventTypeFrom: string | null;
  readonly deliveryIdFrom: string | null;
  readonly duplicateBy: DuplicateRule;
  readonly duplicateWindowSeconds: number | null;
  readonly ordered: boolean;
  readonly includeRaw: boolean;
  readonly targetPaused: boolean;
  readonly targetTimeoutSeconds: number | null;
  /** undefined keeps the current ones; a masked value keeps its own. */
  readonly targetHeaders: Readonly<Record<string, string>> | undefined;
  /** In addition to `target_url`; undefined keeps the current ones. */
  readonly targets: readonly TargetDraft[] | undefined;
  readonly collector: CollectorDraft | null;
  /** undefined keeps the current one, or generates one. */
  readonly secretKey: string | undefined;
  readonly targetSecret: string | undefined;
  readonly verifyToken: string | undefined;
}

/** The defaults of a source for a webhook without further settings. */
export function draftForSource(webhookName: string, sourceService: string): WebhookDraft {
  const source = sourceOf(sourceService);
  return {
    webhookName,
    sourceService,
    sourceServiceId: null,
    eventTypes: ['*'],
    allowedIps: source.isKnownByAddress ? source.publishedRanges : [],
    signatureHeader: source.signatureHeader,
    signatureScheme: source.signatureScheme,
    signedTemplate: source.signedTemplate,
    timestampHeader: source.timestampHeader,
    toleranceSeconds: source.toleranceSeconds,
    maxPayloadSizeBytes: source.maxPayloadSizeBytes,
    targetUrl: null,
    overLimitPolicy: source.overLimitPolicy,
    isActive: true,
    eventTypeFrom: null,
    deliveryIdFrom: null,
    duplicateBy: source.duplicateBy,
    duplicateWindowSeconds: null,
    ordered: false,
    includeRaw: false,
    targetPaused: false,
    targetTimeoutSeconds: null,
    targetHeaders: undefined,
    targets: [],
    collector: null,
    secretKey: undefined,
    targetSecret: undefined,
    verifyToken: undefined,
  };
}

/** The stored webhook as a draft without secrets: the base of a PATCH. */
export function draftOfRow(row: WebhookConfigRow): WebhookDraft {
  const { collector } = row.config;
  return {
    webhookName: row.webhook_name,
    sourceService: row.source_service,
    sourceServiceId: row.source_service_id,
    eventTypes: row.event_types,
    allowedIps: row.allowed_ips,
    signatureHeader: row.signature_header,
    signatureScheme: row.signature_scheme as SignatureScheme,
    signedTemplate: row.config.signed_template ?? null,
    timestampHeader: row.config.timestamp_header ?? null,
    toleranceSeconds: row.tolerance_seconds,
    maxPayloadSizeBytes: row.max_payload_size_bytes,
    targetUrl: row.target_url,
    overLimitPolicy: row.over_limit_policy as OverLimitPolicy,
    isActive: row.is_active,
    eventTypeFrom: row.config.event_type_from ?? null,
    deliveryIdFrom: row.config.delivery_id_from ?? null,
    duplicateBy: row.config.duplicate_by ?? 'delivery_id',
    duplicateWindowSeconds: row.config.duplicate_window_seconds ?? null,
    ordered: row.config.ordered ?? false,
    includeRaw: row.config.include_raw ?? false,
    targetPaused: row.config.target_paused ?? false,
    targetTimeoutSeconds: row.config.target_timeout_seconds ?? null,
    targetHeaders: undefined,
    targets: undefined,
    collector:
      collector === undefined
        ? null
        : {
            baseUrl: collector.base_url ?? null,
            repository: collector.repository ?? null,
            hookId: collector.hook_id ?? null,
            token: undefined,
          },
    secretKey: undefined,
    targetSecret: undefined,
    verifyToken: undefined,
  };
}

/**
 * Replaces `published` in a list of addresses by the ranges that the sender publishes, so that the webhook shows the
 * addresses it accepts. Throws `INVALID_REQUEST` if the sender has no known list.
 */
export function withPublishedRanges(sourceService: string, listed: readonly string[]): readonly string[] {
  return listed.flatMap((range, index) => {
    if (range !== 'published') return range;
    const { publishedRanges } = sourceOf(sourceService);
    if (publishedRanges.length > 0) return publishedRanges;
    throw invalidInput(`allowed_ips[${index}]`, `no published addresses of "${sourceService}" are known here`);
  });
}

const collectingSources = new Set(['github', 'telegram']);

/** Throws `INVALID_REQUEST` for faults that a schema cannot express. */
export function checkDraft(draft: WebhookDraft): void {
  const meant = misspeltSource(draft.sourceService);
  if (meant !== null) throw invalidInput('source_service', `must be written "${meant}"`);
  for (const [index, type] of draft.eventTypes.entries()) checkEventType(type, `event_types[${index}]`);
  for (const [index, range] of draft.allowedIps.entries()) {
    if (parseRange(range) === null) throw invalidInput(`allowed_ips[${index}]`, 'must be an address or a CIDR');
  }
  for (const [path, source] of [
    ['event_type_from', draft.eventTypeFrom],
    ['delivery_id_from', draft.deliveryIdFrom],
  ] as const) {
    if (source !== null && parseFactSource(source) === null) {
      throw invalidInput(path, 'must be header:Name or body:a.b');
    }
  }
  if (draft.targetUrl !== null && !/^https?:\/\//i.test(draft.targetUrl)) {
    throw invalidInput('target_url', 'must be an http or https URL');
  }
  checkTemplate(draft);
  checkTargetHeaders(draft.targetHeaders ?? {});
  if (draft.verifyToken !== undefined && !hasVerifyToken(draft.sourceService)) {
    throw invalidInput('verify_token', 'is available only for meta');
  }
  if (draft.secretKey !== undefined) checkSecret(draft.signatureScheme, draft.secretKey);
  if (draft.targetSecret !== undefined) checkTargetSecret(draft.targetSecret);
  if (draft.collector !== null) checkCollector(draft.sourceService, draft.collector);
}

/** Whether its sender shows a token when it verifies the address. */
export function hasVerifyToken(sourceService: string): boolean {
  return sourceOf(sourceService).hasVerifyToken;
}

const templateSchemes: ReadonlySet<SignatureScheme> = new Set(['signed_template', 'ecdsa_p256']);

function checkTemplate({ signatureScheme, signedTemplate, timestampHeader }: WebhookDraft): void {
  if (!templateSchemes.has(signatureScheme)) {
    for (const [path, value] of [
      ['signed_template', signedTemplate],
      ['timestamp_header', timestampHeader],
    ] as const) {
      if (value !== null) throw invalidInput(path, 'is available only for signed_template and ecdsa_p256');
    }
    return;
  }
  if (signedTemplate === null) {
    if (signatureScheme === 'ecdsa_p256') return;
    throw invalidInput('signed_template', 'is needed: what the signature covers, such as v0:{timestamp}:{body}');
  }
  const parts = parseTemplate(signedTemplate);
  if (parts === null) {
    throw invalidInput('signed_template', 'must hold {body}, and may hold {timestamp}, {url} and {header:Name}');
  }
  const signsTime = parts.some(({ kind }) => kind === 'timestamp');
  if (signsTime && timestampHeader === null) throw invalidInput('timestamp_header', 'is needed for {timestamp}');
  if (!signsTime && timestampHeader !== null) {
    throw invalidInput(
      'timestamp_header',
      'needs {timestamp} in signed_template: a time that is not signed says nothing',
    );
  }
}

/** Shorter secrets can be guessed. */
const minSecretLength = 3;
const minStandardSecretBytes = 16;

/** Throws `INVALID_REQUEST` if the scheme cannot use the secret, or if it is easy to guess. */
export function checkSecret(scheme: SignatureScheme, secret: string): void {
  if (secret.trim().length < minSecretLength) {
    throw invalidInput('secret_key', `must be at least ${minSecretLength} characters`);
  }
  if (secret.trim() === '') throw invalidInput('secret_key', 'must not be blank');
  if (scheme === 'ecdsa_p256') {
    if (secret.includes('PRIVATE KEY')) throw invalidInput('secret_key', 'must not be the private key');
    if (parseP256Key(secret) === null)
      throw invalidInput('secret_key', 'must be a P-256 public key, PEM or base64 DER');
    return;
  }
  if (scheme === 'basic' && !/^[^:\p{Cc}]*:[^\p{Cc}]+$/u.test(secret)) {
    throw invalidInput('secret_key', 'must be user:password');
  }
  if (scheme === 'header_token' && !/^(?!Bearer$)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/i.test(secret)) {
    throw invalidInput('secret_key', 'must be what a header can hold, without blanks around it');
  }
  if (scheme === 'telegram' && !/^[A-Za-z0-9_-]{1,256}$/.test(secret)) {
    throw invalidInput('secret_key', 'must be 1 to 256 of A-Z, a-z, 0-9, _ and -, as Telegram asks');
  }
  if (scheme !== 'standard_webhooks') {
    // Checked for a kept key too, when the scheme changes: used as a secret, everyone who can verify could also sign.
    if (secret.startsWith('whpk_')) throw invalidInput('secret_key', 'must not be a public key (whpk_)');
    return;
  }
  // Its letters and underscore are URL-safe base64, so it would pass as a secret, which the sender does not use.
  if (secret.startsWith('whsk_')) {
    throw invalidInput('secret_key', 'must not be the private key (whsk_), which is its sender’s alone: give whpk_');
  }
  const isPublicKey = secret.startsWith('whpk_');
  const length = base64Length(secret.replace(/^wh(?:sec|pk)_/, ''));
  if (isPublicKey ? length !== 32 : length < minStandardSecretBytes) {
    const expected = `must be whsec_ and the base64 of ${minStandardSecretBytes} bytes or more`;
    throw invalidInput('secret_key', `${expected}, or whpk_ and the base64 of an ed25519 key`);
  }
}

/**
 * How many bytes a base64 text of either alphabet holds; 0 where it is not base64: Node ignores characters that do not
 * belong.
 */
function base64Length(text: string): number {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64').length : 0;
}

function checkTargetSecret(secret: string): void {
  const bytes = base64Length(secret.replace(/^whsec_/, ''));
  if (!secret.startsWith('whsec_') || bytes < 24 || bytes > 64) {
    throw invalidInput('target_secret', 'must be whsec_ and the base64 of 24 to 64 bytes');
  }
}

function checkCollector(sourceService: string, { repository, hookId, baseUrl }: CollectorDraft): void {
  if (!collectingSources.has(sourceService)) {
    throw invalidInput('collector', 'is available only for github and telegram');
  }
  if (sourceService === 'github' && (repository === null || hookId === null)) {
    throw invalidInput('collector', 'needs repository and hook_id for github');
  }
  // As segments of a URL they would lead upwards, and send the token to another part of the API.
  if (repository?.split('/').some((part) => part === '.' || part === '..')) {
    throw invalidInput('collector.repository', 'must be owner/repository, or an organisation');
  }
  if (baseUrl !== null && !/^https?:\/\//i.test(baseUrl)) {
    throw invalidInput('collector.base_url', 'must be an http or https URL');
  }
}
