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
