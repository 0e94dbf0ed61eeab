import type { QuestionPlace } from '../directory/service-regions.ts';
import { ServiceError, withCall } from '../errors.ts';
import type { Call, CallExecutor, CallResult } from '../gateway/call.ts';
import { withheld } from '../gateway/no-answer.ts';
import type { Coordinates } from '../providers/geocoding.ts';
import type { Unit } from './address/address-parts.ts';
import { normalizeAddress } from './address/normalize-address.ts';
import type { Caller } from './caller.ts';
import { demandConfidence, type GeocodingCapabilities } from './capabilities.ts';
import type { GeocodeRequest, ReverseRequest } from './parse-request.ts';
import { geocodeQuestion, reverseDecimals, reverseQuestion, roundedPoint } from './questions.ts';
import { type GeocodeResult, renderPlace } from './render-place.ts';

export interface GeocodingDeps {
  readonly calls: CallExecutor;
  readonly capabilities: GeocodingCapabilities;
}

export interface GeocodeQuestion {
  /** The answer from the memory cache, synchronously; null if it is not there. */
  fromMemory(): CallResult | null;
  execute(signal: AbortSignal): Promise<CallResult>;
}

/**
 * Asks for the place of an address; the body is a `GeocodeResult`.
 *
 * Both methods throw `ADDRESS_NOT_FOUND` if every provider found nothing, or if the best answer is below the caller's
 * `min_confidence`; that answer is then returned as `best`. If a provider failed or was skipped, it might have known
 * better: the error is then that provider's, not `ADDRESS_NOT_FOUND`.
 */
export function askPlace(deps: GeocodingDeps, caller: Caller, request: GeocodeRequest): GeocodeQuestion {
  const call = geocodeCall(deps, caller, request);
  const { unit } = normalizeAddress(request.address);
  return {
    fromMemory() {
      const remembered = deps.calls.findInMemory(call);
      return remembered === null ? null : withUnit(refuseBelow(request.minConfidence, remembered), unit);
    },
    async execute(signal) {
      const answer = await deps.calls.execute(call, renderPlace, signal);
      return withUnit(refuseBelow(request.minConfidence, answer), unit);
    },
  };
}

/** The shared answer of a building is stored without flats; each caller gets its own unit added back. */
function withUnit(result: CallResult, unit: Unit | null): CallResult {
  const tail = unit === null ? withoutUnit : endingOf(unit);
  const end = result.body.length - 1;
  const body = Buffer.allocUnsafe(end + tail.length);
  result.body.copy(body, 0, 0, end);
  tail.copy(body, end);
  return { ...result, body };
}

const withoutUnit = endingOf(null);

function endingOf(unit: Unit | null): Buffer {
  return Buffer.from(`,${unitMember(unit)}}`);
}

/** `"unit":…`, a member of a rendered answer. */
export function unitMember(unit: Unit | null): string {
  return `"unit":${JSON.stringify(unit)}`;
}

/** Like `askPlace`, but without the caller's unit, and always asynchronous. */
export async function geocode(
  deps: GeocodingDeps,
  caller: Caller,
  request: GeocodeRequest,
  signal: AbortSignal,
): Promise<CallResult> {
  const answer = await deps.calls.execute(geocodeCall(deps, caller, request), renderPlace, signal);
  return refuseBelow(request.minConfidence, answer);
}

function geocodeCall(deps: GeocodingDeps, caller: Caller, request: GeocodeRequest): Call<'geocode'> {
  const { parts, streetAliases, language, country, bounds, limit, minConfidence, provider } = request;
  return {
    ...caller,
    capability: demandConfidence(deps.capabilities.geocode, minConfidence ?? 0),
    // No provider needs the flat, and the answer is the same without it.
    input: {
      address: normalizeAddress(request.address).query,
      parts,
      language,
      country,
      bounds,
      limit,
      ...(streetAliases === undefined ? {} : { streetAliases }),
    },
    question: geocodeQuestion(request),
    place: { country, area: bounds },
    provider,
  };
}

/** The address at a point; the body is a `GeocodeResult`. Points within about a metre share one answer. */
export async function reverse(
  deps: GeocodingDeps,
  caller: Caller,
  request: ReverseRequest,
  signal: AbortSignal,
): Promise<CallResult> {
  const answer = await deps.calls.execute(
    {
      ...caller,
      capability: deps.capabilities.reverse,
      input: { ...roundedPoint(request, reverseDecimals), language: request.language },
      question: reverseQuestion(request),
      place: placeOf(request),
      provider: request.provider,
    },
    renderPlace,
    signal,
  );
  return withUnit(answer, null);
}

export function placeOf({ latitude, longitude }: Coordinates): QuestionPlace {
  return { country: null, area: { south: latitude, north: latitude, west: longitude, east: longitude } };
}

/**
 * Parses the answer again to read its confidence. Only callers with a threshold pay for that, and one stored answer
 * serves all thresholds.
 */
function refuseBelow(minConfidence: number | null, result: CallResult): CallResult {
  if (minConfidence === null) return result;
  const best = JSON.parse(result.body.toString('utf8')) as GeocodeResult;
  if (best.confidence >= minConfidence) return result;
  const call = {
    familyLimit: result.familyLimit,
    cache: { outcome: result.cacheOutcome, ageSeconds: result.ageSeconds },
  };
  if (best.attempts !== undefined) throw withCall(withheld(best.attempts, best, result.ageSeconds), call);
  throw new ServiceError(
    'ADDRESS_NOT_FOUND',
    `Nothing was found with a confidence of at least ${minConfidence}; the best answer has ${best.confidence}.`,
    { provider: best.provider, extra: { best }, call },
  );
}
