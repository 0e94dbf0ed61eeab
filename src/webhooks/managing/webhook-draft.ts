/** A webhook as an admin wants it, and its validation. */
import { invalidInput } from '../../errors.ts';
import { parseRange } from '../../ip-range.ts';
import {
  settingsOfWebhook,
  type WebhookConfigRow,
  type WebhookSettings,
} from '../../storage/tables/webhooks/webhook-configs.ts';
import type { SignatureScheme } from '../receiving/verify-signature.ts';
import { parseTemplate } from '../schemes/signed-template.ts';
import type { DuplicateRule, OverLimitPolicy } from '../source.ts';
import { misspeltSource, parseFactSource, sourceOf } from '../sources/sources.ts';
import { checkSecret, checkTargetSecret } from './check-secret.ts';
import { checkEventType, checkTargetHeaders, type TargetDraft } from './target-draft.ts';

/** undefined as token keeps the current one. */
export const newCollector = {
  base_url: null as string | null,
  repository: null as string | null,
  hook_id: null as number | null,
  token: undefined as string | undefined,
};
export type CollectorDraft = Readonly<typeof newCollector>;

/** The settings without a column, as a webhook has them that names none. */
export const unsaidExtras = {
  signed_template: null as string | null,
  timestamp_header: null as string | null,
  event_type_from: null as string | null,
  delivery_id_from: null as string | null,
  duplicate_by: 'delivery_id' as DuplicateRule,
  duplicate_window_seconds: null as number | null,
  ordered: false,
  include_raw: false,
  target_paused: false,
  target_timeout_seconds: null as number | null,
};

const unsaidSecrets = {
  /** undefined keeps the current ones; a masked value keeps its own. */
  target_headers: undefined as Readonly<Record<string, string>> | undefined,
  /** undefined keeps the current one, or generates one. */
  secret_key: undefined as string | undefined,
  target_secret: undefined as string | undefined,
  verify_token: undefined as string | undefined,
};

export type WebhookDraft = Omit<WebhookSettings, 'signature_scheme' | 'over_limit_policy'> &
  Readonly<typeof unsaidExtras & typeof unsaidSecrets> & {
    readonly signature_scheme: SignatureScheme;
    readonly over_limit_policy: OverLimitPolicy;
    /** In addition to `target_url`; undefined keeps the current ones. */
    readonly targets: readonly TargetDraft[] | undefined;
    readonly collector: CollectorDraft | null;
    /** `target_paused: false` by name: also ends what was switched off automatically. */
    readonly switchesTargetOn: boolean;
  };

/** The defaults of a source for a webhook without further settings. */
export function draftForSource(webhookName: string, sourceService: string): WebhookDraft {
  const source = sourceOf(sourceService);
  return {
    ...unsaidExtras,
    ...unsaidSecrets,
    webhook_name: webhookName,
    source_service: sourceService,
    source_service_id: null,
    event_types: ['*'],
    allowed_ips: source.isKnownByAddress ? source.publishedRanges : [],
    signature_header: source.signatureHeader,
    signature_scheme: source.signatureScheme,
    signed_template: source.signedTemplate,
    timestamp_header: source.timestampHeader,
    tolerance_seconds: source.toleranceSeconds,
    max_payload_size_bytes: source.maxPayloadSizeBytes,
    target_url: null,
    over_limit_policy: source.overLimitPolicy,
    is_active: true,
    duplicate_by: source.duplicateBy,
    targets: [],
    collector: null,
    switchesTargetOn: false,
  };
}

/** The stored webhook as a draft without secrets: the base of a PATCH. */
export function draftOfRow(row: WebhookConfigRow): WebhookDraft {
  const { collector, collector_state: _state, ...extras } = row.config;
  return {
    ...unsaidExtras,
    ...unsaidSecrets,
    ...settingsOfWebhook(row),
    ...extras,
    signature_scheme: row.signature_scheme as SignatureScheme,
    over_limit_policy: row.over_limit_policy as OverLimitPolicy,
    targets: undefined,
    collector: collector === undefined ? null : { ...newCollector, ...collector },
    switchesTargetOn: false,
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
    throw invalidInput(
      `allowed_ips[${index}]`,
      `no published addresses of "${sourceService}" are known here`,
      `адреса, которые публикует «${sourceService}», здесь неизвестны`,
    );
  });
}

const collectingSources = new Set(['github', 'telegram']);

