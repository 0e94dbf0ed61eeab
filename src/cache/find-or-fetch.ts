/**
 * The part of a question's way that all its callers share: what the shared store and the database have, else one fetch.
 *
 *   fresh ───────────────────────▶ given
 *   within stale-while-revalidate ▶ given; the caller then has it refreshed (`ResponseCache.refresh`)
 *   past that, and kept ─────────▶ the fetch may ask whether it still holds, in the place of asking for all of it
 *   fetch failed ────────────────▶ an answer past its time but within `staleSeconds`, if there is one
 */
import type { Clock } from '../clock.ts';
import type { CachedAnswer, CacheMode, CacheQuestion } from './cached-answer.ts';
import type { CacheLayer, HitCounts } from './hit-counts.ts';
import type { KeptAnswers, LayerLook } from './kept-answers.ts';
import { endsOf, type Lifetime, mayStay } from './lifetime.ts';
import type { Flight } from './single-flight.ts';

/** What a fetch found: `fresh` is for the callers who waited, `stored` for later ones; null stores nothing. */
export interface Fetched<Fresh> extends Lifetime {
  readonly fresh: Fresh;
  readonly stored: Pick<CachedAnswer, 'kind' | 'serviceId' | 'serviceName' | 'body' | 'costUsd'> | null;
  /** True where what was kept before is no answer any more, even if nothing is stored in its place. */
  readonly supersedes?: boolean;
  /** True where what was kept says the same: it need not be written again. */
  readonly isUnchanged?: boolean;
}

export type Resolved<Fresh> =
  | {
      readonly from: CacheLayer;
      readonly answer: CachedAnswer;
      readonly hits: number;
      /** True where it is past its time and no provider was asked. */
      readonly isRefreshDue?: boolean;
    }
  | { readonly from: 'fetch'; readonly fresh: Fresh; readonly led: boolean };

/**
 * `findStale` looks for what may be served in the place of an answer; it throws nothing. `past` is what its provider may
 * be asked to confirm; `looks` are the layers that had no answer.
 */
export type Fetch<Fresh> = (
  flight: Flight,
  findStale: () => Promise<CachedAnswer | null>,
  past: CachedAnswer | null,
  looks: readonly LayerLook[],
) => Promise<Fetched<Fresh> | { readonly stale: CachedAnswer }>;

/** `renew` is a refresh behind an answer that was given already: nothing stale is given in its place. */
export type FetchMode = Exclude<CacheMode, 'off'> | 'renew';

export interface FindOrFetchDeps {
  readonly kept: KeptAnswers;
  readonly counts: Pick<HitCounts, 'hit' | 'miss'>;
  readonly clock: Clock;
  readonly l2TtlSeconds: number;
  /** Drops an answer from all layers of all replicas. */
  discard(answer: CachedAnswer): Promise<unknown>;
}

export function createFindOrFetch({ kept, counts, clock, l2TtlSeconds, discard }: FindOrFetchDeps) {
  const store = async (
    question: CacheQuestion & Pick<CachedAnswer, 'cacheKey' | 'epochs'>,
    found: Fetched<unknown>,
    past: CachedAnswer | null,
    fetchedAtMs: number,
  ): Promise<void> => {
    const ends = found.stored === null ? null : endsOf(found, fetchedAtMs, l2TtlSeconds);
    if (found.stored === null || ends === null) {
      if (past !== null && found.supersedes === true) await discard(past);
      return;
    }
    const answer = { ...question, ...found.stored, ...ends };
    if (past === null || found.isUnchanged !== true || !mayStay(past, answer)) kept.putEverywhere(answer);
  };

  return async <Fresh>(
    question: CacheQuestion,
    cacheKey: string,
    mode: FetchMode,
    flight: Flight,
    fetch: Fetch<Fresh>,
  ): Promise<Resolved<Fresh>> => {
    const stored = await kept.findStored(question, cacheKey, mode !== 'refresh');
    const { epochs, from, answer } = stored;
    if (answer !== null && answer.freshUntilMs > clock.now()) {
      if (mode === 'use') counts.hit(from, answer);
      if (!flight.isOutdated()) kept.bringUp(answer, from);
      return { from, answer, hits: 1 };
    }
    const past = mode === 'refresh' ? null : kept.findPast(question, stored);
    if (mode === 'use' && past !== null && past.refreshUntilMs > clock.now()) {
      counts.hit('stale', past);
      return { from: 'stale', answer: past, hits: 1, isRefreshDue: true };
    }

    const countMiss = (serviceName: string | null): void => {
      if (mode !== 'renew') counts.miss(question.tenantId, serviceName ?? question.group, question.operation);
    };
    const findStale = async () => (mode === 'renew' ? null : kept.findStale(question, cacheKey, stored));
    const fetchedAtMs = clock.now();
    const found = await fetch(flight, findStale, past, stored.looks).catch((error: unknown) => {
      countMiss(null);
      throw error;
    });
    if ('stale' in found) {
      counts.hit('stale', found.stale);
      return { from: 'stale', answer: found.stale, hits: 1 };
    }
    // What may not be kept is no miss: no cache could ever have had it.
    if (found.stored !== null) countMiss(found.stored.serviceName);
    if (!flight.isOutdated()) await store({ ...question, cacheKey, epochs }, found, past, fetchedAtMs);
    return { from: 'fetch', fresh: found.fresh, led: true };
  };
}

/** `no-store`: nothing is read, kept or shared, and nothing stale is served. */
export async function fetchUnstored<Fresh>(flight: Flight, fetch: Fetch<Fresh>): Promise<Resolved<Fresh>> {
  const found = await fetch(flight, async () => null, null, []);
  if ('stale' in found) return { from: 'stale', answer: found.stale, hits: 1 };
  return { from: 'fetch', fresh: found.fresh, led: true };
}
