/** How long an answer is fresh, and what it is good for past its time. */
import type { CachedAnswer } from './cached-answer.ts';

export interface Lifetime {
  /** Fresh for so long from when it was asked for. The other lives count from the end of this one. */
  readonly ttlSeconds: number;
  /** Stands in for a provider that fails (`stale-if-error`). */
  readonly staleSeconds: number;
  /** Is given at once while it is asked for anew (RFC 5861, 3). Default 0. */
  readonly staleWhileRevalidateSeconds?: number;
  /** Is kept for its provider to confirm (RFC 9111, 4.3). Default 0. */
  readonly confirmableSeconds?: number;
}

type Ends = Pick<CachedAnswer, 'fetchedAtMs' | 'freshUntilMs' | 'staleUntilMs' | 'refreshUntilMs' | 'keptUntilMs'>;

/** null where the answer is not kept at all. */
export function endsOf(lifetime: Lifetime, fetchedAtMs: number, maxTtlSeconds: number): Ends | null {
  const { ttlSeconds, staleSeconds, staleWhileRevalidateSeconds = 0, confirmableSeconds = 0 } = lifetime;
  const freshUntilMs = fetchedAtMs + Math.min(ttlSeconds, maxTtlSeconds) * 1000;
  // For a failure alone nothing is kept: what has a TTL of 0 is not to be cached.
  const isOfUse = ttlSeconds + staleWhileRevalidateSeconds + confirmableSeconds > 0;
  if (!isOfUse) return null;
  const staleUntilMs = freshUntilMs + staleSeconds * 1000;
  const refreshUntilMs = freshUntilMs + staleWhileRevalidateSeconds * 1000;
  const keptUntilMs = Math.max(staleUntilMs, refreshUntilMs, freshUntilMs + confirmableSeconds * 1000);
  return { fetchedAtMs, freshUntilMs, staleUntilMs, refreshUntilMs, keptUntilMs };
}

/**
 * Whether what is kept may stay in the place of `next`, which says the same. An answer that is never fresh is confirmed
 * at every question; it is not written each time while most of the time that it is kept for is left.
 */
export function mayStay(kept: CachedAnswer, next: CachedAnswer): boolean {
  const isNeverUnconfirmed = ({ fetchedAtMs, freshUntilMs, staleUntilMs, refreshUntilMs }: CachedAnswer) =>
    Math.max(freshUntilMs, staleUntilMs, refreshUntilMs) <= fetchedAtMs;
  if (!isNeverUnconfirmed(next) || !isNeverUnconfirmed(kept)) return false;
  return next.fetchedAtMs - kept.fetchedAtMs < (kept.keptUntilMs - kept.fetchedAtMs) / 2;
}
