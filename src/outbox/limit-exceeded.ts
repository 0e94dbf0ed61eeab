import type { TenantId } from '../ids.ts';
import type { DurableEvent, EventFields } from './events.ts';

/** A window of a limit at the time it refused a call. */
export interface SpentLimit {
  readonly subject: { readonly name: string; readonly serviceId: string | null };
  readonly windowType: EventFields['integration.rate_limit.exceeded']['window_type'];
  readonly maxRequests: number;
  readonly usedRequests: number;
  readonly windowEndMs: number;
  /** The provider asked for a pause until `windowEndMs`. */
  readonly isPause?: true;
  /** Set if only the replica's share was spent. */
  readonly share?: { readonly maxRequests: number; readonly usedRequests: number; readonly because: ShareReason };
}

type ShareReason = NonNullable<EventFields['integration.rate_limit.exceeded']['replica_share']>['because'];

/** Creates the event that a limit refused `operation`. */
export function limitExceededEvent(
  refused: { readonly tenantId: TenantId; readonly requestId: string; readonly operation: string },
  { subject, windowType, maxRequests, usedRequests, windowEndMs, share, isPause }: SpentLimit,
  nowMs: number,
): DurableEvent {
  return {
    type: 'integration.rate_limit.exceeded',
    tenantId: refused.tenantId,
    serviceName: subject.name,
    correlationId: refused.requestId,
    occurredAtMs: nowMs,
    aggregateId: subject.serviceId ?? subject.name,
    fields: {
      service_id: subject.serviceId,
      window_type: windowType,
      max_requests: maxRequests,
      current_requests: usedRequests,
      utilization_percent: maxRequests === 0 ? 100 : Math.round((1000 * usedRequests) / maxRequests) / 10,
      rate_limit_reset_at: new Date(windowEndMs).toISOString(),
      blocked_operations: [refused.operation],
      ...(isPause && { is_pause: true }),
      ...(share && {
        replica_share: {
          max_requests: share.maxRequests,
          current_requests: share.usedRequests,
          because: share.because,
        },
      }),
    },
  };
}
