/** How long an answer is fresh, and its use after that. */
import type { CachedAnswer } from './cached-answer.ts';

export interface Lifetime {
  /** Fresh for this long after it was fetched. The other times count from the end of this one. */
  readonly ttlSeconds: number;
  /** May replace the answer of a failing provider (`stale-if-error`). */
  readonly staleSeconds: number;
  /** Served at once while it is refreshed (RFC 5861, 3). Default 0. */
  readonly staleWhileRevalidateSeconds?: number;
  /** Stored for its provider to confirm (RFC 9111, 4.3). Default 0. */
  readonly confirmableSeconds?: number;
}

type Ends = Pick<CachedAnswer, 'fetchedAtMs' | 'freshUntilMs' | 'staleUntilMs' | 'refreshUntilMs' | 'keptUntilMs'>;

/** null if the answer is not stored at all. */
export function endsOf(lifetime: Lifetime, fetchedAtMs: number, maxTtlSeconds: number): Ends | null {
  const { ttlSeconds, staleSeconds, staleWhileRevalidateSeconds = 0, confirmableSeconds = 0 } = lifetime;
  const freshUntilMs = fetchedAtMs + Math.min(ttlSeconds, maxTtlSeconds) * 1000;
  // Nothing is stored only for failures: an answer with a TTL of 0 is not to be cached.
  const isOfUse = ttlSeconds + staleWhileRevalidateSeconds + confirmableSeconds > 0;
  if (!isOfUse) return null;
  const staleUntilMs = freshUntilMs + staleSeconds * 1000;
  const refreshUntilMs = freshUntilMs + staleWhileRevalidateSeconds * 1000;
  const keptUntilMs = Math.max(staleUntilMs, refreshUntilMs, freshUntilMs + confirmableSeconds * 1000);
  return { fetchedAtMs, freshUntilMs, staleUntilMs, refreshUntilMs, keptUntilMs };
}

/**
 * Whether the stored answer may stay in place of `next`, which says the same. An answer that is never fresh is
 * confirmed at every question; it is not rewritten while most of its remaining time is left.
 */
export function mayStay(kept: CachedAnswer, next: CachedAnswer): boolean {
  const isNeverUnconfirmed = ({ fetchedAtMs, freshUntilMs, staleUntilMs, refreshUntilMs }: CachedAnswer) =>
    Math.max(freshUntilMs, staleUntilMs, refreshUntilMs) <= fetchedAtMs;
  if (!isNeverUnconfirmed(next) || !isNeverUnconfirmed(kept)) return false;
  return next.fetchedAtMs - kept.fetchedAtMs < (kept.keptUntilMs - kept.fetchedAtMs) / 2;
}
