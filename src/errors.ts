/**
 * Errors that may reach a caller, with stable codes.
 *
 * Inner layers throw `ServiceError` and know nothing of HTTP; `http/problem.ts` maps each code to a status.
 * `publicMessage` is for the tenant and must contain no secret, SQL or internal address; `cause` is for our log.
 */

/** Append only: a code is public API. It is never renamed and never reused. */
export const errorCodes = [
  'INVALID_REQUEST',
  'TENANT_REQUIRED',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'IDEMPOTENCY_KEY_REUSED',
  'ADDRESS_NOT_FOUND',
  'RATE_LIMIT_EXCEEDED',
  'BUDGET_EXCEEDED',
  'INTERNAL_ERROR',
  'PROVIDER_ERROR',
  'SERVICE_UNAVAILABLE',
  'GATEWAY_TIMEOUT',
  'ROUTE_NOT_FOUND',
  'PRECONDITION_FAILED',
  'RECONNECT_REQUIRED',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/**
 * One invalid part of the input: where it is (`address`, `values[3][0]`, `header:Idempotency-Key`) and what is wrong.
 */
export interface InputFault extends Words {
  readonly path: string;
}

/** A sentence for the tenant. The members are named as in the answer. */
export interface Words {
  readonly message: string;
  /** The same in Russian, for the console; without it the console shows the English one. */
  readonly message_ru?: string;
}

export function words(message: string, messageRu: string): Words & { readonly message_ru: string } {
  return { message, message_ru: messageRu };
}

export interface ServiceErrorOptions {
  /** `publicMessage` in Russian; sent as `detail_ru`. */
  readonly publicMessageRu?: string;
  readonly errors?: readonly InputFault[];
  /** Seconds after which a retry makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** The service name of the provider that refused. */
  readonly provider?: string;
  /** Overrides the code's usual status, so that a provider's own 400, 403, 404 or 413 reaches the caller. */
  readonly status?: 400 | 403 | 404 | 413;
  /** The `WWW-Authenticate` header of a 401; null: none. Default: a bearer token. */
  readonly challenge?: string | null;
  /** The limit that refused; the headers of the 429 show it. */
  readonly limit?: SpentLimit;
  /** Further members of the problem document, safe to publish (`attempts`, `best`, `outcome`). */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Set if a call failed after it reached the cache or a provider; sent as response headers. */
  readonly call?: FailedCall;
}

/** A limit whose quota is spent. */
export interface SpentLimit {
  /** The family or the service's name, with the operation group if that is counted separately: `google_sheets:read`. */
  readonly name: string;
  readonly maxRequests: number;
  readonly windowSeconds: number;
}

/** What the headers of a failed call report, as for a successful call. */
export interface FailedCall {
  /** The family's limit after this call; null if nothing was charged. */
  readonly familyLimit: { readonly limit: number; readonly remaining: number; readonly resetSeconds: number } | null;
  /** How the cache answered "not found"; null if the cache had no answer. */
  readonly cache: { readonly outcome: string; readonly ageSeconds: number } | null;
}

/** An error with a stable code and a message that is safe to show to the tenant. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly publicMessageRu: string | undefined;
  readonly errors: readonly InputFault[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly provider: string | undefined;
  readonly status: 400 | 403 | 404 | 413 | undefined;
  readonly challenge: string | null | undefined;
  readonly limit: SpentLimit | undefined;
  readonly extra: Readonly<Record<string, unknown>> | undefined;
  readonly call: FailedCall | undefined;

  constructor(code: ErrorCode, publicMessage: string, options: ServiceErrorOptions = {}) {
    super(publicMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.publicMessage = publicMessage;
    this.publicMessageRu = options.publicMessageRu;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.provider = options.provider;
    this.status = options.status;
    this.challenge = options.challenge;
    this.limit = options.limit;
    this.extra = options.extra;
    this.call = options.call;
  }
}

/** Returns a copy of the error with the call's response headers. */
export function withCall(error: ServiceError, call: FailedCall): ServiceError {
  return new ServiceError(error.code, error.publicMessage, { ...definedOnly(error), call });
}

/** Returns a copy of the error with further members in its problem document. */
export function withExtra(error: ServiceError, extra: Readonly<Record<string, unknown>>): ServiceError {
  const { call } = error;
  return new ServiceError(error.code, error.publicMessage, {
    ...definedOnly(error),
    ...(call !== undefined && { call }),
    extra: { ...error.extra, ...extra },
    cause: error,
  });
}

/** Returns a copy of the error with another public message. */
export function withMessage(error: ServiceError, publicMessage: string): ServiceError {
  const { call } = error;
  const { publicMessageRu: _ofOldMessage, ...options } = definedOnly(error);
  return new ServiceError(error.code, publicMessage, { ...options, ...(call !== undefined && { call }) });
}

/** Returns a copy of the error that names the failed end of a distance: `origin`, `destinations[3]`. */
export function ofEnd(error: ServiceError, end: string): ServiceError {
  const { call, extra, publicMessageRu } = error;
  return new ServiceError(error.code, `${end}: ${error.publicMessage}`, {
    ...definedOnly(error),
    ...(publicMessageRu !== undefined && { publicMessageRu: `${end}: ${publicMessageRu}` }),
    extra: { ...extra, end },
    ...(call !== undefined && { call }),
  });
}

function definedOnly(error: ServiceError): ServiceErrorOptions {
  const { publicMessageRu, errors, retryAfterSeconds, provider, status, challenge, limit, extra, cause } = error;
  const members = Object.entries({
    publicMessageRu,
    errors,
    retryAfterSeconds,
    provider,
    status,
    challenge,
    limit,
    extra,
    cause,
  });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

/** Creates a 400 that names the one invalid member. */
export function invalidInput(path: string, message: string, messageRu?: string): ServiceError {
  return new ServiceError('INVALID_REQUEST', `${path}: ${message}`, {
    errors: [{ path, message, ...(messageRu !== undefined && { message_ru: messageRu }) }],
    ...(messageRu !== undefined && { publicMessageRu: `${path}: ${messageRu}` }),
  });
}
