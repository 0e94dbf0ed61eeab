/**
 * Renders the events of facts from their rows: after the commit, or, after a crash, by another process that reads the
 * table. Both give the same bytes and the same ids.
 */
import type { TenantId } from '../ids.ts';
import type { CallFact } from '../storage/tables/facts.ts';
import type { OutboxMessage } from './envelope.ts';
import { sealEnvelope } from './envelope.ts';

/** The events of one call: `sent`, then `completed` or `failed`. */
export const numbersOfCall = 2;

/** Renders the two events of a call. `number` is the number in the row, which is the second event's. */
export function messagesOfCall(row: CallFact, number: number): readonly [OutboxMessage, OutboxMessage] {
  const envelope = {
    tenantId: row.management_company_id as TenantId,
    serviceName: row.service_name,
    correlationId: row.request_id,
    aggregateId: row.service_id ?? row.service_name,
  };
  const sent = sealEnvelope(
    {
      ...envelope,
      type: 'integration.request.sent',
      occurredAtMs: Date.parse(row.started_at),
      fields: {
        log_id: row.id,
        service_id: row.service_id,
        operation: row.operation,
        endpoint: row.endpoint,
        http_method: row.http_method,
        request_id: row.request_id,
        source_service: row.source_service,
      },
    },
    { id: eventIdOf(row.id, 'sent'), factNumber: number - 1 },
  );
  return [sent, outcomeOf(row, envelope, number)];
}

type CallEnvelope = { tenantId: TenantId; serviceName: string; correlationId: string; aggregateId: string };

function outcomeOf(row: CallFact, envelope: CallEnvelope, factNumber: number): OutboxMessage {
  const id = eventIdOf(row.id, 'outcome');
  const occurredAtMs = Date.parse(row.completed_at);
  const common = {
    log_id: row.id,
    service_id: row.service_id,
    operation: row.operation,
    response_status_code: row.response_status_code,
    duration_ms: row.duration_ms,
    request_id: row.request_id,
  };
  if (row.error_code === null) {
    const fields = {
      ...common,
      response_size_bytes: Number(row.response_size_bytes ?? 0),
      estimated_cost: row.estimated_cost,
      cached: false,
    };
    return sealEnvelope(
      { ...envelope, type: 'integration.request.completed', occurredAtMs, fields },
      { id, factNumber },
    );
  }
  const fields = {
    ...common,
    error_message: row.error_message ?? '',
    error_code: row.error_code,
    retry_count: row.retry_count,
    will_retry: row.will_retry === true,
  };
  return sealEnvelope({ ...envelope, type: 'integration.request.failed', occurredAtMs, fields }, { id, factNumber });
}

/**
 * Derives the event's id from the fact's: a version 8 UUID (RFC 9562: application-defined) whose last digit differs
 * between the two events of a call. Rendering the row again gives the same id, so consumers recognise the event.
 */
function eventIdOf(factId: string, event: 'sent' | 'outcome'): string {
  const lastDigit = Number.parseInt(factId.slice(35), 16) ^ (event === 'sent' ? 0 : 8);
  return `${factId.slice(0, 14)}8${factId.slice(15, 35)}${lastDigit.toString(16)}`;
}
