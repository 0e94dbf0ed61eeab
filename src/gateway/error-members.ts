/**
 * Schemas of an error's members besides its code and text, for the API description: in a problem document, and in one
 * item of a batch. `no-answer.ts` and `execute-call.ts` produce them.
 */
import Type from 'typebox';

export const attempt = Type.Object({
  provider: Type.String(),
  outcome: Type.String(),
  message: Type.String(),
  retry_after_seconds: Type.Optional(
    Type.Integer({ description: 'Seconds until asking again makes sense, if known.' }),
  ),
});
export const attempts = Type.Optional(
  Type.Array(attempt, {
    description: 'Each provider that was asked or skipped, and its outcome.',
  }),
);
export const outcome = Type.Optional(
  Type.Literal('unknown', { description: 'Set if it is not known whether the change was made.' }),
);
