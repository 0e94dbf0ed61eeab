/** When a failed delivery is tried again, and when it is dead. */

/** Seconds after each failure: eleven attempts within a day. Short at first, since most faults are short. */
const pausesSeconds = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800];
const longestPauseMs = 86_400_000;

/**
 * The pause after the `failedTries`-th failure (from 1), randomly up to a fifth shorter, so that deliveries that failed
 * together do not return together, and never before the target's `Retry-After`. null: that was the last attempt.
 */
export function pauseAfterMs(
  failedTries: number,
  retryAfterMs: number | null,
  random: () => number = Math.random,
): number | null {
  const pauseSeconds = pausesSeconds[failedTries - 1];
  if (pauseSeconds === undefined) return null;
  const ownMs = pauseSeconds * 1000 * (1 - 0.2 * random());
  return Math.round(Math.min(longestPauseMs, Math.max(ownMs, retryAfterMs ?? 0)));
}

/** `Retry-After` as seconds or an HTTP date (RFC 9110, section 10.2.3), in milliseconds from now; null for anything else. */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  const atMs = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
