/** The current time as a dependency, so that a test can control it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
}

/** The real clock. */
export const systemClock: Clock = { now: () => Date.now() };
