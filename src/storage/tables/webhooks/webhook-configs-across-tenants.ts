/** SQL of `webhook_configs` across tenants: looking up tokens, the warm-up, the collector. */
import { findRows, type Queryable } from '../../postgres/queryable.ts';
import { type WebhookConfigRow, webhookConfigColumns } from './webhook-configs.ts';

/** The active webhooks with these token hashes. Searches all tenants, because the tenant is not known yet. */
export function findWebhooksByTokenAcrossTenants(db: Queryable, hashes: readonly Buffer[]) {
  return findRows<WebhookConfigRow>(db, {
    name: 'webhook_configs_by_token',
    text: `select ${webhookConfigColumns} from webhook_configs where webhook_token_sha256 = any($1::bytea[]) and is_active`,
    values: [hashes],
  });
}

/** Whether any of these hashes belongs to a webhook's token, active or not. */
export async function hasWebhookTokenAcrossTenants(db: Queryable, hashes: readonly Buffer[]): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'webhook_configs_has_token',
    text: 'select from webhook_configs where webhook_token_sha256 = any($1::bytea[]) limit 1',
    values: [hashes],
  });
  return rowCount > 0;
}

/** The most recently used active webhooks: a process loads them before its first delivery. */
export function findRecentWebhooksAcrossTenants(db: Queryable, limit: number) {
  return findRows<WebhookConfigRow>(db, {
    name: 'webhook_configs_recent',
    text: `
      select ${webhookConfigColumns} from webhook_configs where is_active
       order by last_received_at desc nulls last, created_at desc limit $1`,
    values: [limit],
  });
}

/** The active webhooks whose missed deliveries are collected. */
export function findCollectingWebhooksAcrossTenants(db: Queryable, limit: number) {
  return findRows<WebhookConfigRow>(db, {
    name: 'webhook_configs_collecting',
    text: `
      select ${webhookConfigColumns} from webhook_configs
       where is_active and collector_token is not null order by id limit $1`,
    values: [limit],
  });
}

/** Leaves `updated_at` unchanged: the collector's state is not a change of configuration, and is not announced. */
export async function saveCollectorState(
  db: Queryable,
  id: string,
  state: Readonly<Record<string, unknown>>,
): Promise<void> {
  await db.query({
    name: 'webhook_configs_save_collector_state',
    text: `
      update webhook_configs set config = jsonb_set(config::jsonb, '{collector_state}', $2::jsonb)::json
       where id = $1 and collector_token is not null`,
    values: [id, JSON.stringify(state)],
  });
}
