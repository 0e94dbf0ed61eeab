import type { webhooksMessages } from './messages.ts';

/** Why a delivery was refused, in plain words; some names are those of older versions. */
export const refusalTexts: Readonly<Record<string, keyof typeof webhooksMessages>> = {
  wrong_signature: 'reasonBadSignature',
  signature_mismatch: 'reasonBadSignature',
  bad_signature: 'reasonBadSignature',
  invalid_signature: 'reasonBadSignature',
  missing_signature: 'reasonMissing',
  malformed_signature: 'reasonMalformed',
  stale_timestamp: 'reasonStale',
  address_not_allowed: 'reasonAddress',
  payload_too_large: 'reasonTooLarge',
  rate_limit_exceeded: 'reasonOverLimit',
  too_many_failures: 'reasonTooManyFailures',
};
