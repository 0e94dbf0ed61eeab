/** SQL of `webhook_configs` for the process itself, before or beside any tenant: tokens, the warm-up, the collector. */
import { findRows, type Queryable } from '../../postgres/queryable.ts';
import { type WebhookConfigRow, webhookConfigColumns } from './webhook-configs.ts';

/** The active webhooks behind these token hashes. Before the tenant is known: all tenants'. */
export function findWebhooksByTokenAcrossTenants(db: Queryable, hashes: readonly Buffer[]) {
  return findRows<WebhookConfigRow>(db, {
    name: 'webhook_configs_by_token',
    text: `select ${webhookConfigColumns} from webhook_configs where webhook_token_sha256 = any($1::bytea[]) and is_active`,
    values: [hashes],
  });
}

/** Whether any of these is the hash of a webhook's token, active or not. */
export async function hasWebhookTokenAcrossTenants(db: Queryable, hashes: readonly Buffer[]): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'webhook_configs_has_token',
    text: 'select from webhook_configs where webhook_token_sha256 = any($1::bytea[]) limit 1',
    values: [hashes],
  });
  return rowCount > 0;
}

/** The active webhooks that were used last: what a process should know before its first delivery. */
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

/** `updated_at` stays: the finding is not a change of configuration, and is not announced. */
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
