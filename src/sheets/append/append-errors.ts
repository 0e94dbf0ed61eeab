/** What a caller is told whose rows were not appended, or perhaps were. */
import { ServiceError } from '../../errors.ts';
import { withUnknownOutcome } from '../../gateway/no-answer.ts';

export function unknownOutcome(cause?: ServiceError): ServiceError {
  return withUnknownOutcome(
    new ServiceError('GATEWAY_TIMEOUT', 'It is not known whether the rows were appended.', {
      ...(cause?.provider !== undefined && { provider: cause.provider }),
      ...(cause?.extra !== undefined && { extra: cause.extra }),
    }),
  );
}

export function failedWhole(cause: ServiceError): ServiceError {
  return new ServiceError('PROVIDER_ERROR', 'Google Sheets failed, and no row was appended.', {
    ...(cause.provider !== undefined && { provider: cause.provider }),
    extra: { outcome: 'not_made' },
    cause,
  });
}

export function notMade(): ServiceError {
  return new ServiceError('GATEWAY_TIMEOUT', 'The turn of this append did not come in time; no row was appended.', {
    extra: { outcome: 'not_made' },
  });
}
