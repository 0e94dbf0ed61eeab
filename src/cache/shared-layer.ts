/**
 * Answers in the shared store, and the numbered invalidations that make them safe to read.
 *
 * An answer carries the numbers (epochs) that its tenant and its scope had before it was requested. A read compares
 * them with the current ones in the same round trip: an answer requested before an invalidation is not a hit after it,
 * whichever replica stored it and however late. If numbers have advanced since, the records of those invalidations say
 * whether they match this answer; a missing record counts as a match. Answers of the database layer are checked against
 * the same numbers.
 *
 * If the store is away, that is a miss and never an error.
 */
import type { TenantId } from '../ids.ts';
import { type SharedStore, StoreAway } from '../storage/redis/shared-store.ts';
import { type AskedQuestion, type CachedAnswer, decodeAnswer, type Epochs, encodeAnswer } from './cached-answer.ts';
import type { CacheSelector } from './selector.ts';

/** Longer than any answer lives: a number must not restart while answers with old numbers exist. */
const epochTtlMs = 33 * 86_400_000;
/** Records only avoid misses, so they may expire early. */
const recordTtlMs = 600_000;
/** How many records are read for one answer; an answer further behind is not a hit. */
const maxRecords = 16;

export interface SharedLookup {
  readonly answer: CachedAnswer | null;
  /** null: the store is away. */
  readonly epochs: Epochs | null;
}

export interface SharedLayer {
  /** The current epochs, and the answer if it is valid. `readAnswer: false` reads only the epochs. */
  find(question: AskedQuestion, readAnswer: boolean): Promise<SharedLookup>;
  /** Whether no invalidation up to `now` matches an answer with these epochs. */
  isValid(answer: CachedAnswer, now: Epochs | null): Promise<boolean>;
  /** Not awaited: a store that is away keeps nothing. */
  put(answer: CachedAnswer, ttlMs: number): void;
  /** False if the store is away, and the invalidation must be numbered once it is back. */
  numberInvalidation(tenantId: TenantId, selector: CacheSelector): Promise<boolean>;
}

export function createSharedLayer(
  store: SharedStore,
  matcherOf: (selector: CacheSelector) => (answer: CachedAnswer) => boolean,
): SharedLayer {
  const answerKey = (tenantId: TenantId, cacheKey: string) => `cache:{${tenantId}}:${cacheKey}`;
  const epochKey = (tenantId: TenantId, scope: string | null) =>
    scope === null ? `cache-epoch:{${tenantId}}` : `cache-epoch:{${tenantId}}:${scope}`;
  const recordKey = (tenantId: TenantId, scope: string | null, epoch: number) =>
    `cache-invalidation:{${tenantId}}:${scope ?? ''}:${epoch}`;
  const numberOf = (value: Buffer | null): number => (value === null ? 0 : Number(value.toString()));

  /** Whether any invalidation numbered after `from` up to `to` matches the answer. */
  const metSince = async (answer: CachedAnswer, scope: string | null, from: number, to: number): Promise<boolean> => {
    if (from === to) return false;
    // A smaller number means that the store lost its memory: its invalidations are unknown.
    if (to < from || to - from > maxRecords) return true;
    const numbers = Array.from({ length: to - from }, (_, index) => from + 1 + index);
    const records = await Promise.all(numbers.map((number) => store.get(recordKey(answer.tenantId, scope, number))));
    return records.some(
      (record) => record === null || matcherOf(JSON.parse(record.toString()) as CacheSelector)(answer),
    );
  };

  const isValid: SharedLayer['isValid'] = async (answer, now) => {
    // Without the store an answer without a scope may be trusted: its deletion was made in the database itself.
    if (now === null || answer.epochs === null) return answer.scope === null;
    const { epochs } = answer;
    try {
      const met = await Promise.all([
        metSince(answer, null, epochs.tenant, now.tenant),
        answer.scope !== null && metSince(answer, answer.scope, epochs.scope, now.scope),
      ]);
      return !met.includes(true);
    } catch (error) {
      if (error instanceof StoreAway) return false;
      throw error;
    }
  };

  return {
    isValid,
    async find(question, readAnswer) {
      const { tenantId, scope, cacheKey } = question;
      try {
        const [tenantEpoch, scopeEpoch, encoded] = await Promise.all([
          store.get(epochKey(tenantId, null)),
          scope === null ? null : store.get(epochKey(tenantId, scope)),
          readAnswer ? store.get(answerKey(tenantId, cacheKey)) : null,
        ]);
        const epochs = { tenant: numberOf(tenantEpoch), scope: numberOf(scopeEpoch) };
        const answer = encoded === null ? null : decodeAnswer(question, encoded);
        return { epochs, answer: answer !== null && (await isValid(answer, epochs)) ? answer : null };
      } catch (error) {
        if (error instanceof StoreAway) return { epochs: null, answer: null };
        throw error;
      }
    },
    put(answer, ttlMs) {
      // Without epochs its validity cannot be checked.
      if (answer.epochs === null || ttlMs <= 0) return;
      store.set(answerKey(answer.tenantId, answer.cacheKey), encodeAnswer(answer), Math.ceil(ttlMs)).catch(() => {});
    },
    async numberInvalidation(tenantId, selector) {
      const scope = selector.scope ?? null;
      try {
        const epoch = await store.increment(epochKey(tenantId, scope), 1, epochTtlMs);
        await store.set(recordKey(tenantId, scope, epoch), Buffer.from(JSON.stringify(selector)), recordTtlMs);
        return true;
      } catch (error) {
        if (error instanceof StoreAway) return false;
        throw error;
      }
    },
  };
}
