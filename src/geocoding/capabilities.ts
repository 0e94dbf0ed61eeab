/** The constants of the three geocoding operations: what is cached, what counts as a good answer, what is billed. */
import type { Capability } from '../gateway/call.ts';
import type { Place } from '../providers/geocoding.ts';
import { chooseAnswer, nameAnswer } from './choose-answer.ts';
import { sharedRoutes } from './route-requests.ts';

/**
 * From this confidence on an answer ends the chain; a poorer one lets the next provider try, and the best answer wins.
 * Half of the scale: by the vendors' tables a house, and a street that was matched in full, reach it; a town, a district
 * and a street of which only a part was matched do not.
 */
export const goodConfidence = 0.5;

/** Past their TTL answers may still be served for a day in all when every provider fails. */
const staleSeconds = 24 * 3600;
/** "Nothing found" may be a new street not yet known: kept just long enough to calm a repeating caller. */
const negativeTtlSeconds = 60;
/** An answer that a provider which failed might have bettered: the next callers should soon have the better one. */
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
 * The geocode capability for a caller who asks for more than `goodConfidence`: the chain goes on until an answer is as
 * sure as that. Asking for less changes nothing in the chain, so that such callers share one answer with all others.
 */
export function demandConfidence(capability: Capability<'geocode'>, minConfidence: number): Capability<'geocode'> {
  if (minConfidence <= goodConfidence) return capability;
  return { ...capability, judge: (place) => (place.confidence >= minConfidence ? 'good' : 'poor') };
}
