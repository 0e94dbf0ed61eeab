/** SQL of `webhook_targets`: further targets of a webhook, besides its `target_url`. */
import type { TenantId } from '../../../ids.ts';
import { findRows, type Queryable } from '../../postgres/queryable.ts';

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

export type WebhookTargetValues = Omit<
  WebhookTargetRow,
  'management_company_id' | 'webhook_id' | 'off_at' | 'off_reason'
>;

/** For the columns of `webhook_configs`: a webhook's further targets as a JSON list; null if there are none. */
export const furtherTargets = `(select json_agg(to_json(t) order by t.position) from webhook_targets t
   where t.webhook_id = webhook_configs.id) as further_targets`;

const columns = [
  'position',
  'url',
  'event_types',
  'conditions',
  'secret',
  'previous_secret',
  'previous_secret_until',
  'headers',
  'timeout_seconds',
  'max_attempts',
  'ordered',
  'paused',
] as const;

export async function saveTarget(
  tx: Queryable,
  tenantId: TenantId,
  webhookId: string,
  target: WebhookTargetValues,
): Promise<void> {
  await tx.query({
    name: 'webhook_targets_save',
    text: `
      insert into webhook_targets (id, management_company_id, webhook_id, ${columns.join(', ')})
      values ($1, $2, $3, ${columns.map((_, index) => `$${index + 4}`).join(', ')})
      on conflict (id) do update set ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    values: [
      target.id,
      tenantId,
      webhookId,
      ...columns.map((name) =>
        name === 'event_types' || name === 'conditions' ? JSON.stringify(target[name]) : target[name],
      ),
    ],
  });
}

export async function deleteTarget(tx: Queryable, tenantId: TenantId, id: string): Promise<void> {
  await tx.query({
    name: 'webhook_targets_delete',
    text: 'delete from webhook_targets where management_company_id = $1 and id = $2',
    values: [tenantId, id],
  });
}

/** Pauses one target, or all. */
export async function pauseTargets(
  tx: Queryable,
  tenantId: TenantId,
  webhookId: string,
  id: string | null,
): Promise<void> {
  await tx.query({
    name: 'webhook_targets_pause',
    text: `
      update webhook_targets set paused = true
       where management_company_id = $1 and webhook_id = $2 and ($3::uuid is null or id = $3)`,
    values: [tenantId, webhookId, id],
  });
}

/** Ends a pause and enables targets again. Returns those that had been disabled automatically. */
export function resumeTargets(tx: Queryable, tenantId: TenantId, webhookId: string, id: string | null) {
  return findRows<{ id: string; was_off: boolean }>(tx, {
    name: 'webhook_targets_resume',
    text: `
      with before as (
        select id, off_at from webhook_targets
         where management_company_id = $1 and webhook_id = $2 and ($3::uuid is null or id = $3) for update)
      update webhook_targets t
         set paused = false, off_at = null, off_reason = null, failing_since = null
        from before where t.id = before.id
      returning t.id, before.off_at is not null as was_off`,
    values: [tenantId, webhookId, id],
  });
}
