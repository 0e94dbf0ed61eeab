/** One entry of `GET /problems`, and the pause of a service. */
import Type from 'typebox';
import { oneOf, type Shown } from '../schema-parts.ts';

export const problemSchema = Type.Object(
  {
    kind: Type.String({ examples: ['key_refused', 'reconnect_required', 'provider_down', 'deliveries_dead'] }),
    severity: oneOf(['critical', 'warning']),
    since: Type.String({
      format: 'date-time',
      description: 'Where no store knows: since when this replica has seen it.',
    }),
    message: Type.String(),
    message_ru: Type.String(),
    link: Type.String({ description: 'A page of the console.' }),
    service: Type.Optional(Type.String()),
    count: Type.Optional(
      Type.Integer({
        description:
          'Of what the message counts: deliveries, events, stalls, calls that other providers answered, requests a minute.',
      }),
    ),
  },
  { title: 'Problem' },
);

/** A problem in the API's names. `since` null: the start is unknown; `list-problems.ts` sets when it was first seen. */
export type Problem = Omit<Shown<typeof problemSchema>, 'since'> & { readonly since: string | null };

export interface ServicePauseSeen {
  readonly because: 'retry_after' | 'credentials_refused' | 'failures';
  readonly untilMs: number;
}
