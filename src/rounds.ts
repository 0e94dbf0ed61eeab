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
  /** `stopping` is aborted by the close. */
  round(stopping: AbortSignal): Promise<void>;
  onFailure(error: unknown): void;
}): Rounds {
  let running: Promise<void> | null = null;
  const stopping = new AbortController();
  const start = (): void => {
    running ??= options
      .round(stopping.signal)
      .catch(options.onFailure)
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(start, options.everyMs).unref();
  return {
    start,
    async close() {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
  };
}
