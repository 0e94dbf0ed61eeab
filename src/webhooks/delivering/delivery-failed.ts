import { rowOfMessage, sealEnvelope } from '../../outbox/envelope.ts';
import type { OutboxRow } from '../../storage/tables/outbox-events.ts';
import type { DueDelivery } from '../../storage/tables/webhooks/claim-deliveries.ts';
import type { AttemptOutcome, DeliveryContent } from '../../storage/tables/webhooks/webhook-deliveries.ts';

/** A URL without its query, which may hold secrets. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

/** Fields about a dead delivery, for the log and the event. */
export function failureFields(delivery: DueDelivery, content: DeliveryContent, outcome: AttemptOutcome) {
  return {
    webhook_id: content.webhook_id,
    webhook_name: content.webhook_name,
    webhook_event_id: delivery.webhook_event_id,
    target_url: withoutQuery(content.target_url),
    attempts: delivery.attempt_count + 1,
    last_status_code: outcome.responseStatusCode,
    last_error: outcome.errorMessage,
  };
}

/**
 * `integration.webhook.delivery_failed`, written together with the attempt that makes a delivery dead; null for all
 * other attempts.
 */
export function deliveryFailedRow(
  delivery: DueDelivery,
  content: DeliveryContent,
  outcome: AttemptOutcome,
  nowMs: number,
): OutboxRow | null {
  if (outcome.next.state !== 'dead') return null;
  const message = sealEnvelope({
    type: 'integration.webhook.delivery_failed',
    tenantId: delivery.management_company_id,
    serviceName: content.source_service,
    correlationId: content.request_id,
    occurredAtMs: nowMs,
    aggregateId: content.webhook_id,
    fields: failureFields(delivery, content, outcome),
    ...(outcome.switchesOff === null ? {} : { metadata: { target_switched_off: outcome.switchesOff } }),
  });
  return rowOfMessage(message);
}
