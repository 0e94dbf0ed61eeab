/**
 * Where the database may have an answer: a mark in the shared store for each one that it was given, living as long as the
 * answer is fresh. A question without a mark is not looked up there.
 *
 * Marks say so only where all fresh rows have one. A store that has lost its memory has lost them too, so it holds the
 * moment from which they are complete: at once where the database held no answer, else when the last one of then has
 * expired. Until then, and while the store cannot say, the database is asked. A mark that is missing all the same (its
 * replica could not reach the store) costs one more question to a provider; stale answers are looked up without marks.
 */
import type { Clock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';

export interface KeptMarks {
  /** Never waits: not awaited by anyone, and a store that is away keeps nothing. */
  add(tenantId: TenantId, cacheKey: string, ttlMs: number): void;
  /** False only where the database has no fresh answer. Reads in the same round trip as what is read beside it. */
  mayBeKept(tenantId: TenantId, cacheKey: string): Promise<boolean>;
}

const completeFromKey = 'cache-marks-complete-from';
/** Then it begins anew, and for a while the database is asked. */
const completeFromTtlMs = 33 * 86_400_000;
/** What is known of the moment is read again after this, since the store may have lost its memory. */
const believeMs = 1_000;
/** Rows are written behind, and clocks differ. */
const marginMs = 5_000;
const mark = Buffer.from('1');

export interface KeptMarksDeps {
  readonly store: SharedStore;
  readonly clock: Clock;
  /** Whether the database holds any answer that has not expired. */
  holdsAnswers(): Promise<boolean>;
  /** How long an answer in the database is fresh at most. */
  readonly longestMs: number;
}

export function createKeptMarks({ store, clock, holdsAnswers, longestMs }: KeptMarksDeps): KeptMarks {
  const keyOf = (tenantId: TenantId, cacheKey: string) => `cache-kept:{${tenantId}}:${cacheKey}`;
  let completeFromMs = Number.POSITIVE_INFINITY;
  let readAtMs = Number.NEGATIVE_INFINITY;

  const begin = async (): Promise<void> => {
    const fromMs = clock.now() + marginMs + ((await holdsAnswers()) ? longestMs : 0);
    await store.setIfAbsent(completeFromKey, String(fromMs), completeFromTtlMs);
  };

  const readCompleteFrom = async (): Promise<void> => {
    const nowMs = clock.now();
    if (nowMs - readAtMs < believeMs && nowMs >= readAtMs) return;
    const value = await store.get(completeFromKey);
    readAtMs = nowMs;
    completeFromMs = value === null ? Number.POSITIVE_INFINITY : Number(value.toString());
    if (value !== null) return;
    // Where the database or the store is away the next reading tries again.
    void begin().catch(() => {});
  };

  return {
    add(tenantId, cacheKey, ttlMs) {
      if (ttlMs > 0) store.set(keyOf(tenantId, cacheKey), mark, Math.ceil(ttlMs)).catch(() => {});
    },
    async mayBeKept(tenantId, cacheKey) {
      try {
        const [found] = await Promise.all([store.get(keyOf(tenantId, cacheKey)), readCompleteFrom()]);
        return found !== null || clock.now() < completeFromMs;
      } catch (error) {
        if (error instanceof StoreAway) return true;
        throw error;
      }
    },
  };
}
