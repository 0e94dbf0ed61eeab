/** A webhook as its form holds it: only texts, so that typed text stays unchanged. */
import type { Webhook } from '../../api/types.ts';
import { headersOf, listOf, numberOf, sentTargets, type TargetDraft, targetDraftsOf } from './target-drafts.ts';

export interface Draft {
  readonly webhook_name: string;
  readonly source_service: string;
  readonly signature_scheme: string;
  readonly signature_header: string;
  readonly signed_template: string;
  readonly timestamp_header: string;
  readonly secret_key: string;
  readonly event_types: string;
  readonly event_type_from: string;
  readonly delivery_id_from: string;
  readonly allowed_ips: string;
  readonly target_url: string;
  readonly target_headers: string;
  readonly target_timeout_seconds: string;
  readonly targets: readonly TargetDraft[];
  readonly ordered: boolean;
  readonly tolerance_seconds: string;
  readonly max_payload_size_bytes: string;
  readonly over_limit_policy: string;
  readonly duplicate_by: string;
  readonly duplicate_window_seconds: string;
  readonly include_raw: boolean;
  readonly is_active: boolean;
}

export const emptyDraft: Draft = {
  webhook_name: '',
  source_service: 'custom',
  signature_scheme: '',
  signature_header: '',
  signed_template: '',
  timestamp_header: '',
  secret_key: '',
  event_types: '*',
  event_type_from: '',
  delivery_id_from: '',
  allowed_ips: '',
  target_url: '',
  target_headers: '',
  target_timeout_seconds: '',
  targets: [],
  ordered: false,
  tolerance_seconds: '',
  max_payload_size_bytes: '',
  over_limit_policy: 'reject',
  duplicate_by: 'delivery_id',
  duplicate_window_seconds: '',
  include_raw: false,
  is_active: true,
};

const numberNames: ReadonlySet<string> = new Set([
  'tolerance_seconds',
  'max_payload_size_bytes',
  'target_timeout_seconds',
  'duplicate_window_seconds',
]);

export function draftOf(webhook: Webhook): Draft {
  return {
    webhook_name: webhook.webhook_name,
    source_service: webhook.source_service,
    signature_scheme: webhook.signature_scheme,
    signature_header: webhook.signature_header ?? '',
    signed_template: webhook.signed_template ?? '',
    timestamp_header: webhook.timestamp_header ?? '',
    secret_key: '',
    event_types: webhook.event_types.join(', '),
    event_type_from: webhook.event_type_from ?? '',
    delivery_id_from: webhook.delivery_id_from ?? '',
    allowed_ips: webhook.allowed_ips.join(', '),
    target_url: webhook.target_url ?? '',
    target_headers: Object.entries(webhook.target_headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    target_timeout_seconds: webhook.target_timeout_seconds === null ? '' : String(webhook.target_timeout_seconds),
    targets: targetDraftsOf(webhook.targets),
    ordered: webhook.ordered === true,
    tolerance_seconds: String(webhook.tolerance_seconds),
    max_payload_size_bytes: String(webhook.max_payload_size_bytes),
    over_limit_policy: webhook.over_limit_policy,
    duplicate_by: webhook.duplicate_by,
    duplicate_window_seconds: String(webhook.duplicate_window_seconds),
    include_raw: webhook.include_raw,
    is_active: webhook.is_active,
  };
}

/** The members that differ from `before`, for PATCH: unchanged ones are not sent, so nothing is lost. */
export function changesOf(before: Draft, after: Draft): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const name of Object.keys(after) as (keyof Draft)[]) {
    if (name === 'targets') {
      const [old, now] = [sentTargets(before.targets), sentTargets(after.targets)];
      if (JSON.stringify(old) !== JSON.stringify(now)) changes.targets = now;
    } else if (after[name] !== before[name]) {
      changes[name] = sentValue(name, after[name]);
    }
  }
  return changes;
}

/** The text shown in differences; typed secrets are hidden. */
export function shownOf(draft: Draft): Record<string, unknown> {
  return { ...draft, targets: sentTargets(draft.targets), secret_key: draft.secret_key === '' ? '' : '•••' };
}

/** A new webhook: only the filled-in members. */
export function bodyOf(draft: Draft): Record<string, unknown> {
  return {
    webhook_name: draft.webhook_name.trim(),
    source_service: draft.source_service,
    ...changesOf({ ...emptyDraft, webhook_name: draft.webhook_name, source_service: draft.source_service }, draft),
  };
}

function sentValue(name: Exclude<keyof Draft, 'targets'>, value: string | boolean): unknown {
  if (typeof value === 'boolean') return value;
  const text = value.trim();
  if (name === 'event_types' || name === 'allowed_ips') return listOf(text);
  if (name === 'target_headers') return headersOf(text);
  if (numberNames.has(name)) return text === '' ? null : numberOf(text);
  return text === '' && name !== 'webhook_name' ? null : text;
}
