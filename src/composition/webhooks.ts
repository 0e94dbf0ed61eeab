/** Everything of webhooks, built in order: their memory, the way in, the way to targets, and the routes. */
import { join } from 'node:path';
import { createMasker } from '../audit/mask.ts';
import { openWebhookDirectory } from '../directory/webhook-directory.ts';
import type { Routes } from '../http/app.ts';
import { createRateLimitHeaders } from '../http/reply/rate-limit-headers.ts';
import type { Idempotency } from '../http/request/idempotency.ts';
import { hooksRoute } from '../http/routes/public/receive-webhook.ts';
import { webhooksRoutes } from '../http/routes/webhooks/webhooks.ts';
import { createAnnouncementThrottle } from '../limits/announcement-throttle.ts';
import type { Logger } from '../logger.ts';
import { refusalOf } from '../outbound/refusal.ts';
import { appendEvent } from '../outbox/append-event.ts';
import type { Database } from '../storage/postgres/database.ts';
import { findDeferredSpans } from '../storage/tables/outbox-events.ts';
import { reviveDeadDelivery } from '../storage/tables/webhooks/webhook-redrives.ts';
import { keepRefusedBody } from '../storage/tables/webhooks/webhook-refused-bodies.ts';
import { startCollectingMissed } from '../webhooks/collectors/collect-missed.ts';
import { startTargetDeliveries } from '../webhooks/delivering/deliver-to-targets.ts';
import { isOwnHook } from '../webhooks/managing/own-hook.ts';
import { startRunningRedrives } from '../webhooks/managing/run-redrives.ts';
import { createDeferralRows, type KnownRow } from '../webhooks/receiving/deferral-row.ts';
import { createWebhookRateLimit } from '../webhooks/receiving/rate-limit.ts';
import type { ReceiveDeps } from '../webhooks/receiving/reception.ts';
import { sealRefused } from '../webhooks/receiving/refused-deliveries.ts';
import { createTraceBudget } from '../webhooks/receiving/trace-budget.ts';
import { createUnverifiedBodies } from '../webhooks/receiving/unverified-bodies.ts';
import { webhookOfRow } from '../webhooks/webhook.ts';
import type { Calls } from './calls.ts';
import type { CoreParts } from './core-parts.ts';
import type { Durability } from './durability.ts';
import type { Providers } from './providers.ts';
import type { Stores } from './stores.ts';

export interface Webhooks {
  /** Under the API's base, authenticated. */
  readonly apiRoutes: Routes;
  /** Where senders post. */
  readonly publicRoutes: Routes;
  close(): Promise<void>;
}

export async function openWebhooks(
  { config, metrics, keyring, clock, logger }: CoreParts,
  { db, store }: Stores,
  { intake, leases }: Durability,
  { outbound }: Providers,
  { limiter }: Calls,
  idempotency: Idempotency,
): Promise<Webhooks> {
  const { publicBaseUrl, trustedProxies } = config.http;
  const perMinute = config.familyLimits.webhooks;
  const masker = createMasker(config.maskedFields);
  const base = { db, clock, logger, keyring, metrics, outbound, publicBaseUrl };
  const [directory, known] = await Promise.all([
    openWebhookDirectory({ db, clock, logger, read: (row) => webhookOfRow(keyring, row) }),
    findKnownRows(db, logger),
  ]);
  const rows = createDeferralRows({ store, clock, perMinute, known });
  const targets = startTargetDeliveries({ ...base, masker, timeoutMs: config.requestTimeoutMs });
  const onTargetDelivery = targets.wake;
  const redrives = startRunningRedrives({ ...base, appendEvent, onTargetDelivery });
  const collector = startCollectingMissed({
    ...base,
    tryHold: (ttlMs) => leases.tryHold('webhook-collector', ttlMs),
  });

  const receive: ReceiveDeps = {
    webhooks: directory,
    intake,
    rateLimit: createWebhookRateLimit({ limiter, rows, clock, perMinute }),
    traceBudget: createTraceBudget({ clock, perMinute }),
    shouldAnnounce: createAnnouncementThrottle(clock),
    masker,
    metrics,
    clock,
    logger,
    publicBaseUrl,
    onTargetDelivery,
    keepRefused: (delivery) => keepRefusedBody({ query: db.querySystem }, sealRefused(keyring, delivery)),
    onSentAgain: (tenantId, eventId) => {
      reviveDeadDelivery({ query: db.querySystem }, tenantId, eventId)
        .then((isRevived) => isRevived && onTargetDelivery())
        .catch((error: unknown) =>
          logger.warn({ err: error, tenant: tenantId, webhook_event_id: eventId }, 'a dead delivery was not revived'),
        );
    },
  };

  return {
    apiRoutes: webhooksRoutes({
      db,
      keyring,
      clock,
      publicBaseUrl,
      appendEvent,
      onTargetDelivery,
      onRedrive: redrives.wake,
      receive,
      idempotency,
      noteChange: directory.noteChange,
      refusalOf: async (url) =>
        (await isOwnHook(db, url)) ? 'it is a webhook of this service' : refusalOf(outbound, url),
    }),
    publicRoutes: hooksRoute({
      ...receive,
      bodies: createUnverifiedBodies({
        path: join(config.dataDir, 'unverified'),
        logger,
        maxFileBytes: config.maxUnverifiedBytes,
      }),
      trustedProxies,
      limits: createRateLimitHeaders('webhooks', perMinute, clock, limiter.shareOf),
    }),
    async close() {
      await collector.close();
      await redrives.close();
      await targets.close();
      await directory.close();
    },
  };
}

/** What an earlier process deferred and Redis, where there is one, may have lost: new deliveries go behind it. */
async function findKnownRows(db: Database, logger: Logger): Promise<readonly KnownRow[]> {
  try {
    return (await findDeferredSpans(db)).map((span) => ({
      tenantId: span.management_company_id,
      firstMs: span.first_due_at.getTime(),
      lastMs: span.last_due_at.getTime(),
    }));
  } catch (error) {
    logger.warn({ err: error }, 'could not count the deferred deliveries yet: rows unknown to Redis start empty');
    return [];
  }
}
