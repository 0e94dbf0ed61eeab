/** Our own log lines: one JSON object a line, written asynchronously, secrets never handed in. */
import pino from 'pino';

export type Logger = pino.Logger;

/** `level` as pino names it. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (thrown: unknown) => describeError(thrown) },
      // Headers that carry credentials are not logged at all; this catches an object passed whole by mistake.
      redact: {
        paths: [
          '*.authorization',
          '*.api_key',
          '*.apiKey',
          '*.credentials',
          '*.secret',
          '*.secret_key',
          '*.token',
          '*.password',
        ],
        censor: '[masked]',
      },
    },
    pino.destination({ dest: 2, sync: false, minLength: 0 }),
  );
}

export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: string | undefined;
  readonly cause?: LoggedError | undefined;
}

/** Causes of causes beyond this say nothing new. */
const maxCauses = 4;

/**
 * What the log keeps of an error: not its other members, where a driver puts the values of a row, whole connections and
 * the headers of a request.
 */
export function describeError(thrown: unknown, depth = 0): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: String(thrown) };
  const { code } = thrown as { code?: unknown };
  return {
    type: thrown.name,
    message: thrown.message,
    ...(code === undefined ? {} : { code }),
    stack: thrown.stack,
    ...(thrown.cause === undefined || depth >= maxCauses ? {} : { cause: describeError(thrown.cause, depth + 1) }),
  };
}
