/** Schemas of the webhooks API: a webhook as it is set, patched and shown. */
import Type, { type Static } from 'typebox';
import { nullable, oneOf, readOnlyMembers } from '../../../schema-parts.ts';
import { longestDuplicateWindowSeconds } from '../../../webhooks/managing/present-webhook.ts';
import { signatureSchemes } from '../../../webhooks/receiving/verify-signature.ts';
import { duplicateRules } from '../../../webhooks/source.ts';
import { cursorSchema, limitSchema } from '../../request/query-values.ts';
import { anyObject, secret, time, uuid } from './schema-parts.ts';
import { graceSeconds, targetSchema } from './targets-schemas.ts';

const place = Type.String({ maxLength: 210, description: '`header:Name` or `body:a.b`.' });

const webhookName = Type.String({ minLength: 1, maxLength: 200 });
const sourceService = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$', examples: ['github', 'custom'] });

const headerName = Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$" });

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
  signature_scheme: Type.Optional(oneOf(signatureSchemes)),
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
  over_limit_policy: Type.Optional(oneOf(['reject', 'defer'])),
  is_active: Type.Optional(Type.Boolean()),
  event_type_from: Type.Optional(nullable(place)),
  delivery_id_from: Type.Optional(nullable(place)),
  duplicate_by: Type.Optional(
    oneOf(duplicateRules, {
      default: 'delivery_id',
      description:
        '`delivery_id_or_body`: a body that was taken within the window is a duplicate under any id. For senders whose ' +
        'signature does not cover the id. `none`: every delivery is a new one.',
    }),
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

const readOnly = readOnlyMembers(
  `id, management_company_id, webhook_url, has_secret_key, has_verify_token, previous_secret_until,
   previous_target_secret_until, target_off_at, target_off_reason, target_count, target_secrets, retried_count,
   last_received_at, total_received, total_successful, total_failed, created_by, created_at, updated_at`,
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

export const rotateSecretSchema = nullable(
  Type.Object({ grace_seconds: graceSeconds, secret_key: Type.Optional(secret) }, { additionalProperties: false }),
  { examples: [{ grace_seconds: 86_400 }] },
);

export const webhooksQuerySchema = Type.Object(
  { cursor: Type.Optional(cursorSchema), limit: Type.Optional(limitSchema(1000, 100)) },
  { additionalProperties: false },
);

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
  signature_scheme: oneOf(signatureSchemes),
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
  over_limit_policy: oneOf(['reject', 'defer']),
  event_type_from: nullable(Type.String()),
  delivery_id_from: nullable(Type.String()),
  duplicate_by: oneOf(duplicateRules),
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
  scheme: oneOf(signatureSchemes),
  checked: Type.Array(Type.Object({ secret: oneOf(['current', 'previous']), matches: Type.Boolean() })),
  hints: Type.Array(Type.String()),
  hints_ru: Type.Array(Type.String(), { description: 'The same in Russian.' }),
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
      set_up_ru: Type.String({ description: 'The same in Russian.' }),
      signature_scheme: oneOf(signatureSchemes),
      signature_header: nullable(Type.String()),
      signed_template: nullable(Type.String()),
      timestamp_header: nullable(Type.String()),
      tolerance_seconds: Type.Integer(),
      secret_from: oneOf(['us', 'sender', 'none']),
      has_verify_token: Type.Boolean(),
      event_type_from: Type.Array(Type.String()),
      delivery_id_from: Type.Array(Type.String({ description: 'Without any, the hash of the body.' })),
      duplicate_by: oneOf(duplicateRules),
      max_payload_size_bytes: Type.Integer(),
      over_limit_policy: oneOf(['reject', 'defer']),
      published_ranges: Type.Array(Type.String()),
      handshake: nullable(Type.String()),
      retries: Type.Object({ timeout_seconds: nullable(Type.Integer()), description: Type.String() }),
      sample: Type.Object({ content_type: Type.String(), headers: anyObject, body: Type.String() }),
    }),
  ),
});
