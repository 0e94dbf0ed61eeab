/** Schemas for received events: search, details and redelivery. */
import Type, { type Static } from 'typebox';
import { nullable, oneOf } from '../../../schema-parts.ts';
import { targetStates, webhookEventStatuses } from '../../../storage/tables/webhooks/webhook-events.ts';
import { retryRefusalReasons } from '../../../webhooks/managing/retry-plan.ts';
import { cursorSchema, limitSchema, timeSchema } from '../../request/query-values.ts';
import { anyObject, time, uuid } from './schema-parts.ts';

export const eventFilter = {
  webhook_id: Type.Optional(uuid),
  source: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  status: Type.Optional(oneOf(webhookEventStatuses)),
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
  delivery_status: Type.Optional(oneOf(targetStates)),
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

export const retryTo = Type.Optional(
  oneOf(['all', 'target', 'failed'], {
    default: 'all',
    description:
      '`all`: over the bus and to every target that wants it. `target`: to the targets alone. `failed`: to those targets alone that did not take it.',
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

const retryObject = Type.Object(
  {
    to: retryTo,
    target_id: Type.Optional(
      Type.String({
        format: 'uuid',
        description: 'To this target alone; the webhook’s own id stands for its `target_url`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export const retryBodySchema = nullable(retryObject, { examples: [{ to: 'target' }] });
export type RetryBody = Static<typeof retryObject>;

/** The reply that a sender gets. */
export const receptionSchema = Type.Union([
  Type.Object({
    status: oneOf(['accepted', 'duplicate']),
    event_id: Type.String({
      format: 'uuid',
      description: 'Of a duplicate: the first one. Under `/webhooks/events/{id}`.',
    }),
  }),
  Type.Object({ status: Type.Literal('ignored', { description: 'Its type is not among `event_types`.' }) }),
]);

const target = nullable(
  Type.Object({
    status: oneOf(targetStates),
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
  status: oneOf(webhookEventStatuses),
  refusal_reason: nullable(Type.String()),
  signature_verified: Type.Boolean(),
  matched_secret: nullable(oneOf(['current', 'previous'])),
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

const retryTarget = {
  target_id: Type.String({ description: 'The webhook’s own id for its `target_url`.' }),
  target_url: Type.String({ description: 'Without its query.' }),
  is_paused: Type.Boolean({ description: 'What is sent waits until the target is resumed.' }),
};

export const wholeEventSchema = Type.Object({
  ...eventMembers,
  headers: Type.Object({}, { additionalProperties: Type.String(), description: 'Secrets and signatures are masked.' }),
  payload: Type.Unknown({ description: 'JSON to the last digit as it was sent, or other text as a string.' }),
  payload_base64: nullable(Type.String({ description: 'The bytes, where `payload` does not give them back.' })),
  retry: Type.Object(
    {
      is_possible: Type.Boolean(),
      reason: nullable(oneOf(retryRefusalReasons)),
      message: nullable(Type.String()),
      message_ru: nullable(Type.String()),
      targets: Type.Array(Type.Object({ ...retryTarget, status: nullable(oneOf(targetStates)) })),
    },
    { description: 'Whether it can be sent again, and to whom; where not, why.' },
  ),
  targets: Type.Array(
    Type.Object({
      ...retryTarget,
      target_url: nullable(Type.String({ description: 'Without its query; null where the target was removed.' })),
      status: oneOf(targetStates),
      attempt_count: Type.Integer(),
      sent_again_count: Type.Integer({ description: 'How often somebody sent it again.' }),
      next_attempt_at: nullable(time),
      last_error: nullable(Type.String()),
    }),
  ),
  attempts: Type.Array(
    Type.Object({
      id: Type.String(),
      target_id: Type.String(),
      target_url: nullable(Type.String({ description: 'What was asked, without its query.' })),
      attempt: Type.Integer({ description: 'Of this target, from 1.' }),
      is_by_hand: Type.Boolean({ description: 'Made after somebody sent it again.' }),
      started_at: time,
      duration_ms: nullable(Type.Integer()),
      response_status_code: nullable(Type.Integer()),
      response_headers: nullable(anyObject),
      response_body: nullable(Type.String()),
      error_message: nullable(Type.String()),
      error_message_ru: nullable(Type.String({ description: '`error_message` in Russian, where there is one.' })),
    }),
  ),
});

export const retrySchema = Type.Object({
  event_id: Type.String({ description: 'What targets get as `webhook-id`, the same as before.' }),
  published_event_id: nullable(
    Type.String({ description: 'The event on the bus: a new one, so that consumers take it. Null with `to: target`.' }),
  ),
  is_delivered_again: Type.Boolean({ description: 'Whether it also goes to a target again.' }),
  targets: Type.Array(Type.Object(retryTarget)),
});

export const redriveAnswerSchema = Type.Object({
  retried_count: Type.Integer(),
  is_complete: Type.Boolean(),
  next_cursor: Type.Optional(
    Type.String({ description: 'Where there is more: with the same filter, goes on where this call ended.' }),
  ),
});

export const webhooksHealthSchema = Type.Object({
  status: oneOf(['healthy', 'degraded']),
  webhooks: Type.Object({ total: Type.Integer(), active: Type.Integer() }),
  last_received_at: nullable(time),
  targets: Type.Object({
    pending: Type.Integer(),
    dead: Type.Integer(),
    oldest_pending_age_seconds: Type.Integer(),
  }),
});
