/** Errors of changes that were not made, or whose outcome is unknown. */
import { ServiceError } from '../../errors.ts';
import { withUnknownOutcome } from '../../gateway/no-answer.ts';

export function unknownOutcome(what: string, cause: ServiceError | null = null): ServiceError {
  return withUnknownOutcome(
    new ServiceError('GATEWAY_TIMEOUT', `It is not known whether ${what}.`, {
      ...(cause?.provider !== undefined && { provider: cause.provider }),
      ...(cause?.extra !== undefined && { extra: cause.extra }),
    }),
  );
}

export function failedWhole(cause: ServiceError): ServiceError {
  return new ServiceError('PROVIDER_ERROR', 'Google Sheets failed, and nothing was changed.', {
    ...(cause.provider !== undefined && { provider: cause.provider }),
    extra: { outcome: 'not_made' },
    cause,
  });
}

export function notMade(): ServiceError {
  return new ServiceError(
    'GATEWAY_TIMEOUT',
    'The change timed out while it waited for its turn; nothing was changed.',
    {
      extra: { outcome: 'not_made' },
    },
  );
}
