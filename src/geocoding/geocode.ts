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
  /** The answer at once where memory has it; else null. */
  fromMemory(): CallResult | null;
  execute(signal: AbortSignal): Promise<CallResult>;
}

/**
 * Asks for the place of an address; the body is a `GeocodeResult`.
 *
 * Both ways throw `ADDRESS_NOT_FOUND` where every provider found nothing, and where the best answer is below the caller's
 * `min_confidence`; then it is shown as `best`. While a provider that failed or was passed over might have known better,
 * that is no "not found": the error is that provider's.
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

/** The answer that callers of one building share is stored without their flats; each is given its own back. */
function withUnit(result: CallResult, unit: Unit | null): CallResult {
  const tail = Buffer.from(`,${unitMember(unit)}}`);
  return { ...result, body: Buffer.concat([result.body.subarray(0, -1), tail]) };
}

/** `"unit":…`, a member of a rendered answer. */
export function unitMember(unit: Unit | null): string {
  return `"unit":${JSON.stringify(unit)}`;
}

/** As `askPlace`, without the caller's unit, for whom need not be answered in the same turn of the event loop. */
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
  const { address, parts, streetAliases, language, country, bounds, limit, minConfidence, provider } = request;
  return {
    ...caller,
    capability: demandConfidence(deps.capabilities.geocode, minConfidence ?? 0),
    // No provider needs the flat, and the answer is the same without it.
    input: {
      address: parts === null ? normalizeAddress(address).query : address,
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

/** What stands at a point; the body is a `GeocodeResult`. Points within a metre or so share one answer. */
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
 * The answer is read back from its bytes: only callers who set a threshold pay for that, and the stored answer stays one
 * for callers with different thresholds.
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
