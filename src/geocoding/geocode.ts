import { ServiceError } from '../errors.ts';
import type { Call, CallExecutor, CallResult } from '../gateway/call.ts';
import type { Caller } from './caller.ts';
import { demandConfidence, type GeocodingCapabilities } from './capabilities.ts';
import type { GeocodeRequest, ReverseRequest } from './parse-request.ts';
import { geocodeQuestion, reverseDecimals, reverseQuestion, roundedPoint } from './questions.ts';
import { type GeocodeResult, renderPlace } from './render-place.ts';

export interface GeocodingDeps {
  readonly calls: CallExecutor;
  readonly capabilities: GeocodingCapabilities;
}

/**
 * The place of an address; the body is a `GeocodeResult`.
 *
 * Throws `ADDRESS_NOT_FOUND` where every provider found nothing, and where the best answer is below the caller's
 * `min_confidence`; then it is shown as `best`.
 */
export async function geocode(
  deps: GeocodingDeps,
  caller: Caller,
  request: GeocodeRequest,
  signal: AbortSignal,
): Promise<CallResult> {
  const call = geocodeCall(deps, caller, request);
  return refuseBelow(request.minConfidence, await deps.calls.execute(call, renderPlace, signal));
}

/** As `geocode`, at once, where memory has the answer; else null. */
export function geocodeFromMemory(deps: GeocodingDeps, caller: Caller, request: GeocodeRequest): CallResult | null {
  const remembered = deps.calls.findInMemory(geocodeCall(deps, caller, request));
  return remembered === null ? null : refuseBelow(request.minConfidence, remembered);
}

function geocodeCall(deps: GeocodingDeps, caller: Caller, request: GeocodeRequest): Call<'geocode'> {
  const { address, language, country, minConfidence, provider } = request;
  return {
    ...caller,
    capability: demandConfidence(deps.capabilities.geocode, minConfidence ?? 0),
    input: { address, language, country },
    question: geocodeQuestion(address, request),
    provider,
  };
}

/** What stands at a point; the body is a `GeocodeResult`. Points within a metre or so share one answer. */
export function reverse(
  deps: GeocodingDeps,
  caller: Caller,
  request: ReverseRequest,
  signal: AbortSignal,
): Promise<CallResult> {
  return deps.calls.execute(
    {
      ...caller,
      capability: deps.capabilities.reverse,
      input: { ...roundedPoint(request, reverseDecimals), language: request.language },
      question: reverseQuestion(request),
      provider: request.provider,
    },
    renderPlace,
    signal,
  );
}

/**
 * The answer is read back from its bytes: only callers who set a threshold pay for that, and the stored answer stays one
 * for callers with different thresholds.
 */
function refuseBelow(minConfidence: number | null, result: CallResult): CallResult {
  if (minConfidence === null) return result;
  const best = JSON.parse(result.body.toString('utf8')) as GeocodeResult;
  if (best.confidence >= minConfidence) return result;
  throw new ServiceError(
    'ADDRESS_NOT_FOUND',
    `Nothing was found with a confidence of at least ${minConfidence}; the best answer has ${best.confidence}.`,
    {
      provider: best.provider,
      extra: { best },
      call: { familyLimit: result.familyLimit, cache: { outcome: result.cacheOutcome, ageSeconds: result.ageSeconds } },
    },
  );
}
