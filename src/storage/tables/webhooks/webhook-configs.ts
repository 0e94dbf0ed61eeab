/** SQL of `webhook_configs`. Secrets and tokens are stored sealed only; tokens are looked up by their SHA-256. */
import type { TimePosition } from '../../../encodings/page-cursor.ts';
import type { TenantId } from '../../../ids.ts';
import { columnsOf, type NameOf } from '../../postgres/columns.ts';
import { effectOf, hasEffect, onlyRowOf, rowOf, rowsOf } from '../../postgres/statement.ts';
import { furtherTargets, type WebhookTargetRow } from './webhook-targets.ts';

/** Settings for which the contract has no column. */
export interface WebhookExtras {
  /** `header:Name` or `body:a.b`; overrides where the sender usually puts the event type. */
  readonly event_type_from?: string;
  readonly delivery_id_from?: string;
  /** Default: by the delivery id alone. */
  readonly duplicate_by?: 'delivery_id_or_body' | 'none';
  /** How long a repeated delivery counts as a duplicate; default: seven days. */
  readonly duplicate_window_seconds?: number;
  /** What the signature covers, for schemes that leave it to the sender. */
  readonly signed_template?: string;
  readonly timestamp_header?: string;
  /** Sends deliveries to `target_url` one after the other, in order of arrival. */
  readonly ordered?: boolean;
  /** Deliveries to `target_url` are paused. */
  readonly target_paused?: boolean;
  /** How long the target has to answer; default: as for all outbound calls. */
  readonly target_timeout_seconds?: number;
  /** Events include the bytes as they were sent. */
  readonly include_raw?: boolean;
  readonly collector?: {
    /** The base URL of the sender's API; default: the vendor's own. */
    readonly base_url?: string;
    /** GitHub: `owner/repository`, or an organisation. */
    readonly repository?: string;
    readonly hook_id?: number;
  };
  /** What the collector's last round found; only the collector writes it. */
  readonly collector_state?: Readonly<Record<string, unknown>>;
}

