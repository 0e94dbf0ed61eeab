/** The reasons for refusing a delivery, as they are stored and as the sender's answer. */
import { type ErrorCode, ServiceError } from '../../errors.ts';
import type { LimitState } from '../../limits/limits.ts';
import { describeShareReason } from '../../limits/refusal-text.ts';
import type { Refusal } from '../schemes/scheme.ts';

export type RefusalReason =
  | Refusal
  | 'address_not_allowed'
  | 'payload_too_large'
  | 'rate_limit_exceeded'
  /** Too many failed signatures from one address to check more. */
  | 'too_many_failures';

const answers: Readonly<Record<RefusalReason, readonly [ErrorCode, string]>> = {
  missing_signature: ['UNAUTHORIZED', 'The signature is missing.'],
  malformed_signature: ['UNAUTHORIZED', 'The signature is not in the form that this webhook expects.'],
  wrong_signature: ['UNAUTHORIZED', 'The signature does not match the body.'],
  stale_timestamp: ['UNAUTHORIZED', 'The timestamp is too far from the present time.'],
  address_not_allowed: ['FORBIDDEN', 'This address may not send to this webhook.'],
  payload_too_large: ['PAYLOAD_TOO_LARGE', 'The body is larger than this webhook takes.'],
  rate_limit_exceeded: ['RATE_LIMIT_EXCEEDED', 'More deliveries came than the limit allows. Send it again later.'],
  too_many_failures: ['RATE_LIMIT_EXCEEDED', 'Too many deliveries from this address could not be verified.'],
};

export const refusalReasons = Object.keys(answers) as readonly RefusalReason[];

export function refusalError(
  reason: RefusalReason,
  options: { readonly retryAfterSeconds?: number; readonly challenge?: string | null } = {},
): ServiceError {
  const [code, message] = answers[reason];
  // Without a bearer challenge: a sender has its own secret, not a token of the API.
  return new ServiceError(code, message, { challenge: null, ...options });
}

/** Contains the limit, for the headers of the answer. */
export function limitError(retryAfterSeconds: number, { subject, maxRequests, share }: LimitState): ServiceError {
  const [code, message] = answers.rate_limit_exceeded;
  const ofShare =
    share &&
    `More deliveries came than this replica’s share of ${share.maxRequests} of the limit of ${maxRequests} a minute ` +
      `allows, because ${describeShareReason(share)}. Send it again later.`;
  return new ServiceError(code, ofShare ?? message, {
    retryAfterSeconds,
    limit: { name: subject.name, maxRequests, windowSeconds: 60 },
  });
}
