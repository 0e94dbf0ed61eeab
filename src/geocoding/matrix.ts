/**
 * Distances from each of several places to each of several others. An end is located once; an element is a route like any
 * other, cached and billed by itself, so that a second matrix pays for what is new in it alone. The tenant's own limit is
 * charged once for the whole matrix. An element that has no answer says why, and fails alone.
 */
import { ServiceError } from '../errors.ts';
import type { Coordinates } from '../providers/geocoding.ts';
import type { Caller } from './caller.ts';
import { findRoute, geodesicProvider, type LocatedEnd, locateEnd, naming } from './distance.ts';
import type { GeocodingDeps } from './geocode.ts';
import type { MatrixRequest } from './parse-request.ts';
import { measureStraightLineMeters } from './straight-line.ts';

export interface MatrixElement {
  readonly distance_meters: number | null;
  readonly duration_seconds?: number;
  readonly provider: string | null;
  readonly error?: { readonly code: string; readonly detail: string; readonly retry_after_seconds?: number };
}

export interface MatrixAnswer {
  readonly rows: readonly (readonly MatrixElement[])[];
  readonly origins: readonly LocatedEnd[];
  readonly destinations: readonly LocatedEnd[];
}

/** Elements under way at once. */
const concurrency = 16;

/** Throws what an end that cannot be located throws, naming it: `destinations[3]`. */
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
  const pairs = origins.flatMap((origin) => destinations.map((destination) => ({ origin, destination })));
  const elements = await eachOf(pairs, ({ origin, destination }) =>
    measure(deps, shared, request, origin, destination, signal),
  );
  const rows = origins.map((_origin, row) =>
    elements.slice(row * destinations.length, (row + 1) * destinations.length),
  );
  return { rows, origins, destinations };
}

async function measure(
  deps: GeocodingDeps,
  caller: Caller,
  request: MatrixRequest,
  origin: Coordinates,
  destination: Coordinates,
  signal: AbortSignal,
): Promise<MatrixElement> {
  if (request.mode === 'straight_line') {
    const meters = measureStraightLineMeters(origin, destination);
    return { distance_meters: Number(meters.toFixed(3)), provider: geodesicProvider };
  }
  try {
    const { stored } = await findRoute(deps, caller, request, origin, destination, signal);
    return stored;
  } catch (error) {
    if (!(error instanceof ServiceError) || signal.aborted) throw error;
    const { code, publicMessage: detail, retryAfterSeconds } = error;
    const wait = retryAfterSeconds === undefined ? {} : { retry_after_seconds: retryAfterSeconds };
    return { distance_meters: null, provider: null, error: { code, detail, ...wait } };
  }
}

/** The results in order; at most `concurrency` under way at once, and none begun after one has failed. */
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
