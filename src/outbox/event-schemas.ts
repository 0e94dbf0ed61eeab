/**
 * JSON Schemas of the events' own fields, for `/asyncapi.json`. The compiler checks that each field of `EventFields`
 * has one.
 */
import type { EventFields, EventType } from './events.ts';

export type FieldSchema = Readonly<Record<string, unknown>>;

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const integer = { type: 'integer' };
const integerOrNull = { type: ['integer', 'null'] };
const number = { type: 'number' };
const flag = { type: 'boolean' };
const uuid = { type: 'string', format: 'uuid' };
const uuidOrNull = { type: ['string', 'null'], format: 'uuid' };
const time = { type: 'string', format: 'date-time' };

/** Fields that a type may leave out. */
export const optionalFields: ReadonlySet<string> = new Set([
  'payload_url',
  'payload_raw_base64',
  'test',
  'is_pause',
  'replica_share',
]);

const summaries: { readonly [Type in EventType]: string } = {
  'integration.service.registered': 'A service was configured.',
  'integration.request.sent': 'A request is sent to a provider.',
  'integration.request.completed': 'A provider answered.',
  'integration.request.failed': 'A provider gave no usable answer.',
  'integration.webhook.received': 'A delivery was received and accepted.',
  'integration.webhook.delivery_failed':
    'A delivery to a target ran out of attempts. If the target was switched off as well, `metadata.target_switched_off` says why.',
  'integration.rate_limit.exceeded':
    'A limit refused a call (only the share of one replica if `replica_share` is set; the provider’s own pause if `is_pause` is), or a budget (`metadata.kind` is `budget`, amounts in US cents) has reached 50, 80 or 100 per cent. `service_id` is null for a limit of a whole family, and for a budget over all services.',
  'integration.cache.hit': 'An answer came from a cache. Telemetry: may be dropped under load.',
  'integration.cache.miss': 'No cache had the answer. Telemetry: may be dropped under load.',
  'integration.health.degraded': 'A service got worse.',
  'integration.health.recovered': 'A service is healthy again.',
};

const fields = {
  'integration.service.registered': {
    service_id: uuid,
    service_type: text,
    display_name: text,
    is_active: flag,
    priority: integer,
    created_by: textOrNull,
  },
  'integration.request.sent': {
    log_id: uuid,
    service_id: uuidOrNull,
    operation: text,
    endpoint: textOrNull,
    http_method: textOrNull,
    request_id: text,
    source_service: textOrNull,
  },
  'integration.request.completed': {
    log_id: uuid,
    service_id: uuidOrNull,
    operation: text,
    response_status_code: integerOrNull,
    duration_ms: number,
    response_size_bytes: integer,
    request_id: text,
    estimated_cost: { ...number, description: 'USD' },
    cached: flag,
  },
  'integration.request.failed': {
    log_id: uuid,
    service_id: uuidOrNull,
    operation: text,
    error_message: text,
    error_code: text,
    response_status_code: integerOrNull,
    duration_ms: number,
    retry_count: integer,
    request_id: text,
    will_retry: { ...flag, description: 'Whether another provider is asked next.' },
  },
  'integration.webhook.received': {
    webhook_id: uuid,
    webhook_name: text,
    webhook_event_id: uuid,
    source_service: text,
    webhook_event_type: textOrNull,
    payload: {
      description:
        'The JSON exactly as it was sent, or other text as a string. Null if it is neither, or larger than 256 KiB.',
    },
    payload_raw_base64: {
      type: 'string',
      description:
        'The bytes as they were sent: with `include_raw`, and if `payload` does not preserve them (another charset, a ' +
        'content encoding, JSON over 200 levels deep, binary data).',
    },
    payload_url: { type: 'string', format: 'uri', description: 'Where to download a payload over 256 KiB.' },
    headers: { type: 'object', additionalProperties: text, description: 'Names in lower case; secrets are masked.' },
    payload_size_bytes: integer,
    signature_verified: flag,
    test: { ...flag, description: 'Set for a test event.' },
    received_at: time,
  },
  'integration.webhook.delivery_failed': {
    webhook_id: uuid,
    webhook_name: text,
    webhook_event_id: uuid,
    target_url: { ...text, description: 'Without its query.' },
    attempts: integer,
    last_status_code: integerOrNull,
    last_error: textOrNull,
  },
  'integration.rate_limit.exceeded': {
    service_id: uuidOrNull,
    window_type: { type: 'string', enum: ['minute', 'hour', 'day', 'month'] },
    max_requests: integer,
    current_requests: integer,
    utilization_percent: number,
    rate_limit_reset_at: time,
    blocked_operations: { type: 'array', items: text },
    is_pause: {
      ...flag,
      description: 'Set if the provider asked for a pause until `rate_limit_reset_at`: the limit need not be spent.',
    },
    replica_share: {
      type: 'object',
      description:
        'Set if only the share of one replica is spent, because Redis is away or has just returned. The other ' +
        'members are then what that replica knows about the whole limit.',
      properties: {
        max_requests: integer,
        current_requests: integer,
        because: { type: 'string', enum: ['redis_away', 'redis_returning'] },
      },
      required: ['max_requests', 'current_requests', 'because'],
    },
  },
  'integration.cache.hit': {
    cache_key: text,
    operation: text,
    layer: { type: 'string', enum: ['memory', 'redis', 'postgres', 'stale'] },
    cache_age_seconds: number,
    remaining_ttl_seconds: number,
    hit_count: integer,
  },
  'integration.cache.miss': { cache_key: text, operation: text, will_populate: flag },
  'integration.health.degraded': {
    service_id: uuid,
    health_status: text,
    previous_status: text,
    error_rate_percent: number,
    avg_response_time_ms: number,
    consecutive_failures: integer,
    fallback_service_id: uuidOrNull,
  },
  'integration.health.recovered': {
    service_id: uuid,
    health_status: text,
    previous_status: text,
    downtime_seconds: number,
  },
} satisfies { readonly [Type in EventType]: { readonly [Field in keyof Required<EventFields[Type]>]: FieldSchema } };

/** Members that every event has besides its own fields. */
export const envelopeFields: Readonly<Record<string, FieldSchema>> = {
  event_id: { ...uuid, description: 'Use it to de-duplicate: an event may arrive more than once.' },
  event_type: text,
  timestamp: time,
  management_company_id: { ...text, description: 'The tenant.' },
  service_name: { ...text, description: 'The service, or the family for a limit of the whole family.' },
  correlation_id: { ...textOrNull, description: 'The id of the request that caused the event.' },
  metadata: { type: 'object' },
};

/** The schemas of the type's own fields. */
export function fieldsOf(type: EventType): Readonly<Record<string, FieldSchema>> {
  return fields[type];
}

/** One sentence that says when the event is published. */
export function summaryOf(type: EventType): string {
  return summaries[type];
}
