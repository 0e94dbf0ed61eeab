/** The webhooks API as it is checked and described. */
import Type, { type Static } from 'typebox';
import { targetStates, webhookEventStatuses } from '../../../storage/tables/webhooks/webhook-events.ts';
import { longestGraceSeconds } from '../../../webhooks/managing/manage-webhooks.ts';
import { longestDuplicateWindowSeconds } from '../../../webhooks/managing/present-webhook.ts';
import { signatureSchemes } from '../../../webhooks/receiving/verify-signature.ts';
import { duplicateRules } from '../../../webhooks/source.ts';
import { cursorSchema, limitSchema, timeSchema } from '../../request/query-values.ts';

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const uuid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' });
const literals = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));
const secret = Type.String({ minLength: 1, maxLength: 500, description: 'Write-only.' });
const place = Type.String({ maxLength: 210, description: '`header:Name` or `body:a.b`.' });

const webhookName = Type.String({ minLength: 1, maxLength: 200 });
const sourceService = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$', examples: ['github', 'custom'] });

const headerName = Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$" });

const scalar = Type.Union([Type.String({ maxLength: 1000 }), Type.Number(), Type.Boolean(), Type.Null()]);

/** What is shown of a target and not set may be sent back. */
const targetSchema = Type.Object(
  {
    id: Type.Optional(uuid),
    url: Type.String({ minLength: 1, maxLength: 2048 }),
    event_types: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 200 }),
    ),
    conditions: Type.Optional(
      Type.Array(
        Type.Object(
          {
            path: Type.String({ minLength: 1, maxLength: 300, description: '`data.status`, `$.items[0].kind`.' }),
            equals: Type.Optional(scalar),
            in: Type.Optional(Type.Array(scalar, { minItems: 1, maxItems: 100 })),
            exists: Type.Optional(Type.Boolean()),
          },
          { additionalProperties: false },
        ),
        { maxItems: 20 },
      ),
    ),
    headers: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 2000 }), { maxProperties: 20 })),
    timeout_seconds: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 60 }))),
    max_attempts: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 11 }))),
    ordered: Type.Optional(Type.Boolean()),
    paused: Type.Optional(Type.Boolean()),
    ...Object.fromEntries(
      ['off_at', 'off_reason', 'previous_secret_until'].map((name) => [name, Type.Optional(Type.Unknown())]),
    ),
  },
  { additionalProperties: false },
);
export type TargetBody = Static<typeof targetSchema>;

