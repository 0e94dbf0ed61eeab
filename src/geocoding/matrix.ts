/**
 * Distances from each of several origins to each of several destinations. An end is located once. Each element is a
 * route like any other, cached and billed separately, so that a second matrix pays only for its new elements. Elements
 * missing in the cache share the vendors' matrix requests. The tenant's own limit is charged once for the whole matrix.
 * An element without an answer carries its own error and does not fail the others.
 */
import type { Static } from 'typebox';
import { ServiceError } from '../errors.ts';
import type { CallResult } from '../gateway/call.ts';
import type { Coordinates } from '../providers/geocoding.ts';
import type { Caller } from './caller.ts';
import { geodesicProvider, locateEnd, naming, readRoute, renderRoute, routeCall } from './distance.ts';
import type { GeocodingDeps } from './geocode.ts';
import type { MatrixRequest } from './parse-request.ts';
import type { matrixResultSchema } from './schemas.ts';
import { measureStraightLineMeters } from './straight-line.ts';

export type MatrixAnswer = Static<typeof matrixResultSchema>;
export type MatrixElement = MatrixAnswer['rows'][number][number];

/** How many ends are located at once. */
const concurrency = 16;

/** Throws if an end cannot be located; the error names it: `destinations[3]`. */
export async function matrix(
  deps: GeocodingDeps,
  caller: Caller,
  request: MatrixRequest,
  signal: AbortSignal,
): Promise<MatrixAnswer> {
  const ends = [
    ...request.origins.map((end, index) => ({ end, name: `origins[${index}]` })),
    ...request.destinations.map((end, index) => ({ end, name: `destinations[${index}]` })),
  ];
  const shared: Caller = { ...caller, familyCharge: { granted: null } };
  const located = await eachOf(ends, async ({ end, name }) => {
    const { end: found } = await naming(name, locateEnd(deps, shared, request, end, signal));
    return found;
  });
  const origins = located.slice(0, request.origins.length);
  const destinations = located.slice(request.origins.length);
  const elements = await measure(deps, shared, request, pairsOf(origins, destinations), signal);
  const rows = origins.map((_origin, row) =>
    elements.slice(row * destinations.length, (row + 1) * destinations.length),
  );
  return { rows, origins, destinations };
}

interface Pair {
  readonly origin: Coordinates;
  readonly destination: Coordinates;
}

function pairsOf(origins: readonly Coordinates[], destinations: readonly Coordinates[]): readonly Pair[] {
  return origins.flatMap((origin) => destinations.map((destination) => ({ origin, destination })));
}

/** The elements of the pairs, in the same order. */
async function measure(
  deps: GeocodingDeps,
  caller: Caller,
  request: MatrixRequest,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<readonly MatrixElement[]> {
  if (request.mode === 'straight_line') {
    return pairs.map(({ origin, destination }) => ({
      distance_meters: Number(measureStraightLineMeters(origin, destination).toFixed(3)),
      provider: geodesicProvider,
    }));
  }
  const calls = pairs.map(({ origin, destination }) => routeCall(deps, caller, request, origin, destination));
  // The same end given twice makes pairs with one question.
  const asked = [...new Map(calls.map((call) => [call.question, call])).values()];
  const settled = await deps.calls.executeTogether(asked, renderRoute, signal);
  signal.throwIfAborted();
  const byQuestion = new Map(asked.map(({ question }, place) => [question, elementOf(settled[place])]));
  return calls.map(({ question }) => byQuestion.get(question) as MatrixElement);
}

function elementOf(settled: PromiseSettledResult<CallResult> | undefined): MatrixElement {
  if (settled?.status === 'fulfilled') return readRoute(settled.value);
  const error: unknown = settled?.reason;
  if (!(error instanceof ServiceError)) throw error;
  const { code, publicMessage: detail, retryAfterSeconds } = error;
  const wait = retryAfterSeconds === undefined ? {} : { retry_after_seconds: retryAfterSeconds };
  return { distance_meters: null, provider: null, error: { code, detail, ...wait } };
}

/** The results in order; at most `concurrency` run at once, and none starts after one has failed. */
async function eachOf<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const left = items.entries();
  let hasFailed = false;
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) {
      if (hasFailed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}
