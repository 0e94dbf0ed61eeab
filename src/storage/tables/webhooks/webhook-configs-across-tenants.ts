/** SQL of `webhook_configs` across tenants: looking up tokens, the warm-up, the collector. */

import { effectOf, hasEffect, rowsOf } from '../../postgres/statement.ts';
import { type WebhookConfigRow, webhookConfigColumns } from './webhook-configs.ts';

/** The active webhooks with these token hashes. Searches all tenants, because the tenant is not known yet. */
export const findWebhooksByTokenAcrossTenants = rowsOf<WebhookConfigRow>(
  'webhook_configs_by_token',
  `select ${webhookConfigColumns} from webhook_configs where webhook_token_sha256 = any($1::bytea[]) and is_active`,
).by((hashes: readonly Buffer[]) => [hashes]);

/** Whether any of these hashes belongs to a webhook's token, active or not. */
export const hasWebhookTokenAcrossTenants = hasEffect(
  'webhook_configs_has_token',
  'select from webhook_configs where webhook_token_sha256 = any($1::bytea[]) limit 1',
).by((hashes: readonly Buffer[]) => [hashes]);

/** The most recently used active webhooks: a process loads them before its first delivery. */
export const findRecentWebhooksAcrossTenants = rowsOf<WebhookConfigRow>(
  'webhook_configs_recent',
  `select ${webhookConfigColumns} from webhook_configs where is_active
    order by last_received_at desc nulls last, created_at desc limit $1`,
).by((limit: number) => [limit]);

/** The active webhooks whose missed deliveries are collected. */
export const findCollectingWebhooksAcrossTenants = rowsOf<WebhookConfigRow>(
  'webhook_configs_collecting',
  `select ${webhookConfigColumns} from webhook_configs
    where is_active and collector_token is not null order by id limit $1`,
).by((limit: number) => [limit]);

/** Leaves `updated_at` unchanged: the collector's state is not a change of configuration, and is not announced. */
export const saveCollectorState = effectOf(
  'webhook_configs_save_collector_state',
  `update webhook_configs set config = jsonb_set(config::jsonb, '{collector_state}', $2::jsonb)::json
    where id = $1 and collector_token is not null`,
).by((id: string, state: Readonly<Record<string, unknown>>) => [id, JSON.stringify(state)]);
