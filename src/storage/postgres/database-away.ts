/** Distinguishes "the database is away" from "the database refused this statement". */

/** PostgreSQL did not answer in time or cannot be reached. Callers fall back or answer `SERVICE_UNAVAILABLE`. */
export class DatabaseAway extends Error {
  /** True if the statement or commit may have taken effect: the connection was lost before the answer arrived. */
  readonly outcomeUnknown: boolean;

  constructor(reason: string, options: { cause?: unknown; outcomeUnknown?: boolean } = {}) {
    super(`the database is away: ${reason}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DatabaseAway';
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }
}

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_DESTROYED',
  'ERR_SOCKET_CLOSED',
]);

/**
 * SQLSTATEs with which no statement can succeed on this connection. 25006: after a failover the connection is to a
 * standby.
 */
const serverCodes = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '25006']);

/** The SQLSTATE or the system's code of an error; empty if it has none. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** The server or the login has reached its limit of connections. The server does answer, so it is not away. */
export function hasNoRoom(error: unknown): boolean {
  return codeOf(error) === '53300';
}

/**
 * The statement was in order and the server could not carry it out: it lacks disk or memory (53), was stopped or took too
 * long (57), or cannot read or write its files (58).
 */
export function isServerFault(error: unknown): boolean {
  return /^(?:53|57|58)[0-9A-Z]{3}$/.test(codeOf(error));
}

/** After a failover this connection is to a standby: it did nothing. */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === '25006';
}

/** lock_not_available: lock_timeout has passed. */
export function isLockTaken(error: unknown): boolean {
  return codeOf(error) === '55P03';
}

/** Messages of driver errors that have no code. */
const driverMessages = [
  'Connection terminated',
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'Client was closed and is not queryable',
  'Client has encountered a connection error and is not queryable',
];

/** True if the connection failed, not the statement. */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof DatabaseAway) return true;
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') return socketCodes.has(code) || serverCodes.has(code) || code.startsWith('08');
  return driverMessages.some((message) => error.message.startsWith(message));
}
