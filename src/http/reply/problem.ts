/**
 * Renders errors as RFC 9457 problem documents. The only place that maps a code to a status.
 *
 * The text of a `ServiceError` is written for the tenant. Any other error is a bug: the caller gets INTERNAL_ERROR, the
 * log gets the details.
 */
import { type ErrorCode, type InputFault, ServiceError } from '../../errors.ts';
import { IntakeFull } from '../../intake/intake.ts';
import { DatabaseAway, isServerFault } from '../../storage/postgres/database-away.ts';
import { StoreAway } from '../../storage/redis/shared-store.ts';

/** The title is short, and the same for every occurrence of a code (RFC 9457, section 3.1.4). */
export const problemByCode = {
  INVALID_REQUEST: { status: 400, title: 'The request is not valid' },
  TENANT_REQUIRED: { status: 400, title: 'The tenant is missing or malformed' },
  UNAUTHORIZED: { status: 401, title: 'A valid credential is required' },
  FORBIDDEN: { status: 403, title: 'The credential does not allow this' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The method is not allowed here' },
  CONFLICT: { status: 409, title: 'The request conflicts with the present state' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The content type is not supported' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key was used for another request' },
  ADDRESS_NOT_FOUND: { status: 404, title: 'The address was not found' },
  RATE_LIMIT_EXCEEDED: { status: 429, title: 'The rate limit is exceeded' },
  BUDGET_EXCEEDED: { status: 429, title: 'The budget is spent' },
  INTERNAL_ERROR: { status: 500, title: 'An internal error occurred' },
  PROVIDER_ERROR: { status: 502, title: 'The provider did not answer usably' },
  SERVICE_UNAVAILABLE: { status: 503, title: 'The service is not available' },
  GATEWAY_TIMEOUT: { status: 504, title: 'The provider did not answer in time' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no route' },
  PRECONDITION_FAILED: { status: 412, title: 'It has changed since it was read' },
  RECONNECT_REQUIRED: { status: 502, title: 'The service must be connected again' },
} satisfies Record<ErrorCode, { status: number; title: string }>;

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
  const status = error.status ?? problemByCode[error.code].status;
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' };
  if (error.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterSeconds)));
  }
  const { challenge = 'Bearer realm="integration-service"' } = error;
  if (status === 401 && challenge !== null) headers['www-authenticate'] = challenge;
  const ours: Problem['body'] = {
    type: problemType(error.code),
    title: problemByCode[error.code].title,
    status,
    detail: error.publicMessage,
    ...(error.publicMessageRu === undefined ? {} : { detail_ru: error.publicMessageRu }),
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
      publicMessageRu: 'Хранилище, нужное для этого запроса, недоступно. Повторите чуть позже.',
      retryAfterSeconds: storeAwayRetrySeconds,
      cause: thrown,
    });
  }
  if (isServerFault(thrown)) {
    return new ServiceError('SERVICE_UNAVAILABLE', 'The database could not carry this out. Try again shortly.', {
      publicMessageRu: 'База данных не смогла это выполнить. Повторите чуть позже.',
      retryAfterSeconds: storeAwayRetrySeconds,
      cause: thrown,
    });
  }
  return fastifyFault(thrown, bodyLimitBytes) ?? internalError(thrown);
}

function internalError(cause: unknown): ServiceError {
  return new ServiceError('INTERNAL_ERROR', 'Something went wrong on our side. The request id names it in our log.', {
    publicMessageRu: 'Ошибка на нашей стороне. В журнале её находят по идентификатору запроса.',
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
