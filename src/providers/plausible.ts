/** Coordinates that a vendor answered, checked before anything is built on them. */
import type { Box, Coordinates } from './geocoding.ts';

/** By country: what lies outside is no place in it. Swapped latitude and longitude always do, for these. */
const boxes: Readonly<Record<string, Box>> = {
  UZ: { south: 37, north: 45.7, west: 55.9, east: 73.5 },
};

/** null for a country of which none is known here. */
export function boxOfCountry(countryCode: string): Box | null {
  return Object.hasOwn(boxes, countryCode) ? (boxes[countryCode] as Box) : null;
}

/** Null for what is no pair of finite numbers in range, and for a pair outside the country it is said to be in. */
export function plausibleCoordinates(
  latitude: unknown,
  longitude: unknown,
  countryCode: string | null,
): Coordinates | null {
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return null;
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) return null;
  const box = countryCode === null ? null : boxOfCountry(countryCode);
  if (box !== null) {
    if (latitude < box.south || latitude > box.north || longitude < box.west || longitude > box.east) return null;
  }
  return { latitude, longitude };
}
