/**
 * One question's visit to the layers behind memory: what they have, and what is kept of the answer that was fetched where
 * they had none. The gateway leads (`gateway/execute-call.ts`):
 *
 *   a hit, fresh ───────────────────▶ given
 *   a hit to be refreshed ──────────▶ given; the caller then has it refreshed (stale-while-revalidate)
 *   no hit, but an answer past that ▶ the provider may be asked whether it still holds, in the place of all of it
 *   the providers failed ───────────▶ `findStale`: an answer past its time but within `staleSeconds`, if there is one
 */
import type { Clock } from '../clock.ts';
import { type AskedQuestion, type CachedAnswer, type CacheMode, fieldsOf } from './cached-answer.ts';
import type { CacheLayer, HitCounts } from './hit-counts.ts';
import type { KeptAnswers, LayerLook, Stored } from './kept-answers.ts';
import { endsOf, type Lifetime, mayStay } from './lifetime.ts';
import type { Flight } from './single-flight.ts';

/** `renew` is a refresh behind an answer that was given already: nothing stale is given in its place. */
export type LookMode = CacheMode | 'renew';

export interface Hit {
  readonly from: CacheLayer;
  readonly answer: CachedAnswer;
  readonly hits: number;
  /** True where it is past its time and no provider was asked. */
  readonly isRefreshDue?: boolean;
}

export interface Visit {
  readonly question: AskedQuestion;
  readonly mode: LookMode;
  readonly flight: Pick<Flight, 'isOutdated'>;
  /** What ends the question here. */
  readonly hit: Hit | null;
  /** What the provider may be asked to confirm. */
  readonly past: CachedAnswer | null;
  /** The layers that had no fresh answer. */
  readonly looks: readonly LayerLook[];
  readonly stored: Stored | null;
  /** Unix milliseconds: what is fetched now counts from here. */
  readonly lookedAtMs: number;
}

/** What was fetched, as far as later callers may have it; `stored` null keeps nothing. */
export interface Found extends Lifetime {
  readonly stored: Pick<CachedAnswer, 'kind' | 'serviceId' | 'serviceName' | 'body' | 'costUsd'> | null;
  /** True where what was kept before is no answer any more, even if nothing is stored in its place. */
  readonly supersedes?: boolean;
  /** True where what was kept says the same: it need not be written again. */
  readonly isUnchanged?: boolean;
}

export interface LookUp {
  /** Reads what the mode allows: `off` nothing, `refresh` no answer. */
  lookUp(question: AskedQuestion, mode: LookMode, flight: Visit['flight']): Promise<Visit>;
  /** What may be served in the place of an answer; null where there is nothing. Throws nothing. */
  findStale(visit: Visit): Promise<CachedAnswer | null>;
  /** Counts a stale answer as given. */
  giveStale(answer: CachedAnswer): Hit;
  /** Keeps what was fetched in every layer, unless an invalidation met it, and counts the miss. */
  keep(visit: Visit, found: Found): Promise<void>;
  /** Counts a miss that nobody could answer. */
  noteMiss(visit: Visit): void;
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
  const countMiss = ({ mode, question }: Visit, serviceName: string): void => {
    if (mode !== 'off' && mode !== 'renew') counts.miss(question.tenantId, serviceName, question.operation);
  };

  return {
    async lookUp(question, mode, flight) {
      const nothing = { question, mode, flight, hit: null, past: null, looks: [], stored: null };
      if (mode === 'off') return { ...nothing, lookedAtMs: clock.now() };
      const stored = await kept.findStored(question, mode !== 'refresh');
      const { from, answer, looks } = stored;
      const lookedAtMs = clock.now();
      const visit: Visit = { ...nothing, looks, stored, lookedAtMs };
      if (answer !== null && answer.freshUntilMs > lookedAtMs) {
        if (mode === 'use') counts.hit(from, answer);
        if (!flight.isOutdated()) kept.bringUp(answer, from);
        return { ...visit, hit: { from, answer, hits: 1 } };
      }
      const past = mode === 'refresh' ? null : kept.findPast(question, stored);
      if (past === null) return visit;
      if (mode !== 'use' || past.refreshUntilMs <= lookedAtMs) return { ...visit, past };
      counts.hit('stale', past);
      return { ...visit, hit: { from: 'stale', answer: past, hits: 1, isRefreshDue: true } };
    },

    async findStale({ mode, question, stored }) {
      return mode === 'renew' || stored === null ? null : kept.findStale(question, stored);
    },

    giveStale(answer) {
      counts.hit('stale', answer);
      return { from: 'stale', answer, hits: 1 };
    },

    async keep(visit, found) {
      const { question, stored, past, lookedAtMs } = visit;
      if (stored === null) return;
      // What may not be kept is no miss: no cache could ever have had it.
      if (found.stored !== null) countMiss(visit, found.stored.serviceName);
      if (visit.flight.isOutdated()) return;
      const ends = found.stored === null ? null : endsOf(found, lookedAtMs, l2TtlSeconds);
      if (found.stored === null || ends === null) {
        if (past !== null && found.supersedes === true) await discard(past);
        return;
      }
      const answer = { ...fieldsOf(question), ...found.stored, ...ends, epochs: stored.epochs };
      const stays = past !== null && found.isUnchanged === true && mayStay(past, answer);
      if (!stays) kept.putEverywhere(answer, question.identity);
    },

    noteMiss: (visit) => countMiss(visit, visit.question.group),
  };
}
