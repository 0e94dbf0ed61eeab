/** Schemas of a webhook's targets. */
import Type, { type Static } from 'typebox';
import { nullable, readOnlyMembers } from '../../../schema-parts.ts';
import { longestGraceSeconds } from '../../../webhooks/managing/manage-webhooks.ts';
import { time, uuid } from './schema-parts.ts';

const scalar = Type.Union([Type.String({ maxLength: 1000 }), Type.Number(), Type.Boolean(), Type.Null()]);

export const targetSchema = Type.Object(
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
    ...readOnlyMembers('off_at, off_reason, previous_secret_until'),
  },
  { additionalProperties: false },
);

export type TargetBody = Static<typeof targetSchema>;

const targetId = Type.Optional(
  Type.String({ ...uuid, description: 'One of `targets`; the webhook’s own id is `target_url`.' }),
);

export const pauseTargetSchema = nullable(Type.Object({ target_id: targetId }, { additionalProperties: false }), {
  examples: [{}],
});

export const graceSeconds = Type.Optional(Type.Integer({ minimum: 0, maximum: longestGraceSeconds, default: 86_400 }));

export const rotateTargetSecretSchema = nullable(
  Type.Object({ grace_seconds: graceSeconds, target_id: targetId }, { additionalProperties: false }),
  { examples: [{ grace_seconds: 86_400 }] },
);

export const rotatedTargetSecretSchema = Type.Object({
  target_secret: Type.String({ description: 'Shown this once.' }),
  previous_target_secret_until: nullable(time),
});

export const resumeTargetSchema = nullable(
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
  { examples: [{ retry_dead: true }] },
);
