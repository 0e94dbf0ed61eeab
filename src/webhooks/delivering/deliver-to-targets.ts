/**
 * Brings accepted events to the webhooks' `target_url`. Every replica does this; the one that claims a delivery has it
 * until its lock ends, which is longer than any try.
 *
 * | a try ends with            | the delivery                                                     |
 * | -------------------------- | ---------------------------------------------------------------- |
 * | 2xx                        | delivered                                                        |
 * | anything else, no answer   | pending, after a growing pause or the target's `Retry-After`     |
 * | the last failure           | dead, until it is sent again                                     |
 * | 410, or a failure after three days of nothing else | dead; the target is switched off, the others wait |
 * | our stop, after 3 s        | pending: others take it at once, and the target may get it twice |
 * | a crash, or no database    | taken again when its lock has ended: at least once               |
 *
 * Bounds: 128 tries at once, 8 of one webhook, and 1 where its target failed or was slow lately, so that a bad target
 * holds next to nothing, and a place that becomes free goes to the tenant that has fewest; 64 MiB of payloads; 3
 * statements at once, so that the intake never waits for a connection.
 */
import { oldestOf } from '../../bounded-map.ts';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import { startRounds } from '../../rounds.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import { DatabaseAway } from '../../storage/postgres/database.ts';
import {
  claimDueDeliveries,
  type DueDelivery,
  extendLock,
  releaseDeliveries,
} from '../../storage/tables/webhooks/claim-deliveries.ts';
import {
  type AttemptOutcome,
  cancelDelivery,
  type DeliveryContent,
  findDeliveryContent,
  settleDelivery,
} from '../../storage/tables/webhooks/webhook-deliveries.ts';
import { type AttemptDeps, attemptDelivery, timeoutMsOf } from './attempt-delivery.ts';
import { deliveryFailedRow, failureFields } from './delivery-failed.ts';
import { createGate } from './gate.ts';

