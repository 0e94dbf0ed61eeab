/** Periodic work: one round at a time. If a round fails, the next one retries. */

export interface Rounds {
  /** Starts a round now, unless one is running. */
  start(): void;
  /**
   * Starts a round now; if one is running, starts another after it, because the running one may have missed new work.
   */
  wake(): void;
  /** Stops; resolves when the running round has ended, and `afterLast` after it. */
  close(): Promise<void>;
}

/** Starts the timer; the first round begins after `everyMs`. The timer does not keep the process alive. */
export function startRounds(options: {
  readonly everyMs: number;
  /** `close` aborts `stopping`. */
  round(stopping: AbortSignal): Promise<void>;
  onFailure(error: unknown): void;
  /** Starts the first round now. */
  readonly beginsAtOnce?: true;
  /** Called once, after the last round. */
  afterLast?(): Promise<unknown>;
}): Rounds {
  let running: Promise<void> | null = null;
  let isWoken = false;
  const stopping = new AbortController();
  const start = (): void => {
    if (stopping.signal.aborted) return;
    running ??= options
      .round(stopping.signal)
      .catch(options.onFailure)
      .finally(() => {
        running = null;
        if (isWoken) wake();
      });
  };
  const wake = (): void => {
    isWoken = running !== null;
    start();
  };
  const timer = setInterval(start, options.everyMs).unref();
  if (options.beginsAtOnce) start();
  return {
    start,
    wake,
    async close() {
      stopping.abort();
      clearInterval(timer);
      await running;
      await options.afterLast?.();
    },
  };
}
