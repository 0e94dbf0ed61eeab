/** How long a run waits without any answer, shared by all rows; otherwise each row would wait the whole time. */
export interface AnswerDeadline {
  /** Called when an answer arrives. */
  renew(): void;
  secondsLeft(): number;
}

export function createAnswerDeadline(maxWaitSeconds: number, nowMs: () => number = Date.now): AnswerDeadline {
  let sinceMs = nowMs();
  return {
    renew() {
      sinceMs = nowMs();
    },
    secondsLeft: () => Math.max(0, maxWaitSeconds - (nowMs() - sinceMs) / 1000),
  };
}
