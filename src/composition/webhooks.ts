/** Everything of webhooks, built in order: their memory, the way in, the way to targets, and the routes. */
import { join } from 'node:path';
import type { Masker } from '../audit/mask.ts';
import type { Clock } from '../clock.ts';
import { openWebhookDirectory } from '../directory/webhook-directory.ts';
import type { Routes } from '../http/app.ts';
import { createRateLimitHeaders } from '../http/reply/rate-limit-headers.ts';
import type { Idempotency } from '../http/request/idempotency.ts';
import { hooksRoute } from '../http/routes/public/receive-webhook.ts';
import { webhooksRoutes } from '../http/routes/webhooks/webhooks.ts';
import type { Intake } from '../intake/intake.ts';
import type { RateLimiter } from '../limits/limits.ts';
import { createRefusalNotes } from '../limits/refusal-notes.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Outbound } from '../outbound/http-client.ts';
import { refusalOf } from '../outbound/refusal.ts';
import { appendEvent } from '../outbox/append-event.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { Database } from '../storage/postgres/database.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import type { Leases } from '../storage/tables/leases.ts';
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

export interface WebhooksDeps {
  readonly db: Database;
  readonly store: Pick<SharedStore, 'kind' | 'runScript' | 'replicasSeen'>;
  readonly intake: Intake;
  readonly limiter: RateLimiter;
  readonly outbound: Outbound;
  readonly leases: Pick<Leases, 'tryHold'>;
  readonly masker: Masker;
  readonly keyring: Keyring;
  readonly idempotency: Idempotency;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publicBaseUrl: string;
  readonly trustedProxies: readonly string[];
  /** `RATE_LIMIT_WEBHOOKS_PER_MINUTE`. */
  readonly perMinute: number;
  readonly dataDir: string;
  /** `UNVERIFIED_BODIES_MAX_BYTES`. */
  readonly maxUnverifiedBytes: number;
  /** Until a target must have answered. */
  readonly targetTimeoutMs: number;
}

export interface Webhooks {
  /** Under the API's base, authenticated. */
  readonly apiRoutes: Routes;
  /** Where senders post. */
  readonly publicRoutes: Routes;
  close(): Promise<void>;
}

export async function openWebhooks(deps: WebhooksDeps): Promise<Webhooks> {
  const { db, intake, keyring, metrics, clock, logger, publicBaseUrl } = deps;
  const [directory, known] = await Promise.all([
    openWebhookDirectory({ db, clock, logger, read: (row) => webhookOfRow(keyring, row) }),
    findKnownRows(deps),
  ]);
  const rows = createDeferralRows({
    store: deps.store,
    clock,
    perMinute: deps.perMinute,
    known,
  });
  const targets = startTargetDeliveries({
    db,
    outbound: deps.outbound,
    keyring,
    masker: deps.masker,
    metrics,
    clock,
    logger,
    publicBaseUrl,
    timeoutMs: deps.targetTimeoutMs,
  });
  const onTargetDelivery = targets.wake;
  const redrives = startRunningRedrives({ db, appendEvent, clock, logger, publicBaseUrl, onTargetDelivery });
  const collector = startCollectingMissed({
    db,
    outbound: deps.outbound,
    keyring,
    metrics,
    clock,
    logger,
    publicBaseUrl,
    tryHold: async (ttlMs) => (await deps.leases.tryHold('webhook-collector', ttlMs)) !== null,
  });

  const receive: ReceiveDeps = {
    webhooks: directory,
    intake,
    rateLimit: createWebhookRateLimit({
      limiter: deps.limiter,
      rows,
      clock,
      perMinute: deps.perMinute,
    }),
    traceBudget: createTraceBudget({ clock, perMinute: deps.perMinute }),
    shouldAnnounce: createRefusalNotes(clock),
    masker: deps.masker,
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
      idempotency: deps.idempotency,
      noteChange: directory.noteChange,
      refusalOf: async (url) =>
        (await isOwnHook(db, url)) ? 'it is a webhook of this service' : refusalOf(deps.outbound, url),
    }),
    publicRoutes: hooksRoute({
      ...receive,
      bodies: createUnverifiedBodies({
        path: join(deps.dataDir, 'unverified'),
        logger,
        maxFileBytes: deps.maxUnverifiedBytes,
      }),
      trustedProxies: deps.trustedProxies,
      limits: createRateLimitHeaders('webhooks', deps.perMinute, clock, deps.limiter.shareOf),
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
async function findKnownRows({ db, logger }: WebhooksDeps): Promise<readonly KnownRow[]> {
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
