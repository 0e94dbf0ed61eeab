/**
 * The errors that may reach a caller, as values with stable codes.
 *
 * Inner rooms throw `ServiceError` and know nothing of HTTP; `http/problem.ts` maps each code to a status.
 * `publicMessage` is written for the tenant and must name no secret, SQL or internal address; `cause` is for our log.
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

/** One fault of the input: where (`address`, `values[3][0]`, `header:Idempotency-Key`) and what. */
export interface InputFault {
  readonly path: string;
  readonly message: string;
}

export interface ServiceErrorOptions {
  readonly errors?: readonly InputFault[];
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** The provider whose refusal this is (its service name). */
  readonly provider?: string;
  /** Overrides the code's usual status where a provider's own refusal keeps its meaning (400, 403, 404 or 413). */
  readonly status?: 400 | 403 | 404 | 413;
  /** What a 401 asks for in `WWW-Authenticate`; null: nothing. Default: a bearer token, as the API takes it. */
  readonly challenge?: string | null;
  /** The limit that refused: the headers of a 429 show it. */
  readonly limit?: SpentLimit;
  /** Further members of the problem document, already safe to publish (`attempts`, `best`, `outcome`). */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Set where a call to a provider ended so, or a cache answered: what its headers say. */
  readonly call?: FailedCall;
}

/** A limit with nothing left. */
export interface SpentLimit {
  /** The family, or the account's name, with the part of it that is counted apart: `google_sheets:read`. */
  readonly name: string;
  readonly maxRequests: number;
  readonly windowSeconds: number;
}

/** What a caller is told of a call besides its error, as of one that was answered. */
export interface FailedCall {
  /** What the call left of the family's limit; null where nothing was charged. */
  readonly familyLimit: { readonly limit: number; readonly remaining: number; readonly resetSeconds: number } | null;
  /** Where it is known from that there is nothing; null where nothing is known. */
  readonly cache: { readonly outcome: string; readonly ageSeconds: number } | null;
}

export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly publicMessage: string;
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

/** The same error to a caller, with what its call says in headers. */
export function withCall(error: ServiceError, call: FailedCall): ServiceError {
  return new ServiceError(error.code, error.publicMessage, { ...definedOnly(error), call });
}

/** The same error with further members of its problem document. */
export function withExtra(error: ServiceError, extra: Readonly<Record<string, unknown>>): ServiceError {
  const { call } = error;
  return new ServiceError(error.code, error.publicMessage, {
    ...definedOnly(error),
    ...(call !== undefined && { call }),
    extra: { ...error.extra, ...extra },
    cause: error,
  });
}

/** The same error in other words. */
export function withMessage(error: ServiceError, publicMessage: string): ServiceError {
  const { call } = error;
  return new ServiceError(error.code, publicMessage, { ...definedOnly(error), ...(call !== undefined && { call }) });
}

/** The same error of one end of a distance: `origin`, `destinations[3]`. */
export function ofEnd(error: ServiceError, end: string): ServiceError {
  const { call, extra } = error;
  return new ServiceError(error.code, `${end}: ${error.publicMessage}`, {
    ...definedOnly(error),
    extra: { ...extra, end },
    ...(call !== undefined && { call }),
  });
}

function definedOnly(error: ServiceError): ServiceErrorOptions {
  const { errors, retryAfterSeconds, provider, status, challenge, limit, extra, cause } = error;
  const members = Object.entries({ errors, retryAfterSeconds, provider, status, challenge, limit, extra, cause });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

/** A 400 that names the one member at fault. */
export function invalidInput(path: string, message: string): ServiceError {
  return new ServiceError('INVALID_REQUEST', `${path}: ${message}`, { errors: [{ path, message }] });
}
