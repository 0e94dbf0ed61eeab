/** The three cache layers as one: finds an answer in them and stores it. */
import type { Clock } from '../clock.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import type { AskedQuestion, CachedAnswer, Epochs } from './cached-answer.ts';
import type { DatabaseLayer } from './database-layer.ts';
import type { CacheLayer } from './hit-counts.ts';
import type { KeptMarks } from './kept-marks.ts';
import type { MemoryEntry, MemoryLayer } from './memory-layer.ts';
import type { createPendingNumbers } from './pending-numbers.ts';
import type { SharedLayer } from './shared-layer.ts';

/** A layer without a fresh answer. */
export interface LayerLookUp {
  readonly layer: 'memory' | 'redis' | 'postgres';
  /** `expired`: past its TTL; `unavailable`: the layer is away, or cannot be trusted at the moment. */
  readonly outcome: 'miss' | 'expired' | 'unavailable';
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly durationMs: number;
  /** The age of an expired answer. */
  readonly ageSeconds: number | null;
}

/** What the shared store and the database have for a question. */
export interface Stored {
  /** null: the shared store is away. */
  readonly epochs: Epochs | null;
  readonly from: Extract<CacheLayer, 'redis' | 'postgres'>;
  /** Fresh or not, but not invalidated. */
  readonly answer: CachedAnswer | null;
  /** In the order asked, without the layer that gave a fresh answer. */
  readonly lookUps: readonly LayerLookUp[];
}

export interface KeptAnswers {
  findFreshInMemory(identity: string): MemoryEntry | null;
  /** `readAnswer: false` reads only the epochs. */
  findStored(question: AskedQuestion, readAnswer: boolean): Promise<Stored>;
  /** The newest expired answer in any layer that its provider may confirm; null if there is none. */
  findPast(question: AskedQuestion, stored: Stored): CachedAnswer | null;
  /** An answer that may replace that of a failing provider. `stored`: the result of the look-up before. */
  findStale(question: AskedQuestion, stored: Stored): Promise<CachedAnswer | null>;
  /** Copies an answer from a lower layer to those above it. */
  bringUp(answer: CachedAnswer, from: Stored['from']): void;
  putEverywhere(answer: CachedAnswer, identity: string): void;
}

export interface KeptAnswersDeps {
  readonly memory: MemoryLayer;
  readonly shared: SharedLayer;
  readonly database: DatabaseLayer;
  readonly marks: Pick<KeptMarks, 'mayBeKept'>;
  readonly pendingNumbers: ReturnType<typeof createPendingNumbers>;
  readonly store: Pick<SharedStore, 'isAvailable' | 'replicasSeen'>;
  readonly clock: Clock;
  readonly l1TtlSeconds: number;
}

export function createKeptAnswers(deps: KeptAnswersDeps): KeptAnswers {
  const { memory, shared, database, marks, pendingNumbers, store, clock } = deps;
  const l1TtlMs = deps.l1TtlSeconds * 1000;

  /** A memory is trusted for a scope only while this replica would receive its invalidations. */
  const memoryIsTrusted = (answer: CachedAnswer): boolean =>
    answer.scope === null || store.isAvailable() || store.replicasSeen() <= 1;

  const putInMemory = (answer: CachedAnswer, identity?: string): void =>
    memory.put(answer, Math.min(clock.now() + l1TtlMs, answer.freshUntilMs), identity);

  /** Expired ones too: they may be confirmed, or served during a refresh. */
  const putInShared = (answer: CachedAnswer): void =>
    shared.put(answer, Math.min(l1TtlMs, answer.keptUntilMs - clock.now()));

  const lookUpOf = (
    layer: LayerLookUp['layer'],
    atMs: number,
    answer: CachedAnswer | null,
    isAway = false,
  ): LayerLookUp => {
    const nowMs = clock.now();
    return {
      layer,
      outcome: answer !== null ? 'expired' : isAway ? 'unavailable' : 'miss',
      atMs,
      durationMs: nowMs - atMs,
      ageSeconds: answer === null ? null : Math.max(0, Math.floor((nowMs - answer.fetchedAtMs) / 1000)),
    };
  };

  return {
    findFreshInMemory(identity) {
      const entry = memory.find(identity);
      if (entry === undefined || entry.freshUntilMs <= clock.now() || !memoryIsTrusted(entry.answer)) return null;
      return entry;
    },

    async findStored(question, readAnswer) {
      const startedAtMs = clock.now();
      const settled = pendingNumbers.areSettled();
      const trusted = settled instanceof Promise ? await settled : settled;
      // Both are asked in the same turn, and so in one command.
      const asking = trusted && readAnswer ? marks.mayBeKept(question) : true;
      const found = trusted ? await shared.find(question, readAnswer) : { epochs: null, answer: null };
      const mayBeKept = await asking;
      if (!readAnswer) return { ...found, from: 'redis', lookUps: [] };
      const inMemory = lookUpOf('memory', startedAtMs, memory.find(question.identity)?.answer ?? null);
      const lookUps = [
        { ...inMemory, durationMs: 0 },
        lookUpOf('redis', startedAtMs, found.answer, found.epochs === null),
      ];
      if (found.answer !== null) return { ...found, from: 'redis', lookUps };
      const askedAtMs = clock.now();
      const kept = mayBeKept || found.epochs === null ? await database.find(question) : null;
      const valid = kept !== null && (await shared.isValid(kept, found.epochs)) ? kept : null;
      lookUps.push(lookUpOf('postgres', askedAtMs, valid));
      return { epochs: found.epochs, from: 'postgres', answer: valid, lookUps };
    },

    findPast(question, stored) {
      const remembered = memory.find(question.identity)?.answer;
      const isUsable =
        remembered !== undefined &&
        remembered.scope === question.scope &&
        remembered.fetchedAtMs > (stored.answer?.fetchedAtMs ?? 0) &&
        memoryIsTrusted(remembered);
      const past = isUsable ? remembered : stored.answer;
      return past !== null && past.keptUntilMs > clock.now() ? past : null;
    },

    async findStale(question, stored) {
      const isServable = (answer: CachedAnswer | null | undefined): answer is CachedAnswer =>
        answer !== null && answer !== undefined && answer.staleUntilMs > clock.now();
      if (isServable(stored.answer)) return stored.answer;
      const remembered = memory.find(question.identity)?.answer;
      if (isServable(remembered) && memoryIsTrusted(remembered)) return remembered;
      const kept = await database.find(question);
      return isServable(kept) && (await shared.isValid(kept, stored.epochs)) ? kept : null;
    },

    bringUp(answer, from) {
      putInMemory(answer);
      if (from === 'postgres') putInShared(answer);
    },

    putEverywhere(answer, identity) {
      putInMemory(answer, identity);
      putInShared(answer);
      database.put(answer);
    },
  };
}
