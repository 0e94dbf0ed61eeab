/** `WebhookConfig` of the contract, as an admin sees it: the address with its token, and no secret. */
import { masked } from '../../audit/mask.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { WebhookConfigRow } from '../../storage/tables/webhooks/webhook-configs.ts';
import { presentTarget } from './further-targets.ts';
import { openFor, openTargetHeaders } from './webhook-secrets.ts';

/** Seen ids and bodies are stored for at least this long. */
export const longestDuplicateWindowSeconds = 604_800;

export const receivingPath = '/api/v1/hooks/';

export interface PresentDeps {
  readonly keyring: Pick<Keyring, 'open'>;
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
}

export function presentWebhook(deps: PresentDeps, row: WebhookConfigRow) {
  const token = openFor(deps.keyring, row, 'webhook_token', row.webhook_token);
  const headers = Object.keys(openTargetHeaders(deps.keyring, row)).map((name) => [name, masked]);
  return {
    ...presentWithoutToken(row),
    target_headers: Object.fromEntries(headers) as Record<string, string>,
    targets: (row.further_targets ?? []).map((target) => presentTarget(deps.keyring, target)),
    webhook_url: `${deps.publicBaseUrl}${receivingPath}${token}`,
  };
}

/** For the history, which must not contain the token. */
export function presentWithoutToken(row: WebhookConfigRow) {
  const { collector } = row.config;
  return {
    id: row.id,
    management_company_id: row.management_company_id,
    webhook_name: row.webhook_name,
    webhook_url: `${row.webhook_url}{webhook_token}`,
    source_service: row.source_service,
    source_service_id: row.source_service_id,
    event_types: row.event_types,
    allowed_ips: row.allowed_ips,
    signature_header: row.signature_header,
    signature_scheme: row.signature_scheme,
    signed_template: row.config.signed_template ?? null,
    timestamp_header: row.config.timestamp_header ?? null,
    has_secret_key: row.secret_key !== null,
    has_verify_token: row.verify_token !== null,
    previous_secret_until: row.previous_secret_until?.toISOString() ?? null,
    tolerance_seconds: row.tolerance_seconds,
    max_payload_size_bytes: row.max_payload_size_bytes,
    target_url: row.target_url,
    target_count: (row.target_url === null ? 0 : 1) + (row.further_targets?.length ?? 0),
    target_paused: row.config.target_paused === true || row.target_off_at !== null,
    target_off_at: row.target_off_at?.toISOString() ?? null,
    target_off_reason: row.target_off_reason,
    target_timeout_seconds: row.config.target_timeout_seconds ?? null,
    previous_target_secret_until: row.previous_target_secret_until?.toISOString() ?? null,
    over_limit_policy: row.over_limit_policy,
    event_type_from: row.config.event_type_from ?? null,
    delivery_id_from: row.config.delivery_id_from ?? null,
    duplicate_by: row.config.duplicate_by ?? 'delivery_id',
    duplicate_window_seconds: row.config.duplicate_window_seconds ?? longestDuplicateWindowSeconds,
    ordered: row.config.ordered ?? false,
    include_raw: row.config.include_raw ?? false,
    collector:
      collector === undefined
        ? null
        : {
            base_url: collector.base_url ?? null,
            repository: collector.repository ?? null,
            hook_id: collector.hook_id ?? null,
            last_round: row.config.collector_state ?? null,
          },
    is_active: row.is_active,
    last_received_at: row.last_received_at?.toISOString() ?? null,
    total_received: row.total_received,
    total_successful: row.total_successful,
    total_failed: row.total_failed,
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
