/**
 * One fetch per question, however many callers ask at once.
 *
 * The fetch belongs to no caller: it has its own signal, which aborts only when the last caller has left, and the
 * latest deadline and maximum wait of its callers. A failure is shared too: all callers get the same result. A flight
 * that an invalidation matches continues for its callers, and accepts no new ones.
 *
 * The number of flights is bounded by the requests in progress, and so by the HTTP edge.
 */
import { ServiceError } from '../errors.ts';
import type { Deadlines } from '../resilience/deadline.ts';

/** What one caller contributes. */
export interface FlightCaller {
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly deadlineAtMs: number;
  /** Unix milliseconds until which it waits for a limit. */
  readonly patientUntilMs: number;
  /** Called when this caller joins a fetch in progress. */
  readonly onJoined?: () => void;
  /**
   * Callers share a flight only with the same kind, for requests that carry more than their question: HTTP's
   * conditions.
   */
  readonly kind?: string;
}

export interface Flight {
  /** Aborts when no caller waits any more. */
  readonly signal: AbortSignal;
  /** The latest of its callers' deadlines so far, in Unix milliseconds. */
  deadlineAtMs(): number;
  patientUntilMs(): number;
  /** True if an invalidation matches it: its result must not be stored. */
  isOutdated(): boolean;
  /**
   * Reserves the result for the caller that started the flight. It accepts no new callers, and those who joined are
   * rejected with `FlightReleased`, to send their own request.
   */
  release(): void;
}

/**
 * A joined fetch turned out to be for another caller only: a streamed answer, for example, whose end is not in sight.
 */
export class FlightReleased extends Error {
  constructor() {
    super('the fetch is for the caller who set it off alone');
    this.name = 'FlightReleased';
  }
}

export interface FlightResult<Value> {
  readonly value: Value;
  /** True for the caller that started the flight. */
  readonly led: boolean;
}

export interface SingleFlight<Subject, Value> {
  run(
    key: string,
    subject: Subject,
    caller: FlightCaller,
    nowMs: number,
    work: (flight: Flight) => Promise<Value>,
  ): Promise<FlightResult<Value>>;
  /** Marks the flights whose subject matches as outdated. */
  outdate(matches: (subject: Subject) => boolean): void;
  /** Resolves when all flights have ended. */
  settled(): Promise<void>;
}

/** An answer may arrive this long after the deadline: the fetch ends at the deadline, and is then recorded. */
const settleGraceMs = 500;

interface Running<Subject, Value> extends Flight {
  readonly key: string;
  readonly subject: Subject;
  promise: Promise<Value>;
  /** Rejects if the flight is released; created by the first caller who joins. */
  released: PromiseWithResolvers<never> | null;
  callers: number;
  deadline: number;
  patience: number;
  outdated: boolean;
  readonly abort: AbortController;
}

export function createSingleFlight<Subject, Value>(deadlines: Deadlines): SingleFlight<Subject, Value> {
  type Run = Running<Subject, Value>;
  const flights = new Map<string, Run>();
  /** Includes outdated and abandoned ones, until they end. */
  const underWay = new Set<Run>();

  /** Lets no later caller join it. */
  const withdraw = (run: Run): void => {
    if (flights.get(run.key) === run) flights.delete(run.key);
  };

  const takeOff = (key: string, subject: Subject): Run => {
    const abort = new AbortController();
    const run: Run = {
      key,
      subject,
      abort,
      callers: 0,
      deadline: 0,
      patience: 0,
      outdated: false,
      signal: abort.signal,
      deadlineAtMs: () => run.deadline,
      patientUntilMs: () => run.patience,
      isOutdated: () => run.outdated,
      released: null,
      release() {
        withdraw(run);
        run.released?.reject(new FlightReleased());
      },
      promise: unbegun,
    };
    underWay.add(run);
    flights.set(key, run);
    return run;
  };

  const land = (run: Run): void => {
    underWay.delete(run);
    withdraw(run);
  };

  const leave = (run: Run): void => {
    run.callers -= 1;
    if (run.callers > 0 || !underWay.has(run)) return;
    // A later caller must not join a flight that is being aborted.
    withdraw(run);
    run.abort.abort();
  };

  const board = (run: Run, { deadlineAtMs, patientUntilMs }: FlightCaller): void => {
    run.callers += 1;
    run.deadline = Math.max(run.deadline, deadlineAtMs);
    run.patience = Math.max(run.patience, patientUntilMs);
  };

  return {
    async run(key, subject, caller, nowMs, work) {
      caller.signal.throwIfAborted();
      const running = flights.get(key);
      const run = running ?? takeOff(key, subject);
      board(run, caller);
      if (running === undefined) run.promise = begin(run, work, land);
      else caller.onJoined?.();
      try {
        const promise = running === undefined ? run.promise : Promise.race([run.promise, releaseOf(run)]);
        const value = await waitFor(promise, caller, caller.deadlineAtMs - nowMs + settleGraceMs, deadlines);
        return { value, led: running === undefined };
      } finally {
        leave(run);
      }
    },
    outdate(matches) {
      for (const run of underWay) if (matches(run.subject)) run.outdated = true;
      for (const [key, run] of flights) if (run.outdated) flights.delete(key);
    },
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(Array.from(underWay, (run) => run.promise));
    },
  };
}

const unbegun = Promise.resolve() as Promise<never>;

async function begin<Run extends Flight, Value>(
  run: Run,
  work: (flight: Flight) => Promise<Value>,
  land: (run: Run) => void,
): Promise<Value> {
  try {
    return await work(run);
  } finally {
    land(run);
  }
}

function releaseOf(run: Running<unknown, unknown>): Promise<never> {
  run.released ??= Promise.withResolvers<never>();
  return run.released.promise;
}

/** The promise's result, or a rejection when the caller leaves or its time is up. */
function waitFor<Value>(
  promise: Promise<Value>,
  caller: FlightCaller,
  remainingMs: number,
  deadlines: Deadlines,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearDeadline();
      caller.signal.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      end();
      reject(caller.signal.reason);
    };
    const clearDeadline = deadlines.after(Math.max(remainingMs, 0), () => {
      end();
      reject(new ServiceError('GATEWAY_TIMEOUT', 'No provider answered in time.'));
    });
    caller.signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}
