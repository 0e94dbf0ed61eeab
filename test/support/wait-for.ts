import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 5;
/** Long enough for a machine that does much else. */
const defaultDeadlineMs = 30_000;

/**
 * Waits until `condition` is true and returns its result; fails with `what` after `deadlineMs`. The deadline only ends
 * a failed wait: no test depends on the time that passed.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = defaultDeadlineMs,
): Promise<Exclude<T, false | null | undefined>> {
  const givenUpAtMs = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value as Exclude<T, false | null | undefined>;
    if (performance.now() > givenUpAtMs) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`);
    await delay(pollMs);
  }
}

/**
 * Repeats a request that is answered with 503: on a busy machine a store may be late, and the answer asks to try again.
 */
export function untilServed<Reply extends { readonly status: number }>(
  what: string,
  ask: () => Promise<Reply>,
  deadlineMs?: number,
): Promise<Reply> {
  const served = async (): Promise<Reply | false> => {
    const reply = await ask();
    return reply.status !== 503 && reply;
  };
  return waitFor(what, served, deadlineMs) as Promise<Reply>;
}
