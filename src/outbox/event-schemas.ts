/** The events' own fields: their JSON Schemas, for `/asyncapi.json`, and the types of their values. */

export type FieldSchema = Readonly<Record<string, unknown>>;
/** The schema of a field whose values have this type. */
type Field<Value> = FieldSchema & { readonly '~value'?: Value };

const field = <Value>(schema: FieldSchema): Field<Value> => schema;
const described = <Value>(schema: Field<Value>, description: string): Field<Value> => ({ ...schema, description });
const words = <const Word extends string>(...choices: readonly Word[]) =>
  field<Word>({ type: 'string', enum: choices });

const text = field<string>({ type: 'string' });
const textOrNull = field<string | null>({ type: ['string', 'null'] });
const integer = field<number>({ type: 'integer' });
const integerOrNull = field<number | null>({ type: ['integer', 'null'] });
const number = field<number>({ type: 'number' });
const flag = field<boolean>({ type: 'boolean' });
const onlyTrue = field<true>({ type: 'boolean' });
const uuid = field<string>({ type: 'string', format: 'uuid' });
const uuidOrNull = field<string | null>({ type: ['string', 'null'], format: 'uuid' });
const time = field<string>({ type: 'string', format: 'date-time' });

const mayBeLeftOut = ['payload_url', 'payload_raw_base64', 'test', 'is_pause', 'replica_share'] as const;
/** Fields that a type may leave out. */
export const optionalFields: ReadonlySet<string> = new Set(mayBeLeftOut);

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
    estimated_cost: described(number, 'USD'),
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
    will_retry: described(flag, 'Whether another provider is asked next.'),
  },
  'integration.webhook.received': {
    webhook_id: uuid,
    webhook_name: text,
    webhook_event_id: uuid,
    source_service: text,
    webhook_event_type: textOrNull,
    // Sent in the event's `verbatim` members.
    payload: field<never>({
      description:
        'The JSON exactly as it was sent, or other text as a string. Null if it is neither, or larger than 256 KiB.',
    }),
    payload_raw_base64: described(
      text,
      'The bytes as they were sent: with `include_raw`, and if `payload` does not preserve them (another charset, a ' +
        'content encoding, JSON over 200 levels deep, binary data).',
    ),
    payload_url: field<string>({
      type: 'string',
      format: 'uri',
      description: 'Where to download a payload over 256 KiB.',
    }),
    headers: field<Readonly<Record<string, string>>>({
      type: 'object',
      additionalProperties: text,
      description: 'Names in lower case; secrets are masked.',
    }),
    payload_size_bytes: integer,
    signature_verified: flag,
    test: described(onlyTrue, 'Set for a test event.'),
    received_at: time,
  },
  'integration.webhook.delivery_failed': {
    webhook_id: uuid,
    webhook_name: text,
    webhook_event_id: uuid,
    target_url: described(text, 'Without its query.'),
    attempts: integer,
    last_status_code: integerOrNull,
    last_error: textOrNull,
  },
  'integration.rate_limit.exceeded': {
    service_id: uuidOrNull,
    window_type: words('minute', 'hour', 'day', 'month'),
    max_requests: integer,
    current_requests: integer,
    utilization_percent: number,
    rate_limit_reset_at: time,
    blocked_operations: field<readonly string[]>({ type: 'array', items: text }),
    is_pause: described(
      onlyTrue,
      'Set if the provider asked for a pause until `rate_limit_reset_at`: the limit need not be spent.',
    ),
    replica_share: field<{
      max_requests: number;
      current_requests: number;
      because: 'redis_away' | 'redis_returning';
    }>({
      type: 'object',
      description:
        'Set if only the share of one replica is spent, because Redis is away or has just returned. The other ' +
        'members are then what that replica knows about the whole limit.',
      properties: {
        max_requests: integer,
        current_requests: integer,
        because: words('redis_away', 'redis_returning'),
      },
      required: ['max_requests', 'current_requests', 'because'],
    }),
  },
  'integration.cache.hit': {
    cache_key: text,
    operation: text,
    layer: words('memory', 'redis', 'postgres', 'stale'),
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
};

export type EventType = keyof typeof fields;
type ValueOf<Schema> = Schema extends Field<infer Value> ? Value : never;
type LeftOut = (typeof mayBeLeftOut)[number] | 'payload';
type ValuesOf<Fields> = { [Name in Exclude<keyof Fields, LeftOut>]: ValueOf<Fields[Name]> } & {
  [Name in Extract<keyof Fields, LeftOut>]?: ValueOf<Fields[Name]>;
};
/** The own fields of each event type. */
export type EventFields = { [Type in EventType]: ValuesOf<(typeof fields)[Type]> };

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

/** Members that every event has besides its own fields. */
export const envelopeFields: Readonly<Record<string, FieldSchema>> = {
  event_id: described(uuid, 'Use it to de-duplicate: an event may arrive more than once.'),
  event_type: text,
  timestamp: time,
  management_company_id: described(text, 'The tenant.'),
  service_name: described(text, 'The service, or the family for a limit of the whole family.'),
  correlation_id: described(textOrNull, 'The id of the request that caused the event.'),
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
