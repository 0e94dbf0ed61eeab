/** SQL of `webhook_targets`: further targets of a webhook, besides its `target_url`. */
import type { TenantId } from '../../../ids.ts';
import { columnsOf, type NameOf } from '../../postgres/columns.ts';
import { effectOf, rowsOf } from '../../postgres/statement.ts';

/** The condition that an event must meet for a target to receive it. */
export interface TargetCondition {
  readonly path: string;
  readonly equals?: unknown;
  readonly in?: readonly unknown[];
  readonly exists?: boolean;
}

/** A row as JSON gives it: times are texts. */
export interface WebhookTargetRow {
  readonly id: string;
  readonly management_company_id: TenantId;
  readonly webhook_id: string;
  readonly position: number;
  readonly url: string;
  readonly event_types: readonly string[];
  readonly conditions: readonly TargetCondition[];
  /** Sealed. */
  readonly secret: string;
  readonly previous_secret: string | null;
  readonly previous_secret_until: string | null;
  readonly headers: string | null;
  readonly timeout_seconds: number | null;
  readonly max_attempts: number | null;
  readonly ordered: boolean;
  readonly paused: boolean;
  readonly off_at: string | null;
  readonly off_reason: string | null;
}

/** For the columns of `webhook_configs`: a webhook's further targets as a JSON list; null if there are none. */
export const furtherTargets = `(select json_agg(to_json(t) order by t.position) from webhook_targets t
   where t.webhook_id = webhook_configs.id) as further_targets`;

const written = columnsOf(
  `position, url, event_types, conditions, secret, previous_secret, previous_secret_until, headers, timeout_seconds,
   max_attempts, ordered, paused`,
  ['event_types', 'conditions'],
);

export type WebhookTargetValues = Pick<WebhookTargetRow, 'id' | NameOf<typeof written>>;

export const saveTarget = effectOf(
  'webhook_targets_save',
  `insert into webhook_targets (id, management_company_id, webhook_id, ${written.list})
   values ($1, $2, $3, ${written.parameters(4)})
   on conflict (id) do update set ${written.excluded}`,
).by((tenantId: TenantId, webhookId: string, target: WebhookTargetValues) => [
  target.id,
  tenantId,
  webhookId,
  ...written.valuesOf(target),
]);

export const deleteTarget = effectOf(
  'webhook_targets_delete',
  'delete from webhook_targets where management_company_id = $1 and id = $2',
).by((tenantId: TenantId, id: string) => [tenantId, id]);

/** Pauses one target, or all. */
export const pauseTargets = effectOf(
  'webhook_targets_pause',
  `update webhook_targets set paused = true
    where management_company_id = $1 and webhook_id = $2 and ($3::uuid is null or id = $3)`,
).by((tenantId: TenantId, webhookId: string, id: string | null) => [tenantId, webhookId, id]);

/** Ends a pause and enables targets again. Returns those that had been disabled automatically. */
export const resumeTargets = rowsOf<{ id: string; was_off: boolean }>(
  'webhook_targets_resume',
  `with before as (
     select id, off_at from webhook_targets
      where management_company_id = $1 and webhook_id = $2 and ($3::uuid is null or id = $3) for update)
   update webhook_targets t
      set paused = false, off_at = null, off_reason = null, failing_since = null
     from before where t.id = before.id
   returning t.id, before.off_at is not null as was_off`,
).by((tenantId: TenantId, webhookId: string, id: string | null) => [tenantId, webhookId, id]);
