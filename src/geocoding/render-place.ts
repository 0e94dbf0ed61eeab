import type { AnswerContext } from '../gateway/call.ts';
import type { Place } from '../providers/geocoding.ts';
import { nothingAsked } from './match/compare-answer.ts';

/** Renders the place without its provider. */
function renderFound({ others: _others, match = nothingAsked, ...place }: Place) {
  return { ...place, match };
}

/** Renders `GeocodeResult` of the public API: the place, its provider and the duration. */
export function renderPlace(place: Place, context: AnswerContext) {
  return {
    ...renderFound(place),
    ...(place.others === undefined || place.others.length === 0 ? {} : { alternatives: place.others.map(renderFound) }),
    provider: context.provider,
    attempted_providers: context.attemptedProviders,
    skipped_providers: context.skippedProviders,
    degraded: context.degradedBy !== null,
    // Why the answer is degraded: the providers that failed or were skipped, and when to ask again.
    ...(context.degradedBy === null ? {} : { attempts: context.degradedBy }),
    cached: context.cached,
    response_time_ms: context.responseTimeMs,
  };
}

export type GeocodeResult = ReturnType<typeof renderPlace>;
