/**
 * Renders errors as RFC 9457 problem documents. The only place that maps a code to a status.
 *
 * The text of a `ServiceError` is written for the tenant. Any other error is a bug: the caller gets INTERNAL_ERROR, the
 * log gets the details.
 */
import { type ErrorCode, type InputFault, ServiceError } from '../../errors.ts';
import { IntakeFull } from '../../intake/intake.ts';
import { DatabaseAway } from '../../storage/postgres/database-away.ts';
import { StoreAway } from '../../storage/redis/shared-store.ts';

export const httpStatusByCode = {
  INVALID_REQUEST: 400,
  TENANT_REQUIRED: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  ADDRESS_NOT_FOUND: 404,
  RATE_LIMIT_EXCEEDED: 429,
  BUDGET_EXCEEDED: 429,
  INTERNAL_ERROR: 500,
  PROVIDER_ERROR: 502,
  SERVICE_UNAVAILABLE: 503,
  GATEWAY_TIMEOUT: 504,
  ROUTE_NOT_FOUND: 404,
  PRECONDITION_FAILED: 412,
  RECONNECT_REQUIRED: 502,
} satisfies Record<ErrorCode, number>;

/** Short, and the same for every occurrence of a code (RFC 9457, section 3.1.4). */
export const titleByCode = {
  INVALID_REQUEST: 'The request is not valid',
  TENANT_REQUIRED: 'The tenant is missing or malformed',
  UNAUTHORIZED: 'A valid credential is required',
  FORBIDDEN: 'The credential does not allow this',
  NOT_FOUND: 'Not found',
  METHOD_NOT_ALLOWED: 'The method is not allowed here',
  CONFLICT: 'The request conflicts with the present state',
  PAYLOAD_TOO_LARGE: 'The body is too large',
  UNSUPPORTED_MEDIA_TYPE: 'The content type is not supported',
  IDEMPOTENCY_KEY_REUSED: 'The idempotency key was used for another request',
  ADDRESS_NOT_FOUND: 'The address was not found',
  RATE_LIMIT_EXCEEDED: 'The rate limit is exceeded',
  BUDGET_EXCEEDED: 'The budget is spent',
  INTERNAL_ERROR: 'An internal error occurred',
  PROVIDER_ERROR: 'The provider did not answer usably',
  SERVICE_UNAVAILABLE: 'The service is not available',
  GATEWAY_TIMEOUT: 'The provider did not answer in time',
  ROUTE_NOT_FOUND: 'There is no route',
  PRECONDITION_FAILED: 'It has changed since it was read',
  RECONNECT_REQUIRED: 'The service must be connected again',
} satisfies Record<ErrorCode, string>;

/** `Retry-After` while a store is away; this service looks for the store twice a second. */
const storeAwayRetrySeconds = 2;

export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>> & { readonly code: ErrorCode };
}

export interface ProblemContext {
  readonly requestId: string;
  /** The requested path without its query, which may hold secrets. */
  readonly instance: string;
}

/** A URN: stable wherever the service runs, and not a link that may break. */
export function problemType(code: ErrorCode): string {
  return `urn:integration-service:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

/** Any thrown value as a problem document; an unexpected error becomes INTERNAL_ERROR without its text. */
export function problemOf(thrown: unknown, context: ProblemContext): Problem {
  const error = asServiceError(thrown);
  const status = error.status ?? httpStatusByCode[error.code];
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' };
  if (error.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterSeconds)));
  }
  const { challenge = 'Bearer realm="integration-service"' } = error;
  if (status === 401 && challenge !== null) headers['www-authenticate'] = challenge;
  const ours: Problem['body'] = {
    type: problemType(error.code),
    title: titleByCode[error.code],
    status,
    detail: error.publicMessage,
    instance: context.instance,
    code: error.code,
    request_id: context.requestId,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    ...(error.provider === undefined ? {} : { provider: error.provider }),
  };
  // Twice: first for the order of members, and last so that no extra member replaces one of them.
  return { status, headers, body: { ...ours, ...error.extra, ...ours } };
}

/** The `ServiceError` to show for any thrown value. `bodyLimitBytes`: the route's limit. */
export function asServiceError(thrown: unknown, bodyLimitBytes?: number): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  if (thrown instanceof DatabaseAway || thrown instanceof StoreAway || thrown instanceof IntakeFull) {
    return new ServiceError('SERVICE_UNAVAILABLE', 'A store that this request needs is away. Try again shortly.', {
      retryAfterSeconds: storeAwayRetrySeconds,
      cause: thrown,
    });
  }
  return fastifyFault(thrown, bodyLimitBytes) ?? internalError(thrown);
}

function internalError(cause: unknown): ServiceError {
  return new ServiceError('INTERNAL_ERROR', 'Something went wrong on our side. The request id names it in our log.', {
    cause,
  });
}

/** Errors that Fastify raises before a route runs. Its texts name libraries, so they are replaced. */
function fastifyFault(thrown: unknown, bodyLimitBytes: number | undefined): ServiceError | null {
  if (!(thrown instanceof Error)) return null;
  const { code, statusCode } = thrown as { code?: unknown; statusCode?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ServiceError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ServiceError(
        'PAYLOAD_TOO_LARGE',
        `The body is larger than ${bodyLimitBytes === undefined ? 'what' : `the ${bodyLimitBytes} bytes that`} this endpoint takes.`,
      );
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return bodyFault('must be JSON');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return bodyFault('is not as long as Content-Length says');
    case 'FST_ERR_BAD_URL':
      return new ServiceError('INVALID_REQUEST', 'The path is not a valid URL.', {
        errors: [{ path: 'path', message: 'must be percent-encoded UTF-8' }],
      });
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ServiceError('INVALID_REQUEST', 'A part of the path is too long.', {
        errors: [{ path: 'path', message: 'has a part that is longer than any id or name' }],
      });
    default:
      break;
  }
  // A truncated request, or another client error found by Fastify: never a 5xx.
  if (typeof code === 'string' && (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')) {
    return bodyFault('ended before it was whole');
  }
  // JSON nested several thousand levels deep parses, but overflows the stack of the code that walks it.
  if (thrown instanceof RangeError && thrown.message.startsWith('Maximum call stack')) {
    return bodyFault('is nested too deeply');
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new ServiceError('INVALID_REQUEST', 'The request cannot be read.');
  }
  return null;
}

function bodyFault(message: string): ServiceError {
  const fault: InputFault = { path: 'body', message };
  return new ServiceError('INVALID_REQUEST', `The body ${message}.`, { errors: [fault] });
}
