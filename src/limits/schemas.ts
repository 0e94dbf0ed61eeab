/** Schemas of what is shown of limits: their use, why one refused a call, and what others would have refused. */
import Type from 'typebox';
import { count, nullable, oneOf, type Shown, text, textOrNull, time } from '../schema-parts.ts';
import { shareReasons, windowTypes } from './limits.ts';

const windowType = oneOf(windowTypes);

/** One window of a limit, as `/services/{id}/rate-limits` shows it too. */
export const limitWindowSchema = Type.Object(
  {
    window_type: windowType,
    window_start: time,
    window_end: Type.String({
      format: 'date-time',
      description:
        'When the whole window is free again. Hours, days and months are the calendar’s. The minute rolls: each request ' +
        'counts for a minute, so this is a minute after the last, and something is free again before it.',
    }),
    request_count: Type.Integer(),
    max_requests: Type.Integer(),
    remaining_requests: Type.Integer(),
    is_rate_limited: Type.Boolean(),
    limit: Type.Optional(Type.String({ description: 'Where an account has several: `read`, `write`.' })),
    replica_share: Type.Optional(
      Type.Object(
        { max_requests: Type.Integer(), request_count: Type.Integer(), because: oneOf(shareReasons) },
        {
          description:
            'Set while Redis is away, or has just come back: the replica that answers may spend only its share. ' +
            '`request_count` of the window is what it knows of, and `remaining_requests` what is left of its share.',
        },
      ),
    ),
  },
  { title: 'RateLimitWindow' },
);
export type LimitWindowUse = Shown<typeof limitWindowSchema>;

export const refusalMembers = {
  limit: Type.Object({
    kind: oneOf(['limit', 'pause', 'budget', 'token'], {
      description:
        '`pause`: the provider asked for it. `budget`: the month’s money is spent. `token`: the token’s own limit.',
    }),
    service_name: Type.Optional(text),
    family: Type.Optional(Type.String({ description: 'A limit of the tenant’s family instead of a service.' })),
    token: Type.Optional(Type.String({ description: 'The token whose own limit it was.' })),
    window_type: windowType,
    max_requests: nullable(count),
    replica_share: Type.Optional(
      Type.Object(
        { max_requests: count, because: oneOf(shareReasons) },
        {
          description:
            'Only the share of one replica was spent, because Redis was away or had just come back: others may have ' +
            'had a part of the limit.',
        },
      ),
    ),
  }),
  refused_at: time,
  free_at: nullable(time, {
    description:
      'When something of the window was free again; null where only the provider knows, for `replica_share`, and where ' +
      'only the share of one replica of a budget was spent.',
  }),
  spent_by: Type.Array(Type.Object({ source_service: textOrNull, operation: text, requests: count }), {
    description: 'Who had spent the window, by the name that callers give in X-Service-Name.',
  }),
};
const refusalSchema = Type.Object(refusalMembers);
export type ExplainedRefusal = Shown<typeof refusalSchema>;

export const previewSchema = Type.Object(
  {
    calls: count,
    refused: count,
    by_source: Type.Array(Type.Object({ source_service: textOrNull, calls: count, refused: count })),
    is_complete: Type.Boolean({ description: 'false: only the first two million calls were replayed.' }),
  },
  { title: 'LimitPreview' },
);
export type LimitPreview = Shown<typeof previewSchema>;