const settable = {
  source_service_id: Type.Optional(nullable(uuid)),
  event_types: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: 200 })),
  allowed_ips: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 50 }), {
      maxItems: 500,
      description: 'Addresses and CIDRs; `published` becomes the ranges that Stripe or Telegram publish.',
    }),
  ),
  signature_header: Type.Optional(nullable(headerName)),
  signature_scheme: Type.Optional(literals(signatureSchemes)),
  signed_template: Type.Optional(
    nullable(
      Type.String({
        minLength: 1,
        maxLength: 500,
        description:
          'What the signature covers: `{body}`, `{timestamp}`, `{url}`, `{header:Name}` and text between them.',
        examples: ['v0:{timestamp}:{body}'],
      }),
    ),
  ),
  timestamp_header: Type.Optional(nullable(headerName)),
  tolerance_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
  max_payload_size_bytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 104_857_600 })),
  target_url: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 2048 }))),
  over_limit_policy: Type.Optional(literals(['reject', 'defer'])),
  is_active: Type.Optional(Type.Boolean()),
  event_type_from: Type.Optional(nullable(place)),
  delivery_id_from: Type.Optional(nullable(place)),
  duplicate_by: Type.Optional(
    Type.Union(
      duplicateRules.map((rule) => Type.Literal(rule)),
      {
        default: 'delivery_id',
        description:
          '`delivery_id_or_body`: a body that was taken within the window is a duplicate under any id. For senders whose ' +
          'signature does not cover the id. `none`: every delivery is a new one.',
      },
    ),
  ),
  duplicate_window_seconds: Type.Optional(
    Type.Integer({ minimum: 60, maximum: longestDuplicateWindowSeconds, default: longestDuplicateWindowSeconds }),
  ),
  ordered: Type.Optional(
    Type.Boolean({ description: 'One delivery to the target after the other, in the order of arrival.' }),
  ),
  target_paused: Type.Optional(Type.Boolean({ description: 'Deliveries to the target wait, in order.' })),
  target_timeout_seconds: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 60 }))),
  target_headers: Type.Optional(
    Type.Record(Type.String(), Type.String({ maxLength: 2000 }), {
      maxProperties: 20,
      description: 'Further headers of deliveries to the target. Their values are shown masked; a masked one stays.',
    }),
  ),
  targets: Type.Optional(
    Type.Array(targetSchema, { maxItems: 10, description: 'Further targets, beside `target_url`.' }),
  ),
  include_raw: Type.Optional(
    Type.Boolean({ description: 'Events bear the bytes as they were sent, in `payload_raw_base64`.' }),
  ),
  collector: Type.Optional(
    nullable(
      Type.Object(
        {
          base_url: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 2048 }))),
          repository: Type.Optional(
            nullable(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,100}(/[A-Za-z0-9_.-]{1,100})?$' })),
          ),
          hook_id: Type.Optional(nullable(Type.Integer({ minimum: 1 }))),
          token: Type.Optional(secret),
          last_round: Type.Optional(Type.Unknown()),
        },
        { additionalProperties: false, description: 'Asks the sender for deliveries that were missed.' },
      ),
    ),
  ),
  secret_key: Type.Optional(secret),
  target_secret: Type.Optional(secret),
  verify_token: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'Write-only. What Meta shows when the URL is set.' }),
  ),
};

/** What the service shows and nobody sets. A body may carry them, so that what was read can be sent back. */
const readOnly = Object.fromEntries(
  [
    'id',
    'management_company_id',
    'webhook_url',
    'has_secret_key',
    'has_verify_token',
    'previous_secret_until',
    'previous_target_secret_until',
    'target_off_at',
    'target_off_reason',
    'target_count',
    'target_secrets',
    'retried_count',
    'last_received_at',
    'total_received',
    'total_successful',
    'total_failed',
    'created_by',
    'created_at',
    'updated_at',
  ].map((name) => [name, Type.Optional(Type.Unknown())]),
);

/** POST and PUT. */
export const webhookBodySchema = Type.Object(
  { webhook_name: webhookName, source_service: Type.Optional(sourceService), ...settable, ...readOnly },
  {
    additionalProperties: false,
    examples: [{ webhook_name: 'our repositories', source_service: 'github', event_types: ['issues', 'pull_request'] }],
  },
);
export type WebhookBody = Static<typeof webhookBodySchema>;

export const webhookPatchSchema = Type.Object(
  {
    webhook_name: Type.Optional(webhookName),
    source_service: Type.Optional(sourceService),
    ...settable,
    ...readOnly,
  },
  { additionalProperties: false, examples: [{ event_types: ['*'] }] },
);
export type WebhookPatch = Static<typeof webhookPatchSchema>;

export const rotateSecretSchema = Type.Union(
  [
    Type.Object(
      {
        grace_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: longestGraceSeconds, default: 86_400 })),
        secret_key: Type.Optional(secret),
      },
      { additionalProperties: false },
    ),
    Type.Null(),
  ],
  { examples: [{ grace_seconds: 86_400 }] },
);

export const idParamsSchema = Type.Object({ id: Type.String() });

export const webhooksQuerySchema = Type.Object(
  { cursor: Type.Optional(cursorSchema), limit: Type.Optional(limitSchema(1000, 100)) },
  { additionalProperties: false },
);

