/** The process log: one JSON object a line, written asynchronously. */
import pino from 'pino';

export type Logger = pino.Logger;

/**
 * Lines are buffered for 100 ms or up to 60 KiB and written together: one write per line took 10 µs of a request's 58,
 * and waking the writing thread costs the same for 15 KiB as for the 64 KiB that a pipe holds. A fatal line and the end
 * of the process flush the buffer.
 */
const flushEveryMs = 100;
const flushAtBytes = 60 * 1024;
const writeAtMostBytes = 64 * 1024;

/** Creates the logger; `level` is a pino level. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (thrown: unknown) => describeError(thrown) },
      formatters: { log: maskSecrets },
    },
    gatherLines(
      pino.destination({
        dest: 2,
        sync: false,
        minLength: flushAtBytes,
        maxWrite: writeAtMostBytes,
        periodicFlush: flushEveryMs,
      }),
    ),
  );
}

/**
 * Joins the lines of one turn of the event loop into one text. The destination measures its whole buffer for each text
 * it gets, which took 2 µs a line. A flush, a fatal line and the end of the process write at once.
 */
function gatherLines(destination: ReturnType<typeof pino.destination>) {
  let gathered = '';
  const writeGathered = (): void => {
    const text = gathered;
    gathered = '';
    if (text !== '') destination.write(text);
  };
  process.prependListener('exit', writeGathered); // Before the destination's own listener, which writes what it has.
  return {
    write(line: string): void {
      if (gathered === '') setImmediate(writeGathered);
      gathered += line;
    },
    flush(done?: (error?: Error) => void): void {
      writeGathered();
      destination.flush(done);
    },
    flushSync(): void {
      writeGathered();
      destination.flushSync();
    },
  };
}

const secretNames: ReadonlySet<string> = new Set(
  'authorization api_key apiKey credentials secret secret_key token password'.split(' '),
);

/**
 * Masks secrets in objects that were logged whole by mistake, one level down. Headers with credentials are never
 * logged. pino's own redaction takes 7 µs a line, this 0.7 µs.
 */
function maskSecrets(line: Record<string, unknown>): Record<string, unknown> {
  let masked: Record<string, unknown> | null = null;
  for (const name in line) {
    const value = line[name];
    // `describeError` renders errors.
    if (typeof value !== 'object' || value === null || value instanceof Error) continue;
    const found = Object.keys(value).filter((member) => secretNames.has(member));
    if (found.length === 0) continue;
    masked ??= { ...line };
    masked[name] = { ...value, ...Object.fromEntries(found.map((member) => [member, '[masked]'])) };
  }
  return masked ?? line;
}

/** An error as the log shows it. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: string | undefined;
  readonly cause?: LoggedError | undefined;
}

/** Deeper causes are not logged. */
const maxCauses = 4;

/**
 * Renders an error for the log, without its other members: drivers put row values, connections and request headers
 * there.
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

/** The fields of a request's log line. */
export interface RequestLine {
  /** Contains only characters that `requestIdOf` allows. */
  readonly requestId: string;
  readonly method: string;
  /** The route's pattern, because a path may contain secrets. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly tenantId: string | undefined;
  /** Why the request failed; null if it succeeded or an upstream's answer was passed on. */
  readonly failure: RequestFailure | null;
}

/** The error that the caller got, and the cause, which only the log shows. */
export interface RequestFailure {
  readonly code: string;
  readonly detail: string;
  readonly cause: unknown;
}

const infoLevel = 30;

/**
 * Creates a writer of one log line per request, in the format of `logger.info(…, 'request')`. The line is built here
 * because pino took a tenth of the time of a cached answer. All values are numbers or text that JSON needs not escape,
 * except the failure, which is escaped.
 */
export function createRequestLog(logger: Logger): (line: RequestLine) => void {
  const destination = (logger as unknown as { readonly [pino.symbols.streamSym]: { write(text: string): unknown } })[
    pino.symbols.streamSym
  ];
  const timeOf = createIsoTime();
  return ({ requestId, method, route, status, durationMs, tenantId, failure }) => {
    if (logger.levelVal > infoLevel) return;
    const tenant = tenantId === undefined ? '' : `,"tenant":"${tenantId}"`;
    destination.write(
      `{"level":${infoLevel},"time":"${timeOf(Date.now())}","req_id":"${requestId}","method":"${method}",` +
        `"route":"${route}","status":${status},"duration_ms":${Math.round(durationMs * 100) / 100}${tenant}${failure === null ? '' : describeFailure(failure)},"msg":"request"}\n`,
    );
  };
}

/** Longer texts are cut: a provider's message may be a page long. */
const maxReasonChars = 500;

function describeFailure({ code, detail, cause }: RequestFailure): string {
  const causes = messagesOf(cause).join(': ');
  return (
    `,"code":"${code}","detail":${JSON.stringify(detail.slice(0, maxReasonChars))}` +
    (causes === '' ? '' : `,"cause":${JSON.stringify(causes.slice(0, maxReasonChars))}`)
  );
}

/** The messages of the error and its causes, without repetitions: some wrappers repeat their cause's message. */
function messagesOf(thrown: unknown): string[] {
  if (typeof thrown === 'string') return [thrown];
  const messages = new Set<string>();
  let error = thrown;
  for (let depth = 0; error instanceof Error && depth < maxCauses; depth++) {
    messages.add(error.message);
    error = error.cause;
  }
  return [...messages].filter((message) => message !== '');
}

/** Formats RFC 3339 in UTC, at most once per millisecond. */
function createIsoTime(): (nowMs: number) => string {
  let lastMs = Number.NaN;
  let text = '';
  return (nowMs) => {
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      text = new Date(nowMs).toISOString();
    }
    return text;
  };
}
