/** The constants of the three geocoding operations: what is cached, what counts as a good answer, what is billed. */
import type { Capability } from '../gateway/call.ts';
import type { Place } from '../providers/geocoding.ts';
import { chooseAnswer, nameAnswer } from './choose-answer.ts';
import { sharedRoutes } from './route-requests.ts';

/**
 * An answer with at least this confidence ends the chain; after a poorer one the next provider is asked, and the best
 * answer wins. By the vendors' tables a house and a fully matched street reach 0.5; a town, a district and a partly
 * matched street do not.
 */
export const goodConfidence = 0.5;

/** After their TTL, answers stay usable for a day in total, in case every provider fails. */
const staleSeconds = 24 * 3600;
/**
 * "Nothing found" may be a new street that the provider does not know yet: kept just long enough to absorb repeated
 * requests.
 */
const negativeTtlSeconds = 60;
/** A poor answer that a failed provider might have improved: kept briefly, so that callers soon get the better one. */
const degradedTtlSeconds = 15;

export interface GeocodingCapabilities {
  readonly geocode: Capability<'geocode'>;
  readonly reverse: Capability<'reverse'>;
  readonly distance: Capability<'distance'>;
}

/** `cacheTtlSeconds`: how long an answer is fresh; 0 keeps nothing. Google allows coordinates to be kept 30 days at most. */
export function createGeocodingCapabilities(cacheTtlSeconds: number): GeocodingCapabilities {
  const constants = {
    family: 'geocoding',
    serviceType: 'geocoding',
    safeToRepeat: true,
    cache:
      cacheTtlSeconds > 0
        ? { ttlSeconds: cacheTtlSeconds, negativeTtlSeconds, degradedTtlSeconds, staleSeconds }
        : null,
  } as const;
  const byConfidence = {
    judge: (place: Place) => (place.confidence >= goodConfidence ? 'good' : 'poor'),
    score: (place: Place) => place.confidence,
  } as const;
  return {
    geocode: { ...constants, ...byConfidence, operation: 'geocode', refine: chooseAnswer },
    reverse: { ...constants, ...byConfidence, operation: 'reverse', refine: nameAnswer },
    distance: {
      ...constants,
      operation: 'distance',
      billedUnits: ({ origins, destinations }) => origins.length * destinations.length,
      sharing: sharedRoutes,
    },
  };
}

/**
 * The geocode capability for a caller that demands more than `goodConfidence`: the chain goes on until an answer
 * reaches the demanded confidence. A lower demand changes nothing in the chain, so those callers share one cached
 * answer.
 */
export function demandConfidence(capability: Capability<'geocode'>, minConfidence: number): Capability<'geocode'> {
  if (minConfidence <= goodConfidence) return capability;
  return { ...capability, judge: (place) => (place.confidence >= minConfidence ? 'good' : 'poor') };
}
