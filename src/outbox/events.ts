/** The event types, their fields, and which of them are durable. */
import type { TenantId } from '../ids.ts';

/** Written in the transaction of the change that they report, published by the relay, never lost. */
export const durableEventTypes = [
  'integration.service.registered',
  'integration.request.sent',
  'integration.request.completed',
  'integration.request.failed',
  'integration.webhook.received',
  'integration.webhook.delivery_failed',
  'integration.rate_limit.exceeded',
  'integration.health.degraded',
  'integration.health.recovered',
] as const;
/** Published directly from memory; dropped and counted under overload. */
export const telemetryEventTypes = ['integration.cache.hit', 'integration.cache.miss'] as const;
/** All event types. */
export const eventTypes = [...durableEventTypes, ...telemetryEventTypes] as const;

export type DurableEventType = (typeof durableEventTypes)[number];
export type TelemetryEventType = (typeof telemetryEventTypes)[number];
export type EventType = (typeof eventTypes)[number];

/** The own fields of each event type. */
export interface EventFields {
  'integration.service.registered': {
    service_id: string;
    service_type: string;
    display_name: string;
    is_active: boolean;
    priority: number;
    created_by: string | null;
  };
  'integration.request.sent': {
    log_id: string;
    service_id: string | null;
    operation: string;
    endpoint: string | null;
    http_method: string | null;
    request_id: string;
    source_service: string | null;
  };
  'integration.request.completed': {
    log_id: string;
    service_id: string | null;
    operation: string;
    response_status_code: number | null;
    duration_ms: number;
    response_size_bytes: number;
    request_id: string;
    estimated_cost: number;
    cached: boolean;
  };
  'integration.request.failed': {
    log_id: string;
    service_id: string | null;
    operation: string;
    error_message: string;
    error_code: string;
    response_status_code: number | null;
    duration_ms: number;
    retry_count: number;
    request_id: string;
    will_retry: boolean;
  };
  'integration.webhook.received': {
    webhook_id: string;
    webhook_name: string;
    webhook_event_id: string;
    source_service: string;
    webhook_event_type: string | null;
    headers: Readonly<Record<string, string>>;
    /** Sent in the event's `verbatim` members. */
    payload?: never;
    payload_raw_base64?: string;
    payload_url?: string;
    payload_size_bytes: number;
    signature_verified: boolean;
    test?: true;
    received_at: string;
  };
  'integration.webhook.delivery_failed': {
    webhook_id: string;
    webhook_name: string;
    webhook_event_id: string;
    target_url: string;
    attempts: number;
    last_status_code: number | null;
    last_error: string | null;
  };
  'integration.rate_limit.exceeded': {
    service_id: string | null;
    window_type: 'minute' | 'hour' | 'day' | 'month';
    max_requests: number;
    current_requests: number;
    utilization_percent: number;
    rate_limit_reset_at: string;
    blocked_operations: readonly string[];
    /** Set if the provider asked for a pause until `rate_limit_reset_at`; the limit need not be spent. */
    is_pause?: true;
    /** Set if only the share of one replica is spent, because Redis does not decide. */
    replica_share?: {
      max_requests: number;
      current_requests: number;
      because: 'redis_away' | 'redis_returning';
    };
  };
  'integration.cache.hit': {
    cache_key: string;
    operation: string;
    layer: 'memory' | 'redis' | 'postgres' | 'stale';
    cache_age_seconds: number;
    remaining_ttl_seconds: number;
    hit_count: number;
  };
  'integration.cache.miss': { cache_key: string; operation: string; will_populate: boolean };
  'integration.health.degraded': {
    service_id: string;
    health_status: string;
    previous_status: string;
    error_rate_percent: number;
    avg_response_time_ms: number;
    consecutive_failures: number;
    fallback_service_id: string | null;
  };
  'integration.health.recovered': {
    service_id: string;
    health_status: string;
    previous_status: string;
    downtime_seconds: number;
  };
}

/** An event without its id and envelope, which `appendEvent` and the telemetry publisher add. */
export interface IntegrationEvent<Type extends EventType = EventType> {
  readonly type: Type;
  readonly tenantId: TenantId;
  /** The service's name, or the family's name for a limit of a family. */
  readonly serviceName: string;
  /** The id of the request that caused the event. */
  readonly correlationId: string | null;
  /** Unix milliseconds. */
  readonly occurredAtMs: number;
  /** Order is kept per tenant and aggregate: a service id, webhook id or log id. */
  readonly aggregateId: string;
  readonly fields: EventFields[Type];
  /** Further fields as JSON text, which is sent unchanged. */
  readonly verbatim?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export type DurableEvent = { [Type in DurableEventType]: IntegrationEvent<Type> }[DurableEventType];
export type TelemetryEvent = { [Type in TelemetryEventType]: IntegrationEvent<Type> }[TelemetryEventType];