/** Throws `INVALID_REQUEST` for faults that a schema cannot express. */
export function checkDraft(draft: WebhookDraft): void {
  const meant = misspeltSource(draft.source_service);
  if (meant !== null) throw invalidInput('source_service', `must be written "${meant}"`, `пишется «${meant}»`);
  for (const [index, type] of draft.event_types.entries()) checkEventType(type, `event_types[${index}]`);
  for (const [index, range] of draft.allowed_ips.entries()) {
    if (parseRange(range) === null)
      throw invalidInput(`allowed_ips[${index}]`, 'must be an address or a CIDR', 'ожидается адрес или CIDR');
  }
  for (const [path, source] of [
    ['event_type_from', draft.event_type_from],
    ['delivery_id_from', draft.delivery_id_from],
  ] as const) {
    if (source !== null && parseFactSource(source) === null) {
      throw invalidInput(path, 'must be header:Name or body:a.b', 'ожидается header:Имя или body:a.b');
    }
  }
  if (draft.target_url !== null && !/^https?:\/\//i.test(draft.target_url)) {
    throw invalidInput('target_url', 'must be an http or https URL', 'ожидается URL http или https');
  }
  checkTemplate(draft);
  checkTargetHeaders(draft.target_headers ?? {});
  if (draft.verify_token !== undefined && !hasVerifyToken(draft.source_service)) {
    throw invalidInput('verify_token', 'is available only for meta', 'бывает только у meta');
  }
  if (draft.secret_key !== undefined) checkSecret(draft.signature_scheme, draft.secret_key);
  if (draft.target_secret !== undefined) checkTargetSecret(draft.target_secret);
  if (draft.collector !== null) checkCollector(draft.source_service, draft.collector);
}

/** Whether its sender shows a token when it verifies the address. */
export function hasVerifyToken(sourceService: string): boolean {
  return sourceOf(sourceService).hasVerifyToken;
}

const templateSchemes: ReadonlySet<SignatureScheme> = new Set(['signed_template', 'ecdsa_p256']);

function checkTemplate(draft: WebhookDraft): void {
  const {
    signature_scheme: signatureScheme,
    signed_template: signedTemplate,
    timestamp_header: timestampHeader,
  } = draft;
  if (!templateSchemes.has(signatureScheme)) {
    for (const [path, value] of [
      ['signed_template', signedTemplate],
      ['timestamp_header', timestampHeader],
    ] as const) {
      if (value !== null)
        throw invalidInput(
          path,
          'is available only for signed_template and ecdsa_p256',
          'бывает только у signed_template и ecdsa_p256',
        );
    }
    return;
  }
  if (signedTemplate === null) {
    if (signatureScheme === 'ecdsa_p256') return;
    throw invalidInput(
      'signed_template',
      'is needed: what the signature covers, such as v0:{timestamp}:{body}',
      'обязательно: что подписывается, например v0:{timestamp}:{body}',
    );
  }
  const parts = parseTemplate(signedTemplate);
  if (parts === null) {
    throw invalidInput(
      'signed_template',
      'must hold {body}, and may hold {timestamp}, {url} and {header:Name}',
      'нужно {body}; могут быть {timestamp}, {url} и {header:Имя}',
    );
  }
  const signsTime = parts.some(({ kind }) => kind === 'timestamp');
  if (signsTime && timestampHeader === null)
    throw invalidInput('timestamp_header', 'is needed for {timestamp}', 'обязательно при {timestamp}');
  if (!signsTime && timestampHeader !== null) {
    throw invalidInput(
      'timestamp_header',
      'needs {timestamp} in signed_template: a time that is not signed says nothing',
      'нужно {timestamp} в signed_template: неподписанное время ничего не доказывает',
    );
  }
}

function checkCollector(sourceService: string, { repository, hook_id, base_url }: CollectorDraft): void {
  if (!collectingSources.has(sourceService)) {
    throw invalidInput('collector', 'is available only for github and telegram', 'бывает только у github и telegram');
  }
  if (sourceService === 'github' && (repository === null || hook_id === null)) {
    throw invalidInput('collector', 'needs repository and hook_id for github', 'для github нужны repository и hook_id');
  }
  // As segments of a URL they would lead upwards, and send the token to another part of the API.
  if (repository?.split('/').some((part) => part === '.' || part === '..')) {
    throw invalidInput(
      'collector.repository',
      'must be owner/repository, or an organisation',
      'ожидается владелец/репозиторий или организация',
    );
  }
  if (base_url !== null && !/^https?:\/\//i.test(base_url)) {
    throw invalidInput('collector.base_url', 'must be an http or https URL', 'ожидается URL http или https');
  }
}