const eventFilter = {
  webhook_id: Type.Optional(uuid),
  source: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  status: Type.Optional(literals(webhookEventStatuses)),
  event_type: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: '`issues` also finds `issues.opened`, and `issue*` all that begin so.',
    }),
  ),
  delivery_id: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: "The sender's own id, as `X-GitHub-Delivery`." }),
  ),
  delivery_status: Type.Optional(literals(targetStates)),
  payload_contains: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Stands in the payload as it was sent. Needs from_date, and at most 31 days.',
    }),
  ),
  from_date: Type.Optional(timeSchema('Received at or after it.')),
  to_date: Type.Optional(timeSchema('Received before it; a day alone is taken in whole.')),
};

export const eventsQuerySchema = Type.Object(
  { ...eventFilter, cursor: Type.Optional(cursorSchema), limit: Type.Optional(limitSchema(1000, 100)) },
  { additionalProperties: false },
);
export type EventsQuery = Static<typeof eventsQuerySchema>;

const retryTo = Type.Optional(
  Type.Union([Type.Literal('all'), Type.Literal('target')], {
    default: 'all',
    description: '`target`: to the target alone, not over the bus.',
  }),
);

export const redriveSchema = Type.Object(
  {
    ...eventFilter,
    all: Type.Optional(Type.Literal(true, { description: 'Every event: in place of a filter.' })),
    to: retryTo,
    cursor: Type.Optional(cursorSchema),
  },
  { additionalProperties: false, examples: [{ delivery_status: 'dead' }] },
);

export const retryBodySchema = Type.Union(
  [Type.Object({ to: retryTo }, { additionalProperties: false }), Type.Null()],
  { examples: [{ to: 'target' }] },
);

const time = Type.String({ format: 'date-time' });
const anyObject = Type.Object({}, { additionalProperties: true });

/** `WebhookConfig`. */
export const webhookSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  management_company_id: Type.String(),
  webhook_name: Type.String(),
  webhook_url: Type.String({ description: 'Holds the token: give it to the sender alone.' }),
  source_service: Type.String(),
  source_service_id: nullable(Type.String()),
  event_types: Type.Array(Type.String()),
  allowed_ips: Type.Array(Type.String()),
  signature_header: nullable(Type.String()),
  signature_scheme: literals(signatureSchemes),
  signed_template: nullable(Type.String()),
  timestamp_header: nullable(Type.String()),
  has_secret_key: Type.Boolean(),
  has_verify_token: Type.Boolean(),
  previous_secret_until: nullable(time),
  tolerance_seconds: Type.Integer(),
  max_payload_size_bytes: Type.Integer(),
  target_url: nullable(Type.String()),
  target_paused: Type.Boolean({ description: 'By hand, or because it was switched off by itself.' }),
  target_off_at: nullable(time),
  target_off_reason: nullable(Type.String({ description: '`gone` (410), or `failing` for three days.' })),
  target_timeout_seconds: nullable(Type.Integer()),
  target_headers: anyObject,
  targets: Type.Array(anyObject),
  target_count: Type.Integer({ description: 'With `target_url`.' }),
  previous_target_secret_until: nullable(time),
  over_limit_policy: literals(['reject', 'defer']),
  event_type_from: nullable(Type.String()),
  delivery_id_from: nullable(Type.String()),
  duplicate_by: literals(duplicateRules),
  duplicate_window_seconds: Type.Integer(),
  ordered: Type.Boolean(),
  include_raw: Type.Boolean(),
  collector: nullable(anyObject),
  is_active: Type.Boolean(),
  last_received_at: nullable(time),
  total_received: Type.Integer(),
  total_successful: Type.Integer(),
  total_failed: Type.Integer(),
  created_by: nullable(Type.String()),
  created_at: time,
  updated_at: time,
  retried_count: Type.Optional(
    Type.Integer({ description: 'Of `resume-target`: what was given up and is sent again.' }),
  ),
  secret_key: Type.Optional(Type.String({ description: 'Only where it was made just now: shown this once.' })),
  target_secrets: Type.Optional(
    Type.Object(
      {},
      { additionalProperties: Type.String(), description: 'Of new `targets`, by their ids: shown once.' },
    ),
  ),
  verify_token: Type.Optional(Type.String({ description: 'Only where it was made just now: shown this once.' })),
  target_secret: Type.Optional(Type.String({ description: 'Signs deliveries to the target: shown once.' })),
});