export interface WebhookConfigRow {
  readonly id: string;
  readonly management_company_id: TenantId;
  readonly webhook_name: string;
  readonly webhook_url: string;
  /** Sealed. */
  readonly webhook_token: string;
  readonly webhook_token_sha256: Buffer;
  readonly source_service: string;
  readonly source_service_id: string | null;
  readonly event_types: readonly string[];
  readonly allowed_ips: readonly string[];
  readonly signature_header: string | null;
  readonly signature_scheme: string;
  /** Sealed. */
  readonly secret_key: string | null;
  /** Sealed; valid until `previous_secret_until`. */
  readonly previous_secret_key: string | null;
  readonly previous_secret_until: Date | null;
  readonly tolerance_seconds: number;
  readonly max_payload_size_bytes: number;
  readonly target_url: string | null;
  /** Sealed; signs deliveries to `target_url`. */
  readonly target_secret: string | null;
  /** Sealed; also signs, until `previous_target_secret_until`. */
  readonly previous_target_secret: string | null;
  readonly previous_target_secret_until: Date | null;
  /** Sealed JSON of header names and values sent with deliveries. */
  readonly target_headers: string | null;
  /** Sealed; the token for fetching missed deliveries from the sender. */
  readonly collector_token: string | null;
  /** Sealed; the sender sends it when it verifies that the address is ours. */
  readonly verify_token: string | null;
  readonly over_limit_policy: string;
  readonly config: WebhookExtras;
  readonly is_active: boolean;
  /** Targets besides `target_url`; null if there are none. */
  readonly further_targets: readonly WebhookTargetRow[] | null;
  /** Set while the target is disabled automatically; deliveries wait. */
  readonly target_off_at: Date | null;
  readonly target_off_reason: string | null;
  readonly last_received_at: Date | null;
  readonly total_received: number;
  readonly total_successful: number;
  readonly total_failed: number;
  readonly created_by: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What an insert or a full update writes; the database sets counters and times. */
const written = columnsOf(
  `webhook_name, webhook_url, webhook_token, webhook_token_sha256, source_service, source_service_id, event_types,
   allowed_ips, signature_header, signature_scheme, secret_key, previous_secret_key, previous_secret_until,
   tolerance_seconds, max_payload_size_bytes, target_url, target_secret, previous_target_secret,
   previous_target_secret_until, target_headers, collector_token, verify_token, over_limit_policy, config, is_active`,
  ['event_types', 'allowed_ips', 'config'],
);
export type WebhookConfigValues = Pick<WebhookConfigRow, NameOf<typeof written>>;

/** Those of them that an admin sets as they are. */
const settings = columnsOf(
  `webhook_name, source_service, source_service_id, event_types, allowed_ips, signature_header, signature_scheme,
   tolerance_seconds, max_payload_size_bytes, target_url, over_limit_policy, is_active`,
  [],
);
export type WebhookSettings = Pick<WebhookConfigRow, NameOf<typeof settings>>;
export const settingsOfWebhook: (row: WebhookSettings) => WebhookSettings = settings.of;

export const webhookConfigColumns = `id, management_company_id, ${written.list}, ${furtherTargets}, target_off_at,
  target_off_reason, last_received_at, total_received, total_successful, total_failed, created_by, created_at, updated_at`;

export type ListedWebhook = WebhookConfigRow & { readonly created_at_text: string };

/** Newest first. */
export const pageWebhooks = rowsOf<ListedWebhook>(
  'webhook_configs_page',
  `select ${webhookConfigColumns}, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at_text
     from webhook_configs
    where management_company_id = $1
      and ($2::timestamptz is null or (created_at, id) < ($2::timestamptz, $3::uuid))
    order by created_at desc, id desc limit $4`,
).by((tenantId: TenantId, after: TimePosition | null, limit: number) => [
  tenantId,
  after?.at ?? null,
  after?.id ?? null,
  limit,
]);

export const countWebhooks = onlyRowOf<{ total: number; active: number; lastReceivedAt: Date | null }>(
  'webhook_configs_count',
  `select count(*) as total, count(*) filter (where is_active) as active, max(last_received_at) as "lastReceivedAt"
     from webhook_configs where management_company_id = $1`,
).by((tenantId: TenantId) => [tenantId]);

export const findWebhook = rowOf<WebhookConfigRow>(
  'webhook_configs_find',
  `select ${webhookConfigColumns} from webhook_configs where management_company_id = $1 and id = $2`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

/** The same, locked against concurrent changes until the transaction ends. */
export const lockWebhook = rowOf<WebhookConfigRow>(
  'webhook_configs_lock',
  `select ${webhookConfigColumns} from webhook_configs where management_company_id = $1 and id = $2 for update`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

export const insertWebhook = onlyRowOf<WebhookConfigRow>(
  'webhook_configs_insert',
  `insert into webhook_configs (management_company_id, id, created_by, ${written.list})
   values ($1, $2, $3, ${written.parameters(4)})
   returning ${webhookConfigColumns}`,
).by((tenantId: TenantId, id: string, values: WebhookConfigValues, createdBy: string | null) => [
  tenantId,
  id,
  createdBy,
  ...written.valuesOf(values),
]);

/**
 * `clock_timestamp()`, not `now()`: each of two changes in one transaction must get its own time, because each is
 * announced.
 */
export const updateWebhook = rowOf<WebhookConfigRow>(
  'webhook_configs_update',
  `update webhook_configs
      set ${written.assignments(3)}, updated_at = clock_timestamp()
    where management_company_id = $1 and id = $2
   returning ${webhookConfigColumns}`,
).by((tenantId: TenantId, id: string, values: WebhookConfigValues) => [tenantId, id, ...written.valuesOf(values)]);

/** Enables a target that was disabled automatically, and resets its earlier failures. */
export const switchTargetOn = effectOf(
  'webhook_configs_switch_target_on',
  `update webhook_configs
      set target_off_at = null, target_off_reason = null, target_failing_since = null, updated_at = clock_timestamp()
    where management_company_id = $1 and id = $2
      and (target_off_at is not null or target_failing_since is not null)`,
).by((tenantId: TenantId, id: string) => [tenantId, id]);

/** Returns false if the tenant has no such webhook. Its events stay until retention deletes them. */
export const deleteWebhook = hasEffect(
  'webhook_configs_delete',
  'delete from webhook_configs where management_company_id = $1 and id = $2',
).by((tenantId: TenantId, id: string) => [tenantId, id]);
