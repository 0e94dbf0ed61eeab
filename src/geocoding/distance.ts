import type { Static } from 'typebox';
import { ofEnd, ServiceError } from '../errors.ts';
import type { AnswerContext, Call, CallResult } from '../gateway/call.ts';
import type { Coordinates, RouteMatrix } from '../providers/geocoding.ts';
import { completeAddress, streetAliasesIn } from './apply-settings.ts';
import type { Caller } from './caller.ts';
import { type GeocodingDeps, geocode, placeOf } from './geocode.ts';
import type { DistanceEnd, DistanceRequest } from './parse-request.ts';
import { distanceDecimals, distanceQuestion, roundedPoint } from './questions.ts';
import type { GeocodeResult } from './render-place.ts';
import type { distanceResultSchema, locatedEnd } from './schemas.ts';
import { measureStraightLineMeters } from './straight-line.ts';

/** The `provider` of a straight-line distance, which the gateway computes itself. */
export const geodesicProvider = 'geodesic';

/** One end in the reply; only the coordinates if the caller gave coordinates. */
export type LocatedEnd = Static<typeof locatedEnd>;
/** The reply to `POST /geocoding/distance`. */
export type DistanceAnswer = Static<typeof distanceResultSchema>;

export interface DistanceReply {
  readonly answer: DistanceAnswer;
  /**
   * The calls that this distance made, for the reply's headers: none for coordinates, one per end given by address, one
   * for the route.
   */
  readonly calls: readonly CallResult[];
}

/** A route as the gateway stores it: without its ends, because another caller may write them differently. */
interface StoredRoute {
  readonly distance_meters: number;
  readonly duration_seconds: number;
  readonly provider: string;
}

/**
 * The distance between two ends. A straight line between coordinates is computed locally and costs nothing. Ends given
 * by address are geocoded like any other address, cached and charged. Routes come from providers.
 *
 * Throws `ADDRESS_NOT_FOUND` for an end that is not found or stays below `min_confidence`, and every error that a call
 * throws; the error names its end.
 */
export async function distance(
  deps: GeocodingDeps,
  caller: Caller,
  request: DistanceRequest,
  signal: AbortSignal,
): Promise<DistanceReply> {
  const [from, to] = await locateBoth(deps, caller, request, signal);
  const route =
    request.mode === 'straight_line' ? null : await findRoute(deps, caller, request, from.end, to.end, signal);
  const calls = [from.call, to.call, route?.call].filter((call) => call !== undefined && call !== null);
  return { answer: composeAnswer(request, from.end, to.end, route?.stored ?? null), calls };
}

export interface Located {
  readonly end: LocatedEnd;
  readonly call: CallResult | null;
}

/** If one end cannot be located, the call for the other one is cancelled, since its answer is useless. */
async function locateBoth(
  deps: GeocodingDeps,
  caller: Caller,
  request: DistanceRequest,
  signal: AbortSignal,
): Promise<readonly [Located, Located]> {
  const giveUp = new AbortController();
  const either = AbortSignal.any([signal, giveUp.signal]);
  try {
    return await Promise.all([
      naming('origin', locateEnd(deps, caller, request, request.origin, either)),
      naming('destination', locateEnd(deps, caller, request, request.destination, either)),
    ]);
  } catch (error) {
    giveUp.abort(error);
    throw error;
  }
}

/** Puts the name of the end in front of its error. */
export async function naming<Value>(end: string, located: Promise<Value>): Promise<Value> {
  try {
    return await located;
  } catch (error) {
    throw error instanceof ServiceError ? ofEnd(error, end) : error;
  }
}

export async function locateEnd(
  deps: GeocodingDeps,
  caller: Caller,
  request: Pick<DistanceRequest, 'language' | 'country' | 'minConfidence' | 'provider' | 'settings'>,
  end: DistanceEnd,
  signal: AbortSignal,
): Promise<Located> {
  if (end.kind === 'coordinates') {
    return { end: { latitude: end.latitude, longitude: end.longitude }, call: null };
  }
  const address = completeAddress(end.address, request.country, request.settings);
  const call = await geocode(
    deps,
    caller,
    {
      address,
      parts: null,
      ...streetAliasesIn(address, request.settings),
      language: request.language,
      country: request.country,
      bounds: request.settings.bounds ?? null,
      limit: 1,
      minConfidence: request.minConfidence,
      // A provider named for a straight line applies to the ends; for a route it need not be able to geocode.
      provider: request.provider,
    },
    signal,
  );
  const place = JSON.parse(call.body.toString('utf8')) as GeocodeResult;
  return {
    end: {
      latitude: place.latitude,
      longitude: place.longitude,
      address: end.address,
      formatted_address: place.formatted_address,
      confidence: place.confidence,
      partial_match: place.partial_match,
      location_type: place.location_type,
      degraded: place.degraded,
    },
    call,
  };
}

async function findRoute(
  deps: GeocodingDeps,
  caller: Caller,
  request: Pick<DistanceRequest, 'mode' | 'provider'>,
  origin: Coordinates,
  destination: Coordinates,
  signal: AbortSignal,
): Promise<{ readonly stored: StoredRoute; readonly call: CallResult }> {
  const call = await deps.calls.execute(routeCall(deps, caller, request, origin, destination), renderRoute, signal);
  return { stored: readRoute(call), call };
}

/** The call for one pair of places, alone or in a matrix: both share the cached answer. */
export function routeCall(
  { capabilities }: Pick<GeocodingDeps, 'capabilities'>,
  caller: Caller,
  request: Pick<DistanceRequest, 'mode' | 'provider'>,
  origin: Coordinates,
  destination: Coordinates,
): Call<'distance'> {
  const mode = request.mode === 'walking' ? 'walking' : 'driving';
  return {
    ...caller,
    capability: capabilities.distance,
    input: {
      origins: [roundedPoint(origin, distanceDecimals)],
      destinations: [roundedPoint(destination, distanceDecimals)],
      mode,
    },
    question: distanceQuestion(origin, destination, mode),
    place: placeOf(origin),
    provider: request.provider,
  };
}

/** Renders the route of one pair. A pair without a route is an error and never gets here. */
export function renderRoute([row]: RouteMatrix, { provider }: AnswerContext): StoredRoute {
  const element = row?.[0];
  if (element?.kind !== 'ok') throw new Error('an answer without a route');
  const { distance_meters, duration_seconds } = element.value;
  return { distance_meters, duration_seconds, provider };
}

export function readRoute({ body }: CallResult): StoredRoute {
  return JSON.parse(body.toString('utf8')) as StoredRoute;
}

const metersPerMile = 1609.344;

function composeAnswer(
  request: DistanceRequest,
  origin: LocatedEnd,
  destination: LocatedEnd,
  route: StoredRoute | null,
): DistanceAnswer {
  const meters = route === null ? measureStraightLineMeters(origin, destination) : route.distance_meters;
  const km = round(meters / 1000, 6);
  const miles = round(meters / metersPerMile, 6);
  return {
    // Millimetres: coordinates of seven decimals carry no more.
    distance_meters: round(meters, 3),
    distance_km: km,
    distance_miles: miles,
    distance: request.unit === 'km' ? km : miles,
    unit: request.unit,
    ...(route === null ? {} : { duration_seconds: route.duration_seconds }),
    straight_line: route === null,
    mode: request.mode,
    provider: route?.provider ?? geodesicProvider,
    origin,
    destination,
  };
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