/** What a sender gets. */
export const receptionSchema = Type.Union([
  Type.Object({
    status: literals(['accepted', 'duplicate']),
    event_id: Type.String({
      format: 'uuid',
      description: 'Of a duplicate: the first one. Under `/webhooks/events/{id}`.',
    }),
  }),
  Type.Object({ status: Type.Literal('ignored', { description: 'Its type is not among `event_types`.' }) }),
]);

const targetId = Type.Optional(
  Type.String({ ...uuid, description: 'One of `targets`; the webhook’s own id is `target_url`.' }),
);

export const pauseTargetSchema = Type.Union(
  [Type.Object({ target_id: targetId }, { additionalProperties: false }), Type.Null()],
  { examples: [{}] },
);

export const rotateTargetSecretSchema = Type.Union(
  [
    Type.Object(
      {
        grace_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: longestGraceSeconds, default: 86_400 })),
        target_id: targetId,
      },
      { additionalProperties: false },
    ),
    Type.Null(),
  ],
  { examples: [{ grace_seconds: 86_400 }] },
);

export const rotatedTargetSecretSchema = Type.Object({
  target_secret: Type.String({ description: 'Shown this once.' }),
  previous_target_secret_until: nullable(time),
});

export const resumeTargetSchema = Type.Union(
  [
    Type.Object(
      {
        target_id: targetId,
        retry_dead: Type.Optional(
          Type.Boolean({
            description: 'What was given up is sent too. Usual where the target was switched off by itself.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    Type.Null(),
  ],
  { examples: [{ retry_dead: true }] },
);

export const explainSchema = Type.Object(
  {
    headers: Type.Record(Type.String({ maxLength: 200 }), Type.String({ maxLength: 16_384 })),
    body: Type.Optional(Type.String()),
    body_base64: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' })),
  },
  {
    additionalProperties: false,
    examples: [{ headers: { 'x-webhook-signature': 'sha256=00' }, body: '{"type":"order.paid"}' }],
  },
);

export const explanationSchema = Type.Object({
  matches: Type.Boolean(),
  scheme: literals(signatureSchemes),
  checked: Type.Array(Type.Object({ secret: literals(['current', 'previous']), matches: Type.Boolean() })),
  hints: Type.Array(Type.String()),
});

export const rotatedSecretSchema = Type.Object({
  secret_key: Type.String({ description: 'Shown this once.' }),
  previous_secret_until: nullable(time),
});

export const rotatedTokenSchema = Type.Object({
  webhook_url: Type.String({ description: 'Holds the new token: give it to the sender alone.' }),
});

export const webhookListSchema = Type.Object({
  webhooks: Type.Array(webhookSchema),
  total: Type.Integer(),
  next_cursor: nullable(Type.String()),
});

/** Of `GET /webhooks/sources`. */
export const sourceListSchema = Type.Object({
  sources: Type.Array(
    Type.Object({
      source_service: Type.String(),
      title: Type.String(),
      documentation_url: nullable(Type.String()),
      set_up: Type.String({ description: 'What to do on the sender’s side.' }),
      signature_scheme: literals(signatureSchemes),
      signature_header: nullable(Type.String()),
      signed_template: nullable(Type.String()),
      timestamp_header: nullable(Type.String()),
      tolerance_seconds: Type.Integer(),
      secret_from: literals(['us', 'sender', 'none']),
      has_verify_token: Type.Boolean(),
      event_type_from: Type.Array(Type.String()),
      delivery_id_from: Type.Array(Type.String({ description: 'Without any, the hash of the body.' })),
      duplicate_by: literals(duplicateRules),
      max_payload_size_bytes: Type.Integer(),
      over_limit_policy: literals(['reject', 'defer']),
      published_ranges: Type.Array(Type.String()),
      handshake: nullable(Type.String()),
      retries: Type.Object({ timeout_seconds: nullable(Type.Integer()), description: Type.String() }),
      sample: Type.Object({ content_type: Type.String(), headers: anyObject, body: Type.String() }),
    }),
  ),
});

const target = nullable(
  Type.Object({
    status: literals(targetStates),
    attempt_count: Type.Integer(),
    next_attempt_at: nullable(time),
    last_error: nullable(Type.String()),
  }),
);

const eventMembers = {
  id: Type.String({ format: 'uuid' }),
  webhook_id: Type.String(),
  webhook_name: Type.String(),
  source_service: Type.String(),
  event_type: nullable(Type.String()),
  delivery_id: nullable(Type.String()),
  status: literals(webhookEventStatuses),
  refusal_reason: nullable(Type.String()),
  signature_verified: Type.Boolean(),
  matched_secret: nullable(literals(['current', 'previous'])),
  source_address: nullable(Type.String()),
  content_type: nullable(Type.String()),
  payload_size_bytes: Type.Integer(),
  request_id: nullable(
    Type.String({ description: 'The `X-Request-Id` of the answer, and its event’s `correlation_id`.' }),
  ),
  received_at: time,
  is_test: Type.Boolean(),
  is_published: Type.Boolean(),
  target,
};

export const eventListSchema = Type.Object({
  events: Type.Array(Type.Object(eventMembers)),
  next_cursor: nullable(Type.String()),
});

export const wholeEventSchema = Type.Object({
  ...eventMembers,
  headers: Type.Object({}, { additionalProperties: Type.String(), description: 'Secrets and signatures are masked.' }),
  payload: Type.Unknown({ description: 'JSON to the last digit as it was sent, or other text as a string.' }),
  payload_base64: nullable(Type.String({ description: 'The bytes, where `payload` does not give them back.' })),
  targets: Type.Array(
    Type.Object({
      target_id: Type.String({ description: 'The webhook’s own id for its `target_url`.' }),
      status: literals(targetStates),
      attempt_count: Type.Integer(),
      next_attempt_at: nullable(time),
      last_error: nullable(Type.String()),
    }),
  ),
  attempts: Type.Array(
    Type.Object({
      id: Type.String(),
      attempt: Type.Integer(),
      started_at: time,
      duration_ms: nullable(Type.Integer()),
      response_status_code: nullable(Type.Integer()),
      response_headers: nullable(anyObject),
      response_body: nullable(Type.String()),
      error_message: nullable(Type.String()),
    }),
  ),
});

export const retrySchema = Type.Object({
  event_id: Type.String(),
  published_event_id: nullable(
    Type.String({ description: 'The event on the bus: a new one, so that consumers take it. Null with `to: target`.' }),
  ),
  is_delivered_again: Type.Boolean({ description: 'Whether it also goes to the target again.' }),
});

export const redriveAnswerSchema = Type.Object({
  retried_count: Type.Integer(),
  is_complete: Type.Boolean(),
  next_cursor: Type.Optional(
    Type.String({ description: 'Where there is more: with the same filter, goes on where this call ended.' }),
  ),
});

export const webhooksHealthSchema = Type.Object({
  status: literals(['healthy', 'degraded']),
  webhooks: Type.Object({ total: Type.Integer(), active: Type.Integer() }),
  last_received_at: nullable(time),
  targets: Type.Object({
    pending: Type.Integer(),
    dead: Type.Integer(),
    oldest_pending_age_seconds: Type.Integer(),
  }),
});
