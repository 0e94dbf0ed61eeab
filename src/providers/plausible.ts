/** Checks the coordinates in a vendor's reply. */
import type { Box, Coordinates } from './geocoding.ts';

/**
 * A place outside its country's box is wrong. For these countries, swapped latitude and longitude always fall outside.
 */
const boxes: Readonly<Record<string, Box>> = {
  UZ: { south: 37, north: 45.7, west: 55.9, east: 73.5 },
};

/** null for a country without a known box. */
export function boxOfCountry(countryCode: string): Box | null {
  return Object.hasOwn(boxes, countryCode) ? (boxes[countryCode] as Box) : null;
}

export function isWithin({ south, north, west, east }: Box, { latitude, longitude }: Coordinates): boolean {
  return latitude >= south && latitude <= north && longitude >= west && longitude <= east;
}

/** null unless they are finite numbers in range, and inside the stated country. */
export function plausibleCoordinates(
  latitude: unknown,
  longitude: unknown,
  countryCode: string | null,
): Coordinates | null {
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return null;
  if (!(Math.abs(latitude) <= 90) || !(Math.abs(longitude) <= 180)) return null;
  const box = countryCode === null ? null : boxOfCountry(countryCode);
  const point = { latitude, longitude };
  return box === null || isWithin(box, point) ? point : null;
}
