/** How long a run waits without any answer: one measure for all rows, or each would wait as long anew. */
export interface Patience {
  /** An answer came. */
  renew(): void;
  secondsLeft(): number;
}

export function createPatience(maxWaitSeconds: number, nowMs: () => number = Date.now): Patience {
  let sinceMs = nowMs();
  return {
    renew() {
      sinceMs = nowMs();
    },
    secondsLeft: () => Math.max(0, maxWaitSeconds - (nowMs() - sinceMs) / 1000),
  };
}
