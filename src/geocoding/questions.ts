/**
 * Canonical questions: equal for inputs that must share one answer, different for all others.
 *
 * A line feed separates the parts; no part can contain one. The gateway adds the tenant, the operation and the named
 * provider.
 */
import type { Coordinates } from '../providers/geocoding.ts';
import { normalizeAddress } from './address/normalize-address.ts';
import { goodConfidence } from './capabilities.ts';
import type { GeocodeRequest, ReverseRequest } from './parse-request.ts';

/**
 * Country, language and area belong to the question, because each changes the place or the words of the answer.
 * `min_confidence` and `limit` belong to it only if they make the chain or the answer longer. Parts keep their names:
 * `Навои` the city is another question than `Навои` the street. Renamed streets belong to it, because an answer is
 * compared with both names.
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
  const further = area === '' && wanted === '' ? '' : `${area};${wanted}\n`;
  const aliases = streetAliases.map(({ from, to }) => `alias ${JSON.stringify([from, to])}\n`).join('');
  return `${language}\n${country ?? 'any'}\n${chain}\n${further}${aliases}${place}`;
}

function roundedDegrees(degrees: number): number {
  return plainZero(Number(degrees.toFixed(distanceDecimals)));
}

/** Five decimals are 1.1 m at the equator and less elsewhere: finer than any provider's answer. */
export const reverseDecimals = 5;
/** Six decimals are 0.11 m; no route's length shows a smaller difference. */
export const distanceDecimals = 6;

export function reverseQuestion(request: ReverseRequest): string {
  return `${request.language}\n${pointKey(request, reverseDecimals)}`;
}

export function distanceQuestion(origin: Coordinates, destination: Coordinates, mode: string): string {
  return `${mode}\n${pointKey(origin, distanceDecimals)}\n${pointKey(destination, distanceDecimals)}`;
}

/**
 * The point that stands for all points with its key. It is the one sent to the provider, so that the answer fits each
 * of them.
 */
export function roundedPoint(point: Coordinates, decimals: number): Coordinates {
  const longitude = plainZero(Number(point.longitude.toFixed(decimals)));
  // The 180th meridian is both 180 and -180.
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