export interface TargetDeliveriesDeps extends AttemptDeps {
  readonly db: Pick<Database, 'querySystem'>;
  readonly metrics: Pick<Metrics, 'webhookDelivery'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TargetDeliveries {
  /** Called when a delivery has become due. */
  wake(): void;
  /** Waits up to 3 s for attempts in progress, then aborts them; other replicas take over the rest. */
  close(): Promise<void>;
}

const maxTries = 128;
const maxTriesPerWebhook = 8;
const maxPayloadBytes = 64 * 1024 * 1024;
const maxStatements = 3;
const slowMs = 2_000;
/** Webhooks remembered as slow; at the bound the first one is dropped, and noticed again when it is slow. */
const maxSlow = 10_000;
const lockSlackMs = 30_000;
/**
 * Starts after the requests in progress, which a shutdown gives ten seconds, and ends before the forced exit five
 * seconds later.
 */
const closeGraceMs = 3_000;

const pollIntervalMs = 1_000;

export function startTargetDeliveries(deps: TargetDeliveriesDeps): TargetDeliveries {
  const { clock, logger } = deps;
  const statements = createGate(maxStatements);
  const db: Queryable = { query: (statement) => statements.run(() => deps.db.querySystem(statement)) };
  const lockMs = deps.timeoutMs + lockSlackMs;
  const triesByWebhook = new Map<string, number>();
  const triesByTenant = new Map<string, number>();
  const slow = new Set<string>();
  const tries = new Set<Promise<void>>();
  let payloadBytes = 0;
  let closed = false;
  const cutting = new AbortController();

  const claim = async (): Promise<void> => {
    const free = maxTries - tries.size;
    if (free <= 0) return; // The end of an attempt claims again.
    const claimedAtMs = clock.now();
    const due = await claimDueDeliveries(db, {
      busy: triesByWebhook,
      busyTenants: triesByTenant,
      slow,
      perWebhook: maxTriesPerWebhook,
      most: free,
      lockMs,
    });
    for (const delivery of due) begin(delivery, claimedAtMs);
  };

  const begin = (delivery: DueDelivery, claimedAtMs: number): void => {
    const { webhook_id: webhookId, management_company_id: tenantId } = delivery;
    addTo(triesByWebhook, webhookId, 1);
    addTo(triesByTenant, tenantId, 1);
    let hasTried = false;
    const running = tryOnce(delivery, claimedAtMs)
      .then((tried) => {
        hasTried = tried;
      })
      .catch((error: unknown) =>
        logger.warn({ err: error, delivery_id: delivery.id }, 'could not record the outcome of a delivery'),
      )
      .finally(() => {
        tries.delete(running);
        addTo(triesByWebhook, webhookId, -1);
        addTo(triesByTenant, tenantId, -1);
        if (hasTried) claims.wake();
      });
    tries.add(running);
  };

  /** False if nothing was attempted: the next claim may wait for the poll. */
  const tryOnce = async (delivery: DueDelivery, claimedAtMs: number): Promise<boolean> => {
    const content = await findDeliveryContent(db, delivery);
    if (content === null) {
      await cancelDelivery(db, delivery.id);
      return true;
    }
    const hasRoom = payloadBytes === 0 || payloadBytes + content.payload.length <= maxPayloadBytes;
    // A lock near its end may pass to another replica before the attempt is finished.
    if (closed || !hasRoom || clock.now() - claimedAtMs > lockSlackMs / 2) {
      await releaseDeliveries(db, [delivery.id]);
      return false;
    }
    payloadBytes += content.payload.length;
    try {
      const timeoutMs = timeoutMsOf(deps, content);
      if (timeoutMs > deps.timeoutMs) await extendLock(db, delivery.id, timeoutMs + lockSlackMs);
      const outcome = await attemptDelivery(deps, delivery, content, cutting.signal);
      if (outcome === null) {
        await releaseDeliveries(db, [delivery.id]);
        return false;
      }
      noteSpeed(delivery.webhook_id, outcome);
      deps.metrics.webhookDelivery(content.source_service, metricOf(outcome));
      const givenUp = deliveryFailedRow(delivery, content, outcome, clock.now());
      const state = await settleDelivery(db, delivery, outcome, givenUp);
      if (state === 'dead') noteDead(logger, delivery, content, outcome);
    } finally {
      payloadBytes -= content.payload.length;
    }
    return true;
  };

  const noteSpeed = (webhookId: string, { next, durationMs }: AttemptOutcome): void => {
    slow.delete(webhookId);
    if (next.state === 'delivered' && durationMs < slowMs) return;
    if (slow.size >= maxSlow) slow.delete(oldestOf(slow));
    slow.add(webhookId);
  };

  const claims = startRounds({
    everyMs: pollIntervalMs,
    round: claim,
    onFailure(error) {
      const level = error instanceof DatabaseAway ? 'debug' : 'error';
      logger[level]({ err: error }, 'could not claim deliveries to targets');
    },
  });
  claims.wake();

  return {
    wake: claims.wake,
    async close() {
      closed = true;
      const cut = setTimeout(() => cutting.abort(), closeGraceMs);
      await claims.close();
      await Promise.all(tries);
      clearTimeout(cut);
    },
  };
}

/** Entries with a count of zero are removed. */
function addTo(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

function noteDead(logger: Logger, delivery: DueDelivery, content: DeliveryContent, outcome: AttemptOutcome): void {
  logger.warn(
    {
      tenant: delivery.management_company_id,
      ...failureFields(delivery, content, outcome),
      ...(outcome.switchesOff === null ? {} : { switched_off_because: outcome.switchesOff }),
    },
    'gave up a delivery to a target',
  );
}

function metricOf({ next }: AttemptOutcome): string {
  if (next.state === 'delivered') return 'target_delivered';
  return next.state === 'dead' ? 'target_dead' : 'target_failed';
}
