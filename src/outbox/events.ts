/** The event types, their fields, and which of them are durable. */
import type { TenantId } from '../ids.ts';
import type { EventFields, EventType } from './event-schemas.ts';

export type { EventFields, EventType };

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
] as const satisfies readonly EventType[];
/** Published directly from memory; dropped and counted under overload. */
export const telemetryEventTypes = [
  'integration.cache.hit',
  'integration.cache.miss',
] as const satisfies readonly EventType[];
/** All event types. */
export const eventTypes = [...durableEventTypes, ...telemetryEventTypes] as const;

export type DurableEventType = (typeof durableEventTypes)[number];
export type TelemetryEventType = (typeof telemetryEventTypes)[number];

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
