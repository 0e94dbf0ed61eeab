/** Our own log lines: one JSON object a line, written asynchronously, secrets never handed in. */
import pino from 'pino';

export type Logger = pino.Logger;

/**
 * A line waits so long, or until so many bytes are there, and goes with its neighbours: a write for each cost a request
 * 10 µs of its 58, and what wakes the writing thread for 15 KiB wakes it for a pipe's 64 as well. The end of the process
 * and a fatal line write what waits.
 */
const flushEveryMs = 100;
const flushAtBytes = 60 * 1024;
const writeAtMostBytes = 64 * 1024;

/** `level` as pino names it. */
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
 * Hands on what one turn of the event loop wrote as one text. The destination measures all that waits anew with each
 * text that it is given, which cost 2 µs a line; the end of the process, a flush and a fatal line hand on at once.
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
 * Headers that carry credentials are not logged at all; this catches an object passed whole by mistake, one level down.
 * pino's own redaction does the same for 7 µs a line, this for a tenth of one.
 */
function maskSecrets(line: Record<string, unknown>): Record<string, unknown> {
  let masked: Record<string, unknown> | null = null;
  for (const name in line) {
    const value = line[name];
    // Errors are shown by their serializer, member by member.
    if (typeof value !== 'object' || value === null || value instanceof Error) continue;
    const found = Object.keys(value).filter((member) => secretNames.has(member));
    if (found.length === 0) continue;
    masked ??= { ...line };
    masked[name] = { ...value, ...Object.fromEntries(found.map((member) => [member, '[masked]'])) };
  }
  return masked ?? line;
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

/** What a request leaves in the log. */
export interface RequestLine {
  /** Of the characters that `requestIdOf` lets pass. */
  readonly requestId: string;
  readonly method: string;
  /** The route's pattern: paths may hold secrets. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly tenantId: string | undefined;
  /** Why it was refused or failed; null where it was not, or where the answer is an upstream's. */
  readonly failure: RequestFailure | null;
}

/** What the caller was told, and what only the log may know. */
export interface RequestFailure {
  readonly code: string;
  readonly detail: string;
  readonly cause: unknown;
}

const infoLevel = 30;

/**
 * Writes one line a request, as `logger.info(…, 'request')` would, but composed here: every value is a number or of
 * characters that JSON takes as they are, and pino's general way cost a cached answer a tenth of its time. Only why a
 * request failed is text of any kind.
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

/** A message of a provider may be a page long. */
const longestReason = 500;

function describeFailure({ code, detail, cause }: RequestFailure): string {
  const causes = messagesOf(cause).join(': ');
  return (
    `,"code":"${code}","detail":${JSON.stringify(detail.slice(0, longestReason))}` +
    (causes === '' ? '' : `,"cause":${JSON.stringify(causes.slice(0, longestReason))}`)
  );
}

/** An error's message, then its cause's; each once, since some wrap a cause under its own words. */
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

/** RFC 3339 in UTC, made once a millisecond. */
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
