/** Records a refused delivery, and builds the answer to its sender. */

import { masked } from '../../audit/mask.ts';
import type { ServiceError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { WebhookEventRecord } from '../../intake/intake.ts';
import type { LimitState } from '../../limits/limits.ts';
import { limitExceededEvent } from '../../outbox/limit-exceeded.ts';
import type { DeliveryHeaders } from '../schemes/scheme.ts';
import { svixSignatureHeader } from '../schemes/standard-webhooks.ts';
import { secretsAt, type Webhook } from '../webhook.ts';
import type { DeliveryFacts, ReceiveDeps } from './reception.ts';
import { type RefusalReason, refusalError } from './refusal.ts';
import { maxKeptBytes } from './refused-deliveries.ts';

/** Records a refused delivery, within the bounds, and returns the answer to its sender. */
export async function refuse(
  deps: ReceiveDeps,
  webhook: Webhook,
  incoming: DeliveryFacts,
  reason: RefusalReason,
  sizeBytes: number,
  facts: WebhookEventRecord = factsOf(deps, webhook, incoming, deps.clock.now(), sizeBytes),
  body: Buffer | null = null,
): Promise<ServiceError> {
  const isFailedSignature = reason !== 'rate_limit_exceeded';
  if (isFailedSignature && !deps.traceBudget.takeFailure(incoming.sourceAddress)) {
    deps.metrics.webhookDelivery(webhook.sourceService, 'too_many_failures');
    return refusalError('too_many_failures', { retryAfterSeconds: 60 });
  }
  deps.metrics.webhookDelivery(webhook.sourceService, reason);
  if (deps.traceBudget.takeTrace(webhook.id, 'refused')) {
    await recordTrace(deps, { ...facts, status: 'refused', refusalReason: reason });
    if (body !== null && body.length <= maxKeptBytes) await keepRefused(deps, facts, incoming.headers, body);
  }
  return refusalError(reason, { challenge: webhook.scheme === 'basic' ? 'Basic realm="webhook"' : null });
}

/** A failed record is no reason for a 503: the sender is answered without it. */
export async function recordTrace(deps: ReceiveDeps, webhookEvent: WebhookEventRecord): Promise<void> {
  try {
    await deps.intake.record({ webhookEvent });
  } catch (error) {
    deps.logger.debug(
      { err: error, webhook_id: webhookEvent.webhookId },
      'could not keep the trace of a refused delivery',
    );
  }
}

/** So that it can be accepted after the secret is corrected. A failure is no reason for a 503 either. */
async function keepRefused(
  deps: ReceiveDeps,
  facts: WebhookEventRecord,
  headers: DeliveryHeaders,
  body: Buffer,
): Promise<void> {
  const { id, tenantId, webhookId, contentType, sourceAddress, requestId, receivedAtMs } = facts;
  try {
    const kept = { id, tenantId, webhookId, contentType, sourceAddress, requestId, receivedAtMs, headers, body };
    await deps.keepRefused(kept);
  } catch (error) {
    deps.logger.debug({ err: error, webhook_id: webhookId }, 'could not keep the body of a refused delivery');
  }
}

/** The facts of any delivery, even a refused one. */
export function factsOf(
  deps: ReceiveDeps,
  webhook: Webhook,
  incoming: DeliveryFacts,
  receivedAtMs: number,
  sizeBytes: number,
): WebhookEventRecord {
  return {
    id: newId(receivedAtMs),
    tenantId: webhook.tenantId,
    webhookId: webhook.id,
    webhookName: webhook.name,
    sourceService: webhook.sourceService,
    eventType: null,
    deliveryId: null,
    bodySha256: null,
    status: 'refused',
    refusalReason: null,
    signatureVerified: false,
    matchedSecret: null,
    sourceAddress: incoming.sourceAddress,
    headers: maskedHeaders(deps, webhook, incoming.headers, receivedAtMs),
    payload: null,
    // Cut to its column, so that the row alone renders the same event.
    contentType: incoming.contentType?.slice(0, 200) ?? null,
    payloadSizeBytes: sizeBytes,
    requestId: incoming.requestId,
    receivedAtMs,
    deliverToTarget: false,
  };
}

/** The signature is masked like a secret: it authenticates this body, and must not be readable. */
function maskedHeaders(
  { masker }: ReceiveDeps,
  webhook: Webhook,
  headers: DeliveryHeaders,
  nowMs: number,
): Record<string, string> {
  const present: Record<string, string> = {};
  const signatureHeader = webhook.schemeSettings.signatureHeader?.toLowerCase();
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    present[name] = name === signatureHeader || name === svixSignatureHeader ? masked : value;
  }
  return masker.headers(present, secretsAt(webhook, nowMs));
}

export function announce(deps: ReceiveDeps, webhook: Webhook, incoming: DeliveryFacts, exceeded: LimitState): void {
  deps.metrics.rateLimitExceeded('webhooks');
  if (!deps.shouldAnnounce(webhook.tenantId, exceeded)) return;
  const event = limitExceededEvent(
    { tenantId: webhook.tenantId, requestId: incoming.requestId, operation: 'webhook' },
    exceeded,
    deps.clock.now(),
  );
  // Not awaited: the sender need not wait for an announcement, and the next second brings another.
  deps.intake
    .record({ events: [{ event }] })
    .catch((error: unknown) => deps.logger.debug({ err: error }, 'could not announce a spent limit'));
}
