/**
 * Looks a question up in the layers behind memory, and stores the answer that was fetched on a miss. The gateway leads
 * (`gateway/execute-call.ts`):
 *
 *   a fresh hit ────────────────────▶ served
 *   a hit due for a refresh ────────▶ served; the caller then starts its refresh (stale-while-revalidate)
 *   no hit, but an expired answer ──▶ the provider may be asked to confirm it instead of sending all of it
 *   the providers failed ───────────▶ `findStale`: an expired answer within `staleSeconds`, if there is one
 */
import type { Clock } from '../clock.ts';
import { type AskedQuestion, type CachedAnswer, type CacheMode, fieldsOf } from './cached-answer.ts';
import type { CacheLayer, HitCounts } from './hit-counts.ts';
import type { KeptAnswers, LayerLookUp, Stored } from './kept-answers.ts';
import { endsOf, type Lifetime, mayStay } from './lifetime.ts';
import type { Flight } from './single-flight.ts';

/** `renew` is a refresh after an answer was served: no stale answer replaces its result. */
export type LookUpMode = CacheMode | 'renew';

export interface Hit {
  readonly from: CacheLayer;
  readonly answer: CachedAnswer;
  readonly hits: number;
  /** True if it is expired and no provider was asked. */
  readonly isRefreshDue?: boolean;
}

export interface LookUpResult {
  readonly question: AskedQuestion;
  readonly mode: LookUpMode;
  readonly flight: Pick<Flight, 'isOutdated'>;
  /** Set if the question ends here. */
  readonly hit: Hit | null;
  /** The expired answer that the provider may confirm. */
  readonly past: CachedAnswer | null;
  /** The layers without a fresh answer. */
  readonly lookUps: readonly LayerLookUp[];
  readonly stored: Stored | null;
  /** Unix milliseconds: the age of the fetched answer counts from here. */
  readonly lookedUpAtMs: number;
}

/** A fetched answer that later callers may get; `stored` null: nothing is stored. */
export interface Found extends Lifetime {
  readonly stored: Pick<CachedAnswer, 'kind' | 'serviceId' | 'serviceName' | 'body' | 'costUsd'> | null;
  /** True if the stored answer is no longer valid, even if no other replaces it. */
  readonly supersedes?: boolean;
  /** True if the stored answer says the same, so it need not be written again. */
  readonly isUnchanged?: boolean;
}

export interface LookUp {
  /** Reads what the mode allows: nothing for `off`, no answer for `refresh`. */
  lookUp(question: AskedQuestion, mode: LookUpMode, flight: LookUpResult['flight']): Promise<LookUpResult>;
  /** A stale answer that may be served; null if there is none. Never throws. */
  findStale(lookedUp: LookUpResult): Promise<CachedAnswer | null>;
  /** Counts a stale answer as served. */
  giveStale(answer: CachedAnswer): Hit;
  /** Stores the fetched answer in every layer, unless an invalidation matches it, and counts the miss. */
  keep(lookedUp: LookUpResult, found: Found): Promise<void>;
  /** Counts a miss that no provider could answer. */
  noteMiss(lookedUp: LookUpResult): void;
}

export interface LookUpDeps {
  readonly kept: KeptAnswers;
  readonly counts: Pick<HitCounts, 'hit' | 'miss'>;
  readonly clock: Clock;
  readonly l2TtlSeconds: number;
  /** Drops an answer from all layers of all replicas. */
  discard(answer: CachedAnswer): Promise<unknown>;
}

export function createLookUp({ kept, counts, clock, l2TtlSeconds, discard }: LookUpDeps): LookUp {
  const countMiss = ({ mode, question }: LookUpResult, serviceName: string): void => {
    if (mode !== 'off' && mode !== 'renew') counts.miss(question.tenantId, serviceName, question.operation);
  };

  return {
    async lookUp(question, mode, flight) {
      const nothing = { question, mode, flight, hit: null, past: null, lookUps: [], stored: null };
      if (mode === 'off') return { ...nothing, lookedUpAtMs: clock.now() };
      const stored = await kept.findStored(question, mode !== 'refresh');
      const { from, answer, lookUps } = stored;
      const lookedUpAtMs = clock.now();
      const lookedUp: LookUpResult = { ...nothing, lookUps, stored, lookedUpAtMs };
      if (answer !== null && answer.freshUntilMs > lookedUpAtMs) {
        if (mode === 'use') counts.hit(from, answer);
        if (!flight.isOutdated()) kept.bringUp(answer, from);
        return { ...lookedUp, hit: { from, answer, hits: 1 } };
      }
      const past = mode === 'refresh' ? null : kept.findPast(question, stored);
      if (past === null) return lookedUp;
      if (mode !== 'use' || past.refreshUntilMs <= lookedUpAtMs) return { ...lookedUp, past };
      counts.hit('stale', past);
      return { ...lookedUp, hit: { from: 'stale', answer: past, hits: 1, isRefreshDue: true } };
    },

    async findStale({ mode, question, stored }) {
      return mode === 'renew' || stored === null ? null : kept.findStale(question, stored);
    },

    giveStale(answer) {
      counts.hit('stale', answer);
      return { from: 'stale', answer, hits: 1 };
    },

    async keep(lookedUp, found) {
      const { question, stored, past, lookedUpAtMs } = lookedUp;
      if (stored === null) return;
      // An answer that may not be stored is not a miss: no cache could have had it.
      if (found.stored !== null) countMiss(lookedUp, found.stored.serviceName);
      if (lookedUp.flight.isOutdated()) return;
      const ends = found.stored === null ? null : endsOf(found, lookedUpAtMs, l2TtlSeconds);
      if (found.stored === null || ends === null) {
        if (past !== null && found.supersedes === true) await discard(past);
        return;
      }
      const answer = { ...fieldsOf(question), ...found.stored, ...ends, epochs: stored.epochs };
      const stays = past !== null && found.isUnchanged === true && mayStay(past, answer);
      if (!stays) kept.putEverywhere(answer, question.identity);
    },

    noteMiss: (lookedUp) => countMiss(lookedUp, lookedUp.question.group),
  };
}
