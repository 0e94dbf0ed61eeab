/**
 * Asks senders for missed deliveries, for the webhooks with a token for it. One replica at a time does a round every
 * five minutes and stores the result in the webhook's `collector`. A shutdown aborts the requests: the next round
 * repeats them.
 */
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Outbound } from '../../outbound/http-client.ts';
import { type Rounds, startRounds } from '../../rounds.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { Database } from '../../storage/postgres/database.ts';
import type { WebhookConfigRow } from '../../storage/tables/webhooks/webhook-configs.ts';
import {
  findCollectingWebhooksAcrossTenants,
  saveCollectorState,
} from '../../storage/tables/webhooks/webhook-configs-across-tenants.ts';
import { presentWebhook } from '../managing/present-webhook.ts';
import { openFor } from '../managing/webhook-secrets.ts';
import { collectFromGithub } from './github.ts';
import { lookAtTelegram } from './telegram.ts';

export interface CollectMissedDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly outbound: Pick<Outbound, 'request'>;
  readonly keyring: Pick<Keyring, 'open'>;
  readonly metrics: Pick<Metrics, 'webhookDelivery'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publicBaseUrl: string;
  /** Whether this replica may do the round for the next `ttlMs`. */
  tryHold(ttlMs: number): Promise<boolean>;
}

const fiveMinutesMs = 300_000;
/** Per round; further webhooks wait for the next one, and the log says so. */
const maxWebhooks = 1_000;
const atOnce = 4;

export function startCollectingMissed(deps: CollectMissedDeps): Rounds {
  return startRounds({
    everyMs: fiveMinutesMs,
    round: (stopping) => collectMissed(deps, stopping),
    onFailure: (error) => deps.logger.warn({ err: error }, 'could not collect missed deliveries'),
  });
}

/** One round; `signal` aborts it. */
export async function collectMissed(deps: CollectMissedDeps, signal: AbortSignal): Promise<void> {
  const outbound: CollectMissedDeps['outbound'] = {
    request: (request) => deps.outbound.request({ ...request, signal }),
  };

  const collectOne = async (row: WebhookConfigRow): Promise<void> => {
    const state = await lookAt({ ...deps, outbound }, row).catch((error: unknown) => {
      if (signal.aborted) return null;
      deps.logger.warn({ err: error, webhook_id: row.id }, 'could not ask a sender for missed deliveries');
      return { error: error instanceof Error ? error.message : 'unknown' };
    });
    if (state === null) return;
    const checkedAt = new Date(deps.clock.now()).toISOString();
    await saveCollectorState({ query: deps.db.querySystem }, row.id, { checked_at: checkedAt, ...state });
  };

  // Held a little shorter than the interval, so that any replica can take it in the next round.
  if (!(await deps.tryHold(fiveMinutesMs * 0.9))) return;
  const rows = await findCollectingWebhooksAcrossTenants({ query: deps.db.querySystem }, maxWebhooks);
  if (rows.length === maxWebhooks)
    deps.logger.warn({ maxWebhooks }, 'too many webhooks collect missed deliveries: some were left out');
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let row = rows.pop(); row !== undefined && !signal.aborted; row = rows.pop()) await collectOne(row);
    }),
  );
}

async function lookAt(deps: CollectMissedDeps, row: WebhookConfigRow): Promise<Record<string, unknown>> {
  const { collector } = row.config;
  if (collector === undefined || row.collector_token === null) return {};
  const token = openFor(deps.keyring, row, 'collector_token', row.collector_token);
  const baseUrl = collector.base_url ?? null;
  if (row.source_service === 'telegram') {
    const { webhook_url: webhookUrl } = presentWebhook(deps, row);
    const state = await lookAtTelegram(deps.outbound, { baseUrl, token, webhookUrl });
    if (state.pending > 0 || state.isElsewhere) {
      deps.logger.warn({ webhook_id: row.id, ...state }, 'Telegram has updates waiting, or posts them elsewhere');
    }
    return {
      pending_count: state.pending,
      last_error_at: state.lastErrorAt,
      last_error_message: state.lastErrorMessage,
      is_elsewhere: state.isElsewhere,
    };
  }
  if (collector.repository === undefined || collector.hook_id === undefined) return {};
  const { missed, redelivered } = await collectFromGithub(deps, {
    baseUrl,
    token,
    repository: collector.repository,
    hookId: collector.hook_id,
  });
  for (let count = 0; count < redelivered; count += 1) deps.metrics.webhookDelivery(row.source_service, 'collected');
  if (missed > 0) {
    deps.logger.warn({ webhook_id: row.id, missed, redelivered }, 'GitHub has deliveries that did not arrive');
  }
  return { missed_count: missed, redelivered_count: redelivered };
}
