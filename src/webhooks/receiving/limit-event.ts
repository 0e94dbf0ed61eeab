import type { TenantId } from '../../ids.ts';
import type { LimitState } from '../../limits/limits.ts';
import type { DurableEvent } from '../../outbox/events.ts';

/** Announces that the tenant's limit of deliveries is spent. */
export function limitExceededEvent(
  tenantId: TenantId,
  correlationId: string,
  { subject, windowType, maxRequests, usedRequests, windowEndMs }: LimitState,
  nowMs: number,
): DurableEvent {
  return {
    type: 'integration.rate_limit.exceeded',
    tenantId,
    serviceName: subject.name,
    correlationId,
    occurredAtMs: nowMs,
    aggregateId: subject.name,
    fields: {
      service_id: null,
      window_type: windowType,
      max_requests: maxRequests,
      current_requests: usedRequests,
      utilization_percent: Math.round((1000 * usedRequests) / Math.max(1, maxRequests)) / 10,
      rate_limit_reset_at: new Date(windowEndMs).toISOString(),
      blocked_operations: ['webhook'],
    },
  };
}
