import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 5;

/**
 * Waits until `condition` is true and returns its result; fails with `what` after `deadlineMs`. The deadline only ends
 * a failed wait: no test depends on the time that passed.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = 10_000,
): Promise<Exclude<T, false | null | undefined>> {
  const givenUpAtMs = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value as Exclude<T, false | null | undefined>;
    if (performance.now() > givenUpAtMs) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`);
    await delay(pollMs);
  }
}
