/**
 * Schemas of the members that an error has besides its code and text, for the API description: in a problem document,
 * and in one item of a batch. `no-answer.ts` and `execute-call.ts` produce them.
 */
import Type from 'typebox';

export const attempts = Type.Optional(
  Type.Array(
    Type.Object({
      provider: Type.String(),
      outcome: Type.String(),
      message: Type.String(),
      retry_after_seconds: Type.Optional(
        Type.Integer({ description: 'Where it is known when asking makes sense again.' }),
      ),
    }),
    { description: 'Each provider asked or passed over, and why.' },
  ),
);
export const outcome = Type.Optional(
  Type.Literal('unknown', { description: 'It may have been done, though nothing says so.' }),
);
