/**
 * Canonical questions: equal for inputs that must share one answer, different for all others.
 *
 * A line feed separates the parts; none of them can contain one. The tenant, the
 * operation and the provider that was named are the gateway's to add.
 */
import type { Coordinates } from '../providers/geocoding.ts';
import { normalizeAddress } from './address/normalize-address.ts';
import { goodConfidence } from './capabilities.ts';
import type { GeocodeRequest, ReverseRequest } from './parse-request.ts';

/**
 * Country, language and area are part of the question, as each changes the answer's place or words. `min_confidence` and
 * `limit` are, only where they make the chain or the answer longer. Parts are named in it: `Навои` the city is another
 * question than `Навои` the street. Renamed streets are, as an answer is compared with both names.
 */
export function geocodeQuestion({ address, parts, streetAliases = [], ...options }: GeocodeRequest): string {
  const { minConfidence, language, country, bounds, limit } = options;
  const chain = minConfidence !== null && minConfidence > goodConfidence ? String(minConfidence) : '';
  const area =
    bounds === null ? '' : [bounds.south, bounds.west, bounds.north, bounds.east].map(roundedDegrees).join(',');
  const wanted = limit === 1 ? '' : String(limit);
  const place =
    parts === null
      ? normalizeAddress(address).key
      : Object.entries(parts)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([name, part]) => `${name}=${normalizeAddress(part).key}`)
          .join('\n');
  const aliases = streetAliases.map(({ from, to }) => `alias ${JSON.stringify([from, to])}`);
  const further = area + wanted === '' ? [] : [`${area};${wanted}`];
  return [language, country ?? 'any', chain, ...further, ...aliases, place].join('\n');
}

function roundedDegrees(degrees: number): number {
  return plainZero(Number(degrees.toFixed(distanceDecimals)));
}

/** Five decimals are 1.1 m at the equator and less elsewhere: finer than any provider's answer. */
export const reverseDecimals = 5;
/** Six decimals are 0.11 m: no route's length shows more. */
export const distanceDecimals = 6;

export function reverseQuestion(request: ReverseRequest): string {
  return `${request.language}\n${pointKey(request, reverseDecimals)}`;
}

export function distanceQuestion(origin: Coordinates, destination: Coordinates, mode: string): string {
  return `${mode}\n${pointKey(origin, distanceDecimals)}\n${pointKey(destination, distanceDecimals)}`;
}

/** The point that is asked for all points with its key: sent to the provider, so that the answer fits each of them. */
export function roundedPoint(point: Coordinates, decimals: number): Coordinates {
  const longitude = plainZero(Number(point.longitude.toFixed(decimals)));
  // The meridian opposite Greenwich has two names.
  return {
    latitude: plainZero(Number(point.latitude.toFixed(decimals))),
    longitude: longitude === -180 ? 180 : longitude,
  };
}

function pointKey(point: Coordinates, decimals: number): string {
  const rounded = roundedPoint(point, decimals);
  return `${rounded.latitude},${rounded.longitude}`;
}

/** Rounding -0.0000001 gives a negative zero, which prints differently in some places and compares equal in others. */
function plainZero(value: number): number {
  return value === 0 ? 0 : value;
}
