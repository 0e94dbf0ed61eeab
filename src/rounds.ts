/** Work that is done again and again: one round at a time, and a failed one is made good by the next. */

export interface Rounds {
  /** Starts one now, unless one runs. */
  start(): void;
  /** The same; where one runs another follows it, since something may have come after it looked. */
  wake(): void;
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
  return {
    start,
    wake,
    async close() {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
  };
}
