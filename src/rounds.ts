/** Work that is done again and again: one round at a time, and a failed one is made good by the next. */

export interface Rounds {
  /** Starts one now, unless one runs. */
  start(): void;
  /** No further rounds; resolves when the one that runs has ended. */
  close(): Promise<void>;
}

/** The first round begins after `everyMs`; the timer keeps no process alive. */
export function startRounds(options: {
  readonly everyMs: number;
  round(): Promise<void>;
  onFailure(error: unknown): void;
}): Rounds {
  let running: Promise<void> | null = null;
  const start = (): void => {
    running ??= options
      .round()
      .catch(options.onFailure)
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(start, options.everyMs).unref();
  return {
    start,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
